#!/bin/bash
# Runs the official test suite of Lua 5.4.4, the version of Debian 12, inside Loam, whole and unchanged; then compares the command line with
# that of Debian's lua5.4, and loads packages of others. The suite comes from the source archive of lupa 2.0 on PyPI, which bundles Lua 5.4.4 with its tests
# (lupa 2.8 bundles those of 5.4.8, which crash Lua 5.4.4 itself). LOAM_LUA_TESTS names a folder that has them already.
set -uo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
loam="$(realpath "${LOAM:-$here/../../../.build/release/loam}")"
place="$here/../../../.build/lua-suite"
tests="${LOAM_LUA_TESTS:-$place/testes}"
status=0
if [ ! -f "$tests/all.lua" ]; then
  mkdir -p "$place"
  python3 -m venv "$place/python"
  "$place/python/bin/pip" download -q lupa==2.0 --no-deps --no-binary :all: -d "$place" || exit 1
  tar -xzf "$place/lupa-2.0.tar.gz" -C "$place" --strip-components=3 lupa-2.0/third-party/lua54/testes
fi
log="$(mktemp)"
# The suite loads precompiled chunks of its own making all the time; Loam refuses them unless it is told otherwise.
if (cd "$tests" && LOAM_BINARY_CHUNKS=1 "$loam" -e "_U=true" all.lua > "$log" 2>&1) && grep -q "final OK" "$log"; then
  echo "the official suite: final OK"
else
  tail -20 "$log"; echo "the official suite FAILS ($log)"; status=1
fi
"$here/command_line.sh" "$loam" || status=1
"$here/packages.sh" "$loam" || status=1
python3 "$here/stubs.py" "$loam" || status=1
exit $status
