#!/usr/bin/env bash
# A driver that crashes, ends the process or hangs while devices are listed makes its backend unavailable, with the reason,
# and nothing else: the other backends run.
. tests/cli/tap.sh
one='{op: rms_norm, entries: [rms_norm_f32], check: {fills: [normal]}, bench: false}'
cc -shared -fPIC -o "$W/driver.so" tests/bad/driver.c
result "the fake driver compiles"
mkdir "$W/vendors"
echo "$W/driver.so" > "$W/vendors/fake.icd"
cat > "$W/fake.json" <<J
{"file_format_version": "1.0.0", "ICD": {"library_path": "$W/driver.so", "api_version": "1.3.0"}}
J

# with BACKEND COMMAND...: the command with the fake driver in place of the backend's real ones
with() {
    local backend=$1
    shift
    case $backend in
        opencl) OCL_ICD_VENDORS=$W/vendors "$@" ;;
        vulkan) VK_DRIVER_FILES=$W/fake.json VK_ICD_FILENAMES=$W/fake.json "$@" ;;
    esac
}

for b in opencl vulkan; do
    while read -r how text; do
        FAKE_DRIVER=$how with $b run 0 run "$one" --no-db --format json --timeout 20 && python3 - "$W/out" $b "$text" <<'P'
import json, re, sys
rows = {r.get("backend"): r for r in map(json.loads, open(sys.argv[1]))}
for b in ("cpu", "opencl", "vulkan"):
    want = "SKIP" if b == sys.argv[2] else "PASS"
    assert rows[b]["status"] == want, rows[b]
assert re.fullmatch(sys.argv[3], rows[sys.argv[2]]["reason"]), rows[sys.argv[2]]["reason"]
P
        result "$b: a driver that does '$how' while listing devices is a SKIP with the reason"
    done <<'T'
crash its driver crashed: SIGSEGV while listing devices
abort its driver crashed: SIGABRT while listing devices
exit its driver crashed: the worker ended with exit code 0 while listing devices
T
    FAKE_DRIVER=hang with $b rejects "$b: a driver that hangs is an error when its backend was named" \
        "^mlxbench: --backend $b: unavailable: its driver hung: no answer within 3 s while listing devices$" \
        run "$one" --db "$W/none.db" --timeout 3 --backend $b
    FAKE_DRIVER=hang with $b run 0 devices --timeout 3 && grep -qE "^$b +unavailable: its driver hung: no answer within 3 s" "$W/out" && grep -q '^cpu:0' "$W/out"
    result "$b: devices tells of a driver that hangs"
    ! running "$W/none.db" > "$W/out"
    result "$b: no process is left"
done
finish
