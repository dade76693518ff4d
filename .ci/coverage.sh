#!/usr/bin/env bash
# Runs the core's tests instrumented, in a folder of their own, and judges what they ran.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
folder=$1
tools=$(rustc +nightly --print sysroot)/lib/rustlib/$(rustc +nightly -vV | sed -n 's/^host: //p')/bin
[ -x "$tools/llvm-cov" ] || {
  echo "make coverage: nightly has no llvm-tools: rustup +nightly component add llvm-tools" >&2
  exit 1
}
rm -rf "$folder/counts"
mkdir -p "$folder/counts"
export RUSTFLAGS="-Cinstrument-coverage" CARGO_TARGET_DIR=$folder LLVM_PROFILE_FILE=$folder/counts/%p-%m.profraw
# Which line a counter is of does not come from there, and the programs are half as large without.
export CARGO_PROFILE_DEV_DEBUG=0 CARGO_PROFILE_TEST_DEBUG=0 CARGO_INCREMENTAL=0
programs=$(cargo +nightly test -p wspair --all-features --no-run --message-format=json 2>/dev/null |
  sed -n 's/.*"executable":"\([^"]*\)".*/--object \1/p')
cargo +nightly test -p wspair --all-features --quiet >"$folder/tests.log" 2>&1 || {
  cat "$folder/tests.log"
  exit 1
}
"$tools/llvm-profdata" merge -sparse "$folder"/counts/*.profraw -o "$folder/counts.profdata"
# shellcheck disable=SC2086
"$tools/llvm-cov" export --format=lcov --instr-profile="$folder/counts.profdata" $programs 2>/dev/null \
  >"$folder/counts.lcov"
# The kernels for processors without AVX2, which have the same names.
rm -rf "$folder/counts-narrow"
narrowed() {
  RUSTFLAGS="$RUSTFLAGS --cfg wspair_portable" LLVM_PROFILE_FILE=$folder/counts-narrow/%p-%m.profraw \
    cargo +nightly test -p wspair --all-features --test text --test text_kernels --target-dir "$folder/narrow" "$@"
}
narrowed >"$folder/narrow.log" 2>&1 || {
  cat "$folder/narrow.log"
  exit 1
}
narrow=$(narrowed --no-run --message-format=json 2>/dev/null | sed -n 's/.*"executable":"\([^"]*\)".*/--object \1/p')
"$tools/llvm-profdata" merge -sparse "$folder"/counts-narrow/*.profraw -o "$folder/narrow.profdata"
# shellcheck disable=SC2086
"$tools/llvm-cov" export --format=lcov --instr-profile="$folder/narrow.profdata" $narrow 2>/dev/null >"$folder/narrow.lcov"
.ci/judge-coverage "$folder/counts.lcov" "$folder/narrow.lcov"
