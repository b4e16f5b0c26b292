-- Captions in, a table of representations out.
--
-- A diffusion model makes pictures from captions; encoders learn from them by SimCLR, CLIP and StableRep, and from real
-- pictures of equal number; linear probes on real pictures judge what they learned.
--
--   loam run scripts/quickstart.lua --preset demo
--   loam run scripts/quickstart.lua --preset laptop -- --seeds 3
--   loam run scripts/quickstart.lua -- --data FOLDER --probe FOLDER[,FOLDER]      captioned pictures and labelled sets of your own
local loam = require "loam"
local data, diffusion, encoder, eval = loam.data, loam.diffusion, loam.encoder, loam.eval
local plot, report, run, store = loam.plot, loam.report, loam.run, loam.store

local p = run.preset{
  all = {seed = 1, seeds = 1, data = "", probe = "", size = 32, guidance = 3, sampler_steps = 12, views = 4, out = "report",
         generator = "models/scenes.safetensors", generator_pictures = 6000, generator_steps = 3000, probe_test = 1000},
  smoke = {captions = 24, images = 4, steps = 12, crops = 48, probe_train = 120, probe_test = 60, width = 48, depth = 2,
           sampler_steps = 4, generator_pictures = 200, generator_steps = 20},
  demo = {captions = 160, images = 6, steps = 180, crops = 192, probe_train = 1000, width = 96, depth = 3},
  laptop = {captions = 400, images = 8, steps = 1000, crops = 256, probe_train = 2000, width = 128, depth = 4},
}
local guidances = {0, 1, p.guidance, 2 * p.guidance + 1}
local captioned = {shape = true, colour = true, pattern = true, count = true, relation = true, background = true}
local tasks = {"shape", "colour", "pattern", "count", "relation", "background", "lighting", "rotation"}
local arms = {
  {name = "random features"},
  {name = "SimCLR, real", objective = "simclr", source = "real"}, {name = "CLIP, real", objective = "clip", source = "real"},
  {name = "SimCLR, synthetic", objective = "simclr", source = "synthetic"}, {name = "CLIP, synthetic", objective = "clip", source = "synthetic"},
  {name = "StableRep, synthetic", objective = "stablerep", source = "synthetic"},
  {name = "StableRep+, synthetic", objective = "stablerep+", source = "synthetic"},
}

local function watch(label, total)
  local bar = run.progress{label = label, total = total}
  return function(step, metrics)
    bar:update(step, metrics)
    if step == total then bar:finish() end
  end
end

-- The real captioned pictures of a seed: one for each caption, and as many in all as the synthetic set has.
local function real_set(seed, count)
  if p.data ~= "" then return data.load(p.data, {size = p.size, limit = count}) end
  return data.scenes{count = count, size = p.size, seed = 1000 + seed, captions_per_image = 1}
end

