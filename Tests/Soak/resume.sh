#!/bin/bash
# Kills the quickstart (preset smoke) at random moments until it has finished, on one and on two threads, and compares the bytes of its table and report
# with those of unbroken runs.
set -euo pipefail
cd "$(dirname "$0")/../.."
loam="$PWD/.build/release/loam"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
kills="${KILLS:-5}"

run() {  # folder threads
  "$loam" run scripts/quickstart.lua --preset smoke --store "$1/store" --threads "$2" -- --out "$1/out" > "$1/log" 2>&1
}

for threads in 1 2; do
  mkdir -p "$work/whole$threads/out" && run "$work/whole$threads" $threads
done
length=$(( $(date +%s%N) )); mkdir -p "$work/timed/out"; run "$work/timed" 2; length=$(( ($(date +%s%N) - length) / 1000000 ))
mkdir -p "$work/killed/out"
for attempt in $(seq "$kills"); do
  run "$work/killed" $(( attempt % 2 + 1 )) & pid=$!
  sleep "$(awk -v n="$length" -v k="$kills" -v r="$RANDOM" 'BEGIN { print (0.2 + r / 32768) * n / k / 1000 }')"
  kill -9 $pid 2>/dev/null || true
  wait $pid 2>/dev/null || true
  echo "killed $attempt times"
done
run "$work/killed" 2
status=0
for file in table.csv table.json report.html; do
  for other in whole2 killed; do
    if cmp -s "$work/whole1/out/$file" "$work/$other/out/$file"; then echo "same bytes: $file, whole1 and $other"; else echo "DIFFERENT: $file, whole1 and $other"; status=1; fi
  done
done
exit $status
