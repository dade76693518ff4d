#!/usr/bin/env bash
# Compiles each test and runs it: against the static and the shared library, with sanitizers on the
# C side, and under valgrind.
#
#   run.sh WORK LIBS
#
# WORK/prefix is where the library is installed; LIBS is what the static one needs.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

work=$1 libs=$2
prefix=$work/prefix
out=$work/tests
mkdir -p "$out/include"

strict=(-Wall -Wextra -Wpedantic -Werror -g -O1 -pthread -I"$prefix/include" -I. -I"$out/include")
read -ra libs <<<"$libs"
static=("$prefix/lib/libwspair.a" "${libs[@]}")
shared=(-L"$prefix/lib" -lwspair "-Wl,-rpath,$prefix/lib")
# The allocator counts, or fails, where a test asks it to.
wrapped=(-Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=posix_memalign -Wl,--wrap=free)
sanitizers=(-fsanitize=address,undefined -fno-sanitize-recover=all)
valgrind=(valgrind -q --error-exitcode=9 --leak-check=full --show-leak-kinds=all
  --errors-for-leak-kinds=all)

# One test panics on purpose.
export RUST_BACKTRACE=0

has_valgrind=true
command -v valgrind >/dev/null || {
  has_valgrind=false
  echo "test-c: THERE IS NO VALGRIND, NOTHING RUNS UNDER IT" >&2
}

# The numbers of the header: see words.c.
./enums.sh "$prefix/include/wspair.h" >"$out/include/enums.h"

for test in *.c; do
  name=${test%.c}
  link=()
  [ "$name" = allocations ] && link=("${wrapped[@]}")
  [ "$name" = memory ] && link=("${wrapped[@]:0:1}")
  "${CC:-cc}" -std=c99 "${strict[@]}" -o "$out/$name" "$test" "${static[@]}" "${link[@]}"
  "$out/$name"
  if [ "$name" = memory ]; then
    # Nothing is lost, nor used when it is gone. Every allocation would take valgrind too long.
    ! $has_valgrind || MEMORY_STEP=7 "${valgrind[@]}" "$out/$name"
  elif [ "$name" != allocations ]; then
    "${CC:-cc}" -std=c99 "${strict[@]}" -o "$out/$name-shared" "$test" "${shared[@]}"
    "$out/$name-shared"
    "${CC:-cc}" -std=c99 "${strict[@]}" "${sanitizers[@]}" -o "$out/$name-sane" "$test" "${static[@]}"
    "$out/$name-sane"
    ! $has_valgrind || CALLS=50 "${valgrind[@]}" "$out/$name"
  fi
  echo "test-c: $name passed"
done

"${CXX:-c++}" -std=c++11 "${strict[@]}" -o "$out/cpp" cpp.cpp "${static[@]}"
"$out/cpp"
echo "test-c: C++ passed"

# The README's first block is a program, the others are parts of echo_one.c: see serve.c.
awk '/^```c$/ { n++; on = 1; next } /^```$/ { on = 0 } on && n == 1' ../README.md >"$out/readme.c"
python3 - <<'END'
import re
blocks = re.findall(r"^```c\n(.*?)^```", open("../README.md").read(), flags=re.S | re.M)
program = open("../examples/echo_one.c").read()
assert len(blocks) == 3 and all(block in program for block in blocks[1:]), "the README differs from echo_one.c"
END
"${CC:-cc}" -std=c99 "${strict[@]}" -o "$out/readme" "$out/readme.c" "${static[@]}"
[ "$("$out/readme")" = Hello ]
echo "test-c: the README's program passed"

# The examples that talk to nobody; the others have tests with peers.
[ "$("$work/examples/pair" | tail -n 1)" = "application sees the close: 1000 enough" ]
frames=$(printf '\x01\x82\x37\xfa\x21\x3d\x7f\x9f\x80\x83\0\0\0\0llo' | "$work/examples/parser")
[ "$frames" = $'text (to go on), 2 bytes: He\ncontinuation, 3 bytes: llo' ]
for wrong in '\x81\x05Hello' '\x81\x82\x37'; do
  # shellcheck disable=SC2059
  ! printf "$wrong" | "$work/examples/parser" 2>/dev/null || exit 1
done
! grep -nE 'malloc|calloc' ../examples/parser.c || exit 1
echo "test-c: examples passed"

# Beside another library in Rust, in either order, and with nothing shared.
rustc --crate-type staticlib -O -o "$out/libother.a" other.rs
for order in "${static[0]} $out/libother.a" "$out/libother.a ${static[0]}"; do
  for how in "" -static; do
    # The other one's warnings about name lookup in a static program are its own.
    # shellcheck disable=SC2086
    "${CC:-cc}" -std=c99 "${strict[@]}" -DOTHER $how -o "$out/beside" beside.c $order "${libs[@]}" \
      -Wl,--no-warnings 2>"$out/beside.log" || { cat "$out/beside.log" >&2; exit 1; }
    "$out/beside"
  done
done
echo "test-c: two libraries in Rust in one program passed"

global=$(nm -g --defined-only "$prefix/lib/libwspair.a" | awk 'NF == 3 && $3 !~ /^wspair_/ { print $3 }')
[ -z "$global" ] || { echo "test-c: global symbols that are not ours: $global" >&2; exit 1; }
for library in "$prefix"/lib/libwspair.a "$prefix"/lib/libwspair.so; do
  ! strings "$library" | grep -F -e "${CARGO_HOME:-$HOME/.cargo}" -e "$(realpath ../..)" || {
    echo "test-c: $library names folders of the machine it was built on" >&2
    exit 1
  }
done

foreign=$(nm -D --defined-only "$prefix/lib/libwspair.so" | awk '$3 !~ /^wspair_/ { print $3 }')
[ -z "$foreign" ] || { echo "test-c: symbols that are not ours: $foreign" >&2; exit 1; }
# Every function of the header is exported, and nothing else is.
declared=$(grep -oE '\bwspair_[a-z0-9_]+\(' "$prefix/include/wspair.h" | tr -d '(' | sort -u)
exported=$(nm -D --defined-only "$prefix/lib/libwspair.so" | awk '{ print $3 }' | sort -u)
diff <(echo "$declared") <(echo "$exported")
# Every one that takes a length is tried with a null pointer.
lengths=$(sed 's|/\*.*\*/||; /\/\*/,/\*\//d' "$prefix/include/wspair.h" | tr '\n' ' ' |
  grep -oE '\bwspair_[a-z0-9_]+\([^)]*\)' | grep -E 'size_t [a-z_]*(len|cap)\b' | sed 's/(.*//' | sort -u)
for function in $lengths; do
  grep -q "REFUSED($function(" lengths.c || {
    echo "test-c: $function takes a length, and is not in lengths.c" >&2
    exit 1
  }
done
echo "test-c: $(wc -l <<<"$exported") exported functions, all of them declared"

# The header as C89 and as later C takes it.
for standard in c89 c99 c11 c17; do
  echo '#include <wspair.h>' |
    "${CC:-cc}" -std=$standard -pedantic-errors -Wall -Wextra -Werror -I"$prefix/include" -fsyntax-only -x c -
done
echo "test-c: the header passed as C89 to C17"

# What programs are compiled against. On other machines the places differ.
if [ "$(uname -m)" = x86_64 ]; then
  ./abi.py ../include/wspair.h "${CC:-cc}" | diff ../abi.txt - || {
    echo "test-c: the ABI has changed: see tests/abi.py; make header writes abi.txt" >&2
    exit 1
  }
  echo "test-c: the ABI is that of abi.txt"
fi
