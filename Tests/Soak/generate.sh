#!/bin/bash
# Kills a generation of 200 pictures at random moments until it has been killed KILLS times, lets it finish, and compares the bytes of its shards with those of an
# unbroken run on another number of threads. Neither a broken shard nor the rest of one may ever lie among the results.
set -euo pipefail
root="$(cd "$(dirname "$0")/../.." && pwd)"
loam="${LOAM:-$root/.build/release/loam}"
kills="${KILLS:-20}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

colours=(red orange yellow green cyan blue purple pink white black)
shapes=(circle square triangle star ring cross heart)
for k in $(seq 50); do echo "a ${colours[k % 10]} ${shapes[k % 7]}"; done > "$work/captions.txt"

prepare() { mkdir -p "$work/$1"; ln -sfn "$root/scripts" "$work/$1/scripts"; ln -sfn "$root/models" "$work/$1/models"; cp "$work/captions.txt" "$work/$1/"; }
run() { cd "$work/$1"; exec "$loam" run scripts/generate.lua --threads "$2" -- --captions captions.txt --images 4 --guidance 3 --steps 4 --shard 40 >> log 2>&1; }

start=$(date +%s%N)
prepare whole; (run whole 1)
length=$(( ($(date +%s%N) - start) / 1000000 ))
echo "an unbroken run takes $length ms"
prepare killed
killed=0
for attempt in $(seq $(( kills * 10 ))); do
  [ $killed -lt $kills ] || break
  (run killed $(( attempt % 2 + 1 ))) & pid=$!
  sleep "$(awk -v n="$length" -v k="$kills" -v r="$RANDOM" 'BEGIN { print (0.1 + 1.6 * n / 1000 / k) * (0.3 + 1.4 * r / 32768) }')"
  if kill -9 $pid 2>/dev/null; then killed=$(( killed + 1 )); else rm -rf "$work/killed/.loam" "$work/killed/pictures"; fi
  wait $pid 2>/dev/null || true
  for shard in "$work"/killed/pictures/*.tar; do
    [ -e "$shard" ] || continue
    cmp -s "$shard" "$work/whole/pictures/$(basename "$shard")" || { echo "BROKEN after kill $killed: $(basename "$shard")"; exit 1; }
  done
done
(run killed 2)
echo "killed $killed times; $(grep -c continues "$work/killed/log" || true) shards went on from their checkpoints"
diff -r "$work/whole/pictures" "$work/killed/pictures" && echo "same bytes: $(ls "$work/whole/pictures" | wc -l) shards"
