#!/bin/sh
# Runs every fuzz target of BUILD from the committed corpus, as many at a time as there are processors: each for so many
# seconds, or so many executions.  Usage: scripts/fuzz.sh BUILD SECONDS [RUNS]  (make fuzz)
# Inputs that reach further than those written by hand are packed: NAME.tar.gz.  New ones are kept under BUILD/corpus,
# findings under BUILD/findings; a finding makes it fail.
set -u
export build="$1" limit="-max_total_time=$2"
[ -z "${3:-}" ] || limit="-runs=$3"
# Less than usual is remembered of freed memory and of where it came from: half the time goes into that.
export ASAN_OPTIONS=quarantine_size_mb=8:malloc_context_size=4:max_malloc_fill_size=256
mkdir -p "$build/findings"

# one NAME: prints one line, and what went wrong
# shellcheck disable=SC2016
one='
    name=$1 longest=600 dict=
    log=$build/$name.log
    mkdir -p "$build/corpus/$name"
    tar -xzf "tests/fuzz/corpus/$name.tar.gz" -C "$build/corpus/$name"
    [ "$name" = import ] && longest=4096
    [ -f "tests/fuzz/$name.dict" ] && dict=-dict=tests/fuzz/$name.dict
    # -runs counts from the first input of the corpus on.
    if "$build/tests/fuzz_$name" $limit -max_len=$longest $dict -timeout=60 -rss_limit_mb=4096 -print_final_stats=1 \
        -artifact_prefix="$build/findings/$name-" "$build/corpus/$name" "tests/fuzz/corpus/$name" > "$log" 2>&1; then
        printf "%-10s %10s executions, no finding\n" "$name" "$(sed -n "s/^stat::number_of_executed_units: *//p" "$log")"
    else
        printf "%-10s FINDING, see %s\n" "$name" "$log"
        tail -n 5 "$log"
        exit 1
    fi'
find tests/fuzz/corpus -mindepth 1 -maxdepth 1 -type d -printf "%f\n" | sort | xargs -P "$(nproc)" -n 1 sh -c "$one" sh
