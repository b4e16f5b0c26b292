-- Encoders: how each objective trains one, and what is kept of it.
local loam = require "loam"
local data, encoder, run, store = loam.data, loam.encoder, loam.run, loam.store
local training = {}

local captioned = {clip = true, siglip = true, ["stablerep+"] = true}

-- Floating-point operations of one pass of a vision transformer over one picture: projections and MLPs, and the products of attention. The stem is left out.
function training.forward_flops(options)
  local tokens, width = (options.size // options.patch) ^ 2 + 1, options.width
  return options.depth * (24 * tokens * width * width + 4 * tokens * tokens * width)
end

-- As many of `count` pictures as an encoder of the experiments takes in seconds, for trials.
function training.few(p, count) return math.min(count, math.max(60, math.floor(2e12 / training.forward_flops(training.network(p))))) end

-- The encoder that the experiments share, as options of encoder.train and encoder.random; `change` replaces some.
function training.network(p, change)
  local options = {size = p.size, patch = p.patch, width = p.width, depth = p.depth, heads = p.heads, stem = p.stem, pooling = p.pooling}
  for key, value in pairs(change or {}) do options[key] = value end
  return options
end

-- What MAE changes of the network: a convolutional stem would see the hidden patches.
function training.masked(p) return {stem = "patch", patch = p.mae_patch, pooling = p.mae_pooling} end

-- Options of encoder.train that are given only where an experiment sets them.
local function add_given(options, p, objective)
  local given = {head_hidden = p.head_hidden, head_output = p.head_output, warmup_steps = p.warmup, micro_batch = p.micro_batch}
  if captioned[objective] then
    for _, name in ipairs{"text_width", "text_depth", "text_heads", "text_length", "matching_width"} do given[name] = p[name] end
  end
  for name, value in pairs(given) do if value > 0 then options[name] = value end end
end

-- Trains an encoder on a source by an objective; nil trains nothing. `change` replaces options of encoder.train, `label` is for the progress.
-- Gives the stage: its files are the encoder and, for an objective with captions, the joint encoder. Experiments that ask for the same
-- encoder share it, whatever they call it.
function training.encoder(p, label, objective, source, seed, change)
  local options = training.network(p, {seed = seed})
  if objective then
    options.objective, options.steps, options.crops = objective, p.steps, p.crops
    if objective:find("stablerep", 1, true) then options.images_per_caption = p.views end
    options.learning_rate = p.learning_rate
    add_given(options, p, objective)
    -- The paper's recipes: strong crops for pictures alone, weak ones for CLIP and MAE.
    options.augmentation = p.data == "" and "scenes" or "strong"
    if objective == "clip" or objective == "siglip" or objective == "mae" then options.augmentation = p.data == "" and "scenes_weak" or "weak" end
    if objective == "mae" then
      for key, value in pairs(training.masked(p)) do options[key] = value end
      options.learning_rate = p.mae_learning_rate
    end
    if objective == "dino" then options.teacher_momentum, options.learning_rate = p.dino_momentum, p.dino_learning_rate end
  end
  for key, value in pairs(change or {}) do options[key] = value end
  if not objective then
    local cost = {result = {}, units = 1, unit = "random encoder", measure = function() encoder.random(options) return 1 end}
    return store.stage{name = "random encoder", cost = cost, code = function(stage) encoder.random(options):save(stage:path("encoder.safetensors")) end}
  end
  local bar, total, joint = run.progress{label = label, total = options.steps}, options.steps, captioned[objective]
  local cost = {
    result = {first_loss = 1, last_loss = 1}, units = total, unit = ("%s step of %d crops, width %d, depth %d"):format(objective, options.crops, options.width, options.depth),
    flops = 3 * total * options.crops * training.forward_flops(options),
    measure = function()
      local trial, several = {}, options.images_per_caption
      local views = several or 2
      for key, value in pairs(options) do trial[key] = value end
      -- A step of the paper takes an hour on two cores: as many of its crops as take seconds stand for it.
      trial.crops = math.min(options.crops, math.max(2 * views, math.floor(4e11 / training.forward_flops(options)) // views * views))
      trial.steps, trial.micro_batch, trial.data = 3, nil, data.scenes{count = 2 * trial.crops, size = options.size, images_per_caption = several}
      encoder.train(trial)
      return trial.steps * trial.crops / options.crops
    end,
  }
  return store.stage{name = objective .. " encoder", cost = cost, code = function(stage)
    options.data, options.checkpoint = source.open(), stage.folder
    options.on_step = function(step, metrics) bar:update(step, metrics) if step == total then bar:finish() end end
    local trained = encoder.train(options)
    trained:save(stage:path("encoder.safetensors"))
    if joint then trained.joint:save(stage:path("joint.safetensors")) end
    local losses = trained.losses
    return {first_loss = losses[1], last_loss = losses[#losses]}
  end}
end

return training