local function probe_sets(seed)
  if p.probe == "" then
    for i, task in ipairs(tasks) do
      tasks[task] = data.probe(task, {size = p.size, train = p.probe_train, validation = p.probe_train // 2, test = p.probe_test, seed = seed})
    end
    return
  end
  tasks, captioned = {}, {}
  for folder in p.probe:gmatch("[^,]+") do
    local name = folder:match("([^/]+)/*$")
    tasks[#tasks + 1], captioned[name] = name, true
    tasks[name] = {train = data.load(folder, {size = p.size, limit = p.probe_train, split = "train"}),
                   test = data.load(folder, {size = p.size, limit = p.probe_test, split = "test"})}
  end
end

local function generator_file()
  if p.data == "" then return store.file(p.generator), p.generator end
  local pictures, steps, seed = data.load(p.data, {size = p.size, limit = p.generator_pictures}), p.generator_steps, p.seed
  local made = store.stage{name = "generator", inputs = {pictures = pictures}, code = function(stage)
    local model = diffusion.train{data = pictures, steps = steps, seed = seed, checkpoint = stage.folder, on_step = watch("generator", steps)}
    model:save(stage:path("generator.safetensors"))
  end}
  return made, made.files["generator.safetensors"]
end

local function generate(model, path, captions, images, guidance, seed)
  local steps = p.sampler_steps
  local made = store.stage{name = ("pictures w=%g"):format(guidance), inputs = {model = model}, code = function(stage)
    local set = diffusion.load(path):generate{captions = captions, images_per_caption = images, guidance = guidance, steps = steps, seed = seed,
      on_step = watch(("pictures at guidance %g"):format(guidance), 100)}
    set:save_shards(stage:path("shards"))
  end}
  return data.load(made.stage.folder .. "/shards")
end

local function learn(arm, set, seed)
  local steps, crops, views, size, width, depth = p.steps, p.crops, p.views, p.size, p.width, p.depth
  local recipe = p.data == "" and "scenes" or "strong"
  return store.stage{name = arm.name, inputs = {pictures = set}, code = function(stage)
    local shape = {size = size, patch = 4, width = width, depth = depth, heads = 4, stem = "convolutional", pooling = "mean", seed = seed}
    local net, losses = nil, {}
    if arm.objective then
      shape.objective, shape.data, shape.steps, shape.crops, shape.images_per_caption = arm.objective, set, steps, crops, views
      shape.augmentation, shape.checkpoint, shape.on_step = recipe, stage.folder, watch(arm.name, steps)
      net = encoder.train(shape)
      losses = net.losses
    else
      net = encoder.random(shape)
    end
    net:save(stage:path("encoder.safetensors"))
    return {losses = losses}
  end}
end

local function judge(arm, trained)
  local file = trained.files["encoder.safetensors"]
  local scores = store.stage{name = "probe of " .. arm.name, inputs = {encoder = trained, sets = tasks}, code = function()
    local net, out = encoder.load(file), {}
    for _, task in ipairs(tasks) do
      local sets = tasks[task]
      out[task] = eval.linear_probe{encoder = net, train = sets.train, validation = sets.validation, test = sets.test}.accuracy
    end
    return out
  end}
  local sum, count = 0, 0
  for _, task in ipairs(tasks) do if captioned[task] then sum, count = sum + scores[task], count + 1 end end
  scores.mean = sum / count
  return scores
end

local page = report.new("Captions in, representations out", {subtitle = ("preset %s, %d seed(s), guidance %g, Loam %s"):format(p.preset, p.seeds, p.guidance, loam.version)})
local model, path = generator_file()
local results, curves = {}, {}
for seed = p.seed, p.seed + p.seeds - 1 do
  probe_sets(seed)
  local real = real_set(seed, p.captions * p.images)
  local captions = real:take(p.captions):all_captions()
  local synthetic = generate(model, path, captions, p.images, p.guidance, seed)
  if seed == p.seed then
    local rows, labels = {}, {}
    for _, w in ipairs(guidances) do
      local set, row = generate(model, path, {table.unpack(captions, 1, 8)}, 1, w, seed), {}
      for i = 1, #set do row[i] = {png = set:png(i), caption = set:captions(i)[1]} end
      rows[#rows + 1], labels[#labels + 1] = row, ("w = %g"):format(w)
    end
    page:heading("Pictures made from captions"):images{images = rows, rows = labels, width = 96, caption = "The same captions and noise at several guidance scales."}
  end
  for _, arm in ipairs(arms) do
    local trained = learn(arm, arm.source == "real" and real or synthetic, seed)
    local scores = judge(arm, trained)
    results[arm.name] = results[arm.name] or {}
    table.insert(results[arm.name], scores)
    if seed == p.seed and #trained.losses > 0 then curves[#curves + 1] = {label = arm.name, y = trained.losses} end
  end
end

local columns = {"arm", {name = "mean", decimals = 3, best = "highest"}}
for _, task in ipairs(tasks) do columns[#columns + 1] = {name = captioned[task] and task or "(" .. task .. ")", decimals = 3} end
local t = report.table{columns = columns, caption = "Accuracy of linear probes on real pictures of held-out combinations; (tasks) that only nuisances decide are not in the mean."}
for _, arm in ipairs(arms) do
  local function over_seeds(task)
    local values = {}
    for i, scores in ipairs(results[arm.name]) do values[i] = scores[task] end
    local interval = eval.interval(values)
    return #values > 1 and {mean = interval.mean, low = interval.low, high = interval.high} or values[1]
  end
  local row = {arm.name, over_seeds("mean")}
  for _, task in ipairs(tasks) do row[#row + 1] = over_seeds(task) end
  t:add(row)
end
print(t)
page:heading("Linear probes"):table(t):heading("Losses"):plot(plot.lines{x = "step", y = "loss", series = curves, smooth = 10}):details("Parameters", p)
page:write(p.out .. "/report.html")
t:save(p.out .. "/table.csv")
t:save(p.out .. "/table.json")
run.artifact("report", p.out .. "/report.html")
print("open " .. p.out .. "/report.html")
