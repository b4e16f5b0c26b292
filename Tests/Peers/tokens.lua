-- Token ids for tokens.py: one line of input, the name of a file of texts; one line of output each.
local loam = require "loam"
local diffusion, file, text = loam.diffusion, loam.file, loam.text
local vocabulary, folders = text.load(arg[1]), {arg[2], arg[3]}
local pipelines = {}
for k, folder in ipairs(folders) do pipelines[k] = diffusion.pipeline(folder) end

for path in io.lines() do
  local ok, message = pcall(function()
    local texts, answer = file.read_json(path), {plain = {}, rows = {}}
    for k, one in ipairs(texts) do answer.plain[k] = vocabulary:encode(one) end
    for k, pipeline in ipairs(pipelines) do answer.rows[k] = pipeline:tokens(texts):totable() end
    file.write_json(path, answer)
  end)
  print(ok and "ok" or (tostring(message):gsub("\n", " ")))
  io.stdout:flush()
end
