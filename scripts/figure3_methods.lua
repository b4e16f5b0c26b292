local function __show(...) if select("#", ...) > 0 then print(...) end end

-- The paper repeats its comparison of real and generated pictures for SimCLR, MAE, DINO, BYOL and MoCo-v3 (one picture of each caption, guidance fixed at 8 for the last three): synthetic
-- pictures are clearly better for SimCLR, MAE and DINO, equal for BYOL and slightly worse for MoCo-v3.
--
-- ## Parameters

--| label: parameters
local loam = require "loam"
local parameters, pictures = require "recipes.parameters", require "recipes.pictures"
local arms, claims, judging, training = require "recipes.arms", require "recipes.claims", require "recipes.judging", require "recipes.training"
local p = parameters.resolve()
__show(p
)

-- ## Method
--
-- Each method learns from `p.pictures` real pictures and from one picture, made at guidance `p.guidance`, of each of their captions, with the same steps and crops. MAE has an encoder of its own, with patches of `p.mae_patch` pixels and no convolutional stem, and so
-- a random floor of its own; in runs this short DINO learns at a lower rate and its teacher follows faster than in its paper (`p.dino_momentum`).

local methods = {{"SimCLR", "simclr"}, {"MAE", "mae"}, {"DINO", "dino"}, {"BYOL", "byol"}, {"MoCo-v3", "moco-v3"}}
local function real(seed) return pictures.real(p, seed, p.pictures) end
local function made(seed) return pictures.generated(p, seed, {captions = p.pictures}) end
local list = {{name = "random features"}, {name = "random features, MAE's encoder", change = training.masked(p)}}
for _, method in ipairs(methods) do
  list[#list + 1] = {name = method[1] .. ", real", objective = method[2], source = real}
  list[#list + 1] = {name = method[1] .. ", synthetic", objective = method[2], source = made}
end
arms.run(p, list)
__show(arms.keep(p, "figure3_methods", list)
)

-- ## What came out

--| label: fig-methods
--| echo: false
local names, on_real, on_made = {}, {}, {}
for k, method in ipairs(methods) do
  names[k], on_real[k], on_made[k] = method[1], arms.named(list, method[1] .. ", real"), arms.named(list, method[1] .. ", synthetic")
end
local function bars(label, of)
  local values = {}
  for k, arm in ipairs(of) do values[k] = arms.cell(arm.scores.mean) end
  return {label = label, values = values}
end
__show(loam.plot.bars{y = "mean probe accuracy", groups = names, series = {bars("real", on_real), bars("synthetic", on_made)},
  caption = "Linear probes on real scenes after learning from real and from generated pictures; intervals over seeds."}
)

--| label: tbl-methods
__show(arms.table(p, list, {caption = ("Linear probes on real scenes, %d seeds, 95 %% intervals"):format(p.seeds), chance = judging.chance(p), experiment = "figure3_methods", paper_title = "paper (sign of synthetic - real)",
  paper = {["SimCLR, synthetic"] = "+", ["MAE, synthetic"] = "+", ["DINO, synthetic"] = "+", ["BYOL, synthetic"] = "0", ["MoCo-v3, synthetic"] = "-"}})
)

-- ## What holds

--| label: tbl-claims
local questions = {}
local signs = {SimCLR = "+", MAE = "+", DINO = "+2.4", BYOL = "0", ["MoCo-v3"] = "-"}
for k, method in ipairs(methods) do
  questions[k] = claims.above(method[1] .. ": synthetic above real", on_made[k], on_real[k], signs[method[1]])
end
local tested = claims.tested(questions)
claims.save(tested, "figure3_methods", p)
__show(claims.table(tested, "Differences of the mean accuracy over paired seeds; p corrected by Holm's method over the rows")
)

-- A method whose row is not above random features has not learned in so few steps, and says nothing about its data.
