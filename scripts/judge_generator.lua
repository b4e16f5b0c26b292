-- Reads shape and colour off a generator's pictures with a classifier that was trained on real scenes alone.
--   loam run scripts/judge_generator.lua -- --generator models/scenes.safetensors
local loam = require "loam"
local data, diffusion, eval, nn, optim, random, report, run, store, tensor =
  loam.data, loam.diffusion, loam.eval, loam.nn, loam.optim, loam.random, loam.report, loam.run, loam.store, loam.tensor
local p = run.preset{
  all = {seed = 1, nuisance = 0.1, generator = "models/scenes.safetensors", sampler_steps = 20, batch = 64, learning_rate = 2e-3, out = "report"},
  smoke = {scenes = 400, steps = 4, captions = 4, guidance = "1,3"},
  laptop = {scenes = 12000, steps = 900, captions = 300, guidance = "1,2,3,4,6"},
}
local shapes = {circle = 0, disc = 0, square = 1, box = 1, triangle = 2, star = 3, ring = 4, hoop = 4, cross = 5, plus = 5, heart = 6, crescent = 7, moon = 7,
                hourglass = 8, arrow = 9, pointer = 9}
local colours = {red = 0, orange = 1, yellow = 2, green = 3, cyan = 4, blue = 5, purple = 6, pink = 7, white = 8, black = 9}

-- What a caption says of its only object; nil when it tells of several objects or leaves the colour out.
local function told(caption)
  local fact, objects = {}, 0
  for word in caption:gmatch("%a+") do
    if shapes[word] then fact.shape, objects = shapes[word], objects + 1 end
    fact.colour = fact.colour or colours[word]
  end
  return objects == 1 and fact.shape and fact.colour and fact or nil
end

-- Captions of single objects, with the pictures they belong to.
local function single(count, seed, nuisance)
  local set = data.scenes{count = count, seed = seed, nuisance = nuisance, split = "all"}
  local places, captions, facts = {}, {}, {}
  for i = 1, #set do
    for _, caption in ipairs(set:captions(i)) do
      if told(caption) then
        places[#places + 1], captions[#captions + 1], facts[#facts + 1] = i, caption, told(caption)
        break
      end
    end
  end
  return set:select(places), captions, facts
end

-- Convolutions, then the largest value of each channel anywhere: a small object counts as much as a large one.
local function start(seed)
  random.seed(seed)
  return {nn.conv2d(3, 32), nn.conv2d(32, 64, {stride = 2}), nn.conv2d(64, 96), nn.conv2d(96, 128, {stride = 2}), nn.linear(128, 20)}
end

local function logits(layers, pictures)
  local x = (pictures - 0.5) * 4
  for i = 1, 4 do x = layers[i](x):group_norm(8):relu() end
  return layers[5](x:reshape{x.shape[1], 128, -1}:max(3)) -- ten shapes, then ten colours
end

local function train(how)
  local set, _, facts = single(how.scenes, 7000 + how.seed, how.nuisance)
  local pictures, stream, layers = set:tensor(), random.stream(how.seed, {purpose = "batches of the judge"}), start(how.seed)
  local adam = optim.adamw(layers, {weight_decay = 0.01})
  local schedule = optim.warmup_cosine{base = how.learning_rate, warmup_steps = how.steps // 10, total_steps = how.steps}
  local bar = run.progress{label = "judge", total = how.steps}
  local places, order = {}, {}
  for step = 1, how.steps do
    local s, c = {}, {}
    for i = 1, how.batch do
      if #order == 0 then order = stream:permutation(#set) end
      places[i] = table.remove(order)
      s[i], c[i] = facts[places[i]].shape, facts[places[i]].colour
    end
    local y = logits(layers, pictures:index_select(1, places))
    local loss = loam.loss.cross_entropy(y:narrow(2, 1, 10), s) + loam.loss.cross_entropy(y:narrow(2, 11, 10), c)
    adam:step(loss:backward(), {learning_rate = schedule:rate(step)})
    bar:update(step, {loss = loss:item()})
  end
  bar:finish()
  return nn.sequential(layers)
end

local layers = start(p.seed)
local function judge(set, facts)
  local shape, colour = 0, 0
  for first = 1, #set, 100 do
    local places = {}
    for i = first, math.min(first + 99, #set) do places[#places + 1] = i end
    local y = tensor.no_grad(function() return logits(layers, set:select(places):tensor()) end)
    local s, c = y:narrow(2, 1, 10):argmax():totable(), y:narrow(2, 11, 10):argmax():totable()
    for k, i in ipairs(places) do
      if s[k] - 1 == facts[i].shape then shape = shape + 1 end
      if c[k] - 1 == facts[i].colour then colour = colour + 1 end
    end
  end
  return eval.proportion(shape, #set), eval.proportion(colour, #set)
end

local steps = {seed = p.seed, nuisance = p.nuisance, scenes = p.scenes, steps = p.steps, batch = p.batch, learning_rate = p.learning_rate}
local trained = store.stage{name = "judge", inputs = steps, code = function(stage) train(steps):save(stage:path("judge.safetensors")) end}
nn.sequential(layers):load(trained.files["judge.safetensors"])
local result = report.table{columns = {"pictures", {name = "shape", decimals = 3}, {name = "colour", decimals = 3}},
                            caption = "Share of pictures whose captioned shape and colour the judge reads off, 95 % intervals over pictures"}
local real, captions, facts = single(10 * p.captions, 8000 + p.seed, p.nuisance)
captions, facts = {table.unpack(captions, 1, p.captions)}, {table.unpack(facts, 1, p.captions)}
result:add{"real scenes of these captions", judge(real:take(#captions), facts)}
local generator = diffusion.load(p.generator)
local rows, labels = {}, {}
for w in p.guidance:gmatch("[^,]+") do
  local bar = run.progress{label = "guidance " .. w, total = 100}
  local made = generator:generate{captions = captions, guidance = tonumber(w), steps = p.sampler_steps, seed = p.seed,
                                  on_step = function(share) bar:update(share) end}
  bar:finish()
  result:add{"generated, w = " .. w, judge(made, facts)}
  rows[#rows + 1], labels[#labels + 1] = {}, "w = " .. w
  for k = 1, math.min(12, #made) do rows[#rows][k] = {png = made:png(k), caption = captions[k]} end
end
print(result)
report.new("What the generator draws", {subtitle = p.generator}):images{images = rows, rows = labels, width = 72}:table(result):write(p.out .. "/judge.html")
result:save(p.out .. "/judge.csv")
