-- Every objective learns from as many real pictures for the same number of crops; linear probes judge.
--   loam run scripts/table_objectives.lua
--   loam run scripts/table_objectives.lua -- --data PICTURES --labelled LABELLED_SET --probe LABELLED_SET
-- `longer` names objectives that learn slowest: they are trained a second time, for four times the steps.
-- Encoders that the notebooks ask for as well are shared with them.
local loam = require "loam"
local data, report = loam.data, loam.report
local parameters, pictures, training = require "recipes.parameters", require "recipes.pictures", require "recipes.training"
local arms, judging = require "recipes.arms", require "recipes.judging"
local p = parameters.resolve{all = {labelled = "", longer = {"mae"}, out = "report-objectives"}}

local function real(seed) return pictures.real(p, seed, p.pictures) end

-- Several real pictures of each caption, as a perfect generator would make them; a set in files has one.
local function several(seed)
  if p.data ~= "" then return real(seed) end
  local settings = {count = p.pictures // p.views * p.views, size = p.size, seed = 1000 + seed, images_per_caption = p.views, nuisance = p.nuisance}
  return {open = function() return data.scenes(settings) end}
end

local function labelled(seed)
  if p.labelled ~= "" then return pictures.real(parameters.with(p, {data = p.labelled}), seed, p.pictures) end
  local settings = {size = p.size, train = p.pictures, validation = 10, test = 10, seed = 2000 + seed, nuisance = p.nuisance}
  return {open = function() return data.probe("shape", settings).train end}
end

local what = p.labelled ~= "" and "" or ", shapes"
local list = {{name = "random features"}, {name = "random features, MAE's encoder", change = training.masked(p)}}
for _, row in ipairs{{"SimCLR", "simclr"}, {"MoCo-v3", "moco-v3"}, {"BYOL", "byol"}, {"DINO", "dino"}, {"MAE", "mae"}, {"CLIP", "clip"}, {"SigLIP", "siglip"},
                     {"StableRep", "stablerep", several}, {"StableRep+", "stablerep+", several},
                     {"SynCLR", "synclr", several, {images_per_caption = p.views}}, {"SupCon" .. what, "supcon", labelled}, {"supervised" .. what, "supervised", labelled}} do
  list[#list + 1] = {name = row[1], objective = row[2], source = row[3] or real, change = row[4]}
  for _, objective in ipairs(p.longer) do
    if row[2] == objective then
      local change = {steps = 4 * p.steps}
      for key, value in pairs(row[4] or {}) do change[key] = value end
      list[#list + 1] = {name = ("%s, %d steps"):format(row[1], change.steps), objective = objective, source = row[3] or real, change = change}
    end
  end
end
-- Pictures without captions leave out what learns from captions.
if p.data ~= "" and #data.load(p.data, {split = "train", limit = 1}):captions(1) == 0 then
  local kept = {}
  for _, arm in ipairs(list) do
    if arm.source ~= several and arm.objective ~= "clip" and arm.objective ~= "siglip" then kept[#kept + 1] = arm else print(arm.name .. ": left out, the pictures have no captions") end
  end
  list = kept
end

arms.run(p, list)
local t = arms.table(p, list, {rows = "objective", chance = judging.chance(p), caption = ("Linear probes after %d steps of %d crops, %d seed(s), 95 %% intervals"):format(p.steps, p.crops, p.seeds)})
print(t)
local page = report.new("Objectives on the same pictures", {subtitle = ("preset %s"):format(p.preset)})
page:heading("Linear probes"):table(t):details("Parameters", p):write(p.out .. "/report.html")
for _, name in ipairs{"table.csv", "table.json"} do t:save(p.out .. "/" .. name) end
