#!/usr/bin/env bash
# Runs the Autobahn suite against the package's hosts: a server on asyncio, a server on plain
# sockets, and a client.
#
#   conformance.sh PYTHON CASES JOBS REPORTS
#
# PYTHON has the package; the suite is in $AUTOBAHN_SUITE. Runs all three even when one fails.
set -euo pipefail

here=$(dirname "${BASH_SOURCE[0]}")
run=$here/../core/conformance/autobahn/run.py
python=$1 cases=$2 jobs=$3 reports=$4

# Group 9 sends messages of 16 MiB, and one in 65,537 fragments.
limits=(--max-message 33554432 --max-fragments 100000)
judge=(--cases "$cases" --jobs "$jobs" --strict-close)
if [ "$cases" = full ]; then
  limits+=(--deflate)
  judge+=(--strict-deflate --timeout 7200)
fi

summary=() failed=0
check() { # NAME ROLE COMMAND ...
  local name=$1 role=$2 status=passed
  shift 2
  rm -rf "${reports:?}/python-$name"
  "$run" "$role" "${judge[@]}" --out "$reports/python-$name" -- "$@" "${limits[@]}" || {
    status=FAILED failed=1
  }
  summary+=("Autobahn $cases, Python, $name: $status")
}

check asyncio-server server "$python" "$here/examples/echo_server.py" --port '{port}'
check threads-server server "$python" "$here/examples/echo_server_threads.py" --port '{port}'
check client client "$python" "$here/examples/echo_client.py" '{url}' '{agent}'

printf '\n'
printf '%s\n' "${summary[@]}"
exit "$failed"
