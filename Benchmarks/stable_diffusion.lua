local loam = require "loam"
local tensor, diffusion = loam.tensor, loam.diffusion

-- Times the parts of a Stable Diffusion model and prints one JSON object; Benchmarks/stable_diffusion.py runs it.
local folder, repetitions, products = arg[1], tonumber(arg[2] or "2"), arg[3] or "f32"

local function now()
  local clock <close> = io.popen("date +%s.%N")
  return clock:read("n")
end

local function seconds(count, body)
  body()
  local times = {}
  for i = 1, repetitions do
    local start = now()
    for _ = 1, count do body() end
    times[i] = (now() - start) / count
  end
  return "[" .. table.concat(times, ", ") .. "]"
end

local start = now()
local p = diffusion.pipeline(folder, {products = products})
local load = now() - start
local words = {"a photo of an astronaut", ""}
local states = p:encode_text(words)
local latents = tensor.normal{2, 4, 64, 64}
local unet = seconds(1, function() p:predict(latents, 500, states) end)
local decode = seconds(1, function() p:decode(latents:narrow(1, 1, 1) * 0.1) end)
local text = seconds(10, function() p:encode_text(words) end)
local status <close> = io.open("/proc/self/status")
local peak = status and status:read("a"):match("VmHWM:%s*(%d+)") or 0
print(string.format('{"load": %g, "unet": %s, "decode": %s, "text": %s, "peak_mib": %d}', load, unet, decode, text, peak // 1024))
