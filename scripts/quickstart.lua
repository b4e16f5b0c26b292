-- A diffusion model makes pictures from captions, encoders learn from them (and from as many real ones), linear probes judge.
--   loam run scripts/quickstart.lua --preset laptop -- --seeds 3
--   loam run scripts/quickstart.lua -- --data CAPTIONED_PICTURES --probe LABELLED_SET[,LABELLED_SET]
local loam = require "loam"
local data, diffusion, encoder, eval = loam.data, loam.diffusion, loam.encoder, loam.eval
local plot, report, run, store = loam.plot, loam.report, loam.run, loam.store
local p = run.preset{
  all = {seed = 1, seeds = 1, data = "", probe = "", size = 32, nuisance = 0.1, guidance = 3, sampler_steps = 12, views = 4, crops = 192,
         width = 96, depth = 3, patch = 8, learning_rate = 3e-3, out = "report", generator = "models/scenes.safetensors",
         generator_pictures = 6000, generator_steps = 2000, probe_train = 1000, probe_test = 1000},
  smoke = {captions = 24, images = 4, steps = 12, crops = 48, probe_train = 120, probe_test = 60, width = 48, depth = 2,
           sampler_steps = 4, generator_pictures = 200, generator_steps = 20},
  demo = {captions = 120, images = 6, steps = 200},
  laptop = {captions = 240, images = 6, steps = 500, probe_train = 2000, probe_test = 2000},
}
local arms = {{"random features"}, {"SimCLR, real", "simclr"}, {"CLIP, real", "clip"}, {"SimCLR, synthetic", "simclr", true},
              {"CLIP, synthetic", "clip", true}, {"StableRep, synthetic", "stablerep", true}, {"StableRep+, synthetic", "stablerep+", true}}
local tasks = {"shape", "colour", "pattern", "count", "relation", "background", "lighting", "rotation"}
local nuisance = {lighting = true, rotation = true} -- captions never speak of these: beside the mean, not in it

local function watch(label, total)
  local bar = run.progress{label = label, total = total}
  return function(step, metrics) bar:update(step, metrics) if step == total then bar:finish() end end
end

local function load(folder, split, limit) return data.load(folder, {size = p.size, split = split}):sample(limit) end

