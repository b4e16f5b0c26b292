-- The parameters that all experiments share, by preset. An experiment adds its own and may change these.
local run = require("loam").run

local shared = {
  all = {
    seed = 1, seeds = 3, size = 32, nuisance = 0.1, generator = "models/scenes.safetensors", sampler_steps = 12, guidance = 3, views = 4,
    patch = 8, heads = 3, width = 96, depth = 3, crops = 192, learning_rate = 3e-3,
    -- Pictures from files instead of drawn scenes; probe sets of labelled pictures, separated by commas.
    data = "", probe = "",
  },
  smoke = {pictures = 32, views = 2, steps = 3, crops = 16, width = 32, heads = 2, depth = 1, seeds = 2, sampler_steps = 2, probe_train = 48, probe_test = 32},
  laptop = {pictures = 960, steps = 300, probe_train = 1000, probe_test = 1000},
}

local parameters = {}

-- Resolves the parameters of an experiment: `own` has tables for all, smoke and laptop.
function parameters.resolve(own)
  local presets = {}
  for name, values in pairs(shared) do
    presets[name] = {}
    for key, value in pairs(values) do presets[name][key] = value end
    for key, value in pairs(own and own[name] or {}) do presets[name][key] = value end
  end
  return run.preset(presets)
end

-- The same parameters with some changed.
function parameters.with(p, changes)
  local copy = {}
  for key, value in pairs(p) do copy[key] = value end
  for key, value in pairs(changes) do copy[key] = value end
  return copy
end

return parameters
