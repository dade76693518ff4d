#!/usr/bin/env bash
# Prints what the library takes: shared, and in a static program of a few calls. As it is released, each
# has a limit.
#
#   size.sh WORK PROFILE
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

work=$1 profile=$2
prefix=$work/prefix
out=$work/size
mkdir -p "$out"

# WHAT FILE KIB
measure() {
  size=$(($(stat -c %s "$2") / 1024))
  echo "test-c: $1 takes $size KiB of $3"
  [ "$profile" != release ] || [ "$size" -le "$3" ] || { echo "test-c: that is too much" >&2; exit 1; }
}

strip -o "$out/libwspair.so" "$prefix/lib/libwspair.so"
measure "the shared library, stripped," "$out/libwspair.so" 700

awk '/^```c$/ { n++; on = 1; next } /^```$/ { on = 0 } on && n == 1' ../README.md >"$out/hello.c"
"${CC:-cc}" -O2 -s -Wl,--gc-sections -I"$prefix/include" -o "$out/hello" "$out/hello.c" "$prefix/lib/libwspair.a" -lm
measure "the README's program with the static library" "$out/hello" 500
