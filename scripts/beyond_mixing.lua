local function __show(...) if select("#", ...) > 0 then print(...) end end

-- The paper compares real pictures with generated ones. Whoever has some of each would mix them.
--
-- ## Parameters

--| label: parameters
local loam = require "loam"
local parameters, pictures = require "recipes.parameters", require "recipes.pictures"
local arms, claims, judging = require "recipes.arms", require "recipes.claims", require "recipes.judging"
local p = parameters.resolve{all = {real_shares = {0, 0.25, 0.5, 0.75, 1}}, smoke = {real_shares = {0, 0.5, 1}}}
__show(p
)

-- ## Method
--
-- `p.pictures` pictures in all, one of each caption; a share of the captions keeps its real picture, the others get a generated one at guidance `p.guidance`. SimCLR learns from each mixture.

local list = {}
for k, share in ipairs(p.real_shares) do
  local count = math.floor(share * p.pictures)
  list[k] = {name = ("%g %% real"):format(100 * share), objective = "simclr", source = function(seed)
    local real, made = pictures.real(p, seed, p.pictures), pictures.generated(p, seed, {captions = p.pictures})
    if count == 0 then return made elseif count == p.pictures then return real end
    local first = pictures.part(real, function(set) return set:take(count) end)
    local rest = pictures.part(made, function(set)
      local places = {}
      for place = count + 1, #set do places[#places + 1] = place end
      return set:select(places)
    end)
    return pictures.mixed(first, rest)
  end}
end
arms.run(p, list)

-- ## What came out

--| label: tbl-mixing
__show(arms.table(p, list, {rows = "mixture", chance = judging.chance(p), caption = ("SimCLR by the share of real pictures, %d seeds, 95 %% intervals"):format(p.seeds)})
)

--| label: fig-mixing
--| echo: false
__show(loam.plot.lines{x = "share of real pictures", y = "mean probe accuracy", x_ticks = p.real_shares, series = {arms.series("SimCLR", list, p.real_shares)},
  caption = "Linear probes by the share of real pictures, intervals over seeds."}
)

--| label: tbl-claims
local middle = list[(#list + 1) // 2]
local tested = claims.tested{
  claims.above(middle.name .. " above none", middle, list[1]),
  claims.above(middle.name .. " above all", middle, list[#list]),
}
claims.save(tested, "beyond_mixing", p)
__show(claims.table(tested, "Differences over paired seeds; p corrected by Holm's method over the rows")
)
