#!/usr/bin/env bash
# docs/coverage.md tells of every entry point, and is up to date.
. tests/cli/tap.sh

run 0 run suites/smoke.yaml --check-only --db "$W/r.db" --quiet
result "the smoke suite runs"
run 0 list --coverage --db "$W/r.db"
result "list --coverage"
cp "$W/out" "$W/now.md"
run 0 list --coverage --db "$W/r.db" && cmp -s "$W/out" "$W/now.md"
result "the same twice"
[ "$(grep -cE '^\| .*(missing|not run|PASS|SKIP|FAIL)' "$W/now.md")" -ge 202 ] && grep -q 'of the 202 entry points' "$W/now.md"
result "no entry point of the catalogue is left out"
# Whether a case passes or is skipped is the machine's; which entry points there are and which the suite runs is not.
structure() { sed -E -e 's/ (PASS|SKIP) / ran /g' -e 's/(cpu|opencl|vulkan) [0-9]+/\1 N/g' "$1"; }
structure docs/coverage.md > "$W/a" && structure "$W/now.md" > "$W/b" && diff "$W/a" "$W/b" > "$W/err"
result "docs/coverage.md is up to date (make coverage writes it)"
sed 's/^| rms_norm_f32 .*/| rms_norm_f32 |  | f32 | missing | missing | missing |/' docs/coverage.md > "$W/stale.md"
structure "$W/stale.md" > "$W/a" && ! cmp -s "$W/a" "$W/b"
result "a stale line would be seen"
rejects "a missing database" "No such file" list --coverage --db "$W/none.db"
finish
