local function __show(...) if select("#", ...) > 0 then print(...) end end

-- The paper's Table 5 makes the case for several positives twice: 5a keeps the number of generated pictures and varies how many belong to one caption ($l$ = 1: 61.2, $l$ = 8: 66.2),
-- 5b keeps the batch and varies how many pictures of a caption are in it.
--
-- ## Parameters

--| label: parameters
local loam = require "loam"
local parameters, pictures = require "recipes.parameters", require "recipes.pictures"
local arms, claims, judging = require "recipes.arms", require "recipes.claims", require "recipes.judging"
local p = parameters.resolve{all = {per_caption = {1, 2, 4, 8}}, smoke = {per_caption = {1, 2}}}
__show(p
)

-- ## Method
--
-- 5a: `p.pictures` pictures, $l$ of each of `p.pictures` / $l$ captions, at guidance `p.guidance`; a step sees up to `p.views` pictures of a caption. With $l$ = 1 this is SimCLR: the two crops of a
-- picture are its only positives.

local function pool(l) return function(seed) return pictures.generated(p, seed, {captions = p.pictures // l, images = l}) end end
local budget = {}
for k, l in ipairs(p.per_caption) do
  budget[k] = {name = ("l = %d"):format(l), objective = l == 1 and "simclr" or "stablerep", source = pool(l), change = l > 1 and {images_per_caption = math.min(l, p.views)} or nil}
end
arms.run(p, budget)
__show(arms.keep(p, "table5_budget", budget)
)

-- 5b: the same pictures, the largest $l$ of each caption; a step sees $m$ of them, and `p.crops` / $m$ captions. $m$ = 1 is SimCLR again.

local batch = {}
for k, m in ipairs(p.per_caption) do
  batch[k] = {name = ("m = %d"):format(m), objective = m == 1 and "simclr" or "stablerep", source = pool(p.per_caption[#p.per_caption]), change = m > 1 and {images_per_caption = m} or nil}
end
arms.run(p, batch)
__show(arms.keep(p, "table5_batch", batch)
)

-- ## What came out

--| label: tbl-budget
__show(arms.table(p, budget, {rows = "pictures of a caption", chance = judging.chance(p), experiment = "table5_budget", paper_title = "paper", paper = {["l = 1"] = 61.2, ["l = 8"] = 66.2},
  caption = ("5a: %d pictures in all, %d seeds, 95 %% intervals"):format(p.pictures, p.seeds)})
)

--| label: tbl-batch
__show(arms.table(p, batch, {rows = "in a batch", chance = judging.chance(p), experiment = "table5_batch", caption = ("5b: %d crops in a batch, %d seeds, 95 %% intervals"):format(p.crops, p.seeds)})
)

--| label: fig-positives
--| echo: false
__show(loam.plot.lines{x = "pictures of a caption (l), or in a batch (m)", y = "mean probe accuracy", x_ticks = p.per_caption,
  series = {arms.series("l at a fixed budget", budget, p.per_caption), arms.series("m at a fixed batch", batch, p.per_caption)},
  caption = "Both sweeps, intervals over seeds."}
)

-- ## What holds

--| label: tbl-claims
local function at(list, k) return list[k] end
local last = #p.per_caption
local questions = {
  claims.above("More pictures of a caption: the largest l above l = 1", at(budget, last), at(budget, 1), "+5.0"),
  claims.above("Two pictures of a caption above one", at(budget, 2), at(budget, 1)),
  claims.above("Several positives in a batch: the largest m above m = 1", at(batch, last), at(batch, 1), "holds"),
}
if last > 2 then questions[#questions + 1] = claims.above("It flattens: the largest l no better than half of it", at(budget, last - 1), at(budget, last), "73.0 (l = 4), 73.5 (l = 10)") end
local tested = claims.tested(questions)
claims.save(tested, "table5_positives", p)
__show(claims.table(tested, "Differences of the mean accuracy over paired seeds; p corrected by Holm's method over the rows")
)

-- The last row asks whether the smaller $l$ is *better*; "open" there means that the two are not told apart, which is what flat looks like.
