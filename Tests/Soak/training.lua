-- Trains an encoder of pictures and captions and a small generator with checkpoints; training.sh kills it.
local loam = require "loam"
local data, diffusion, encoder, run = loam.data, loam.diffusion, loam.encoder, loam.run
local p = run.preset{laptop = {seed = 1, folder = ".", steps = 60}}
local set = data.scenes{count = 96, size = 16, images_per_caption = 3}
local net = encoder.train{
  objective = "stablerep+", data = set, steps = p.steps, crops = 24, images_per_caption = 3, size = 16, width = 32, depth = 2, heads = 2,
  drop_path = 0.1, checkpoint = p.folder .. "/encoder", checkpoint_every = 7, checkpoint_keep = 3}
net:save(p.folder .. "/encoder.safetensors")
net.joint:save(p.folder .. "/joint.safetensors")
local teacher = encoder.train{
  objective = "moco-v3", data = {set, data.scenes{count = 24, size = 16, seed = 2}}, shares = {2, 1}, steps = p.steps, crops = 24, size = 16, width = 32, depth = 2, heads = 2, checkpoint = p.folder .. "/teacher", checkpoint_every = 5}
teacher:save(p.folder .. "/teacher.safetensors")
diffusion.train{data = set, steps = p.steps // 2, batch = 8, widths = {16, 32}, average_decay = 0.9, checkpoint = p.folder .. "/generator", checkpoint_every = 4}
  :save(p.folder .. "/generator.safetensors")
