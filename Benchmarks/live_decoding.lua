-- What it costs to read and decode JPEG files while an encoder learns: alternating runs on pictures in memory and on the same pictures in shards.
--   loam run Benchmarks/live_decoding.lua [-- --source 256 --rounds 3]
-- `source` is the side of the files' pictures, `size` that of the pictures before they are cropped to the encoder's 64 pixels.
local loam = require "loam"
local data, encoder, report, run = loam.data, loam.encoder, loam.report, loam.run
local p = run.preset{laptop = {seed = 1, count = 512, source = 256, size = 64, crops = 512, steps = 4, rounds = 3, folder = ""}}

local folder = p.folder ~= "" and p.folder or os.tmpname() .. "-shards"
os.execute(("mkdir -p '%s'"):format(folder))
local drawn = data.scenes{count = p.count, size = p.source, captions_per_image = 1}
for k = 1, #drawn do
  local stem = ("%s/%05d"):format(folder, k)
  drawn:image(k):write(stem .. ".jpg")
  local out = assert(io.open(stem .. ".txt", "w"))
  out:write(drawn:captions(k)[1]):close()
end
-- The files of a picture have to be neighbours.
assert(os.execute(("cd '%s' && tar -cf train-0000.tar [0-9]* && rm *.jpg *.txt"):format(folder)))

-- Lua has no clock of parts of a second that goes on while other threads work.
local function now()
  local clock <close> = io.popen("date +%s.%N")
  return clock:read("n")
end

local function seconds(set)
  local started, last
  encoder.train{
    objective = "simclr", data = set, steps = p.steps + 1, crops = p.crops, size = 64, patch = 8, width = 192, depth = 6, heads = 3,
    -- The first step warms up memory and is left out.
    on_step = function(step) last = now() if step == 1 then started = last end end}
  return (last - started) / p.steps
end

local sets = {data.load(folder, {size = p.size}), data.load(folder, {size = p.size, on_demand = true})}
local times, ratios = {{}, {}}, {}
for round = 1, p.rounds do
  for k, set in ipairs(sets) do times[k][round] = seconds(set) end
  ratios[round] = times[2][round] / times[1][round]
end
local function median(values)
  local sorted = table.move(values, 1, #values, 1, {})
  table.sort(sorted)
  return sorted[(#sorted + 1) // 2]
end
print(report.table{
  caption = ("ViT 192 x 6 at 64 pixels, %d crops a step of %d JPEG files of %d pixels; medians of %d rounds"):format(p.crops, p.count, p.source, p.rounds),
  columns = {"pictures", {name = "s/step", decimals = 3}, {name = "ratio", decimals = 3}},
  rows = {{"in memory", median(times[1]), 1}, {"read and decoded in each step", median(times[2]), median(ratios)}}})
if p.folder == "" then os.execute(("rm -r '%s'"):format(folder)) end
