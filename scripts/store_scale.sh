#!/usr/bin/env bash
# Is the database small and fast enough?  Makes one with 50,000 results and 10 million samples in a folder that is removed
# again, and prints size, reading times and the rate of results that are each synced to disk.
# Usage: scripts/store_scale.sh [BUILD]      goals: 60 MB, 0.5 s each, 100 results/s
set -eu
build=${1:-build}
make -s "BUILD=$build" "$build/tests/bench/store_scale" mlxbench
work=$(mktemp -d "${TMPDIR:-/tmp}/mlxbench-scale-XXXXXX")
trap 'rm -rf "$work"' EXIT
"$build/tests/bench/store_scale" "$work/large.db" 100 500 0
printf 'size      %.1f MB\n' "$(stat -c %s "$work/large.db" | awk '{print $1 / 1e6}')"
time_of() {
    local from to
    from=$(date +%s.%N)
    "$@" > /dev/null
    to=$(date +%s.%N)
    echo "$from $to" | awk '{printf "%.3f s", $2 - $1}'
}
printf 'command   mlxbench history: %s\n' "$(time_of ./mlxbench history 'seq_len_q=77 ' --db "$work/large.db")"
printf 'command   mlxbench compare last~1 last, 500 cases: %s\n' "$(time_of ./mlxbench compare last~1 last --db "$work/large.db")"
"$build/tests/bench/store_scale" "$work/synced.db" 1 1000 1
