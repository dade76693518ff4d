#!/usr/bin/env bash
# Which lines of the core the fuzz targets reach, all of them together, with their seeds and with what
# `make fuzz` has kept in fuzz/corpus.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
folder=$1
tools=$(rustc +nightly --print sysroot)/lib/rustlib/$(rustc +nightly -vV | sed -n 's/^host: //p')/bin
[ -x "$tools/llvm-cov" ] || {
  echo "make fuzz-coverage: nightly has no llvm-tools: rustup +nightly component add llvm-tools" >&2
  exit 1
}
# Build scripts are instrumented too: what they count is thrown away.
export LLVM_PROFILE_FILE=$folder/counts/%p-%m.profraw
CARGO_PROFILE_DEV_DEBUG=0 CARGO_INCREMENTAL=0 RUSTFLAGS="-Cinstrument-coverage" CARGO_TARGET_DIR=$folder \
  cargo +nightly build --quiet --manifest-path fuzz/Cargo.toml --bins
rm -rf "$folder/counts"
mkdir -p "$folder/counts"
programs=()
for source in fuzz/fuzz_targets/*.rs; do
  target=$(basename "$source" .rs)
  # A copy: a fuzzer that runs meanwhile takes files away.
  rm -rf "$folder/inputs"
  cp -r "fuzz/seeds/$target" "$folder/inputs"
  [ ! -d "fuzz/corpus/$target" ] || find "fuzz/corpus/$target" -type f -exec cp -t "$folder/inputs" {} + 2>/dev/null || :
  # Given files, a target runs each once.
  find "$folder/inputs" -type f -print0 | xargs -0 -r "$folder/debug/$target" >"$folder/$target.log" 2>&1 || {
    tail -20 "$folder/$target.log" >&2
    echo "make fuzz-coverage: $target fails on what is kept" >&2
    exit 1
  }
  programs+=(--object "$folder/debug/$target")
done
"$tools/llvm-profdata" merge -sparse "$folder"/counts/*.profraw -o "$folder/counts.profdata"
"$tools/llvm-cov" export --format=lcov --instr-profile="$folder/counts.profdata" "${programs[@]}" 2>/dev/null \
  >"$folder/counts.lcov"
.ci/judge-coverage --least 95 "$folder/counts.lcov"
