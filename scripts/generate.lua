-- Makes pictures for a list of captions and goes on where it was broken off: the pictures have the same bytes, whatever the interruptions.
--   loam run scripts/generate.lua -- --captions captions.txt --out pictures --images 4 --guidance 2,3
--   loam plan scripts/generate.lua -- --captions captions.txt --images 4
-- Captions: a text file with one in each line, a .csv with a column "caption", a .jsonl with a field "caption", or whatever data.load reads (shards, folders).
-- Generators: a file of the small generator, or a folder of Stable Diffusion (--generator stable-diffusion-v1-5 --guidance 2 --steps 50).
-- Layouts: "shards", WebDataset shards that data.load and webdataset read; or "folders", ddim_W_seed_S with one PNG and one text for each caption, S from the
-- seed upwards for the pictures of a caption, as the official code lays them out.
local loam = require "loam"
local data, diffusion, encoder, file, run, store = loam.data, loam.diffusion, loam.encoder, loam.file, loam.run, loam.store
local p = run.preset{
  all = {seed = 1, captions = "", out = "pictures", images = 1, guidance = {3}, steps = 20, generator = "models/scenes.safetensors", shard = 1000, layout = "shards", limit = 0,
         -- f16 takes about half the time on processors with AVX-512 FP16, and makes pictures that differ a little (docs/numerics.md).
         products = "f32",
         -- A joint encoder (JointEncoder:save) whose cosine of picture and caption has to reach `minimum`; pictures below are left out and counted.
         scorer = "", minimum = 0.2},
  laptop = {}, smoke = {images = 2, steps = 2, shard = 8, limit = 8},
}
if p.layout ~= "shards" and p.layout ~= "folders" then error("--layout is shards or folders, got " .. p.layout, 0) end

