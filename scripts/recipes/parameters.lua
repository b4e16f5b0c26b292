-- The parameters that all experiments share, by preset. An experiment adds its own and may change these.
local run = require("loam").run

local shared = {
  all = {
    seed = 1, seeds = 3, size = 32, nuisance = 0.1, generator = "models/scenes.safetensors", sampler_steps = 12, guidance = 3, views = 4,
    patch = 8, heads = 3, width = 96, depth = 3, crops = 192, learning_rate = 3e-3,
    stem = "convolutional", pooling = "max",
    -- Pictures from files instead of drawn scenes; probe sets of labelled pictures, separated by commas, and the names of their splits.
    data = "", probe = "", probe_splits = {"train", "test"},
    -- Side of pictures from files before they are cropped, 0 for the encoder's; whether they stay in their files; pictures of a shard of generated ones.
    picture_size = 0, on_demand = false, shard = 1000,
    -- Captions that pictures are generated of and pictures of each, 0 for what the number of pictures comes to; crops whose history is in memory, 0 for all.
    captions = 0, images = 0, micro_batch = 0,
    -- What short runs want of the methods that learn slowest: small patches and their mean for MAE; for DINO a teacher that follows faster, and a lower rate,
    -- without which its shares become even.
    mae_patch = 4, mae_pooling = "mean", mae_learning_rate = 3e-3, dino_momentum = 0.98, dino_learning_rate = 1e-3,
  },
  smoke = {pictures = 32, views = 2, steps = 3, crops = 16, width = 32, heads = 2, depth = 1, seeds = 2, sampler_steps = 2, probe_train = 48, probe_test = 32},
  laptop = {pictures = 960, steps = 300, probe_train = 1000, probe_test = 1000},
  -- The paper's: CC12M, ViT-B/16 and ImageNet. A laboratory gives its own paths for `generator`, `data` and `probe`.
  paper = {
    generator = "stable-diffusion-v1-5", data = "cc12m", probe = "imagenet", probe_splits = {"train", "val"}, sampler_steps = 50, guidance = 2, captions = 10000000, images = 10,
    pictures = 10000000, views = 6, size = 224, picture_size = 256, on_demand = true, patch = 16, width = 768, depth = 12, heads = 12, stem = "patch", pooling = "cls",
    mae_patch = 16, mae_pooling = "cls", mae_learning_rate = 2.4e-3, dino_momentum = 0.996, dino_learning_rate = 2e-3,
    crops = 8256, micro_batch = 64, steps = 109000, learning_rate = 3.2e-3, warmup = 3600, head_hidden = 4096, head_output = 256,
    text_width = 512, text_depth = 12, text_heads = 8, text_length = 77, matching_width = 512, probe_train = 1281167, probe_test = 50000, seeds = 1,
  },
}

local parameters = {}

-- What training takes beyond the shared network, where a preset says it: 0 leaves it to encoder.train.
for _, name in ipairs{"warmup", "head_hidden", "head_output", "text_width", "text_depth", "text_heads", "text_length", "matching_width"} do shared.all[name] = 0 end

-- Resolves the parameters of an experiment: `own` has tables for all, smoke, laptop and paper.
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
