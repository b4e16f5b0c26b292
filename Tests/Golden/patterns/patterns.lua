-- Goldens of string.find, match, gmatch and gsub. Made by Debian's lua5.4 (5.4.4):
--   lua5.4 Tests/Golden/patterns/patterns.lua > Tests/Golden/patterns/patterns.txt
-- Every case enters a checksum; each row of the output covers one pattern over all subjects.
local subjects = { "", "a", "hello world", "key = value", "f(a(b)c)d", "  trim me  ", "a1b22c333", "x\0y\0", "THE (quick) fox",
  "2024-01-31T10:20:30", "aaaaaaab", "one,two,,three", "]-^", "ab12ab12", "%d%s" }
local patterns = { "", "a", ".", "a*", "a+", "a-b", "a?b", "^a", "b$", "^$", "(%a+)", "(%w+)%s*=%s*(%w+)", "%b()", "%f[%w]%w+", "%f[%a]%a+%f[%A]",
  "()", "()a()", "(a*(.)%w(%s*))", "[%a_][%w_]*", "[^%s]+", "[]]", "[^]]", "[a-]", "[%-%^%]]", "[]-a]", "(..)%1", "(%w+)%1", "%d%d%d%d%-%d%d", "^%s*(.-)%s*$",
  "([^,]*)", "[%z]", "%z", "\0", "[\0-\31]", "%", "[", "[^", "(", ")", "%1", "(a", "(()", "%f", "%b", "%bx", "a**", "*", "a-", "-", "$", "^^a", "a$b", "(a)(b)(c)(d)", ".-.-b$",
  "%u+", "%l+", "%p", "%c", "%x+", "%g+", "%S+", "[%u%d]+", "%%", "%%d" }
local replacements = { "<%0>", "%1", "%%", "", { a = "A", one = 1, b = false }, function(x) return x == "" and "_" or nil end }
local function fold(sum, ...)
  for i = 1, select("#", ...) do
    local text = type((select(i, ...))) .. ":" .. tostring((select(i, ...))):gsub("^[^:]*patterns.lua:%d+: ", "", 1)
    for j = 1, #text do sum = (sum * 31 + text:byte(j)) % 4294967291 end
  end
  return sum
end
for _, pattern in ipairs(patterns) do
  local sum = 7
  for _, subject in ipairs(subjects) do
    for _, start in ipairs { 1, 2, -3, 100 } do
      sum = fold(sum, pcall(string.find, subject, pattern, start))
      sum = fold(sum, pcall(string.match, subject, pattern, start))
      sum = fold(sum, pcall(function()
        local seen = 0
        for a, b in subject:gmatch(pattern, start) do seen = fold(seen, a, b) end
        return seen
      end))
    end
    sum = fold(sum, pcall(string.find, subject, pattern, 1, true))
    for _, replacement in ipairs(replacements) do
      sum = fold(sum, pcall(string.gsub, subject, pattern, replacement))
      sum = fold(sum, pcall(string.gsub, subject, pattern, replacement, 1))
    end
  end
  print(string.format("%q %d", pattern, sum))
end
