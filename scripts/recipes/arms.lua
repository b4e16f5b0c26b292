-- An experiment compares arms: each is trained and judged under every seed, and a table shows the means with intervals.
local loam = require "loam"
local eval, file, report = loam.eval, loam.file, loam.report
local pictures, training, judging = require "recipes.pictures", require "recipes.training", require "recipes.judging"
local arms = {}

-- Runs arms under all seeds. An arm has `name`, `objective` (nil: random features), `source(seed)`, `change` (of training) and `judge`
-- (default linear probes); it is given `scores`, by set a list with one number for each seed.
function arms.run(p, list)
  for seed = p.seed, p.seed + p.seeds - 1 do
    for _, arm in ipairs(list) do
      local trained = training.encoder(p, arm.name, arm.objective, arm.source and arm.source(seed), seed, arm.change)
      local result = (arm.judge or judging.linear)(p, trained, seed)
      arm.scores, arm.seconds = arm.scores or {}, arm.seconds or {}
      for set, score in pairs(result) do
        if type(score) == "number" then
          arm.scores[set] = arm.scores[set] or {}
          table.insert(arm.scores[set], score)
        end
      end
      table.insert(arm.seconds, trained.stage.elapsed)
    end
  end
  return list
end

-- The arms of the paper's main table: real pictures with one caption each, and synthetic ones, `p.views` of each of a fraction of the captions.
function arms.main(p)
  local function real(seed) return pictures.real(p, seed, p.pictures) end
  local function made(seed) return pictures.several(p, seed) end
  return {
    {name = "random features"},
    {name = "SimCLR, real", objective = "simclr", source = real}, {name = "CLIP, real", objective = "clip", source = real},
    {name = "SimCLR, synthetic", objective = "simclr", source = made}, {name = "CLIP, synthetic", objective = "clip", source = made},
    {name = "StableRep, synthetic", objective = "stablerep", source = made}, {name = "StableRep+, synthetic", objective = "stablerep+", source = made},
  }
end

-- A measurement over seeds, or the number itself where there is one seed.
function arms.cell(values) return values and (#values > 1 and eval.interval(values) or values[1]) or "n/a" end

-- Where the means of an experiment on photographs are kept for the tables of scenes.
local function photographs_path(experiment)
  return ("%s/../notebooks/results/photographs/%s.json"):format(arg[0]:match("^(.*)/[^/]*$") or ".", experiment)
end

-- What was kept of an experiment on photographs; nil where nothing was.
local function read_photographs(experiment)
  local path = photographs_path(experiment)
  local handle = io.open(path)
  if not handle then return nil end
  handle:close()
  return file.read_json(path)
end

-- Keeps the means of arms that learned from photographs, for the second column of the tables about scenes.
function arms.keep(p, experiment, list)
  if p.data == "" or p.preset ~= "laptop" or loam.run.is_planned() then return end
  local means = {}
  for _, arm in ipairs(list) do
    local cell = arms.cell(arm.scores.mean)
    means[arm.name] = type(cell) == "table" and {mean = cell.mean, low = cell.low, high = cell.high} or cell
  end
  file.write_json(photographs_path(experiment), {data = p.data:match("([^/]+)/*$"), sets = judging.names(p), seeds = p.seeds, generator = pictures.open(p.generator).hash, means = means})
end

-- A table: one row for each arm, one column for each set. `how`: caption, columns (sets; default mean and all), paper (number by arm name,
-- with `paper_title`), chance (result of judging.chance), decimals, notes, experiment (its means on photographs become a column, where they were kept).
function arms.table(p, list, how)
  local sets = how.columns or {"mean", table.unpack(judging.names(p))}
  local columns = {how.rows or "encoder"}
  for _, set in ipairs(sets) do columns[#columns + 1] = {name = set:gsub("_", " "), decimals = how.decimals or 3, best = set == "mean" and "highest" or nil} end
  if how.paper then columns[#columns + 1] = how.paper_title or "paper" end
  local photographs = p.data == "" and how.experiment and read_photographs(how.experiment)
  if photographs then columns[#columns + 1] = {name = "photographs", decimals = how.decimals or 3} end
  local rows = {}
  if how.chance then
    local row = {"chance"}
    for _, set in ipairs(sets) do row[#row + 1] = how.chance[set] or "n/a" end
    if how.paper then row[#row + 1] = "n/a" end
    if photographs then row[#row + 1] = "n/a" end
    rows[1] = row
  end
  for _, arm in ipairs(list) do
    local row = {arm.name}
    for _, set in ipairs(sets) do row[#row + 1] = arms.cell(arm.scores[set]) end
    if how.paper then row[#row + 1] = how.paper[arm.name] or "n/a" end
    if photographs then row[#row + 1] = photographs.means[arm.name] or "n/a" end
    rows[#rows + 1] = row
  end
  local notes = how.notes
  if photographs then
    notes = ("photographs: encoders that learned from %s and from pictures made of its captions, mean accuracy of linear probes on %s, %d seeds"):format(
      photographs.data, table.concat(photographs.sets, ", "), photographs.seeds)
  end
  return report.table{caption = how.caption, columns = columns, rows = rows, notes = notes}
end

-- The arm of a name.
function arms.named(list, name)
  for _, arm in ipairs(list) do if arm.name == name then return arm end end
  error("no arm is called " .. name .. "; there are " .. #list)
end

-- The series of a plot: `places` on the axis, one arm for each.
function arms.series(label, list, places, set)
  local y, low, high = {}, {}, {}
  for k, arm in ipairs(list) do
    local cell = arms.cell(arm.scores[set or "mean"])
    if type(cell) == "table" then y[k], low[k], high[k] = cell.mean, cell.low, cell.high else y[k], low[k], high[k] = cell, cell, cell end
  end
  return {label = label, x = places, y = y, low = low, high = high}
end

return arms
