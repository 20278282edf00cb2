#!/usr/bin/env bash
# Kernels that are wrong in every way (tests/bad): each is found out with the right status and text, costs its own case and
# no other, and nothing of it is left behind.
. tests/cli/tap.sh
export TMPDIR=$W/tmp
mkdir -p "$W/k/norm/rms_norm" "$TMPDIR"
cp tests/bad/rms_norm_cpu_body.h tests/bad/rms_norm.cl tests/bad/rms_norm.comp "$W/k/norm/rms_norm/"

# suite BACKEND NAME DIM...: one case per dim, a good one after each
suite() {
    local backend=$1 name=$2 dims=
    shift 2
    for d in "$@"; do dims="$dims${dims:+, }$d, $((d - 900))"; done
    cat > "$W/$name.yaml" <<Y
suite: $name
backends: [$backend]
check: {fills: [normal]}
bench: {rounds: 2, min_time: 1ms, max_time: 5ms}
cases:
  - {op: rms_norm, entries: [rms_norm_f32], impl: auto, params: {rows: 5}, sweep: {dim: [$dims]}}
Y
}

# go NAME [OPTION...]: runs the suite, which must end with exit code 2
go() {
    local name=$1
    shift
    "$MLXBENCH" run "$W/$name.yaml" --no-db --format json --kernel-dir "$W/k" "$@" > "$W/$name.json" 2> "$W/err" < /dev/null
    echo $? > "$W/$name.rc"
}

# verdicts NAME: reads "dim STATUS text-pattern", one a line; every other case passed, and there are twice as many as lines
verdicts() {
    cat > "$W/want"
    python3 - "$W/$1.json" "$W/want" "$(cat "$W/$1.rc")" > "$W/out" <<'P'
import json, re, sys
rows = [json.loads(l) for l in open(sys.argv[1])]
summary, rows = rows[-1]["summary"], {r["params"]["dim"]: r for r in rows[:-1]}
want = [l.split(None, 2) for l in open(sys.argv[2])]
bad = 0
for dim, status, *pattern in want:
    r, pattern = rows.get(int(dim), {"status": "missing", "reason": None}), pattern[0].strip() if pattern else ""
    ok = r["status"] == status and bool(re.search(pattern, r["reason"] or ""))
    bad += not ok
    print("%s %s %s: %s %s" % ("ok" if ok else "BAD", dim, r["status"], r["reason"], "" if ok else "(wanted %s %s)" % (status, pattern)))
    good = rows.get(int(dim) - 900)
    if not good or good["status"] != "PASS":
        bad += 1
        print("BAD the good case after %s: %s" % (dim, good and (good["status"], good["reason"])))
failed = sum(w[1] != "PASS" for w in want)
print("summary", summary)
sys.exit(bad or len(rows) != 2 * len(want) or summary["PASS"] != 2 * len(want) - failed or int(sys.argv[3]) != 2)
P
}

# Those that hang go beside the rest: they only wait.  Lavapipe cannot hang: it ends every loop after 65535 rounds.
for b in cpu opencl; do
    suite $b hang_$b 1043
    go hang_$b --backend $b --check-only --timeout 10 --threads 1 &
done
suite cpu deaf 1039 1044
go deaf --backend cpu --check-only --timeout 10 --threads 2 &

