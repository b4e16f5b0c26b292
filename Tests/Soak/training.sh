#!/bin/bash
# Kills the training of two encoders and a generator KILLS times at random moments, on one and on two threads in turn, lets it finish, and compares the bytes of
# all weights with those of an unbroken run.
set -euo pipefail
root="$(cd "$(dirname "$0")/../.." && pwd)"
loam="${LOAM:-$root/.build/release/loam}"
kills="${KILLS:-20}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
run() { mkdir -p "$work/$1"; exec "$loam" run "$root/Tests/Soak/training.lua" --threads "$2" --store "$work/$1/store" -- --folder "$work/$1" >> "$work/$1/log" 2>&1; }

start=$(date +%s%N)
(run whole 2)
length=$(( ($(date +%s%N) - start) / 1000000 ))
echo "an unbroken run takes $length ms"
done=0 attempts=0
while [ "$done" -lt "$kills" ]; do
  attempts=$(( attempts + 1 ))
  # A run that ended too early to be killed begins again from nothing, so that every kill hits training.
  if [ -f "$work/killed/generator.safetensors" ]; then rm -rf "$work/killed"; fi
  (run killed $(( attempts % 2 + 1 ))) & pid=$!
  sleep "$(awk -v n="$length" -v r="$RANDOM" 'BEGIN { print (0.05 + 0.3 * r / 32768) * n / 1000 }')"
  if kill -9 $pid 2>/dev/null; then done=$(( done + 1 )); fi
  wait $pid 2>/dev/null || true
done
(run killed 2)
echo "$done kills"
status=0
for file in encoder joint teacher generator; do
  if cmp -s "$work/whole/$file.safetensors" "$work/killed/$file.safetensors"; then echo "same bytes: $file"; else echo "DIFFERENT: $file"; status=1; fi
done
exit $status
