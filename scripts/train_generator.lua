-- Makes models/scenes.safetensors, the small generator that the quickstart uses: a text-conditional UNet of 3.3 million
-- parameters, trained on 60,000 scenes of 32 pixels with five captions each, their nuisances at a tenth of the usual strength.
-- Most of its steps see more noise than half, where shapes are decided.
-- A second run trains the first one's model further on other scenes.
--
--   loam run scripts/train_generator.lua -- --out .loam/first.safetensors
--   loam run scripts/train_generator.lua -- --from .loam/first.safetensors --seed 2 --steps 2600 --learning-rate 2e-3 --checkpoint .loam/second
--
-- With captioned photographs it makes the generator of the notebooks' second column:
--   loam run scripts/train_generator.lua -- --data DATA/flickr8k --count 6000 --steps 2000 --batch 64 --time_mean 0 --flip_chance 0.5 --out .loam/photographs.safetensors --checkpoint .loam/photographs
local loam = require "loam"
local data, diffusion, run = loam.data, loam.diffusion, loam.run

local p = run.preset{laptop = {
  seed = 1, count = 60000, nuisance = 0.1, steps = 8000, batch = 32, widths = "96,128", optimizer = "muon", learning_rate = 3e-3,
  average_decay = 0.999, times = "logit_normal", time_mean = 0.5, from = "",
  -- A captioned set in place of scenes, and the chance that its pictures are mirrored.
  data = "", flip_chance = 0,
  out = "models/scenes.safetensors", checkpoint = ".loam/scenes-generator"}}
local from, widths = p.from ~= "" and diffusion.load(p.from) or nil, {}
for width in p.widths:gmatch("%d+") do widths[#widths + 1] = tonumber(width) end
local bar = run.progress{label = "generator", total = p.steps}
local generator = diffusion.train{
  data = p.data ~= "" and data.load(p.data, {split = "train"}):sample(p.count, {seed = p.seed}) or data.scenes{count = p.count, seed = p.seed, nuisance = p.nuisance},
  from = from, flip_chance = p.flip_chance, widths = not from and widths or nil,
  steps = p.steps, batch = p.batch, seed = p.seed, optimizer = p.optimizer, learning_rate = p.learning_rate, times = p.times, time_mean = p.time_mean,
  average_decay = p.average_decay, checkpoint = p.checkpoint, checkpoint_every = 200,
  on_step = function(step, metrics) bar:update(step, metrics) end}
bar:finish()
generator:save(p.out)
print(p.out, generator.hash)
