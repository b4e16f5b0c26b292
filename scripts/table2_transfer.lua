local function __show(...) if select("#", ...) > 0 then print(...) end end

-- The paper judges its encoders by linear probes on eleven smaller data sets; StableRep is best on all of them. The encoders of Table 1 are judged here on worlds of scenes that they have not seen, with nuisances (pose, lighting, noise, clutter) far above
-- those of training, on two facts that captions never speak of, and on real labelled sets where the parameter `probe` names their folders.
--
-- ## Parameters

--| label: parameters
local loam = require "loam"
local parameters = require "recipes.parameters"
local arms, claims, judging = require "recipes.arms", require "recipes.claims", require "recipes.judging"
local p = parameters.resolve{all = {nuisances = {0.1, 0.5, 1}}, smoke = {nuisances = {0.1, 1}}}
__show(p
)

-- ## Method
--
-- The encoders are those of Table 1, under the first `p.seeds` seeds. Each is judged by linear probes on the six tasks of scenes at each strength of nuisances (0.1 is that of training), and on each real set.

local columns = {}
for k, nuisance in ipairs(p.nuisances) do columns[k] = ("scenes, %g"):format(nuisance) end
local real_sets = p.probe ~= "" and judging.names(p) or {}
for _, set in ipairs(real_sets) do columns[#columns + 1] = set end

local function transfer(_, trained, seed)
  local out, sum = {}, 0
  for k, nuisance in ipairs(p.nuisances) do
    out[columns[k]] = judging.linear(parameters.with(p, {nuisance = nuisance, probe = ""}), trained, seed).mean
  end
  if #real_sets > 0 then
    local result = judging.linear(p, trained, seed)
    for _, set in ipairs(real_sets) do out[set] = result[set] end
  end
  for _, column in ipairs(columns) do sum = sum + out[column] end
  out.mean = sum / #columns
  return out
end

local list = arms.main(p)
for _, arm in ipairs(list) do arm.judge = transfer end
arms.run(p, list)

-- ## What came out

--| label: tbl-transfer
__show(arms.table(p, list, {columns = {"mean", table.unpack(columns)}, paper_title = "paper (mean of nine fine-grained sets)", paper = {["StableRep, synthetic"] = 83.4},
  caption = ("Linear probes, %d seeds, 95 %% intervals; the columns of scenes are means over six tasks at that strength of nuisances"):format(p.seeds)})
)

-- The paper's column is that of the authors' later report of StableRep on 100 million pictures; cells of the paper's own table were not found.
--
-- ## What holds

--| label: tbl-claims
local best = arms.named(list, "StableRep, synthetic")
local questions = {}
for _, column in ipairs(columns) do
  questions[#questions + 1] = claims.above("StableRep above SimCLR on the same pictures: " .. column, best, arms.named(list, "SimCLR, synthetic"), "holds", column)
  questions[#questions + 1] = claims.above("StableRep above CLIP on real pictures: " .. column, best, arms.named(list, "CLIP, real"), "holds", column)
end
local tested = claims.tested(questions)
claims.save(tested, "table2_transfer", p)
__show(claims.table(tested, "Differences over paired seeds; p corrected by Holm's method over the rows")
)
