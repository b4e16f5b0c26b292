#!/bin/bash
# Packages of others that load into Loam: Penlight and luaunit, which are Lua alone, lpeg and cjson, which are C. They are those of Debian
# (lua-penlight, lua-unit, lua-lpeg, lua-cjson); what is missing is told and counts as a failure.
set -uo pipefail
loam="$(realpath "$1")"
lua="$(command -v lua5.4 || true)"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
status=0

# A script whose output must be the same as that of lua5.4, which finds the packages on its own.
same() {
  local name="$1"
  cat > "$work/try_$name.lua"
  if ! "$loam" "$work/try_$name.lua" > "$work/loam" 2>&1; then sed 's/^/    /' "$work/loam" | head -5; echo "FAILS $name"; status=1; return; fi
  if [ -z "$lua" ]; then echo "ok    $name (lua5.4 is not installed: not compared)"; return; fi
  "$lua" "$work/try_$name.lua" > "$work/lua" 2>&1
  if cmp -s "$work/loam" "$work/lua"; then echo "ok    $name"; else diff "$work/lua" "$work/loam" | head -5; echo "FAILS $name: other output than lua5.4's"; status=1; fi
}

same penlight <<'LUA'
local List, pretty, stringx, tablex, class = require "pl.List", require "pl.pretty", require "pl.stringx", require "pl.tablex", require "pl.class"
print(List{3, 1, 2}:sort():map(function(x) return x * 2 end):concat(","))
print(pretty.write({a = {1, 2, {b = "text"}}}, ""))
print(tablex.deepcompare(pretty.read(pretty.write({x = {1, 2}})), {x = {1, 2}}), stringx.split("a b c"):len())
class.Animal()
function Animal:_init(name) self.name = name end
class.Cat(Animal)
print(Cat("Felix").name, Cat:class_of(Cat "x"), require "pl.data".read == nil)
print(require "pl.template".substitute("# for i = 1, 2 do\nrow $(i)\n# end", {_escape = "#"}))
print(require "pl.lapp" and require "pl.OrderedMap" {{a = 1}, {b = 2}})
LUA

same strict <<'LUA'
require "pl.strict"
print(pcall(function() return undeclared end))
print(pcall(function() undeclared = 1 end))
declared = 1
print(declared)
LUA

same luaunit <<'LUA'
local lu = require "luaunit"
TestSums = {}
function TestSums:testAdd() lu.assertEquals(1 + 1, 2) end
function TestSums:testTables() lu.assertEquals({1, {a = 2}}, {1, {a = 2}}) end
function TestSums:testError() lu.assertErrorMsgContains("no", error, "no way") end
function TestSums:testFails() lu.assertTrue(false) end
local runner = lu.LuaUnit.new()
runner:setOutputType("nil")
print(runner:runSuite("--pattern", "TestSums"), runner.result.runCount, runner.result.successCount, runner.result.failureCount)
LUA

same lpeg <<'LUA'
local lpeg = require "lpeg"
local number = lpeg.C(lpeg.R "09" ^ 1) / tonumber
local sum = lpeg.Cf(number * (lpeg.P "+" * number) ^ 0, function(a, b) return a + b end)
print(sum:match("1+20+300"), lpeg.match(lpeg.P "x" ^ -1 * -1, "x"), require "re".match("hello", "[a-z]+"))
print(pcall(lpeg.match, lpeg.P(function() error "inside" end), "x"))
LUA

same cjson <<'LUA'
local json = require "cjson"
print(json.encode({1, 2, {a = json.null}}), json.decode('{"x": [1, 2.5, "é", null]}').x[3])
print(pcall(json.decode, "{"))
print(require "cjson.safe".decode("[1,"))
LUA

# Busted and luassert, by their own runner.
if [ -d /usr/share/lua/5.4/busted ]; then
  cat > "$work/sums_spec.lua" <<'LUA'
require "busted.runner"()
describe("sums", function()
  it("adds", function() assert.are.equal(2, 1 + 1) assert.are.same({1, {a = 2}}, {1, {a = 2}}) end)
  it("sees errors", function() assert.has_error(function() error("no") end, "no") end)
  it("spies", function() local s = spy.new(function() end) s(1) assert.spy(s).was.called_with(1) end)
  it("fails", function() assert.is_true(false) end)
end)
LUA
  if diff <("$loam" "$work/sums_spec.lua" -o TAP 2>&1 | grep -v '^# ') <("$lua" "$work/sums_spec.lua" -o TAP 2>&1 | grep -v '^# ') > "$work/busted"; then echo "ok    busted"; else cat "$work/busted"; echo "FAILS busted"; status=1; fi
