#!/bin/sh
# Static analysis: cppcheck, clang-tidy, gcc -fanalyzer.  Usage: scripts/lint.sh BUILD [cppcheck|tidy|analyze...]  (make lint)
# What is accepted stands in scripts/lint/cppcheck.txt, scripts/lint/analyze.txt, .clang-tidy and beside the code (NOLINT), with
# the reason.
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
# each TOOL LOG: runs sh -c TOOL file on every source, several at a time
# The texts of the flags only have to differ.
each() {
    flags="-std=c11 -D_GNU_SOURCE -fPIC -I. -I$build"
    for name in CFLAGS AVX2_FLAGS AVX512_FLAGS AVX512_BF16_FLAGS AVX512_FP16_FLAGS AMX_FLAGS; do flags="$flags -DMXB_$name=\"$name\""; done
    export build flags
    # shellcheck disable=SC2086
    printf '%s\n' $sources | xargs -P "$jobs" -n 1 sh -c "$1" sh > "$2" 2>&1
}
lint_tidy() {
    has clang-tidy clang-tidy || return
    # Stderr has the counts of warnings in the headers of libraries.
    # shellcheck disable=SC2016
    each 'clang-tidy -quiet "$1" -- $flags 2> /dev/null' "$build/lint/tidy.log"
    judge clang-tidy $? "$build/lint/tidy.log"
}
lint_analyze() {
    has gcc build-essential || return
    # shellcheck disable=SC2016
    each 'gcc $flags -O1 -fanalyzer $(sed -n "s|:$1\$||p" scripts/lint/analyze.txt) -S -o /dev/null "$1"' "$build/lint/analyze.log"
    status=$?
    [ -s "$build/lint/analyze.log" ] && status=1
    judge "gcc -fanalyzer" "$status" "$build/lint/analyze.log"
}
for step; do "lint_$step"; done
exit $bad
