#!/usr/bin/env bash
# Runs the Autobahn suite against the package: Connection and a Worker as servers, new WebSocket
# as client.
#
#   check.sh CASES JOBS REPORTS
#
# The suite is in $AUTOBAHN_SUITE. Runs all even when the first fails.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
run=$here/../../../core/conformance/autobahn/run.py
cases=$1 jobs=$2 reports=$3

# Group 9 sends messages of 16 MiB, and one in 65,537 fragments.
limits=(--max-message 33554432 --max-fragments 100000)
judge=(--cases "$cases" --jobs "$jobs" --strict-close)
if [ "$cases" = full ]; then
  limits+=(--deflate)
  judge+=(--strict-deflate --timeout 7200)
fi

failed=0
try() {
  local role=$1 host=$2
  shift 2
  rm -rf "$reports/$host"
  if "$run" "$role" "${judge[@]}" --out "$reports/$host" -- node "$here/$host.mjs" "$@" "${limits[@]}"; then
    echo "Autobahn $cases, $host: passed"
  else
    echo "Autobahn $cases, $host: FAILED"
    failed=1
  fi
}

try server echo-connection --port '{port}'
try server echo-worker --port '{port}'
try client echo-client '{url}' '{agent}'
exit $failed
