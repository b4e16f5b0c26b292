#!/bin/bash
# Loam and Debian's lua5.4 get the same command lines; output and exit status must agree. Errors are compared by their first line, since
# Loam leaves frames of C out of tracebacks, and the program's name is taken out. One thing differs on purpose: a program that comes through
# standard input, without "-", and fails makes Loam fail; lua5.4 then returns 0.
#   command_line.sh path/to/loam
set -uo pipefail
loam="$(realpath "$1")"
command -v lua5.4 > /dev/null || { echo "lua5.4 is not installed: the command line was not compared"; exit 0; }
folder="$(mktemp -d)"; cd "$folder"
mkdir -p libs
echo 'return {name = ...}' > libs/mod.lua
echo 'print(#arg, arg[0], arg[1], arg[-1] ~= nil, ...)' > args.lua
echo 'print(1) error("no")' > fails.lua
echo 'local function f() error({code = 2}) end f()' > object.lua
echo 'error(setmetatable({}, {__tostring = function() return "my text" end}))' > textual.lua
printf '#!/usr/bin/lua\nprint("shebang", debug.getinfo(1, "l").currentline)\n' > shebang.lua
echo 'x = = 1' > syntax.lua
echo 'os.exit(7)' > exit.lua
echo 'io.write("no newline") os.exit(true, true)' > close.lua
echo 'setmetatable({}, {__gc = function() print("closed") end})' > collected.lua
echo 'print(require("libs.mod").name)' > requires.lua
echo 'for line in io.lines() do print(#line, line) end' > reads.lua
echo 'coroutine.wrap(function() error("inside") end)()' > coroutine.lua
printf 'print("%%s\\n")' > percent.lua
failures=0
compare() { # a description of standard input, then the words
  local input="$1"; shift
  local outcome=()
  for program in "$loam" lua5.4; do
    local out; out="$(printf "$input" | "$program" "$@" 2> err; echo "status $?")"
    outcome+=("$out|$(head -1 err | sed -E 's/^(loam|lua5\.4|lua): //')")
  done
  if [ "${outcome[0]}" != "${outcome[1]}" ]; then
    failures=$((failures + 1))
    printf 'DIFFERS: %s (input %q)\n  loam:   %q\n  lua5.4: %q\n' "$*" "$input" "${outcome[0]}" "${outcome[1]}"
  fi
}
compare '' args.lua
compare '' args.lua a 'b c' -e
compare '' -e 'print(1)'
compare '' -e 'x = 4' -e 'print(x)'
compare '' -e 'print(...)' args.lua z
compare '' -e 'error("no")'
compare '' -e 'x = = 1'
compare '' -lmath -e 'print(math.pi)'
compare '' -l m=math -e 'print(m.pi)'
compare '' -l no.such.module
compare '' fails.lua
compare '' object.lua
compare '' textual.lua
compare '' shebang.lua
compare '' syntax.lua
compare '' exit.lua
compare '' close.lua
compare '' collected.lua
compare '' requires.lua
compare '' coroutine.lua
compare '' percent.lua
compare '' missing.lua
compare 'a\nbc\n' reads.lua
compare 'print("from stdin", ...)' - a b
compare 'print("from stdin")\nprint(arg[0] ~= nil)'
compare 'x = = 1' -
compare '' -W -e 'warn("careful")'
compare '' -- args.lua q
compare '' -E -e 'print(1)'
LUA_INIT='print("first")' compare '' -e 'print(2)'
LUA_INIT='print("first")' compare '' -E -e 'print(2)'
LUA_INIT='@requires.lua' compare '' -e 'print(2)'
LUA_PATH='./libs/?.lua' compare '' -e 'print(require("mod").name, package.path)'
LUA_PATH='./libs/?.lua;;' compare '' -e 'print(require("mod").name, package.path)'
compare '' -e 'io.stderr:write("to stderr\n")'
compare '' -e 'print(os.getenv("HOME") ~= nil, #package.searchers, _VERSION)'
compare '' -e 'local t <close> = setmetatable({}, {__close = function() print("closed") end})'
# Typed lines: the same answers, without prompts and tracebacks. Values other than plain ones Loam shows in its own way.
session() { # a name; lines on standard input
  cat > "$1.txt"
  # Debian's lua5.4 echoes the lines that it reads, each behind its prompt.
  local plain='/^(> |>> |>$|> $)/d; /^stack traceback:$/d; /^\t(stdin|\[C\]|\(\.\.\.)/d'
  LOAM_RC= LOAM_HISTORY= "$loam" -i < "$1.txt" 2>&1 | tail -n +2 | sed -E "$plain" > "$1.loam"
  lua5.4 -i < "$1.txt" 2>&1 | tail -n +2 | sed -E "$plain" > "$1.lua"
  if ! cmp -s "$1.loam" "$1.lua"; then failures=$((failures + 1)); echo "DIFFERS: the session $1"; diff "$1.lua" "$1.loam" | head; fi
}
session values <<'LINES'
1 + 1
"a" .. 1, nil, true
= 5
=1, 2
return 7
1e300 * 1e10
0x10
7 // 2, 7 % -3, 2 ^ 0.5
print(1) print(2)
"tab\tand line\nend"
math.type(3), math.type(3.0), 3.0
#"abc", not nil
-- nothing

LINES
session statements <<'LINES'
for i = 1, 2 do
print(i)
end
function f(...)
return select("#", ...)
end
f(1, nil)
x = 3
x
if x == 3 then
print("three")
else
print("other")
end
t = {1,
2}
#t
string.rep("x", 3, "-")
LINES
session faults <<'LINES'
x = = 1
error("no")
error("no", 0)
nothing.at.all
f(
1)
goto nowhere
string.rep()
setmetatable({}, {__index = function() error("deep") end}).x
coroutine.wrap(function() error("inside") end)()
assert(false, "said")
assert(nil)
1 + {}
LINES
rm -rf "$folder"
[ $failures = 0 ] && echo "the command line: as lua5.4"
exit $((failures > 0))