else
  echo "lua-busted is not installed: not tried"
fi

# Strict globals, case by case as Penlight has them: what fails there fails here.
cat > "$work/strict_cases.lua" <<'LUA'
local function try(name, f, ...) print(name, (pcall(f, ...))) end
try("reading", function() return undeclared end)
try("reading by a chunk", load("return undeclared"))
try("assigning in a function", function() undeclared = 1 end)
declared = 1
try("assigning a declared one", function() declared = 2 end)
try("reading a declared one", function() return declared end)
try("assigning by a chunk", load("chunked = 1"))
try("reading what the chunk assigned", function() return chunked end)
cleared = 1 cleared = nil
try("reading one that was set to nil", function() return cleared end)
try("rawget", function() return rawget(_G, "undeclared") end)
try("rawset, then reading", function() rawset(_G, "raw", 1) return raw end)
try("a field of _G", function() return _G.undeclared end)
try("through a coroutine", coroutine.wrap(function() return undeclared end))
try("the standard library", function() return string, print end)
try("_ENV of one's own", function() local _ENV = {} return undeclared end)
try("a nested function", function() return (function() inner = 1 end)() end)
LUA
if [ -n "$lua" ]; then
  theirs="$("$lua" -e 'require "pl.strict"' "$work/strict_cases.lua" 2>&1)"
  for way in "-g $work/strict_cases.lua" "-l loam.strict $work/strict_cases.lua" "run --strict $work/strict_cases.lua"; do
    if [ "$theirs" = "$("$loam" $way 2>&1)" ]; then echo "ok    strict globals: loam ${way%% $work*}"; else diff <(echo "$theirs") <("$loam" $way 2>&1); echo "FAILS strict globals: loam $way"; status=1; fi
  done
fi

# What Loam shows of a table Penlight reads back (floats have 14 digits, as tostring gives them).
cat > "$work/cases.lua" <<'LUA'
return {
  {1, 2, {3}}, {a = 1, b = {c = "text", d = {true, false}}}, {[1.5] = 1, ["two words"] = 2, ["end"] = 3}, {"quote \" and \\ and \n line", "é 日本 😀"}, {}, {{}, {{}}},
  {1e300, 2^40, math.mininteger, math.maxinteger, 0.5, 1e15}, {[-1] = "x", [10] = "y"}, {nan = "nan", ["nil"] = "nil"}, {"\0\1\127"},
}
LUA
for number in 1 2 3 4 5 6 7 8 9 10; do
  echo "dofile('$work/cases.lua')[$number]" | LOAM_RC= LOAM_HISTORY= "$loam" -i 2>&1 | tail -n +2 > "$work/shown_$number"
done
cat > "$work/read.lua" <<'LUA'
local pretty, tablex, work = require "pl.pretty", require "pl.tablex", ...
for number, case in ipairs(dofile(work .. "/cases.lua")) do
  local text = io.open(work .. "/shown_" .. number):read("a")
  local back, fault = pretty.read(text)
  assert(back and tablex.deepcompare(back, case), "case " .. number .. " is shown as " .. text .. ": " .. tostring(fault))
end
print("ok    Penlight reads what is shown of tables")
LUA
"$loam" "$work/read.lua" "$work" || { echo "FAILS shown tables"; status=1; }

# Tensors and others' modules in one program.
cat > "$work/both.lua" <<'LUA'
local loam, json, List = require "loam", require "cjson", require "pl.List"
local x = loam.tensor.new{{1, 2}, {3, 4}}
print(json.encode{sum = x:sum():item(), shape = x.shape}, List(x.shape):len())
LUA
said="$("$loam" "$work/both.lua" 2>&1)"
case "$said" in
  *'"shape":[2,2]'*) echo "ok    tensors beside cjson and Penlight" ;;
  *) echo "$said" | head -5; echo "FAILS tensors beside cjson and Penlight"; status=1 ;;
esac
exit $status
