-- What an encoder knows: protocols over frozen features, each a stage with plain numbers as its result.
local loam = require "loam"
local data, encoder, eval, store = loam.data, loam.encoder, loam.eval, loam.store
local pictures, training = require "recipes.pictures", require "recipes.training"
local network = training.network
local judging = {}

-- What captions of scenes speak of.
judging.tasks = {"shape", "colour", "pattern", "count", "relation", "background"}

-- The cost of judging once: `trial()` does what the stage does on few pictures.
local function cost(unit, result, units, trial) return {result = result, units = units or 1, unit = unit, measure = trial} end

-- An encoder and scenes of a task for trials, as many of `count` as take seconds; and what share of `count` they are.
local function trial_parts(p, task, count)
  local few = training.few(p, count)
  local drawn = data.probe(task, {size = p.size, train = few, validation = few // 2, test = few, nuisance = p.nuisance})
  return encoder.random(network(p)), drawn, few / count
end

local function even(sets, value)
  local out = {mean = value}
  for _, set in ipairs(sets) do out[set.name] = value end
  return out
end

-- The sets that linear probes are judged on, without drawing or reading them: a list of {name, open}, open() giving train, validation, test.
function judging.sets(p, seed)
  local sets = {}
  if p.probe ~= "" then
    for path in p.probe:gmatch("[^,]+") do
      local size, train, test, splits, on_demand = p.size, p.probe_train, p.probe_test, p.probe_splits, p.on_demand
      sets[#sets + 1] = {name = path:match("([^/]+)/*$"), file = store.file(path), open = function()
        local function part(split, count) return data.load(path, {size = size, split = split, kind = "labelled", on_demand = on_demand}):sample(count) end
        return part(splits[1], train), nil, part(splits[2], test)
      end}
    end
    return sets
  end
  local settings = {size = p.size, train = p.probe_train, validation = p.probe_train // 2, test = p.probe_test, seed = seed, nuisance = p.nuisance}
  for k, task in ipairs(judging.tasks) do
    sets[k] = {name = task, open = function()
      local drawn = data.probe(task, settings)
      return drawn.train, drawn.validation, drawn.test
    end}
  end
  return sets
end

-- Names of the sets, for columns.
function judging.names(p)
  local names = {}
  for k, set in ipairs(judging.sets(p, 1)) do names[k] = set.name end
  return names
end

-- Accuracy of linear probes on each set, and their mean.
function judging.linear(p, trained, seed)
  local sets = judging.sets(p, seed)
  local planned = cost("linear probe", even(sets, 0.5), #sets, function()
    local net, drawn, share = trial_parts(p, "colour", p.probe_train)
    eval.linear_probe{encoder = net, train = drawn.train, validation = drawn.validation, test = drawn.test}
    return share
  end)
  return store.stage{name = "linear probes of " .. trained.stage.name, inputs = {trained}, cost = planned, code = function()
    local net, out, sum = encoder.load(trained.files["encoder.safetensors"]), {}, 0
    for _, set in ipairs(sets) do
      local train, validation, test = set.open()
      out[set.name] = eval.linear_probe{encoder = net, train = train, validation = validation, test = test}.accuracy
      sum = sum + out[set.name]
    end
    out.mean = sum / #sets
    return out
  end}
end

-- 5-way 5-shot accuracy on each set that has five classes, and their mean; `classifier` as in eval.few_shot.
function judging.few_shot(p, trained, seed, classifier)
  local sets, ways = judging.sets(p, seed), 5
  local planned = cost("few-shot set", even(sets, 0.5), #sets, function()
    local net, drawn, share = trial_parts(p, "count", p.probe_train)
    eval.few_shot{encoder = net, support = drawn.train, queries = drawn.test, ways = 4, shots = 5, queries_per_class = 6, episodes = 600, classifier = classifier}
    return share
  end)
  return store.stage{name = "few shots of " .. trained.stage.name, inputs = {trained}, cost = planned, code = function()
    local net, out, sum, count = encoder.load(trained.files["encoder.safetensors"]), {}, 0, 0
    for _, set in ipairs(sets) do
      local train, _, test = set.open()
      if #test.classes >= ways then
        out[set.name] = eval.few_shot{encoder = net, support = train, queries = test, ways = ways, shots = 5, queries_per_class = 6, episodes = 600,
                                      classifier = classifier, seed = seed}.mean
        sum, count = sum + out[set.name], count + 1
      end
    end
    out.mean = sum / count
    return out
  end}
end

-- Mean intersection over union of a linear probe on patch features, against the masks of scenes.
function judging.segmentation(p, trained, seed)
  local train, test = p.probe_train, p.probe_test
  local settings = {size = p.size, nuisance = p.nuisance}
  local planned = cost("segmentation probe", {mean_iou = 0.5, accuracy = 0.5}, 1, function()
    local few = training.few(p, train // 2)
    local settings = {count = few, size = p.size, nuisance = p.nuisance}
    local x, masks = encoder.random(network(p)):patch_features(data.scenes(settings)), (data.scene_masks(settings))
    eval.segmentation_probe{train = x, train_masks = masks, test = x, test_masks = masks}
    return few / (train // 2)
  end)
  return store.stage{name = "segmentation by " .. trained.stage.name, inputs = {trained}, cost = planned, code = function()
    local net = encoder.load(trained.files["encoder.safetensors"])
    local function part(count, number)
      settings.count, settings.seed = count, number
      return net:patch_features(data.scenes(settings)), (data.scene_masks(settings))
    end
    local x, masks = part(train // 2, 5000 + seed)
    local y, truth = part(test // 2, 6000 + seed)
    local result = eval.segmentation_probe{train = x, train_masks = masks, test = y, test_masks = truth}
    return {mean_iou = result.mean_iou, accuracy = result.accuracy}
  end}
end

-- Words of the classes as captions of scenes write them, by task.
local templates = {
  colour = {"a {} circle", "a {} square", "a drawing of a {} star"}, shape = {"a {}", "a red {}", "a drawing of a blue {}"},
}

local photographs = {"a photo of a {}", "a picture of the {}", "a {}"}

-- Zero-shot accuracy on labelled sets by the names of their classes, and retrieval among captioned pictures that no encoder learned from.
local function zero_shot_of_photographs(p, trained, seed)
  local sets, path, size, on_demand, count = judging.sets(p, seed), p.data, p.size, p.on_demand, math.min(1000, p.probe_test)
  local planned = cost("zero-shot judgement", even(sets, 0.5), #sets + 1, function()
    encoder.random(network(p)):features(data.scenes{count = math.min(64, count), size = size})
    return math.min(64, count) / count
  end)
  return store.stage{name = "zero-shot by " .. trained.stage.name, inputs = {trained, store.file(path)}, cost = planned, code = function()
    local net, out, sum = encoder.load_joint(trained.files["joint.safetensors"]), {}, 0
    for _, set in ipairs(sets) do
      local _, _, test = set.open()
      local texts = net:text_features(eval.prompts(test.classes, photographs))
      out[set.name] = eval.zero_shot{images = net:image_features(test), texts = texts, templates = #photographs, labels = test.labels}.accuracy
      sum = sum + out[set.name]
    end
    out.mean = sum / #sets
    -- Retrieval needs pictures apart from those of training: without a split "test" it is left out.
    local is_split, held_out = pcall(data.load, path, {size = size, split = "test", kind = "captioned", on_demand = on_demand})
    if is_split then
      held_out = held_out:sample(count)
      local found = eval.retrieval(net:image_features(held_out), net:text_features(held_out:all_captions()))
      out.retrieval_at_1, out.retrieval_at_5 = found["R@1"], found["R@5"]
    end
    return out
  end}
end

-- Zero-shot accuracy on colour and shape by the words of captions, and retrieval of captions by pictures.
function judging.zero_shot(p, trained, seed)
  if p.data ~= "" then return zero_shot_of_photographs(p, trained, seed) end
  local test, settings = p.probe_test, {size = p.size, nuisance = p.nuisance}
  local planned = cost("zero-shot judgement", {colour = 0.5, shape = 0.5, mean = 0.5, retrieval_at_1 = 0.5, retrieval_at_5 = 0.5}, 1, function()
    local net, drawn, share = trial_parts(p, "colour", test)
    for _ = 1, 3 do net:features(drawn.test) end
    return share
  end)
  return store.stage{name = "zero-shot by " .. trained.stage.name, inputs = {trained}, cost = planned, code = function()
    local net, out, sum, count = encoder.load_joint(trained.files["joint.safetensors"]), {}, 0, 0
    for task, sentences in pairs(templates) do
      local drawn = data.probe(task, {size = settings.size, nuisance = settings.nuisance, train = 10, validation = 10, test = test, seed = seed})
      local texts = net:text_features(eval.prompts(drawn.classes, sentences))
      local result = eval.zero_shot{images = net:image_features(drawn.test), texts = texts, templates = #sentences, labels = drawn.test.labels}
      out[task] = result.accuracy
      sum, count = sum + result.accuracy, count + 1
    end
    out.mean = sum / count
    local pairs_of = data.scenes{count = 200, size = settings.size, seed = 7000 + seed, captions_per_image = 1, nuisance = settings.nuisance}
    local found = eval.retrieval(net:image_features(pairs_of), net:text_features(pairs_of:all_captions()))
    out.retrieval_at_1, out.retrieval_at_5 = found["R@1"], found["R@5"]
    return out
  end}
end

-- Accuracy of guessing, by set and in the mean.
function judging.chance(p)
  local sets = judging.sets(p, 1)
  return store.stage{name = "chance", cost = cost("chance", even(sets, 0.1), 1, function() return 1 end), code = function()
    local out, sum = {}, 0
    for _, set in ipairs(sets) do
      local _, _, test = set.open()
      out[set.name] = 1 / #test.classes
      sum = sum + out[set.name]
    end
    out.mean = sum / #sets
    return out
  end}
end

-- Distance and variety of made pictures beside real ones, by the features of an untrained encoder.
function judging.quality(p, name, source, seed)
  local count, options = p.pictures, network(p, {pooling = "mean", seed = 99})
  local settings, size = {count = count, size = p.size, seed = 9000 + seed, nuisance = p.nuisance}, p.size
  local photographs = p.data ~= "" and pictures.real(p, 9000 + seed, count)
  local planned = cost("set of pictures measured", {frechet = 1, precision = 1, recall = 1, vendi = 1}, 1, function()
    local net, drawn, share = trial_parts(p, "colour", count)
    local x, y = net:features(drawn.train), net:features(drawn.test)
    return share * (#{eval.coverage(x, y), eval.frechet_distance(x, y), eval.vendi_score(x)} // 3)
  end)
  return store.stage{name = "quality of " .. name, cost = planned, code = function()
    local net = encoder.random(options)
    local real, made = net:features(photographs and photographs.open():resize(size) or data.scenes(settings)), net:features(source.open():resize(size))
    local measures = eval.coverage(real, made)
    return {frechet = eval.frechet_distance(real, made), precision = measures.precision, recall = measures.recall, vendi = eval.vendi_score(made)}
  end}
end

return judging
