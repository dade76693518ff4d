#!/usr/bin/env bash
# Builds the library with a sanitizer in itself, and runs the tests against it.
#
#   sane.sh address|thread LIBRARY WORK LIBS
#
# LIBRARY is the instrumented archive. Where the tests before only watch the C side, here a wrong
# access inside the library is seen as well.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

sanitizer=$1 library=$2 work=$3
read -ra libs <<<"$4"
out=$work/sane-$sanitizer
mkdir -p "$out"
compile=("${CLANG:?}" -std=c99 -g -O1 -I../include -I.)
export RUST_BACKTRACE=0

# The compiler's own runtime, as the old clangs of distributions lack functions that it calls.
runtime=$(echo "$(rustc +nightly --print sysroot)"/lib/rustlib/*/lib/librustc-nightly_rt.tsan.a)
case $sanitizer in
  # Not those that replace the allocator, which is the sanitizer's here.
  address)
    names=(calls conn frame handshake_client handshake_server lengths pair promises send)
    link=(-fsanitize=address)
    ;;
  thread)
    names=(threads)
    link=(-Wl,--whole-archive "$runtime" -Wl,--no-whole-archive -Wl,--export-dynamic -lresolv -lstdc++)
    ;;
esac
for name in "${names[@]}"; do
  "${compile[@]}" -fsanitize="$sanitizer" -c -o "$out/$name.o" "$name.c"
  "$CLANG" -o "$out/$name" "$out/$name.o" "$library" "${link[@]}" "${libs[@]}"
  "$out/$name"
  echo "$sanitizer sanitizer: $name passed"
done
