#!/bin/sh
# Runs unit tests and a whole run of the CPU kernels, all built with ThreadSanitizer.  Usage: scripts/tsan.sh BUILD TEST...
# (make tsan).  The first race, deadlock or wrong result makes it fail.
set -u
build=$1
shift
export TSAN_OPTIONS=halt_on_error=1 MXB_INPROCESS=1
for t; do
    "$build/tests/test_$t" > "$build/$t.log" 2>&1 || { tail -n 40 "$build/$t.log"; echo "tsan: test_$t: FAILED"; exit 1; }
    echo "tsan: test_$t: clean"
done
"$build/lister" run suites/smoke.yaml --backend cpu --check-only --no-db --threads 4 --quiet > "$build/run.log" 2>&1 ||
    { tail -n 40 "$build/run.log"; echo "tsan: run: FAILED"; exit 1; }
echo "tsan: all CPU kernels of suites/smoke.yaml: clean"
