#!/usr/bin/env bash
# Echo over loopback, the epoll server beside one over wslay: medians of five runs that alternate.
#
#   echo.sh WORK
set -euo pipefail

work=$1
median() { sort -n | sed -n 3p; }

printf '%-22s %10s %10s %7s\n' "server CPU a message" "wspair us" "wslay us" ratio
for case in "32 32 200000" "1 32 30000" "32 1024 100000"; do
  read -r flight size count <<<"$case"
  ours= theirs=
  for _ in 1 2 3 4 5; do
    ours+=$("$work/bench-echo" "$work/examples/echo_epoll" "$flight" "$size" "$count" | cut -d' ' -f1)$'\n'
    theirs+=$("$work/bench-echo" "$work/echo_wslay" "$flight" "$size" "$count" | cut -d' ' -f1)$'\n'
  done
  us=$(printf %s "$ours" | median) them=$(printf %s "$theirs" | median)
  printf '%-22s %10s %10s %7s\n' "$flight in flight, $size B" "$us" "$them" \
    "$(awk "BEGIN { printf \"%.3f\", $us / $them }")"
done
