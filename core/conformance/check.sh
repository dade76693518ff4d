#!/usr/bin/env bash
# Runs the Autobahn suite against the echo server and the echo client.
#
#   check.sh EXAMPLES CASES JOBS REPORTS
#
# EXAMPLES is the folder of the built examples; the suite is in $AUTOBAHN_SUITE. Runs both roles
# even when the first fails.
set -euo pipefail

run=$(dirname "${BASH_SOURCE[0]}")/autobahn/run.py
examples=$1 cases=$2 jobs=$3 reports=$4

# Group 9 sends messages of 16 MiB, and one in 65,537 fragments.
limits=(--max-message 33554432 --max-fragments 100000)
judge=(--cases "$cases" --jobs "$jobs" --strict-close)
if [ "$cases" = full ]; then
  limits+=(--deflate)
  judge+=(--strict-deflate --timeout 7200)
fi

status() { [ "$1" = 0 ] && echo passed || echo "FAILED (status $1)"; }

rm -rf "$reports/server" "$reports/client"
server=0 client=0
"$run" server "${judge[@]}" --out "$reports/server" -- \
  "$examples/echo_server" --port '{port}' "${limits[@]}" || server=$?
"$run" client "${judge[@]}" --out "$reports/client" -- \
  "$examples/echo_client" '{url}' '{agent}' "${limits[@]}" || client=$?

echo
echo "Autobahn $cases, server: $(status $server)"
echo "Autobahn $cases, client: $(status $client)"
[ "$server$client" = 00 ]
