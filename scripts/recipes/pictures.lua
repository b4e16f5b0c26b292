-- Where pictures come from. A source is a table with `open()`, which gives the data set; nothing is drawn or read before that, so
-- that a stage whose result is stored costs nothing.
local loam = require "loam"
local data, diffusion, run, store = loam.data, loam.diffusion, loam.run, loam.store
local pictures = {}

-- Captioned pictures that nobody generated: `count` pictures, each with captions of its own.
function pictures.real(p, seed, count)
  if p.data ~= "" then
    local path, size = p.data, p.size
    return {file = store.file(path), open = function() return data.load(path, {size = size, split = "train"}):sample(count, {seed = seed}) end}
  end
  local settings = {count = count, size = p.size, seed = 1000 + seed, captions_per_image = 1, nuisance = p.nuisance}
  return {open = function() return data.scenes(settings) end}
end

-- The cost of a stage with `result` that generates `count` pictures with the experiment's generator.
function pictures.cost(p, result, count, guidance, steps)
  local path, size = p.generator, p.size
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

-- Pictures that the generator makes from the captions of real ones: `how.captions` captions, `how.images` pictures of each, with
-- guidance `how.guidance` (or the experiment's) in `how.steps` sampling steps (or the experiment's).
function pictures.generated(p, seed, how)
  local path, count, images = p.generator, how.captions, how.images or 1
  local guidance, steps = how.guidance or p.guidance, how.steps or p.sampler_steps
  local real = pictures.real(p, seed, count)
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

-- A part of a source: its first `count` captions, or what `choose(set)` gives.
function pictures.part(source, choose) return {source = source, open = function() return choose(source.open()) end} end

-- Two sources as one; the groups of the second follow those of the first.
function pictures.mixed(first, second)
  return {first = first, second = second, open = function()
    local images, captions, groups, offset = {}, {}, {}, 0
    for _, source in ipairs{first, second} do
      local set = source.open()
      for k = 1, #set do
        images[#images + 1], captions[#captions + 1], groups[#groups + 1] = set:image(k), set:captions(k), offset + set:group(k)
      end
      offset = offset + set.group_count
    end
    return data.new{images = images, captions = captions, groups = groups}
  end}
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
