-- Every objective learns from the same real pictures for the same number of crops; linear probes judge.
--   loam run scripts/table_objectives.lua --preset laptop
--   loam run scripts/table_objectives.lua -- --data PICTURES --labelled LABELLED_SET --probe LABELLED_SET
local loam = require "loam"
local data, encoder, eval, report, run, store = loam.data, loam.encoder, loam.eval, loam.report, loam.run, loam.store
local p = run.preset{
  all = {seed = 1, seeds = 3, data = "", labelled = "", probe = "", size = 32, nuisance = 0.1, images = 4, crops = 192, width = 96, depth = 3, patch = 8,
         learning_rate = 3e-3, out = "report-objectives"},
  smoke = {captions = 24, steps = 6, seeds = 1, crops = 32, width = 32, depth = 2, probe_train = 120, probe_test = 60},
  laptop = {captions = 240, steps = 200, crops = 96, width = 64, probe_train = 1000, probe_test = 1000},
}
local arms = {{"random features"}, {"SimCLR", "simclr"}, {"MoCo-v3", "moco-v3"}, {"BYOL", "byol"}, {"DINO", "dino"}, {"MAE", "mae"}, {"CLIP", "clip"},
              {"SigLIP", "siglip"}, {"StableRep", "stablerep"}, {"StableRep+", "stablerep+"}, {"SupCon, shapes", "supcon"}, {"supervised, shapes", "supervised"}}
if p.labelled ~= "" then arms[11][1], arms[12][1] = "SupCon", "supervised" end
local needs_labels, needs_captions = {supcon = true, supervised = true}, {clip = true, siglip = true, stablerep = true, ["stablerep+"] = true}
local tasks = {"shape", "colour", "pattern", "count", "relation", "background"}

local total = p.steps
local function watch(label)
  local bar = run.progress{label = label, total = total}
  return function(step, metrics) bar:update(step, metrics) if step == total then bar:finish() end end
end

local function load(folder, split, limit) return data.load(folder, {size = p.size, split = split}):sample(limit) end

local function probes(seed)
  local sets = {}
  if p.probe ~= "" then
    return {[p.probe] = {train = load(p.probe, "train", p.probe_train), test = load(p.probe, "test", p.probe_test)}}, {p.probe}
  end
  for _, task in ipairs(tasks) do
    sets[task] = data.probe(task, {size = p.size, train = p.probe_train, validation = p.probe_train // 2, test = p.probe_test, seed = seed, nuisance = p.nuisance})
  end
  return sets, tasks
end

local function learn(name, objective, set, seed)
  local net = {size = p.size, patch = p.patch, width = p.width, depth = p.depth, heads = 4, stem = "convolutional", pooling = "max", seed = seed}
  if objective == "mae" then net.stem = "patch" end -- a convolutional stem would see the hidden patches
  local steps, crops, images, rate = p.steps, p.crops, p.images, p.learning_rate
  local augmentation = p.data == "" and "scenes" or "strong"
  if objective == "clip" or objective == "siglip" then augmentation = p.data == "" and "scenes_weak" or "weak" end
  return store.stage{name = name, inputs = {pictures = set}, code = function(stage)
    if objective then
      net.objective, net.data, net.steps, net.crops, net.images_per_caption = objective, set, steps, crops, images
      net.augmentation, net.checkpoint, net.learning_rate, net.on_step = augmentation, stage.folder, rate, watch(name)
    end
    local trained = (objective and encoder.train or encoder.random)(net)
    trained:save(stage:path("encoder.safetensors"))
    return {}
  end}
end

local function judge(name, trained, sets, names)
  return store.stage{name = "probe of " .. name, inputs = {encoder = trained, sets = sets}, code = function()
    local net, out, sum = encoder.load(trained.files["encoder.safetensors"]), {}, 0
    for _, task in ipairs(names) do
      out[task] = eval.linear_probe{encoder = net, train = sets[task].train, validation = sets[task].validation, test = sets[task].test}.accuracy
      sum = sum + out[task]
    end
    out.mean = sum / #names
    return out
  end}
end

local scores, names = {}, nil
for seed = p.seed, p.seed + p.seeds - 1 do
  local sets
  sets, names = probes(seed)
  local count = p.captions * p.images
  local pictures = p.data ~= "" and load(p.data, "train", count)
    or data.scenes{count = count, size = p.size, seed = 1000 + seed, images_per_caption = p.images, nuisance = p.nuisance}
  local labelled = p.labelled ~= "" and load(p.labelled, "train", count)
    or data.probe("shape", {size = p.size, train = count, validation = 10, test = 10, seed = 2000 + seed, nuisance = p.nuisance}).train
  local captioned = #pictures:captions(1) > 0
  for i, arm in ipairs(arms) do
    local name, objective = table.unpack(arm)
    local set = needs_labels[objective] and labelled or pictures
    scores[i] = scores[i] or {}
    if captioned or not needs_captions[objective] then
      table.insert(scores[i], judge(name, learn(name, objective, set, seed), sets, names))
    elseif seed == p.seed then
      print(name .. ": left out, the pictures have no captions")
    end
  end
end

local columns = {"objective", {name = "mean", decimals = 3, best = "highest"}}
for _, task in ipairs(names) do columns[#columns + 1] = {name = task, decimals = 3} end
local t = report.table{columns = columns, caption = ("Linear probes after %d steps of %d crops, %d seed(s)"):format(p.steps, p.crops, p.seeds)}
for i, arm in ipairs(arms) do
  local row = {arm[1]}
  for _, task in ipairs{"mean", table.unpack(names)} do
    local values = {}
    for k, score in ipairs(scores[i]) do values[k] = score[task] end
    row[#row + 1] = #values > 1 and eval.interval(values) or values[1] or "n/a"
  end
  if #scores[i] > 0 then t:add(row) end
end
print(t)
local page = report.new("Objectives on the same pictures", {subtitle = ("preset %s"):format(p.preset)})
page:heading("Linear probes"):table(t):details("Parameters", p):write(p.out .. "/report.html")
for _, name in ipairs{"table.csv", "table.json"} do t:save(p.out .. "/" .. name) end
