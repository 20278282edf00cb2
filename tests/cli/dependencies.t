#!/usr/bin/env bash
# Dependencies point one way: types <- backend <- op <- kernels.  Reads the dependency files that the compiler wrote.
. tests/cli/tap.sh
build=${1:-build}

# wrong_arrows DIR ALLOWED-REGEX: prints headers of the project that objects below BUILD/DIR depend on but may not.
wrong_arrows() {
    find "$build/$1" -name '*.d' | while read -r d; do
        src=${d#"$build"/}
        src=${src%.d}
        own=$(dirname "$src")
        sed -e 's/^[^:]*://' -e 's/\\$//' "$d" | tr ' ' '\n' | grep -E '^(harness|backends|kernels|tests)/' | sort -u |
            grep -vE "^$own/" | grep -vE "$2" | sed "s|^|$src -> |"
    done
}

find "$build/backends" "$build/kernels" "$build/harness" -name '*.d' | grep -q .
result "the build left dependency files"
wrong_arrows backends '^harness/mxb_(types|backend)\.h$' > "$W/err"
[ ! -s "$W/err" ]; result "a backend sees types and the backend interface, never an op"
wrong_arrows kernels '^(harness/mxb_(types|backend|op|params)\.h|kernels/common/)' > "$W/err"
[ ! -s "$W/err" ]; result "a kernel folder sees the public headers and kernels/common, never a backend"
wrong_arrows harness '^harness/' > "$W/err"
[ ! -s "$W/err" ]; result "the harness includes neither a backend nor a kernel"
grep -lE '#include "' harness/mxb_types.h > "$W/err"
[ ! -s "$W/err" ]; result "mxb_types.h includes nothing of ours"
# The check itself can fail: a backend that includes mxb_op.h is caught.
mkdir -p "$W/backends/x"
echo "x.o: backends/x/x.c harness/mxb_backend.h harness/mxb_op.h" > "$W/backends/x/x.d"
[ "$(build=$W; wrong_arrows backends '^harness/mxb_(types|backend)\.h$')" = "backends/x/x -> harness/mxb_op.h" ]
result "a wrong arrow is found"
finish
