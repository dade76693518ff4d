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

# Debian's packages, as far as their names and what is in them.
if command -v dh >/dev/null && command -v dpkg-buildpackage >/dev/null; then
  rm -rf "$1/deb"
  make --no-print-directory -C .. deb >"$work/deb.log" 2>&1 || { tail -n 40 "$work/deb.log" >&2; exit 1; }
  for package in "$1"/deb/*.deb; do dpkg-deb -x "$package" "$work/deb"; done
  soname=$(readelf -d "$lib/libwspair.so" | sed -n 's/.*soname: \[libwspair\.so\.\(.*\)\]/\1/p')
  [ -f "$(echo "$1/deb/libwspair${soname}_"*.deb)" ] || {
    echo "test-c: debian/control has no libwspair$soname" >&2
    exit 1
  }
  lib=$(dirname "$work"/deb/usr/lib/*/libwspair.a)
  "${CC:-cc}" -o "$work/packaged" $program -I"$work/deb/usr/include" -L"$lib" -lwspair
  LD_LIBRARY_PATH=$lib "$work/packaged"
  echo "test-c: Debian's packages passed"
else
  echo "test-c: THERE IS NO DEBHELPER, NOTHING WAS PACKED FOR DEBIAN" >&2
fi
