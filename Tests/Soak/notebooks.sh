#!/bin/bash
# Kills `loam notebook build` at random moments until it has been killed KILLS times. After each kill every file must be whole; then the build is finished,
# and its files must be those of an unbroken build (elapsed times aside); a further build must run no stage and change no byte.
set -euo pipefail
root="$(cd "$(dirname "$0")/../.." && pwd)"
loam="${LOAM:-$root/.build/release/loam}"
kills="${KILLS:-20}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
status=0

# Three notebooks: stages that take a while, a table, a plot, pictures, much text.
prepare() {
  mkdir -p "$work/$1/books"
  for book in one two three; do
    {
      printf -- '---\ntitle: %s\n---\n\n' "$book"
      for stage in 1 2 3 4 5; do
        printf '```lua\nlocal r%s = store.stage{name = "%s-%s", code = function(stage)\n' $stage $book $stage
        printf '  local x = tensor.ones{300, 300}; for i = 1, 40 do x = x:matmul(x) * (1 / 300) end\n'
        printf '  print("made %s"); return {value = x:sum():item() * %s}\nend}.value\nr%s\n```\n\n' $stage $stage $stage
      done
      printf '```lua\n--| label: tbl-a\nreport.table{caption = "Values", columns = {"stage", "value"}, rows = {{1, r1}, {2, r2}}}\n```\n\n'
      printf '```lua\n--| label: fig-a\nplot.lines{caption = "Line", x = "stage", y = "value", series = {{label = "a", y = {r1, r2, r3}}}}\n```\n\n'
      printf '```lua\nfor i = 1, 2000 do print(i, ("text "):rep(10)) end\ntensor.ones{3, 8, 8}\n```\n'
    } > "$work/$1/books/$book.md"
  done
}
# In a folder of its own, under the same names.
build() { cd "$work/$1"; exec "$loam" notebook build books >> log 2>&1; }
# What the reader is told of how long a stage took is no promise.
bytes() { (cd "$work/$1/books/output" && find . -type f | sort | while read -r file; do echo "$file"; tr '\n' ' ' < "$file" | sed -E 's/made in [^)]*//g'; done | sha256sum); }

check() {
  [ -d "$work/killed/books/output" ] || return 0
  python3 - "$work/killed/books/output" <<'PYTHON' || status=1
import json, pathlib, sys
for path in pathlib.Path(sys.argv[1]).rglob("*"):
    if not path.is_file():
        continue
    data = path.read_bytes()
    if path.suffix == ".ipynb":
        notebook = json.loads(data)
        assert notebook["nbformat"] == 4 and notebook["cells"], path
        # Finished cells come before those that have not run.
        counts = [cell["execution_count"] for cell in notebook["cells"] if cell["cell_type"] == "code"]
        assert counts == sorted(counts, key=lambda count: (count is None, count)), (path, counts)
    elif path.suffix == ".html":
        assert data.rstrip().endswith(b"</html>"), path
    elif path.suffix == ".png":
        assert data.startswith(b"\x89PNG") and data.endswith(b"IEND\xaeB`\x82"), path
    else:
        assert data.endswith((b"\n", b">")), path
PYTHON
}

prepare whole; prepare killed
start=$(date +%s%N)
(build whole)
length=$(( ($(date +%s%N) - start) / 1000000 ))
echo "an unbroken build takes $length ms"
done=0
while [ "$done" -lt "$kills" ]; do
  (build killed) & pid=$!
  sleep "$(awk -v n="$length" -v r="$RANDOM" 'BEGIN { print (0.02 + 0.6 * r / 32768) * n / 1000 }')"
  if kill -9 $pid 2>/dev/null; then
    done=$((done + 1))
  else
    # It came to its end: begin once more from nothing.
    rm -rf "$work/killed"; prepare killed
  fi
  wait $pid 2>/dev/null || true
  check
done
(build killed) || status=1
check
if [ "$(bytes whole)" = "$(bytes killed)" ]; then echo "after $kills kills: the files of an unbroken build"; else echo "after $kills kills: DIFFERENT files"; diff -rq "$work/whole/books/output" "$work/killed/books/output" || true; status=1; fi

# With times to the nanosecond and the numbers of the files themselves: nothing is written again.
listing() { (cd "$work/whole/books/output" && find . -type f -printf '%p %i %s %T@\n' | sort); }
before="$(listing)"
start=$(date +%s%N)
(build whole)
echo "a second build takes $(( ($(date +%s%N) - start) / 1000000 )) ms: $(tail -1 "$work/whole/log")"
grep -q " 0 stages computed" <(tail -1 "$work/whole/log") || { echo "the second build COMPUTED stages"; status=1; }
[ "$before" = "$(listing)" ] || { echo "the second build CHANGED files"; status=1; }
exit $status
