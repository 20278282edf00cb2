#!/bin/sh
# Runs every fuzz target of BUILD for SECONDS from the committed corpus.  Usage: scripts/fuzz.sh BUILD SECONDS  (make fuzz)
# New inputs are kept under BUILD/corpus, findings under BUILD/findings; a finding makes it fail.
set -u
build=$1 seconds=$2 bad=0
mkdir -p "$build/findings"
for f in "$build"/tests/fuzz_*; do
    [ -x "$f" ] && [ -f "$f" ] || continue
    name=$(basename "$f" | sed 's/^fuzz_//')
    mkdir -p "$build/corpus/$name"
    longest=600 dict=
    [ "$name" = import ] && longest=4096
    [ -f "tests/fuzz/$name.dict" ] && dict=-dict=tests/fuzz/$name.dict
    # shellcheck disable=SC2086
    if "$f" -max_total_time="$seconds" -max_len="$longest" $dict -timeout=20 -rss_limit_mb=4096 -artifact_prefix="$build/findings/$name-" \
        -print_final_stats=1 "$build/corpus/$name" "tests/fuzz/corpus/$name" > "$build/$name.log" 2>&1; then
        printf '%-10s %s executions, no finding\n' "$name" "$(sed -n 's/^stat::number_of_executed_units: *//p' "$build/$name.log")"
    else
        printf '%-10s FINDING, see %s\n' "$name" "$build/$name.log"
        tail -n 5 "$build/$name.log"
        bad=1
    fi
done
exit $bad
