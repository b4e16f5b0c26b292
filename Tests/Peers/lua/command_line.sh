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
rm -rf "$folder"
[ $failures = 0 ] && echo "the command line: as lua5.4"
exit $((failures > 0))
