-- Makes docs/samples.png: eight captions at guidance 0, 1, 3 and 7, from the same noise. With --data the captions are those of its first eight pictures.
--   loam run scripts/samples.lua
--   loam run scripts/samples.lua -- --generator FILE --data CAPTIONED_PICTURES --out docs/photographs.png
local loam = require "loam"
local p = loam.run.preset{laptop = {seed = 5, steps = 20, generator = "models/scenes.safetensors", data = "", out = "docs/samples.png"}}
local generator = loam.diffusion.load(p.generator)
local captions = {"a red circle", "a large blue star on a dark background", "three green squares", "a yellow heart left of a purple triangle",
                  "an orange checked cross", "two pink arrows", "a cyan ring on tiles", "a white crescent"}
if p.data ~= "" then
  local set = loam.data.load(p.data, {size = 32, split = "test"})
  for i = 1, 8 do captions[i] = set:captions(i)[1] end
end
local pictures = {}
for _, w in ipairs{0, 1, 3, 7} do
  local made = generator:generate{captions = captions, guidance = w, steps = p.steps, seed = p.seed}
  for i = 1, #made do pictures[#pictures + 1] = made:image(i) end
end
local file = assert(io.open(p.out, "wb"))
file:write(loam.data.new{images = pictures}:grid{columns = #captions, scale = 3}):close()
