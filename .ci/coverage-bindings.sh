#!/usr/bin/env bash
# Which lines of each binding's Rust the tests of its own language run.
#
#   coverage-bindings.sh FOLDER [c] [node] [python]
#
# What is instrumented stays in FOLDER: the packages that are built for their usual tests are not touched.
# Tests that run nothing more of a binding's own, as those of packing, leaks and browsers, are left out.
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
# Inlining would not hide a line, and optimised code keeps the tests' bounds.
instrumented=(env RUSTUP_TOOLCHAIN=nightly RUSTFLAGS=-Cinstrument-coverage "CARGO_TARGET_DIR=$folder"
  CARGO_PROFILE_FAST_INCREMENTAL=false)
status=0

# Runs a binding's tests: their log is shown when one fails.
run() {
  local log=$folder/$binding.log
  # One file for all processes.
  export LLVM_PROFILE_FILE=$folder/counts-$binding/%4m.profraw
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
      "${instrumented[@]}" cargo build --quiet --profile fast -p wspair-node
      (cd bindings-node && npm run --silent build:shell)
      # The tests reach what lies beside the package as well.
      rm -rf "$folder/tree"
      mkdir -p "$folder/tree"
      ln -s "$PWD"/* "$folder/tree"
      rm "$folder/tree/bindings-node"
      mkdir "$folder/tree/bindings-node"
      cp -r $(find bindings-node -mindepth 1 -maxdepth 1 ! -name node_modules ! -name target) "$folder/tree/bindings-node"
      ln -s "$PWD/bindings-node/node_modules" "$folder/tree/bindings-node"
      target=$(cd bindings-node/scripts && node --input-type=module -e 'import { target } from "./target.mjs"; console.log(target)')
      cp "$folder/fast/libwspair_node.so" "$folder/tree/bindings-node/wspair.$target.node"
      run env -C "$folder/tree/bindings-node" bash -c \
        'node --expose-gc --test $(ls test/*.test.*js | grep -vE "/(package|leaks|browser|fanout|durable-[a-z]+)\.test")'
      objects=(--object "$folder/fast/libwspair_node.so")
      ;;
    python)
      PYO3_PYTHON=$PYTHON_BIN/python "${instrumented[@]}" cargo build --quiet --profile fast -p wspair-python
      rm -rf "$folder/python"
      cp -r bindings-python/python "$folder/python"
      rm -f "$folder"/python/wspair/_native.*.so
      cp "$folder/fast/lib_native.so" "$folder/python/wspair/_native.abi3.so"
      # What is told of one event loop is told of the other.
      run env -C bindings-python PYTHONPATH="$folder/python" "$PYTHON_BIN/python" -m pytest -q --timeout 300 \
        -k "not uvloop" --ignore tests/test_leaks.py
      objects=(--object "$folder/fast/lib_native.so")
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
