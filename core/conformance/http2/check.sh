#!/usr/bin/env bash
# Runs the Autobahn suite against the hosts of HTTP/2, over a bridge: what frames are carried in
# changes nothing.
#
#   check.sh PYTHON CASES JOBS REPORTS [HOST ...]
#
# PYTHON is one with h2 and the package wspair; the suite is in $AUTOBAHN_SUITE. Runs all even when
# one fails.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$here/../../..
target=${CARGO_TARGET_DIR:-$root/target}
python=$1 cases=$2 jobs=$3 reports=$4
shift 4
[ $# -gt 0 ] || set -- node rust python c

failed=0
for host in "$@"; do
  case $host in
    node) command=(node "$here/node.mjs") ;;
    rust) command=("$target/debug/examples/h2_server") ;;
    python) command=("$python" "$root/bindings-python/examples/h2_server.py") ;;
    c) command=("$target/c/examples/h2_nghttp2") ;;
    *) echo "no such host: $host" >&2; exit 2 ;;
  esac
  # Group 9 sends messages of 16 MiB, and one in 65,537 fragments.
  command+=(--max-message 33554432 --max-fragments 100000)
  rm -rf "$reports/$host"
  if "$here/../autobahn/run.py" server --cases "$cases" --jobs "$jobs" --strict-close \
    --out "$reports/$host" -- "$python" "$here/bridge.py" --port '{port}' -- "${command[@]}"; then
    echo "Autobahn $cases over HTTP/2, $host: passed"
  else
    echo "Autobahn $cases over HTTP/2, $host: FAILED"
    failed=1
  fi
done
exit $failed
