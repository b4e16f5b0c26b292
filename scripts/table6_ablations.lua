local function __show(...) if select("#", ...) > 0 then print(...) end end

-- In the paper StableRep is best at guidance 2 to 3 (72.8, 72.6, 72.6 for $w$ = 2, 3, 4), gains from ViT-B to ViT-L (72.8 to 74.7) and from 35 to 105 epochs (72.8 to 75.7).
--
-- ## Parameters

--| label: parameters
local loam = require "loam"
local parameters, pictures = require "recipes.parameters", require "recipes.pictures"
local arms, claims, judging = require "recipes.arms", require "recipes.claims", require "recipes.judging"
local p = parameters.resolve{
  all = {guidances = {1, 2, 3, 4, 6, 8}, widths = {48, 96, 144}, lengths = {0.5, 1, 2}},
  smoke = {guidances = {1, 4}, widths = {16, 32}, lengths = {1, 2}},
  paper = {guidances = {2, 3, 4}, widths = {384, 768, 1152}, lengths = {1, 2, 3}},
}
__show(p
)

-- ## Method
--
-- One thing is changed at a time: the guidance at which `p.views` pictures of each caption were made, the width of the encoder (its depth stays), the number of training steps.

local function pool(w) return function(seed) return pictures.several(p, seed, {guidance = w}) end end
local function sweep(values, arm)
  local list = {}
  for k, value in ipairs(values) do
    list[k] = arm(value)
    list[k].objective, list[k].source = "stablerep", list[k].source or pool(p.guidance)
  end
  return arms.run(p, list)
end
local by_guidance = sweep(p.guidances, function(w) return {name = ("w = %g"):format(w), source = pool(w)} end)
local by_width = sweep(p.widths, function(width) return {name = ("width %d"):format(width), change = {width = width}} end)
local by_length = sweep(p.lengths, function(share)
  local steps = math.floor(share * p.steps)
  return {name = ("%d steps"):format(steps), change = {steps = steps}}
end)

-- ## What came out

--| label: tbl-guidance
__show(arms.table(p, by_guidance, {rows = "guidance", chance = judging.chance(p), paper_title = "paper", paper = {["w = 2"] = 72.8, ["w = 3"] = 72.6, ["w = 4"] = 72.6},
  caption = ("StableRep, %d seeds, 95 %% intervals; the paper's column is ImageNet top-1 on CC12M"):format(p.seeds)})
)

--| label: fig-guidance
--| echo: false
__show(loam.plot.lines{x = "guidance w", y = "mean probe accuracy", x_ticks = p.guidances, series = {arms.series("StableRep", by_guidance, p.guidances)},
  caption = "StableRep by the guidance of its pictures, intervals over seeds."}
)

--| label: tbl-size
__show(arms.table(p, by_width, {rows = "encoder", caption = "Width of the encoder; in the paper ViT-B has 72.8 and ViT-L 74.7"})
)

--| label: tbl-length
__show(arms.table(p, by_length, {rows = "training", caption = "Length of training; in the paper 35 epochs have 72.8 and 105 have 75.7"})
)

-- ## What holds

--| label: tbl-claims
local function grow(text, list, values, paper)
  local x, y = {}, {}
  for k, arm in ipairs(list) do
    for _, score in ipairs(arm.scores.mean) do x[#x + 1], y[#y + 1] = math.log(values[k], 2), score end
  end
  return claims.grows(text, x, y, paper)
end
local tested = claims.tested{
  claims.above("Weak guidance above strong: w = " .. p.guidances[2] .. " above " .. p.guidances[#p.guidances], by_guidance[2], by_guidance[#by_guidance], "holds"),
  grow("Accuracy grows with each doubling of width", by_width, p.widths, "+1.9 (ViT-L)"),
  grow("Accuracy grows with each doubling of training", by_length, p.lengths, "+2.9 (3 times)"),
}
claims.save(tested, "table6_ablations", p)
__show(claims.table(tested, "Differences over paired seeds, and slopes over all seeds; p corrected by Holm's method over the rows")
)
