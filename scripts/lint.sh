#!/bin/sh
# Static analysis: cppcheck, clang-tidy, gcc -fanalyzer.  Usage: scripts/lint.sh BUILD [cppcheck|tidy|analyze...]  (make lint)
# What is accepted stands in scripts/lint/cppcheck.txt, .clang-tidy and beside the code (NOLINT), with the reason.
set -u
build=$1 bad=0
shift
[ $# -gt 0 ] || set -- cppcheck tidy analyze
mkdir -p "$build/lint"
jobs=$(nproc)
sources="harness/*.c backends/*/*.c"

has() {
    command -v "$1" > /dev/null && return 0
    echo "lint: $1 is not installed, skipped: apt-get install $2" >&2
    return 1
}
judge() {    # NAME STATUS LOG
    if [ "$2" -eq 0 ]; then echo "lint: $1: clean"; else
        cat "$3"
        echo "lint: $1: FINDINGS"
        bad=1
    fi
}
lint_cppcheck() {
    has cppcheck cppcheck || return
    cppcheck -q -j "$jobs" --enable=warning,performance,portability --std=c11 --language=c --inline-suppr \
        --suppressions-list=scripts/lint/cppcheck.txt --error-exitcode=1 -I. -I"$build" \
        harness backends kernels > "$build/lint/cppcheck.log" 2>&1
    judge cppcheck $? "$build/lint/cppcheck.log"
}
lint_tidy() {
    has clang-tidy clang-tidy || return
    # Stderr has the counts of warnings in the headers of libraries.  The texts of the flags only have to differ.
    # shellcheck disable=SC2086
    printf '%s\n' $sources | xargs -P "$jobs" -n 4 sh -c 'clang-tidy -quiet "$@" -- -std=c11 -D_GNU_SOURCE -I. -I"$0" \
        -DMXB_CFLAGS="\"a\"" -DMXB_AVX2_FLAGS="\"b\"" -DMXB_AVX512_FLAGS="\"c\"" -DMXB_AVX512_BF16_FLAGS="\"d\"" -DMXB_AMX_FLAGS="\"e\"" 2> /dev/null' \
        "$build" > "$build/lint/tidy.log"
    judge clang-tidy $? "$build/lint/tidy.log"
}
# Optimised as little as finds anything: more makes the analyser take minutes a file.
lint_analyze() {
    has gcc build-essential || return
    # shellcheck disable=SC2086
    objects=$(printf "$build/analyze/%s\n" $sources | sed 's/\.c$/.o/')
    # shellcheck disable=SC2086
    MAKEFLAGS= make --no-print-directory -s -j "$jobs" BUILD="$build/analyze" CC=gcc CFLAGS="-O1 -fanalyzer" $objects \
        > "$build/lint/analyze.log" 2>&1
    status=$?
    [ -s "$build/lint/analyze.log" ] && status=1
    judge "gcc -fanalyzer" "$status" "$build/lint/analyze.log"
}
for step; do "lint_$step"; done
exit $bad
