local function __show(...) if select("#", ...) > 0 then print(...) end end

-- In the paper StableRep+ with 10 million captions (73.5) is above CLIP with 50 million real pictures (72.9) in linear accuracy; the gap narrows as captions grow. In zero-shot accuracy CLIP was found
-- to overtake it at the larger scales.
--
-- ## Parameters

--| label: parameters
local loam = require "loam"
local parameters, pictures = require "recipes.parameters", require "recipes.pictures"
local arms, claims, judging = require "recipes.arms", require "recipes.claims", require "recipes.judging"
local p = parameters.resolve{all = {shares = {1 / 16, 1 / 8, 1 / 4, 1 / 2, 1}}, smoke = {shares = {1 / 2, 1}}, laptop = {pictures = 1536, crops = 96}}
__show(p
)

-- ## Method
--
-- The sets are nested: each is a part of the next. CLIP learns from $n$ real pictures with their captions, StableRep+ from two generated pictures of each of the same $n$ captions; both take the same number of steps and crops.

local counts, methods = {}, {{"CLIP, real", "clip"}, {"StableRep+, synthetic", "stablerep+"}}
for k, share in ipairs(p.shares) do counts[k] = math.floor(share * p.pictures) end
local function real(n) return function(seed) return pictures.part(pictures.real(p, seed, p.pictures), function(set) return set:take(n) end) end end
local function made(n)
  return function(seed) return pictures.part(pictures.generated(p, seed, {captions = p.pictures, images = 2}), function(set) return set:take(2 * n) end) end
end
local function judge(_, trained, seed)
  local out, zero = judging.linear(p, trained, seed), judging.zero_shot(p, trained, seed)
  return {linear = out.mean, ["zero-shot"] = zero.mean}
end
local curves = {}
for m, method in ipairs(methods) do
  curves[m] = {}
  for k, n in ipairs(counts) do
    curves[m][k] = {name = ("%s, %d captions"):format(method[1], n), objective = method[2], source = m == 1 and real(n) or made(n), change = m == 2 and {images_per_caption = 2} or nil, judge = judge}
  end
  arms.run(p, curves[m])
end

-- ## What came out

--| label: tbl-scaling
local list = {table.unpack(curves[1])}
for _, arm in ipairs(curves[2]) do list[#list + 1] = arm end
__show(arms.table(p, list, {columns = {"linear", "zero-shot"}, caption = ("Mean linear and zero-shot accuracy on scenes, %d seeds, 95 %% intervals"):format(p.seeds)})
)

-- The paper has, for 3, 10, 20 and 50 million captions, linear accuracies of 69.6, 73.5, 73.9 and 74.1 (StableRep+) and 60.6, 69.9, 71.5 and 72.9 (CLIP).

--| label: fig-linear
--| echo: false
local function plot(measure)
  return loam.plot.lines{x = "captions", y = measure .. " accuracy", log_x = true, x_ticks = counts,
    series = {arms.series(methods[1][1], curves[1], counts, measure), arms.series(methods[2][1], curves[2], counts, measure)},
    caption = ("Mean %s accuracy by the number of captions, intervals over seeds."):format(measure)}
end
__show(plot("linear")
)

--| label: fig-zero
--| echo: false
__show(plot("zero-shot")
)

-- ## Trends

--| label: tbl-claims
local function points(list, measure)
  local x, y = {}, {}
  for k, arm in ipairs(list) do for _, score in ipairs(arm.scores[measure]) do x[#x + 1], y[#y + 1] = math.log(counts[k], 2), score end end
  return x, y
end
local function difference(measure)
  local x, y = {}, {}
  for k, arm in ipairs(curves[1]) do
    for seed, score in ipairs(arm.scores[measure]) do x[#x + 1], y[#y + 1] = math.log(counts[k], 2), score - curves[2][k].scores[measure][seed] end
  end
  return x, y
end
local function trend(text, measure, list, paper)
  local x, y = points(list, measure)
  return claims.grows(text, x, y, paper)
end
local x, y = difference("linear")
local tested = claims.tested{
  claims.above("Fewest captions, linear: StableRep+ above CLIP", curves[2][1], curves[1][1], "+9.0 (3 M)", "linear"),
  claims.above("All captions, linear: StableRep+ above CLIP", curves[2][#counts], curves[1][#counts], "+1.2 (50 M)", "linear"),
  claims.above("All captions, zero-shot: CLIP above StableRep+", curves[1][#counts], curves[2][#counts], "holds", "zero-shot"),
  trend("CLIP's linear accuracy grows with each doubling of captions", "linear", curves[1], "holds"),
  trend("StableRep+'s linear accuracy grows with each doubling of captions", "linear", curves[2], "holds"),
  claims.grows("The gap narrows: CLIP gains more by each doubling", x, y, "holds"),
}
claims.save(tested, "figure6_scaling", p)
__show(claims.table(tested, "Differences over paired seeds, and slopes over all seeds; p corrected by Holm's method over the rows")
)
