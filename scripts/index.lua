local function __show(...) if select("#", ...) > 0 then print(...) end end

-- Each notebook of this folder rebuilds one figure or table of the StableRep paper at a small scale and tests what the paper claims there. The rows are what the last builds with this preset found. Small-scale results speak of signs and shapes, not of values.

--| label: parameters
local loam = require "loam"
local parameters, claims = require "recipes.parameters", require "recipes.claims"
local p = parameters.resolve()
local experiments = {
  {"figure2_guidance", "Figure 2, guidance"}, {"figure3_methods", "Figure 3, methods"}, {"table1_main", "Table 1, main"}, {"table2_transfer", "Table 2, transfer"},
  {"table3_fewshot", "Table 3, few-shot"}, {"table4_segmentation", "Table 4, segmentation"}, {"table5_positives", "Table 5, positives"},
  {"table6_ablations", "Table 6, ablations"}, {"figure5_clip", "Figure 5, CLIP"}, {"figure6_scaling", "Figure 6, scaling"}, {"table7_audits", "Table 7, audits"},
  {"beyond_fewer_steps", "Fewer steps"}, {"beyond_filtering", "Filtering"}, {"beyond_mixing", "Mixing"},
}

--| label: tbl-verdicts
local rows, missing, counts = {}, {}, {}
for _, experiment in ipairs(experiments) do
  local found, told = pcall(loam.file.read_json, claims.path(experiment[1], p.preset))
  if found then
    for _, claim in ipairs(told.claims) do
      rows[#rows + 1] = {experiment[2], claim.text, claim.paper, claim.ours, claim.p and ("%.3f"):format(claim.p) or "n/a", told.seeds, claim.verdict}
      counts[claim.verdict] = (counts[claim.verdict] or 0) + 1
    end
  else
    missing[#missing + 1] = experiment[2]
  end
end
__show(loam.report.table{caption = ("Claims tested with the preset %s; differences of paired seeds with 95 %% intervals, p corrected by Holm's method within a notebook"):format(p.preset),
  columns = {"experiment", "claim", "paper", {name = "here", decimals = 3}, "p", "seeds", "verdict"}, rows = rows,
  notes = #missing > 0 and {"Not built with this preset: " .. table.concat(missing, ", ")} or nil}
)

for _, verdict in ipairs{"holds", "open", "does not hold", "not testable"} do print(("%s: %d"):format(verdict, counts[verdict] or 0)) end

-- "Open" means that the seeds do not decide. Every "does not hold" is taken up in its notebook.
