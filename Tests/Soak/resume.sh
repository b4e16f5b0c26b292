#!/bin/bash
# Kills the quickstart (preset smoke) at random moments until it has been killed KILLS times, lets it finish, and compares the bytes of its table and report
# with those of unbroken runs on one and on two threads.
set -euo pipefail
root="$(cd "$(dirname "$0")/../.." && pwd)"
loam="${LOAM:-$root/.build/release/loam}"
kills="${KILLS:-5}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

prepare() { mkdir -p "$work/$1"; ln -sfn "$root/scripts" "$work/$1/scripts"; ln -sfn "${MODELS:-$root/models}" "$work/$1/models"; }
# Each run in a folder of its own, under the same names: paths are parameters, and parameters are in the report.
run() { cd "$work/$1"; exec "$loam" run scripts/quickstart.lua --preset smoke --threads "$2" >> log 2>&1; }

start=$(date +%s%N)
for threads in 1 2; do prepare whole$threads; (run whole$threads $threads); done
length=$(( ($(date +%s%N) - start) / 2000000 ))
echo "an unbroken run takes $length ms"
prepare killed
for attempt in $(seq "$kills"); do
  (run killed $(( attempt % 2 + 1 ))) & pid=$!
  sleep "$(awk -v n="$length" -v r="$RANDOM" 'BEGIN { print (0.05 + 0.25 * r / 32768) * n / 1000 }')"
  if kill -9 $pid 2>/dev/null; then echo "kill $attempt: $(grep -c . "$work/killed/log" || true) lines of log so far"; else echo "kill $attempt: it had finished"; fi
  wait $pid 2>/dev/null || true
done
(run killed 2)
status=0
for file in table.csv table.json report.html; do
  for other in whole2 killed; do
    if cmp -s "$work/whole1/report/$file" "$work/$other/report/$file"; then
      echo "same bytes: $file of whole1 and $other"
    else
      echo "DIFFERENT: $file of whole1 and $other"
      status=1
    fi
  done
done
exit $status