local function read_captions(path)
  local ending, found = path:match("%.(%w+)$"), {}
  if ending == "jsonl" then
    for k, row in ipairs(file.read_json(path, {lines = true})) do found[k] = row.caption or error(("%s:%d: no field \"caption\""):format(path, k), 0) end
  elseif ending == "csv" then
    local rows, columns = file.read_csv(path)
    for k, row in ipairs(rows) do found[k] = row.caption or error(("%s names no column \"caption\", but %s"):format(path, table.concat(columns, ", ")), 0) end
  elseif ending == "txt" then
    for line in io.lines(path) do found[#found + 1] = line:gsub("\r$", "") end
  else
    local set = data.load(path, {kind = "captioned"})
    for k = 1, #set do found[k] = set:captions(k)[1] end
  end
  local captions = {}
  for _, caption in ipairs(found) do
    -- As the official code prepares prompts: breaks and tabs become spaces, ends are stripped.
    caption = caption:gsub("[\t\r\n]", " "):match("^%s*(.-)%s*$")
    if caption ~= "" then captions[#captions + 1] = caption end
  end
  if #captions == 0 then error(path .. " holds no captions", 0) end
  return captions
end

local captions = p.captions == "" and data.scenes{count = 24, seed = p.seed, captions_per_image = 1}:all_captions() or read_captions(p.captions)
if p.limit > 0 then captions = table.move(captions, 1, math.min(p.limit, #captions), 1, {}) end
local per_shard = math.max(1, p.shard // p.images)
local shard_count = (#captions + per_shard - 1) // per_shard

-- The places of the pictures that stay.
local function kept_places(set, scorer, minimum)
  local places, texts = {}, {}
  for k = 1, #set do places[k], texts[k] = k, set:captions(k)[1] end
  if scorer == "" then return places end
  local net, stay = encoder.load_joint(scorer), {}
  for k, cosine in ipairs((net:image_features(set):l2_normalize() * net:text_features(texts):l2_normalize()):sum(2):totable()) do
    if cosine >= minimum then stay[#stay + 1] = k end
  end
  return stay
end

local is_folder = io.open(p.generator .. "/model_index.json") ~= nil
if not is_folder and not io.open(p.generator) then error(p.generator .. ": there is no generator there; give a file of the small generator, or a folder with model_index.json", 0) end

-- Pictures of captions by either kind of generator. What a small generator has done of a part is kept in `folder`.
local function pictures(path, how)
  if is_folder then
    local steps = #how.captions * how.images * how.steps
    return diffusion.pipeline(path, {products = how.products}):generate{prompt = how.captions, images = how.images, guidance = how.guidance, steps = how.steps, seed = how.seed,
      on_step = how.on_step and function(step) how.on_step(math.min(100, 100 * step // steps)) end}
  end
  return diffusion.load(path):generate{captions = how.captions, images_per_caption = how.images, guidance = how.guidance, steps = how.steps, seed = how.seed, products = how.products,
    checkpoint = how.folder, on_step = how.on_step}
end

-- One shard is one stage: what is done is not done again, and a shard that was broken off goes on from its checkpoint.
local function make(w, number)
  local part = table.move(captions, (number - 1) * per_shard + 1, math.min(number * per_shard, #captions), 1, {})
  local images, steps, seed, path, layout, scorer, minimum, products = p.images, p.steps, p.seed, p.generator, p.layout, p.scorer, p.minimum, p.products
  local first = (number - 1) * per_shard * images
  local unit = ("picture of %d sampling steps"):format(steps)
  local cost = {
    result = {made = #part * images, left_out = 0}, units = #part * images, unit = unit, images = #part * images, measure = function()
      local few = table.move(part, 1, is_folder and 1 or math.min(8, #part), 1, {})
      return #pictures(path, {captions = few, images = 1, guidance = w, steps = steps, seed = seed, products = products})
    end,
  }
  if run.is_planned() and not is_folder then
    local generator = diffusion.load(path)
    cost.flops = 2 * (w == 1 and 1 or 2) * steps * cost.images * generator.multiply_adds
  end
  local inputs = {model = store.file(path), scorer = scorer ~= "" and store.file(scorer) or nil}
  return store.stage{name = ("pictures at guidance %g, part %d"):format(w, number), inputs = inputs, cost = cost, code = function(stage)
    local bar = run.progress{label = ("guidance %g, part %d of %d"):format(w, number, shard_count), total = 100, unit = "%"}
    local set = pictures(path, {captions = part, images = images, guidance = w, steps = steps, seed = seed, products = products, folder = stage.folder, on_step = function(share) bar:update(share) end})
    bar:finish(false)
    local places = kept_places(set, scorer, minimum)
    if layout == "shards" then
      set:select(places):save_shard(stage:path("shard.tar"), {first = first, first_group = first // images})
    else
      for _, k in ipairs(places) do
        local made = set:provenance(k)
        local place = ("seed_%d/%08d"):format(seed + made.number, (first + k - 1) // images)
        for ending, text in pairs{png = set:png(k), txt = made.caption} do
          local out = assert(io.open(stage:path(place .. "." .. ending), "wb"))
          assert(out:write(text)):close()
        end
      end
    end
    return {made = #places, left_out = #set - #places}
  end}
end

local total, left_out, bar = 0, 0, run.progress{label = "pictures", total = #p.guidance * #captions * p.images, unit = "picture"}
for _, w in ipairs(p.guidance) do
  for number = 1, shard_count do
    local made = make(w, number)
    total, left_out = total + made.made, left_out + made.left_out
    for name, path in pairs(run.is_planned() and {} or made.files) do
      local folder = #p.guidance > 1 and ("%s/guidance_%g"):format(p.out, w) or p.out
      if p.layout == "shards" then
        file.copy(path, ("%s/shard-%06d.tar"):format(folder, number - 1))
      elseif name:find("%.%w+$") then
        file.copy(path, ("%s/ddim_%g_%s"):format(p.out, w, name))
      end
    end
    if not run.is_planned() then bar:update(total + left_out) end
  end
end
if not run.is_planned() then bar:finish() end
print(("%d pictures of %d captions in %s; %d left out by the filter"):format(total, #captions, p.out, left_out))