if p.probe ~= "" then tasks = {} end
for folder in p.probe:gmatch("[^,]+") do
  local name = folder:match("([^/]+)/*$")
  tasks[#tasks + 1], tasks[name] = name, {train = load(folder, "train", p.probe_train), test = load(folder, "test", p.probe_test)}
end

local function draw_tasks(seed)
  for _, task in ipairs(tasks) do
    tasks[task] = data.probe(task, {size = p.size, train = p.probe_train, validation = p.probe_train // 2, test = p.probe_test, seed = seed, nuisance = p.nuisance})
  end
end

local function generator()
  if p.data == "" then return store.file(p.generator), p.generator end
  local pictures, steps, seed = load(p.data, "train", p.generator_pictures), p.generator_steps, p.seed
  local made = store.stage{name = "generator", inputs = {pictures = pictures}, code = function(stage)
    diffusion.train{data = pictures, steps = steps, seed = seed, optimizer = "muon", learning_rate = 3e-3, flip_chance = 0.5,
      checkpoint = stage.folder, on_step = watch("generator", steps)}:save(stage:path("generator.safetensors"))
  end}
  return made, made.files["generator.safetensors"]
end

local function generate(model, path, captions, images, guidance, seed)
  local steps, name = p.sampler_steps, ("pictures at guidance %g"):format(guidance)
  local made = store.stage{name = name, inputs = {model = model}, code = function(stage)
    diffusion.load(path):generate{captions = captions, images_per_caption = images, guidance = guidance, steps = steps, seed = seed,
      checkpoint = stage.folder, on_step = watch(name, 100)}:save_shards(stage:path("shards"))
  end}
  return data.load(made.stage.folder .. "/shards")
end

local function learn(name, objective, set, seed)
  local steps, crops, views, augmentation = p.steps, p.crops, p.views, p.data == "" and "scenes" or "strong"
  if objective == "clip" then augmentation = p.data == "" and "scenes_weak" or "weak" end -- the paper's recipe for CLIP
  local net = {size = p.size, patch = p.patch, width = p.width, depth = p.depth, heads = 3, stem = "convolutional", pooling = "max", seed = seed}
  local rate = p.learning_rate
  return store.stage{name = name, inputs = {pictures = set}, code = function(stage)
    if objective then
      net.objective, net.data, net.steps, net.crops, net.images_per_caption = objective, set, steps, crops, views
      net.augmentation, net.checkpoint, net.learning_rate, net.on_step = augmentation, stage.folder, rate, watch(name, steps)
    end
    local trained = (objective and encoder.train or encoder.random)(net)
    trained:save(stage:path("encoder.safetensors"))
    return {losses = trained.losses}
  end}
end

local function judge(name, trained)
  return store.stage{name = "probe of " .. name, inputs = {encoder = trained, sets = tasks}, code = function()
    local net, out, sum, count = encoder.load(trained.files["encoder.safetensors"]), {}, 0, 0
    for _, task in ipairs(tasks) do
      local sets = tasks[task]
      local result = eval.linear_probe{encoder = net, train = sets.train, validation = sets.validation, test = sets.test}
      out[task] = {mean = result.accuracy, low = result.low, high = result.high}
      if not nuisance[task] then sum, count = sum + result.accuracy, count + 1 end
    end
    out.mean = {mean = sum / count}
    return out
  end}
end

local page = report.new("Captions in, representations out", {subtitle = ("preset %s, %d seed(s), guidance %g"):format(p.preset, p.seeds, p.guidance)})
local model, path = generator()
local scores, curves = {}, {}
for seed = p.seed, p.seed + p.seeds - 1 do
  if p.probe == "" then draw_tasks(seed) end
  local real = p.data == "" and data.scenes{count = p.captions * p.images, size = p.size, seed = 1000 + seed, captions_per_image = 1, nuisance = p.nuisance}
    or load(p.data, "train", p.captions * p.images)
  local captions = real:take(math.min(p.captions, #real)):all_captions()
  local synthetic = generate(model, path, captions, p.images, p.guidance, seed)
  if seed == p.seed then
    local rows, labels = {}, {}
    for i, w in ipairs{0, 1, p.guidance, 2 * p.guidance + 1} do
      local few = generate(model, path, {table.unpack(captions, 1, 8)}, 1, w, seed)
      rows[i], labels[i] = {}, ("w = %g"):format(w)
      for k = 1, #few do rows[i][k] = {png = few:png(k), caption = few:captions(k)[1]} end
    end
    page:heading("Pictures made from captions, by guidance"):images{images = rows, rows = labels, width = 72}
  end
  for i, arm in ipairs(arms) do
    local name, objective, is_synthetic = table.unpack(arm)
    local trained = learn(name, objective, is_synthetic and synthetic or real, seed)
    scores[i] = table.move({judge(name, trained)}, 1, 1, seed - p.seed + 1, scores[i] or {})
    if seed == p.seed and objective then curves[#curves + 1] = {label = name, y = trained.losses} end
  end
end

local columns = {"arm", {name = "mean", decimals = 3, best = "highest"}}
for _, task in ipairs(tasks) do columns[#columns + 1] = {name = nuisance[task] and "(" .. task .. ")" or task, decimals = 3} end
local t = report.table{columns = columns, caption = "Linear probes on real pictures, 95 % intervals over seeds (one seed: test pictures); (nuisance tasks) not in the mean"}
for i, arm in ipairs(arms) do
  local row = {arm[1]}
  for _, task in ipairs{"mean", table.unpack(tasks)} do
    local values = {}
    for k, score in ipairs(scores[i]) do values[k] = score[task].mean end
    row[#row + 1] = #values > 1 and eval.interval(values) or scores[i][1][task]
  end
  t:add(row)
end
print(t)
page:heading("Linear probes"):table(t):heading("Losses"):plot(plot.lines{x = "step", y = "loss", series = curves, smooth = 10}):details("Parameters", p)
page:write(p.out .. "/report.html")
for _, name in ipairs{"table.csv", "table.json"} do t:save(p.out .. "/" .. name) end
run.artifact("report", p.out .. "/report.html")
print("open " .. p.out .. "/report.html")
