#!/usr/bin/env bash
# Which lines of each binding's Rust the tests of its own language run.
#
#   coverage-bindings.sh FOLDER [c] [node] [python]
#
# The instrumented modules are taken away at the end, by building the usual ones.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
folder=$1
shift
[ $# -gt 0 ] || set -- c node python
tools=$(rustc +nightly --print sysroot)/lib/rustlib/$(rustc +nightly -vV | sed -n 's/^host: //p')/bin
[ -x "$tools/llvm-cov" ] || {
  echo "make coverage-bindings: nightly has no llvm-tools: rustup +nightly component add llvm-tools" >&2
  exit 1
}
usual=${CARGO_TARGET_DIR:-$PWD/target}
# Inlining would not hide a line, and optimised code keeps the tests' bounds.
instrumented=(env RUSTUP_TOOLCHAIN=nightly RUSTFLAGS=-Cinstrument-coverage "CARGO_TARGET_DIR=$folder"
  CARGO_PROFILE_FAST_INCREMENTAL=false)
status=0

# Runs a binding's tests: their log is shown when one fails.
run() {
  local log=$folder/$binding.log
  export LLVM_PROFILE_FILE=$folder/counts-$binding/%p-%m.profraw
  "$@" >"$log" 2>&1 || {
    tail -50 "$log"
    echo "make coverage-bindings: a test of $binding failed ($log)" >&2
    status=1
  }
  unset LLVM_PROFILE_FILE
}

for binding; do
  rm -rf "$folder/counts-$binding"
  mkdir -p "$folder/counts-$binding"
  export LLVM_PROFILE_FILE=$folder/counts-$binding/build-%p-%m.profraw
  case $binding in
    c)
      objects=()
      "${instrumented[@]}" cargo build --quiet --profile fast -p wspair-c
      run bindings-c/tests/coverage.sh "$folder/fast/libwspair.a" "$folder/c" "-lutil -lrt -lpthread -lm -ldl"
      for program in "$folder"/c/*; do
        [ ! -x "$program" ] || objects+=(--object "$program")
      done
      ;;
    node)
      (cd bindings-node && "${instrumented[@]}" WSPAIR_PROFILE=fast npm run --silent build)
      run npm --prefix bindings-node test --silent
      objects=(--object "$folder/fast/libwspair_node.so")
      (cd bindings-node && CARGO_TARGET_DIR=$usual WSPAIR_PROFILE=fast npm run --silent build)
      ;;
    python)
      (cd bindings-python && VIRTUAL_ENV=$(dirname "$PYTHON_BIN") PATH="$PYTHON_BIN:$PATH" \
        "${instrumented[@]}" "$PYTHON_BIN/maturin" develop --quiet --profile fast)
      # Its memory is not the usual one's.
      run env -C bindings-python "$PYTHON_BIN/python" -m pytest -q --timeout 300
      objects=(--object "$folder/fast/lib_native.so")
      (cd bindings-python && VIRTUAL_ENV=$(dirname "$PYTHON_BIN") PATH="$PYTHON_BIN:$PATH" \
        CARGO_TARGET_DIR=$usual "$PYTHON_BIN/maturin" develop --quiet --profile fast)
      ;;
    *)
      echo "make coverage-bindings: there is no binding $binding" >&2
      exit 2
      ;;
  esac
  rm -f "$folder/counts-$binding"/build-*
  "$tools/llvm-profdata" merge -sparse "$folder/counts-$binding"/*.profraw -o "$folder/$binding.profdata"
  "$tools/llvm-cov" export --format=lcov --instr-profile="$folder/$binding.profdata" "${objects[@]}" 2>/dev/null \
    >"$folder/$binding.lcov"
  echo "== bindings-$binding"
  .ci/judge-coverage --least 90 --source "bindings-$binding/src" "$folder/$binding.lcov" || status=1
done
exit $status