suite cpu cpu 1001 1002 1003 1004 1005 1006 1007 1008 1011 1012 1013 1014 1015 1016 1021 1022 1023 1024 1025 1031 1032 1033 1034 1035 1036 1037 1038 1040
go cpu --backend cpu --check-only --threads 2
verdicts cpu <<'V'
1001 CRASHED ^SIGSEGV while running$
1002 CRASHED ^SIGABRT while running$
1003 CRASHED ^SIG(ILL|TRAP) while running$
1004 CRASHED ^SIGFPE while running$
1005 CRASHED ^SIGBUS while running$
1006 CRASHED ^the worker ended with exit code 0 while running$
1007 CRASHED ^the worker ended with exit code 3 while running$
1008 CRASHED ^SIGSEGV while running$
1011 CRASHED ^SIGSEGV while running$
1012 CRASHED ^SIGSEGV while running$
1013 FAIL ^wrote outside of y: byte 0 past the end
1014 FAIL ^wrote outside of y: byte 4 before it
1015 FAIL ^changed its input x at byte
1016 CRASHED ^SIGSEGV while running$
1021 FAIL y\[4,.*got -?nan, .* wrong
1022 FAIL y\[.*got -?nan, 1 of .* wrong
1023 FAIL y\[.*got 0.5
1024 FAIL y\[.*got 0
1025 FAIL y\[.*got -?nan
1031 FAIL ^left 1 thread running
1032 FAIL ^left a process running
1033 FAIL ^left a process running
1034 CRASHED ended with exit code 0|closed its channel
1035 CRASHED garbage
1036 FAIL ^left a process running
1037 FAIL ^left a timer running
1038 PASS
1040 CRASHED ^SIG
V
result "cpu: every wrong kernel is found out, blamed itself, and alone"

suite opencl opencl 1011 1013 1014 1015 1021 1022 1023 1024 1025
go opencl --backend opencl --check-only
verdicts opencl <<'V'
1011 CRASHED ^SIGSEGV
1013 FAIL ^wrote outside of y: byte 0 past the end
1014 FAIL ^wrote outside of y: byte 4 before it
1015 FAIL ^changed its input x at byte
1021 FAIL y\[4,.*got -?nan, .* wrong
1022 FAIL y\[.*got -?nan, 1 of .* wrong
1023 FAIL y\[.*got 0.5
1024 FAIL y\[.*got 0
1025 FAIL y\[.*got -?nan
V
result "opencl: every wrong kernel is found out"

# Lavapipe drops what is written outside of a binding.
suite vulkan vulkan 1015 1021 1022 1023 1024 1025
go vulkan --backend vulkan --check-only
verdicts vulkan <<'V'
1015 FAIL ^changed its input x at byte
1021 FAIL y\[4,.*got -?nan, .* wrong
1022 FAIL y\[.*got -?nan, 1 of .* wrong
1023 FAIL y\[.*got 0.5
1024 FAIL y\[.*got 0
1025 FAIL y\[.*got -?nan
V
result "vulkan: every wrong kernel is found out"

suite cpu timed 1051 1052
go timed --backend cpu --threads 1
verdicts timed <<'V'
1051 FAIL normal fill: y\[4,1050\].*, 1 of .* wrong
1052 FAIL normal fill: y\[.*got -?nan
V
result "right at first and wrong when timed, or only written at first"

suite cpu bits 1053
go bits --backend cpu --check-only --repeat 3 --threads 1
verdicts bits <<'V'
1053 FAIL normal fill, repetition 2 of 3: y\[4,1052\]: .*, 1 of 5265 differ in bits
V
result "--repeat finds one bit that differs from run to run"
run 0 run '{op: rms_norm, entries: [rms_norm_f32], params: {rows: 5, dim: 1053}, check: {fills: [normal]}}' --no-db --check-only \
    --backend cpu --kernel-dir "$W/k" --threads 1
result "without --repeat the same kernel passes"

# The crash before it makes way for a worker that was forked while the database was open.
suite cpu confined 1002 1041
"$MLXBENCH" run "$W/confined.yaml" --db "$W/r.db" --format json --kernel-dir "$W/k" --backend cpu --check-only --threads 1 > "$W/out" 2> "$W/err"
grep -q '"PASS":3,.*"CRASHED":1' "$W/out"
result "a worker has no files, no database, no core, no new privileges, and limited memory"

suite cpu memory 1042
(ulimit -d 1500000 && go memory --backend cpu --check-only --threads 1)
verdicts memory <<'V'
1042 CRASHED SIGABRT while running|SIGKILL
V
result "a kernel that eats all memory is stopped"

wait
for b in cpu opencl; do
    verdicts hang_$b <<'V'
1043 TIMEOUT ^no answer within 10 s while running$
V
    result "$b: a kernel that hangs is TIMEOUT, the next case runs"
done
verdicts deaf <<'V'
1039 TIMEOUT ^no answer within 10 s while running$
1044 TIMEOUT ^no answer within 10 s while running$
V
result "a kernel that stops itself, and one that hangs, deaf to signals and with a child"

# Nothing is left: a process whose command line names our folder, a temporary file.
! running "$W/" > "$W/out" && ! running "in the background" > "$W/out"; result "no process is left"
ls -A "$TMPDIR" > "$W/out"
[ ! -s "$W/out" ]; result "no temporary file is left"
finish
