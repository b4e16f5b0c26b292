-- Where pictures come from. A source is a table with `open()`, which gives the data set; nothing is drawn or read before that, so
-- that a stage whose result is stored costs nothing.
local loam = require "loam"
local data, diffusion, file, run, store = loam.data, loam.diffusion, loam.file, loam.run, loam.store
local pictures = {}

-- Captioned pictures that nobody generated: `count` pictures, each with captions of its own.
function pictures.real(p, seed, count)
  if p.data ~= "" then
    local path, size, on_demand = p.data, p.picture_size > 0 and p.picture_size or p.size, p.on_demand
    return {file = store.file(path), open = function() return data.load(path, {size = size, split = "train", on_demand = on_demand}):sample(count, {seed = seed}) end}
  end
  local settings = {count = count, size = p.size, seed = 1000 + seed, captions_per_image = 1, nuisance = p.nuisance}
  return {open = function() return data.scenes(settings) end}
end

-- Whether a generator is a folder of Stable Diffusion.
local function is_folder(path) return io.open(path .. "/model_index.json") ~= nil end

-- Opens either kind of generator.
function pictures.open(path) return is_folder(path) and diffusion.pipeline(path) or diffusion.load(path) end

-- The cost of a stage with `result` that generates `count` pictures with the experiment's generator.
function pictures.cost(p, result, count, guidance, steps)
  local path, size = p.generator, p.size
  if is_folder(path) then
    return {
      result = result, units = count, unit = ("picture of %d sampling steps"):format(steps), images = count, bytes = count * 3 * size * size, measure = function()
        diffusion.pipeline(path):generate{prompt = "a cat", guidance = guidance, steps = 2}
        return 2 / steps
      end,
    }
  end
  return {
    result = result, units = count, unit = ("picture of %d sampling steps"):format(steps), images = count, bytes = count * 3 * size * size,
    flops = run.is_planned() and 4 * steps * count * diffusion.load(path).multiply_adds or 0,
    measure = function()
      local some = data.scenes{count = 16, size = size, captions_per_image = 1}:all_captions()
      diffusion.load(path):generate{captions = some, guidance = guidance, steps = steps}
      return #some
    end,
  }
end

-- A set of pictures by either kind of generator: `how.images` of each of `how.captions`.
local function painted(path, how)
  if is_folder(path) then
    return diffusion.pipeline(path):generate{prompt = how.captions, images = how.images or 1, guidance = how.guidance, steps = how.steps, seed = how.seed}
  end
  return diffusion.load(path):generate{captions = how.captions, images_per_caption = how.images or 1, guidance = how.guidance, steps = how.steps, seed = how.seed}
end

pictures.painted = painted

-- Pictures by Stable Diffusion, part by part: each part is a shard that a stage keeps, so that work goes on where it was broken off.
local function in_parts(p, seed, real, count, images, guidance, steps)
  local path, size, on_demand, per_part = p.generator, p.picture_size > 0 and p.picture_size or p.size, p.on_demand, math.max(1, p.shard // images)
  local listed = store.stage{name = ("%d captions"):format(count), cost = {result = {}, units = 1, unit = "list of captions", measure = function() return 1 end},
    code = function(stage) file.write_json(stage:path("captions.json"), real.open():all_captions()) return {} end}
  local parts = {}
  -- A plan counts all parts at once: there may be a hundred thousand.
  if run.is_planned() then per_part = count end
  for part = 1, (count + per_part - 1) // per_part do
    local first, last = (part - 1) * per_part + 1, math.min(part * per_part, count)
    local pictured = (last - first + 1) * images
    parts[part] = store.stage{name = ("%d x %d pictures at guidance %g, part %d"):format(count, images, guidance, part), inputs = {model = store.file(path), captions = listed},
      cost = pictures.cost(p, {pictures = pictured}, pictured, guidance, steps), code = function(stage)
      local captions = table.move(file.read_json(listed.files["captions.json"]), first, last, 1, {})
      local set = painted(path, {captions = captions, images = images, guidance = guidance, steps = steps, seed = seed})
      set:save_shard(stage:path("shard.tar"), {first = (first - 1) * images, first_group = first - 1})
      return {pictures = #set}
    end}
  end
  -- The parts' results, not where they lie: who learns from them is the same in any folder.
  return {made = listed, open = function()
    local shards = {}
    for k, part in ipairs(parts) do shards[k] = part.files["shard.tar"] end
    return data.load(shards, {size = size, on_demand = on_demand})
  end}
end

-- Pictures that the generator makes from the captions of real ones: `how.captions` captions, `how.images` pictures of each, with
-- guidance `how.guidance` (or the experiment's) in `how.steps` sampling steps (or the experiment's).
function pictures.generated(p, seed, how)
  local path, count, images = p.generator, how.captions, how.images or 1
  local guidance, steps = how.guidance or p.guidance, how.steps or p.sampler_steps
  local real = pictures.real(p, seed, count)
  if is_folder(path) then return in_parts(p, seed, real, count, images, guidance, steps) end
  local name = ("%d x %d pictures at guidance %g"):format(count, images, guidance)
  local bar = run.progress{label = name, total = 100}
  local made = store.stage{name = name, inputs = {model = store.file(path)},
    cost = pictures.cost(p, {pictures = count * images}, count * images, guidance, steps), code = function(stage)
    local captions = real.open():all_captions()
    local set = diffusion.load(path):generate{captions = captions, images_per_caption = images, guidance = guidance, steps = steps, seed = seed,
      checkpoint = stage.folder, on_step = function(share) bar:update(share) end}
    set:save_shards(stage:path("shards"))
    return {pictures = #set}
  end}
  return {made = made, open = function() return data.load(made.files.shards) end}
end

-- Several pictures of each caption: `p.views` of fewer captions, so that they are as many as the real ones, or what the preset says. `how` as above.
function pictures.several(p, seed, how)
  local captions, images = p.captions > 0 and p.captions or p.pictures // p.views, p.images > 0 and p.images or p.views
  return pictures.generated(p, seed, {captions = captions, images = images, guidance = how and how.guidance, steps = how and how.steps})
end

-- A part of a source: its first `count` captions, or what `choose(set)` gives.
function pictures.part(source, choose) return {source = source, open = function() return choose(source.open()) end} end

-- Two sources as one; the groups of the second follow those of the first.
function pictures.mixed(first, second)
  return {first = first, second = second, open = function() return data.join{first.open(), second.open()} end}
end

-- Some pictures of a source for a figure, as {png, caption}: `places` counts from 1.
function pictures.examples(p, name, source, places)
  local size = p.size
  local function shown(set)
    local out = {}
    for k, place in ipairs(places) do out[k] = {png = set:png(place), caption = set:captions(place)[1]} end
    return out
  end
  local cost = {units = 1, unit = "set of examples", measure = function() return 1 end}
  if run.is_planned() then cost.result = {examples = shown(data.scenes{count = #places, size = size})} end
  return store.stage{name = "examples of " .. name, cost = cost, code = function() return {examples = shown(source.open())} end}.examples
end

return pictures
