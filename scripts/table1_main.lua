local function __show(...) if select("#", ...) > 0 then print(...) end end

-- The paper's main table trains SimCLR, CLIP and StableRep on real photographs with captions and on pictures that Stable Diffusion made from
-- those captions, and judges them by a linear probe on ImageNet. Here the captioned world is *scenes*, the generator is the small one in
-- `models/`, and linear probes ask for six things that captions of scenes speak of.
--
-- ## Parameters

--| label: parameters
local loam = require "loam"
local parameters = require "recipes.parameters"
local arms, claims, judging = require "recipes.arms", require "recipes.claims", require "recipes.judging"
local p = parameters.resolve{laptop = {seeds = 5}}
__show(p
)

-- ## Method
--
-- Every arm sees `p.pictures` pictures and, in each of `p.steps` steps, `p.crops` crops. Real pictures have one caption each. Synthetic ones
-- are $m$ pictures of each of a fraction $1/m$ of the captions, $m$ = `p.views`, made with guidance $w$ = `p.guidance`:
-- $\epsilon(x) + w\,(\epsilon(x, c) - \epsilon(x))$ in each sampling step.
--
-- SimCLR pulls two crops of one picture together. StableRep, with $a_i$ the normalised projection of crop $i$, pulls together all crops of all pictures
-- of one caption: with $q_i = \mathrm{softmax}_{j \ne i}(a_i \cdot a_j / \tau)$ and $p_i$ uniform over the other crops of the caption, the loss is the mean of
-- $-\sum_j p_{ij} \log q_{ij}$. CLIP matches pictures with captions; StableRep+ adds CLIP's loss to StableRep's.

local list = arms.run(p, arms.main(p))
__show(arms.keep(p, "table1_main", list)
)

-- ## What came out

--| label: tbl-main
__show(arms.table(p, list, {
  caption = ("Linear probes on real scenes, %d seeds, 95 %% intervals; the paper's column is ImageNet top-1 on CC12M"):format(p.seeds),
  chance = judging.chance(p), paper_title = "paper", experiment = "table1_main",
  paper = {["SimCLR, real"] = 61.5, ["CLIP, real"] = 70.3, ["SimCLR, synthetic"] = 63.7, ["CLIP, synthetic"] = 67.8, ["StableRep, synthetic"] = 73.5,
           ["StableRep+, synthetic"] = 74.4},
})
)

-- The paper's numbers are those of its Table 1 (CC12M) and of its official checkpoints (StableRep+ without batch norm in the probe). They are
-- for comparing orders, not values.
--
-- ## What holds

--| label: tbl-claims
local function arm(name) return arms.named(list, name) end
local tested = claims.tested{
  claims.above("StableRep above SimCLR on the same pictures", arm "StableRep, synthetic", arm "SimCLR, synthetic", "+9.8"),
  claims.above("SimCLR: synthetic above real", arm "SimCLR, synthetic", arm "SimCLR, real", "+2.2"),
  claims.above("CLIP: real above synthetic", arm "CLIP, real", arm "CLIP, synthetic", "+2.5"),
  claims.above("StableRep on synthetic above CLIP on real", arm "StableRep, synthetic", arm "CLIP, real", "+3.2"),
  claims.above("StableRep+ above StableRep", arm "StableRep+, synthetic", arm "StableRep, synthetic", "+1.6"),
  claims.above("StableRep above random features", arm "StableRep, synthetic", arm "random features"),
}
claims.save(tested, "table1_main", p)
__show(claims.table(tested, "Differences of the mean accuracy over paired seeds; p corrected by Holm's method over the rows")
)

-- A verdict of "open" means that the seeds do not decide: the corrected probability is above 0.05. A small generator that was trained on the same
-- world as the probes makes "synthetic against real" another question than the paper's, whose generator had seen billions of photographs.
--
-- ## Cost

--| label: tbl-cost
local rows = {}
for k, arm in ipairs(list) do rows[k] = {arm.name, math.min(table.unpack(arm.seconds))} end
__show(loam.report.table{caption = "Seconds of training: the shortest of the seeds, since the machine had other work as well",
  columns = {"encoder", {name = "seconds", decimals = 1}}, rows = rows}
)
