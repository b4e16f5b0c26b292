-- Computes what operations.py asks for: each line of the input is a Lua expression of the tensors x[1], x[2], ... in in.safetensors.
-- Values go to out.safetensors as y1, y2, ..., gradients of the first one, from the upstream gradient g, as d1, d2, ...
local loam = require "loam"
local tensor, file = loam.tensor, loam.file
local folder = arg[1]

local function compute(line)
  local given = file.load(folder .. "/in.safetensors")
  local bases, x = {}, {}
  for i = 1, 9 do
    for _, view in ipairs{"", "t", "s"} do
      local base = given["x" .. i .. view]
      if base then
        if base.dtype == "f32" or base.dtype == "f64" then base = base:track() end
        bases[i] = base
        x[i] = base
        if view == "t" then x[i] = base:transpose() elseif view == "s" then x[i] = base[{"...", "2:"}] end
      end
    end
  end
  local results = {assert(load("local tensor, x = ...; return " .. line))(tensor, x)}
  local out = {}
  for k, y in ipairs(results) do
    if type(y) == "number" then y = tensor.new(y, {dtype = math.type(y) == "integer" and "i64" or "f32"}) elseif type(y) == "boolean" then y = tensor.new(y and 1 or 0):gt(0) end
    out["y" .. k] = y:detach()
  end
  if given.g and type(results[1]) ~= "number" and results[1].is_tracked then
    local gradients = results[1]:backward{gradient = given.g}
    for i, base in pairs(bases) do
      if base.is_tracked and gradients[base] then out["d" .. i] = gradients[base] end
    end
  end
  file.save(folder .. "/out.safetensors", out)
end

for line in io.lines() do
  local ok, message = pcall(compute, line)
  print(ok and "ok" or tostring(message))
  io.stdout:flush()
end
