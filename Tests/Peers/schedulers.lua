-- Runs a sampler of diffusers' scheduler_config.json for schedulers.py: one line of input, one of output each.
local loam = require "loam"
local diffusion, file, tensor = loam.diffusion, loam.file, loam.tensor
local folder = arg[1]

local function sample(steps, eta, first)
  local given = file.load(folder .. "/in.safetensors")
  local s = diffusion.scheduler{config = folder .. "/scheduler_config.json", steps = steps, eta = eta}
  local rows, times = {}, {}
  local x = first > 0 and s:noised(given.clean, given.noise[1], first + 1) or given.clean * s.start_scale
  rows[1] = x
  for i = first + 1, #s.timesteps do
    local t = s.timesteps[i]
    local output = (s:scale(x, i) * 0.8 + (t / 1000 - 0.4)):tanh()
    x = s:step(output, i, x, s:needs_noise(i) and given.noise[i + 1] or nil)
    rows[#rows + 1] = x
    times[#times + 1] = t * 1.0
  end
  file.save(folder .. "/out.safetensors", {rows = tensor.concatenate(rows, 1), times = tensor.new(times)})
end

for line in io.lines() do
  local steps, eta, first = line:match("(%S+) (%S+) (%S+)")
  local ok, message = pcall(sample, math.tointeger(tonumber(steps)), tonumber(eta), math.tointeger(tonumber(first)))
  print(ok and "ok" or (tostring(message):gsub("\n", " ")))
  io.stdout:flush()
end
