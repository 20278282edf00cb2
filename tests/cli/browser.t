#!/usr/bin/env bash
# A report in headless Chromium, on a wide screen and on a phone: sorting, filter, colours, nothing from elsewhere.
. tests/cli/tap.sh
browser=$(python3 -c 'import sys; sys.path.insert(0, "tests/browser"); import cdp; print(cdp.find() or "")')
if [ -z "$browser" ]; then
    skip "a report in a browser" "no Chromium is installed (on Debian: apt-get install chromium-headless-shell)"
    finish
fi
cat > "$W/s.yaml" <<'Y'
suite: browser
bench: {rounds: 1, min_time: 1ms, max_time: 2ms}
cases:
  - op: rms_norm
    entries: [rms_norm_f32, rms_norm_bf16]
    sweep: {rows: [1, 4, 16]}
Y
run 0 run "$W/s.yaml" --db "$W/r.db" --quiet && python3 tests/cli/synthetic.py "$W/r.db" 120 && run 0 report --db "$W/r.db" --out "$W/report"
result "a report to open"
timeout 120 python3 tests/browser/report_page.py "$W/report/index.html" > "$W/tap" 2> "$W/err"
result "the browser ran"
while read -r line; do
    case $line in
    "ok - "*) true; result "${line#ok - }" ;;
    "not ok - "*) false; result "${line#not ok - }" ;;
    *) echo "$line" ;;
    esac
done < "$W/tap"
finish
