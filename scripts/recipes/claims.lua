-- Claims of the paper beside what came out here, each with a test that corrects for how many there are.
local loam = require "loam"
local eval, file, report = loam.eval, loam.file, loam.report
local claims = {}

-- "first is above second", from scores by seed of one set (default the mean of all).
function claims.above(text, first, second, paper, set)
  return {text = text, paper = paper or "n/a", first = first.scores[set or "mean"], second = second.scores[set or "mean"]}
end

-- "y grows with x", from points {x, y}.
function claims.grows(text, x, y, paper) return {text = text, paper = paper or "n/a", x = x, y = y} end

-- Something that is not a difference of scores: `ours` in words and whether it holds.
function claims.observed(text, ours, verdict, paper) return {text = text, paper = paper or "n/a", ours = ours, verdict = verdict} end

-- Tests all claims together. A verdict is "holds" where the corrected probability is below 0.05 in the claimed direction, "does not hold" where it
-- is below 0.05 in the other, and "open" where the seeds do not decide.
function claims.tested(list)
  local questions, probabilities = {}, {}
  for _, claim in ipairs(list) do
    if claim.first and #claim.first > 1 then claim.interval = eval.paired_interval(claim.first, claim.second) end
    if claim.x and #claim.x > 2 then claim.interval = eval.trend(claim.x, claim.y) end
    if claim.interval then questions[#questions + 1], probabilities[#probabilities + 1] = claim, claim.interval.p end
  end
  for k, p in ipairs(#probabilities > 0 and eval.holm(probabilities) or {}) do
    local claim = questions[k]
    claim.p = p
    claim.ours = {mean = claim.interval.mean, low = claim.interval.low, high = claim.interval.high}
    claim.verdict = p >= 0.05 and "open" or claim.interval.mean > 0 and "holds" or "does not hold"
  end
  for _, claim in ipairs(list) do
    if not claim.verdict then claim.ours, claim.verdict = "one seed", "not testable" end
  end
  return list
end

-- The claims as a table. Differences are of paired seeds with 95 % intervals; p is corrected by Holm's method over the rows.
function claims.table(list, caption)
  local rows = {}
  for k, claim in ipairs(list) do
    rows[k] = {claim.text, claim.paper, claim.ours, claim.p and ("%.3f"):format(claim.p) or "n/a", claim.verdict}
  end
  return report.table{caption = caption, rows = rows, columns = {"claim", "paper", {name = "here", decimals = 3}, "p", "verdict"}}
end

-- Writes the claims where the notebook called index finds them: beside the kept results those of the preset laptop, in the store all others.
function claims.save(list, experiment, p)
  if loam.run.is_planned() then return end
  local rows = {}
  for k, claim in ipairs(list) do
    rows[k] = {text = claim.text, paper = claim.paper, ours = claim.ours, p = claim.p, verdict = claim.verdict}
  end
  file.write_json(claims.path(experiment, p.data ~= "" and p.preset .. ".photographs" or p.preset), {experiment = experiment, preset = p.preset, seeds = p.seeds, claims = rows})
end

function claims.path(experiment, preset)
  local project = (arg[0]:match("^(.*)/[^/]*$") or ".") .. "/.."
  return ("%s/%s/%s.%s.json"):format(project, preset == "laptop" and "notebooks/results/claims" or ".loam/claims", experiment, preset)
end

return claims
