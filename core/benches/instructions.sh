#!/bin/sh
# Prints instructions a message, counted by callgrind, for the scenarios that have a goal.
# A count is the difference of two runs, so what starting costs drops out.
set -eu
cd "$(dirname "$0")"
cargo build --release --quiet
binary=${CARGO_TARGET_DIR:-target}/release/wspair-benches
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# ENGINE SCENARIO LEAST: prints messages and instructions.
count() {
    valgrind --tool=callgrind --callgrind-out-file=/dev/null --log-file="$log" \
        "$binary" --instructions "$1" "$2" "$3"
    sed -n 's/.*Collected : //p' "$log"
}

# ENGINE SCENARIO
per_message() {
    { count "$1" "$2" 10000; count "$1" "$2" 40000; } | xargs |
        awk '{ printf "%.0f", ($4 - $2) / ($3 - $1) }'
}

printf '| %-32s | %8s | %6s | %11s |\n' 'instructions a message' wspair goal tungstenite
printf '| -------------------------------- | -------: | -----: | ----------: |\n'
while read -r scenario goal; do
    ours=$(per_message wspair "$scenario")
    theirs=$(per_message tungstenite "$scenario")
    printf '| %-32s | %8s | %6s | %11s |\n' "$scenario" "$ours" "$goal" "$theirs"
done <<END
server-receive-binary-16 125
server-receive-binary-125 180
server-receive-ascii-16 130
server-receive-ascii-125 235
server-receive-multi-byte-125 455
client-receive-binary-125 115
server-send-binary-16 45
server-send-binary-125 70
client-send-binary-125 125
server-echo-binary-125 270
server-handshake -
END
