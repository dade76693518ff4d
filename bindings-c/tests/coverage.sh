#!/usr/bin/env bash
# Runs the tests against a library that counts which of its lines run, in the files that LLVM_PROFILE_FILE names.
#
#   coverage.sh LIBRARY WORK LIBS
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

library=$1 work=$2 counts=$LLVM_PROFILE_FILE
read -ra libs <<<"$3"
# What writes the counts, which nothing in the library names.
runtime=$(echo "$(rustc +nightly --print sysroot)"/lib/rustlib/*/lib/libprofiler_builtins-*.rlib)
libs+=(-Wl,-u,__llvm_profile_runtime "$runtime")
mkdir -p "$work"
./enums.sh ../include/wspair.h >"$work/enums.h"
# Of the allocations, every seventh fails.
export RUST_BACKTRACE=0 MEMORY_STEP=7
for test in *.c; do
  name=${test%.c}
  wrap=()
  case $name in
    # What counts lines allocates as well.
    allocations | beside) continue ;;
    # It is an example of the README, and no more than that.
    serve) continue ;;
    memory) wrap=(-Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=posix_memalign) ;;
  esac
  "${CC:-cc}" -std=c99 -g -O1 -pthread -I../include -I. -I"$work" -o "$work/$name" "$test" "$library" "${libs[@]}" \
    "${wrap[@]}"
  # Counts of its own: to what writes them, programs that hold other parts of the library may look alike.
  LLVM_PROFILE_FILE=${counts/\%4m/$name-%4m} "$work/$name"
  echo "coverage: $name passed"
done
