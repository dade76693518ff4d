#!/usr/bin/env bash
# Counts the instructions of each case of src/bin/linear.rs at a size and at eight times that (callgrind), and
# fails where they grow by more than 12: linear work grows by 8, what starts over by up to 64.
set -euo pipefail
cd "$(dirname "$0")"
command -v valgrind >/dev/null || {
  echo "make instructions: SKIPPED, there is no valgrind: NOTHING WAS COUNTED" >&2
  exit 0
}
cargo build --release --quiet ${CI:+--locked} --no-default-features --bin linear
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
valgrind --tool=callgrind --callgrind-out-file="$folder/out" --toggle-collect=counted --dump-after=counted \
  "${CARGO_TARGET_DIR:-target}/release/linear" >"$folder/names" 2>"$folder/log" || {
  cat "$folder/log" >&2
  exit 1
}
# A file for each call, in order.
count() {
  sed -n 's/^\(summary\|totals\): //p' "$folder/out.$1" | tail -1
}
at=1
failed=0
while read -r what; do
  small=$(count "$at") large=$(count $((at + 1)))
  at=$((at + 2))
  growth=$(awk -v small="$small" -v large="$large" 'BEGIN { printf "%.1f", large / small }')
  verdict=$(awk -v growth="$growth" 'BEGIN { print (growth > 12 ? "GROWS FASTER THAN ITS INPUT" : "") }')
  [ "$what" != "something that starts over" ] || {
    [ -n "$verdict" ] && verdict= || verdict="IS NOT SEEN"
  }
  printf '%-42s %10s, eight times the input: %5s times %s\n' "$what" "$small" "$growth" "$verdict"
  [ -z "$verdict" ] || failed=1
done <"$folder/names"
grep -qx "something that starts over" "$folder/names" || {
  echo "make instructions: the cases are not all there" >&2
  failed=1
}
exit "$failed"
