#!/usr/bin/env bash
# Instructions a message, counted by callgrind: what a thousand messages more cost, by a thousand.
#
#   instructions.sh BENCH
set -euo pipefail

bench=$1
command -v valgrind >/dev/null || {
  echo "bench-c: THERE IS NO VALGRIND, NO INSTRUCTIONS ARE COUNTED" >&2
  exit 0
}

count() {
  valgrind --tool=callgrind --callgrind-out-file=/dev/null "$bench" "$@" 2>&1 |
    sed -n 's/.*Collected : //p'
}

per_message() {
  local few many
  few=$(count "$1" "$2" "$3" 4096)
  many=$(count "$1" "$2" "$3" 12288)
  echo $(((many - few) / 8192))
}

printf '%-18s %7s %7s %7s %6s\n' "" bytes wspair wslay ratio
for case in receive-binary receive-text receive-unmasked frame frame-masked queue queue-masked; do
  for size in 16 125 1024; do
    ours=$(per_message $case wspair $size)
    theirs=$(per_message $case wslay $size)
    printf '%-18s %7d %7d %7d %6s\n' $case $size "$ours" "$theirs" \
      "$(awk "BEGIN { printf \"%.3f\", $ours / $theirs }")"
  done
done
