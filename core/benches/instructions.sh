#!/usr/bin/env bash
# Counts wspair's instructions a message (callgrind) and compares them with instructions.txt.
#
#   instructions.sh             fails where a count is over 3 % above the figure that is checked in
#   instructions.sh write       writes the figures anew, and the table of them in docs/performance.md
#   instructions.sh beside      prints them beside tungstenite's, which is built too
#
# A count is the difference of two runs, so what starting costs drops out. Counts do not depend on what
# else the machine does, but on the compiler and on the kernels that the processor gets: where these are
# not those of the figures, nothing is compared, loudly.
set -euo pipefail
cd "$(dirname "$0")"
mode=${1:-check}
skip() {
  echo "make instructions: SKIPPED, $1: NOTHING WAS COMPARED" >&2
  exit 0
}
command -v valgrind >/dev/null || skip "there is no valgrind"
level=$(grep -qm1 -w avx2 /proc/cpuinfo && echo avx2 || echo sse2)
libc=$(getconf GNU_LIBC_VERSION 2>/dev/null || echo "another libc")
made_with="$(rustc --version | cut -d' ' -f1,2), $libc, $level"
figures_of=$(sed -n 's/^# made with //p' instructions.txt)
[ "$mode" != check ] || [ "$made_with" = "$figures_of" ] ||
  skip "the figures are those of $figures_of, this is $made_with"

# Else a long copy is one instruction a byte to valgrind, which no processor is.
export GLIBC_TUNABLES=glibc.cpu.x86_rep_movsb_threshold=1000000000

features=--no-default-features
[ "$mode" != beside ] || features=
# shellcheck disable=SC2086
cargo build --release --quiet ${CI:+--locked} $features
binary=${CARGO_TARGET_DIR:-target}/release/wspair-benches
log=$(mktemp)
trap 'rm -f "$log" "$log.new"' EXIT

# ENGINE SCENARIO LEAST: prints messages and instructions.
count() {
  valgrind --tool=callgrind --callgrind-out-file=/dev/null --log-file="$log" \
    "$binary" --instructions "$1" "$2" "$3"
  sed -n 's/.*Collected : //p' "$log"
}

# ENGINE SCENARIO
per_message() {
  { count "$1" "$2" 5000 && count "$1" "$2" 20000; } | xargs |
    awk '{ printf "%.0f", ($4 - $2) / ($3 - $1) }'
}

failed=0
{
  printf '# made with %s\n' "$made_with"
  echo '# The harness is in it: a read copies, by vectors of the C library.'
} >"$log.new"
while read -r scenario figure; do
  now=$(per_message wspair "$scenario")
  printf '%-34s %6s\n' "$scenario" "$now" >>"$log.new"
  case $mode in
  beside) printf '%-34s %6s  tungstenite %6s\n' "$scenario" "$now" "$(per_message tungstenite "$scenario")" ;;
  check)
    verdict=$(awk -v now="$now" -v was="$figure" \
      'BEGIN { print (now > was * 1.03 ? "TOO MANY" : now < was * 0.97 ? "fewer: write the figures anew" : "") }')
    printf '%-34s %6s of %6s %s\n' "$scenario" "$now" "$figure" "$verdict"
    [ "$verdict" != "TOO MANY" ] || failed=1
    ;;
  esac
done < <(grep -v '^#' instructions.txt)
if [ "$mode" = write ]; then
  cp "$log.new" instructions.txt
  page=../../docs/performance.md
  sed '/^#/d' instructions.txt | awk '{
    for (figure = $2; length(figure) > 3; figure = substr(figure, 1, length(figure) - 3))
      $3 = "," substr(figure, length(figure) - 2) $3
    print "| " $1 " | " figure $3 " |"
  }' >"$log.new"
  sed -i -e '/^<!-- instructions -->$/,/^<!-- end -->$/{' -e '/^| server-\|^| client-/d' -e "/^|--/r $log.new" -e '}' "$page"
fi
exit "$failed"
