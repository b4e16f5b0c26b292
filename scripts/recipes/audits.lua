-- Questions about a generator and about encoders of captions, where scenes know the truth.
local loam = require "loam"
local data, diffusion, encoder, random, store = loam.data, loam.diffusion, loam.encoder, loam.random, loam.store
local pictures, training = require "recipes.pictures", require "recipes.training"
-- Stages name functions, not the table of all of them, whose every change would be theirs.
local painted, open_generator = pictures.painted, pictures.open
local audits = {}

-- What an audit without generated pictures costs: the features of some pictures and captions.
local function cost(p, result)
  return {result = result, units = 1, unit = "audit of captions", measure = function()
    local count = 4 * p.probe_test
    local few = training.few(p, count)
    encoder.random(training.network(p)):features(data.scenes{count = few, size = p.size})
    return few / count
  end}
end

local function cosines(a, b) return (a:l2_normalize() * b:l2_normalize()):sum(2):totable() end

-- How well the cosine of picture and caption tells captions that belong from captions of other pictures: half of `p.probe_test` pairs are
-- exchanged; what lies below the median is called a mismatch. Gives precision and recall of that, and the area under the curve.
function audits.mismatch(p, trained, seed)
  local settings = {count = p.probe_test, size = p.size, seed = 7500 + seed, captions_per_image = 1, nuisance = p.nuisance}
  return store.stage{name = "mismatch filter by " .. trained.stage.name, inputs = {trained}, cost = cost(p, {precision = 0.5, recall = 0.5, area = 0.5}), code = function()
    local net, set = encoder.load_joint(trained.files["joint.safetensors"]), data.scenes(settings)
    local captions, wrong = set:all_captions(), {}
    local half = #captions // 2
    for k = 1, half do wrong[k] = captions[k] end
    for k = 1, half do captions[k] = wrong[k % half + 1] end
    local scores, order, bad_below = cosines(net:image_features(set), net:text_features(captions)), {}, 0
    for k = 1, #scores do order[k] = k end
    table.sort(order, function(a, b) return scores[a] < scores[b] or scores[a] == scores[b] and a < b end)
    local area = 0
    for place, k in ipairs(order) do
      if k <= half then
        if place <= half then bad_below = bad_below + 1 end
      else
        -- Pairs that belong lie above this many that do not.
        local below = 0
        for j = 1, half do if scores[j] < scores[k] then below = below + 1 end end
        area = area + below
      end
    end
    return {precision = bad_below / half, recall = bad_below / half, area = area / (half * (#captions - half))}
  end}
end

local opposite = {left = "right", right = "left", above = "below", below = "above", over = "under", under = "over", higher = "lower", lower = "higher"}

-- Whether a picture is closer to its caption than to the same words with the relation turned round, and than to the words in another order. 0.5 is chance.
function audits.word_order(p, trained, seed)
  local settings = {count = 4 * p.probe_test, size = p.size, seed = 7700 + seed, captions_per_image = 1, nuisance = p.nuisance}
  return store.stage{name = "word order by " .. trained.stage.name, inputs = {trained}, cost = cost(p, {relation = 0.5, order = 0.5, pairs = 1}), code = function()
    local net, set = encoder.load_joint(trained.files["joint.safetensors"]), data.scenes(settings)
    local places, true_ones, turned, shuffled = {}, {}, {}, {}
    local stream = random.stream(settings.seed, {purpose = "word order"})
    for k = 1, #set do
      local caption, changes = set:captions(k)[1], 0
      local other = caption:gsub("%a+", function(word) if opposite[word] then changes = changes + 1 end return opposite[word] end)
      if changes == 1 then
        local words, mixed = {}, {}
        for word in caption:gmatch("%S+") do words[#words + 1] = word end
        for i, place in ipairs(stream:permutation(#words)) do mixed[i] = words[place] end
        places[#places + 1], true_ones[#true_ones + 1], turned[#turned + 1], shuffled[#shuffled + 1] = k, caption, other, table.concat(mixed, " ")
      end
    end
    local x = net:image_features(set:select(places))
    local own, against = cosines(x, net:text_features(true_ones)), {relation = cosines(x, net:text_features(turned)), order = cosines(x, net:text_features(shuffled))}
    local out = {pairs = #places}
    for name, scores in pairs(against) do
      local right = 0
      for k = 1, #own do if own[k] > scores[k] then right = right + 1 end end
      out[name] = right / #own
    end
    return out
  end}
end

-- Which colours a generator gives to objects whose captions name none: that of the most similar real scene by an encoder's features. Gives the share of
-- each colour, and how often the most similar scene has the right one for real scenes.
function audits.colour_skew(p, trained, seed, guidance)
  local generator = store.file(p.generator)
  local settings = {size = p.size, train = p.probe_train, validation = p.probe_train // 2, test = p.probe_test, seed = seed, nuisance = p.nuisance}
  local captions = {}
  for k, shape in ipairs{"circle", "square", "triangle", "star", "heart", "cross", "ring", "arrow"} do captions[k] = "a large " .. shape end
  -- Several pictures of each caption: the same caption written twice would give the same picture twice.
  local path, steps, images = p.generator, p.sampler_steps, math.max(1, p.probe_test // #captions)
  local count = #captions * images
  return store.stage{name = ("colours at guidance %g"):format(guidance), inputs = {trained, generator},
    cost = pictures.cost(p, {reader = 0.5, shares = {}, largest = 0.5, evenness = 0.5}, count, guidance, steps), code = function()
    local net, task = encoder.load(trained.files["encoder.safetensors"]), data.probe("colour", settings)
    local made = painted(path, {captions = captions, images = images, guidance = guidance, steps = steps, seed = seed}):resize(settings.size)
    local x, y, wanted = net:features(task.train), net:features(made), net:features(task.test)
    local function read(features)
      local similar = features:l2_normalize():matmul(x:l2_normalize():transpose(1, 2))
      local nearest, out = similar:argmax(2):totable(), {}
      for k, place in ipairs(nearest) do out[k] = task.train:label(place) end
      return out
    end
    local right, shares, truth = 0, {}, task.test.labels
    for k, label in ipairs(read(wanted)) do if label == truth[k] then right = right + 1 end end
    for label, name in ipairs(task.classes) do shares[name] = 0 end
    for _, label in ipairs(read(y)) do
      local name = task.classes[label + 1]
      shares[name] = shares[name] + 1 / count
    end
    local entropy, largest = 0, 0
    -- In the order of the classes: that of pairs changes, and the last bits of the sum with it.
    for _, name in ipairs(task.classes) do
      local share = shares[name]
      if share > 0 then entropy = entropy - share * math.log(share) end
      largest = math.max(largest, share)
    end
    return {reader = right / #truth, shares = shares, largest = largest, evenness = entropy / math.log(#task.classes)}
  end}
end

-- Writes generated pictures as PNG files and makes them again from nothing but these files: the share that comes out with the same bytes.
function audits.provenance(p, seed)
  local path, count, steps, guidance = p.generator, math.min(8, p.pictures), p.sampler_steps, p.guidance
  return store.stage{name = "provenance", inputs = {store.file(path)}, cost = pictures.cost(p, {share = 1, pictures = count}, 2 * count, guidance, steps), code = function(stage)
    local generator, same = open_generator(path), 0
    local made = painted(path, {captions = data.scenes{count = count, seed = 8000 + seed}:all_captions(), guidance = guidance, steps = steps, seed = seed})
    for k = 1, #made do
      local place = stage:path(("picture-%d.png"):format(k))
      local out = io.open(place, "wb")
      out:write(made:png(k)):close()
      if diffusion.regenerate(generator, place):png(1) == made:png(k) then same = same + 1 end
    end
    return {share = same / #made, pictures = #made}
  end}
end

return audits
