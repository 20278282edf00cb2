#!/usr/bin/env bash
# Runs every test and closes with one line "N passed, N failed, N skipped".  Usage: tests/run.sh BUILD
# Unit tests (cmocka) and command-line tests both speak TAP; their output is kept under BUILD/tests/log.
set -u
build=${1:-build}
log=$build/tests/log
mkdir -p "$log"
export MXB_TEST_SPV_DIR=$build/tests/spv MLXBENCH=$PWD/mlxbench CMOCKA_MESSAGE_OUTPUT=TAP
export MXB_CACHE_DIR=$PWD/$build/tests/cache
unset MLXBENCH_DB
passed=0 failed=0 skipped=0

# name log-file exit-code: adds up the TAP lines; a test program that dies counts as a failure.
count() {
    local ok not skip
    skip=$(grep -cE '^(ok|not ok) .*# SKIP' "$2")
    ok=$(($(grep -c '^ok ' "$2") - $(grep -cE '^ok .*# SKIP' "$2")))
    not=$(($(grep -c '^not ok ' "$2") - $(grep -cE '^not ok .*# SKIP' "$2")))
    if [ "$3" -ne 0 ] && [ "$not" -eq 0 ]; then not=1; fi
    if [ $((ok + not + skip)) -eq 0 ]; then not=1; fi
    passed=$((passed + ok)) failed=$((failed + not)) skipped=$((skipped + skip))
    if [ "$not" -ne 0 ]; then
        printf 'FAILED  %s: %d of %d\n' "$1" "$not" $((ok + not + skip))
        grep -A 12 '^not ok ' "$2" | head -n 60
        tail -n 15 "$2"
    else
        printf 'ok      %s: %d%s\n' "$1" "$ok" "$([ "$skip" -eq 0 ] || echo ", $skip skipped")"
    fi
}

for t in "$build"/tests/test_* "$build"/asan/tests/test_*; do      # plain, and under ASan and UBSan
    [ -x "$t" ] && [ -f "$t" ] && [ "${t%.d}" = "$t" ] || continue
    name=$(basename "$t")
    case $t in */asan/*) name=$name-asan ;; esac
    timeout 300 "$t" > "$log/$name.tap" 2>&1
    count "$name" "$log/$name.tap" $?
done
for t in tests/cli/*.t; do
    name=$(basename "$t")
    timeout 900 "$t" "$build" > "$log/$name.tap" 2>&1
    count "$name" "$log/$name.tap" $?
done
printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
