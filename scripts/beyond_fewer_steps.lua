local function __show(...) if select("#", ...) > 0 then print(...) end end

-- The paper takes 50 DDIM steps for each picture and calls generation slow. If encoders learn as well from pictures of fewer steps, the same budget makes several times as many.
--
-- ## Parameters

--| label: parameters
local loam = require "loam"
local parameters, pictures = require "recipes.parameters", require "recipes.pictures"
local arms, claims, judging = require "recipes.arms", require "recipes.claims", require "recipes.judging"
local p = parameters.resolve{all = {step_counts = {2, 4, 8, 12, 24}}, smoke = {step_counts = {1, 2}}}
__show(p
)

-- ## Method
--
-- The same captions and the same noise, guidance `p.guidance`, `p.views` pictures of each caption; only the number of DDIM steps differs. StableRep learns from each set.

local list = {}
local function made(steps) return function(seed) return pictures.several(p, seed, {steps = steps}) end end
for k, steps in ipairs(p.step_counts) do list[k] = {name = ("%d steps"):format(steps), objective = "stablerep", source = made(steps)} end
arms.run(p, list)
for k, arm in ipairs(list) do
  arm.scores["pictures/s"], arm.scores.frechet = {}, {}
  for seed = p.seed, p.seed + p.seeds - 1 do
    local source = made(p.step_counts[k])(seed)
    -- A plan has stand-ins for results, which took no time.
    table.insert(arm.scores["pictures/s"], loam.run.is_planned() and 1 or p.pictures / source.made.stage.elapsed)
    table.insert(arm.scores.frechet, judging.quality(p, arm.name, source, seed).frechet)
  end
end

-- ## What came out

--| label: tbl-steps
__show(arms.table(p, list, {rows = "sampling", columns = {"mean", "shape", "colour", "count", "frechet", "pictures/s"}, chance = judging.chance(p),
  caption = ("StableRep by sampling steps, %d seeds, 95 %% intervals; speeds are those of the machine while the pictures were made"):format(p.seeds)})
)

--| label: fig-steps
--| echo: false
__show(loam.plot.lines{x = "sampling steps", y = "mean probe accuracy", x_ticks = p.step_counts, series = {arms.series("StableRep", list, p.step_counts)},
  caption = "Linear probes by sampling steps, intervals over seeds."}
)

-- ## What holds

--| label: tbl-claims
local last = #list
local questions = {claims.above(("%d steps above %d"):format(p.step_counts[last], p.step_counts[1]), list[last], list[1])}
for k = 2, last - 1 do questions[k] = claims.above(("%d steps above %d"):format(p.step_counts[last], p.step_counts[k]), list[last], list[k]) end
local tested = claims.tested(questions)
claims.save(tested, "beyond_fewer_steps", p)
__show(claims.table(tested, "Differences over paired seeds; p corrected by Holm's method over the rows. Open means that fewer steps were not told apart from the most.")
)
