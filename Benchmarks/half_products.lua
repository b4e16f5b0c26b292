local loam = require "loam"
local tensor, data, diffusion = loam.tensor, loam.data, loam.diffusion

-- What products in f16 change in pictures of the small generator: the same captions and noise with products in f32 and in f16.
--   loam Benchmarks/half_products.lua [PICTURES]
-- Differences are in steps of 1/255; "worst" is the picture whose mean is largest, "pixels" the share of bytes that differ by more than 8.
local count = tonumber(arg[1] or "64")
if not tensor.has_half_products() then
  print("this processor has no AVX-512 FP16: there is nothing to compare")
  return
end
local generator = diffusion.load("models/scenes.safetensors")
local captions = data.scenes{count = count, seed = 11}:all_captions()
for _, guidance in ipairs{1, 3, 7.5} do
  local function pictures(products)
    return generator:generate{captions = captions, guidance = guidance, steps = 20, seed = 5, products = products}:tensor() * 255
  end
  local difference = (pictures("f32") - pictures("f16")):abs()
  local each = difference:mean{2, 3, 4}
  print(("guidance %g: mean %.4f, worst %.4f, pixels %.5f"):format(guidance, difference:mean():item(), each:max():item(), (difference:gt(8) * 1.0):mean():item()))
end
