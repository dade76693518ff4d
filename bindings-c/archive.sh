#!/usr/bin/env bash
# Makes one object of the static library, in which only the functions of the header are global.
#
#   archive.sh LIBRARY FOLDER
#
# As it comes from the compiler the library defines Rust's own functions too: it could not be linked
# beside another one in Rust.
set -euo pipefail

library=$1 folder=$2
mkdir -p "$folder"
object=$folder/wspair.o

roots=$(nm -g --defined-only "$library" 2>/dev/null | awk '$3 ~ /^wspair_/ { print "-u", $3 }' | sort -u)
# Rust's musl brings an unwinder of its own, as a C compiler's may be made for another libc.
unwinder=$(rustc --print target-libdir ${CARGO_BUILD_TARGET:+--target "$CARGO_BUILD_TARGET"})/self-contained/libunwind.a
[ -f "$unwinder" ] || unwinder=
# The linker that the C compiler would use, unless it is named.
linker=${LD:-$("${CC:-cc}" -print-prog-name=ld)}
# shellcheck disable=SC2086
"$linker" -r -o "$object" --gc-sections --force-group-allocation $roots "$library" $unwinder
"${OBJCOPY:-objcopy}" --wildcard --keep-global-symbol='wspair_*' --strip-unneeded \
  --remove-section=.llvmbc --remove-section=.llvmcmd "$object"
rm -f "$folder/libwspair.a"
"${AR:-ar}" crs "$folder/libwspair.a" "$object"
