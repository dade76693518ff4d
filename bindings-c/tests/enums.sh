#!/usr/bin/env bash
# The numbers of a header, for words.c. Flags are added up, so that they have no names.
#
#   enums.sh HEADER
set -euo pipefail
sed -n 's/^enum \(wspair_[a-z_]*\).*/\1/p; s/^  \(WSPAIR_[A-Z0-9_]*\) = .*/\1/p' "$1" |
  awk '/^wspair_/ { of = $0; next }
    of == "wspair_result" { print "RESULT(" $0 ")"; next }
    of != "wspair_flag" { print "NAME(" of "_name, " $0 ")" }'
