#!/usr/bin/env bash
# Uses an installation as other programs do: by pkg-config, by CMake, and after it was moved into
# place by a packager. Then takes it away again.
#
#   installed.sh WORK
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

work=$1/installed
rm -rf "$work"
mkdir -p "$work"

program=cmake/version.c
# A packager's folder for libraries.
lib=$work/usr/lib/any
make --no-print-directory -C .. install PREFIX="$work/usr" LIBDIR="$lib" DESTDIR= >/dev/null
export PKG_CONFIG_PATH=$lib/pkgconfig
if command -v pkg-config >/dev/null; then
  # shellcheck disable=SC2046
  "${CC:-cc}" -o "$work/shared" $program $(pkg-config --cflags --libs wspair)
  LD_LIBRARY_PATH=$lib "$work/shared"
  # Before 1.0 the soname carries the minor version.
  readelf -d "$work/shared" | grep -q 'NEEDED.*libwspair\.so\.\(0\.[0-9]*\|[1-9][0-9]*\)\]'
  # shellcheck disable=SC2046
  "${CC:-cc}" -o "$work/static" $program $(pkg-config --cflags wspair) \
    "$lib/libwspair.a" $(pkg-config --static --libs-only-l wspair | sed 's/-lwspair//')
  "$work/static"
  # shellcheck disable=SC2046
  "${CC:-cc}" -static -o "$work/whole" $program $(pkg-config --static --cflags --libs wspair)
  "$work/whole"
  ! readelf -d "$work/whole" | grep NEEDED || exit 1
  echo "test-c: pkg-config passed"
else
  echo "test-c: THERE IS NO PKG-CONFIG, IT IS NOT TESTED" >&2
fi
if command -v cmake >/dev/null; then
  cmake -S cmake -B "$work/cmake" -Dwspair_DIR="$lib/cmake/wspair" >"$work/cmake.log"
  cmake --build "$work/cmake" >>"$work/cmake.log" || { cat "$work/cmake.log"; exit 1; }
  "$work/cmake/version_shared"
  "$work/cmake/version_static"
  echo "test-c: CMake passed"
else
  echo "test-c: THERE IS NO CMAKE, ITS PACKAGE IS NOT TESTED" >&2
fi

make --no-print-directory -C .. install PREFIX=/usr DESTDIR="$work/stage" >/dev/null
grep -qx 'prefix=/usr' "$work/stage/usr/lib/pkgconfig/wspair.pc"
grep -qx 'libdir=${prefix}/lib' "$work/stage/usr/lib/pkgconfig/wspair.pc"
make --no-print-directory -C .. uninstall PREFIX=/usr DESTDIR="$work/stage" >/dev/null
left=$(find "$work/stage" ! -type d)
[ -z "$left" ] || { echo "test-c: uninstall left $left" >&2; exit 1; }
echo "test-c: install and uninstall passed"
