#!/usr/bin/env bash
# The gate against a base program: every verdict, exit code and format, with programs whose times are prepared.
. tests/cli/tap.sh
unset GITHUB_ACTIONS

# program NAME PLAN: a stand-in for mlxbench; see gate_program.awk.  The plan's lines are split at ';'.
program() {
    printf '#!/bin/sh\n# %s\nexec flock "$0" awk -f tests/cli/gate_program.awk -- "$0" "$@"\n' "$1" > "$W/$1"
    chmod +x "$W/$1"
    printf '%s\n' "$2" | tr ';' '\n' > "$W/$1.plan"
    rm -f "$W/$1.count" "$W/$1.log"
}
cat > "$W/s.yaml" <<'Y'
suite: s
backends: [cpu]
cases:
  - op: rms_norm
    entries: [rms_norm_f32, rms_norm_f16]
Y
gate() {
    local want=$1
    shift
    rm -f "$W/base.count" "$W/cand.count"
    run "$want" gate "$W/s.yaml" --base "$W/base" --candidate "$W/cand" --no-db $control "$@"
}
control=--no-control                 # the planted slowdown costs as much as a case
# says CODE BASE-PLAN CANDIDATE-PLAN OPTION...: the gate's exit code for these programs
says() {
    local want=$1
    program base "$2"
    program cand "$3"
    shift 3
    gate "$want" "$@"
}
same='rms_norm_f32;rms_norm_f16'
slow='rms_norm_f32;rms_norm_f16 ns=1050'

control=
says 0 "$same" "$same" --format json
result "equal programs are green"
python3 - "$W/out" <<'P'
import json, sys
rows = [json.loads(l) for l in open(sys.argv[1])]
s = rows.pop()["summary"]
assert [r["verdict"] for r in rows] == ["unchanged"] * 2, rows
assert s["unchanged"] == 2 and s["exit_code"] == 0 and s["controls"] == [{"device_label": "cpu:0", "found": True}], s
for r in rows:
    assert r["n"] == 10 and 0.97 < r["ci_lo"] <= r["ratio"] <= r["ci_hi"] < 1.03 and r["method"] == "ab", r
P
result "two cases proved unchanged in 10 pairs, the planted slowdown found"
[ "$(grep -c 'steps: 16800' "$W/cand.log")" -eq 10 ] && [ "$(grep -c 'steps: 16000' "$W/cand.log")" -eq 10 ] && ! grep -q spin "$W/base.log"
result "the control runs the candidate on itself"
[ "$(grep -c bench-only "$W/base.log")" -eq 10 ] && [ "$(grep -c check-only "$W/base.log")" -eq 1 ]
result "one process checks both cases, one process of each program makes a pair of each"
control=--no-control

says 1 "$same" "$slow" --format json
result "+5 % is a regression: exit code 1"
python3 - "$W/out" <<'P'
import json, sys
rows = [json.loads(l) for l in open(sys.argv[1])][:-1]
assert [(r["case"].split()[0], r["verdict"]) for r in rows] == [("rms_norm_f32", "unchanged"), ("rms_norm_f16", "regressed")], rows
assert abs(rows[1]["ratio"] - 1.05) < 0.003 and abs(rows[1]["cand_ns"] - 1050) < 5 and abs(rows[1]["base_ns"] - 1000) < 5
P
result "it names that case and no other, with its size"
sed 's/^  - op: rms_norm$/  - op: rms_norm\n    bench: {min_effect: 8%}/' "$W/s.yaml" > "$W/s8.yaml"
rm -f "$W"/*.count
run 0 gate "$W/s8.yaml" --base "$W/base" --candidate "$W/cand" --no-db --no-control && grep -q '2 unchanged' "$W/out"
result "a min_effect of 8 % lets 5 % pass"
says 0 "$slow" "$same" && grep -q '1 improved, 1 unchanged' "$W/out"
result "the other way round it is an improvement, and green"

base='rms_norm_f32;rms_norm_f16'
says 2 "$base" 'rms_norm_f32;rms_norm_f16 status=FAIL' && grep -q '^newly failing' "$W/out"
result "a wrong kernel is newly failing: exit code 2"
says 2 "$base" 'rms_norm_f32 ns=1050;rms_norm_f16 status=CRASHED' && grep -q '^newly failing.*CRASHED because' "$W/out" && grep -q '^regressed' "$W/out"
result "a crash outweighs a regression"
says 2 "$base" 'rms_norm_f32;rms_norm_f16 status=FAIL,PASS' && grep -q '^newly failing.*flaky, passed when tried again: FAIL because' "$W/out"
result "a failure that a second try does not repeat is flaky, and still fails"
says 0 'rms_norm_f32;rms_norm_f16 status=FAIL' 'rms_norm_f32;rms_norm_f16 status=ERROR' && grep -q '^still failing' "$W/out"
result "what failed before is still failing, and green"
says 0 'rms_norm_f32;rms_norm_f16 status=TIMEOUT' "$same" && grep -q '^fixed' "$W/out"
result "fixed"
says 0 'rms_norm_f32' "$same" && grep -q '^new .*the base does not know it' "$W/out"
result "a case that the base does not know is new"
says 2 "$base" 'rms_norm_f32' && grep -q '^missing .*the candidate does not know it' "$W/out"
result "a case that the candidate does not know is missing: exit code 2"
says 0 'rms_norm_f32' 'rms_norm_f32' && grep -q '^not comparable' "$W/out"
result "a case that neither knows is not comparable"
says 0 'rms_norm_f32;rms_norm_f16 clock=host' "$same" && grep -q '^not comparable.*host clock against device clock' "$W/out"
result "different clocks are not comparable"
says 2 "$base" 'rms_norm_f32;rms_norm_f16 status=PASS,CRASHED' && grep -q '^newly failing.*candidate: CRASHED' "$W/out"
result "a kernel that crashes only when it is timed is newly failing"
says 0 "$same" 'rms_norm_f32;rms_norm_f16 sd=0.3' && grep -q '^noisy.*nothing below' "$W/out"
result "a spread of 30 % is noisy, and green when others can be decided"
gate 4 --strict
result "under --strict it is exit code 4"
says 4 '* sd=0.3;rms_norm_f32;rms_norm_f16' "$same" && grep -q 'most cases cannot be decided' "$W/out"
result "a machine that decides nothing is not trusted: exit code 4"
control=
says 4 "$same" '* deaf=1;rms_norm_f32;rms_norm_f16' && grep -q 'planted slowdown of 5 % was not found' "$W/out"
result "a planted slowdown that is missed: exit code 4"
control=--no-control
gate 0
result "--no-control does not ask"

# In turns: both programs of a pair run at once, each with an end of the same socket.
says 0 "$same" "$same" && [ "$(grep -c -- --turns "$W/base.log")" -eq 10 ] && [ "$(grep -c -- --turns "$W/cand.log")" -eq 10 ] && ! grep -- --check-only "$W/base.log" | grep -q turns
result "pairs are timed in turns"
says 0 "$same" 'rms_norm_f32 burst=1.5;rms_norm_f16' --format json && python3 - "$W/out" <<'P'
import json, sys
rows = [json.loads(l) for l in open(sys.argv[1])][:-1]
assert [r["verdict"] for r in rows] == ["unchanged"] * 2, rows
for r in rows: assert abs(r["cand_ns"] / r["base_ns"] - r["ratio"]) < 0.002, r
P
result "what disturbs less than half of the turns of one program counts for nothing"
says 1 "$same" 'rms_norm_f32;rms_norm_f16 ns=1050 burst=0.9' && grep -q '^regressed.*' "$W/out" && grep -q '1 regressed, 1 unchanged' "$W/out"
result "and hides nothing"
says 1 '* turns=0;rms_norm_f32;rms_norm_f16' "$slow" && [ "$(grep -c -- --turns "$W/base.log")" -eq 1 ] && [ "$(grep -c bench-only "$W/base.log")" -eq 11 ] && grep -q '1 regressed, 1 unchanged' "$W/out"
result "a base from before there were turns is timed one after the other"

says 1 "$same" 'rms_norm_f32;rms_norm_f16 ns=1050 small=1' && grep -q '1 regressed, 1 unchanged' "$W/out" && [ "$(grep -c -- --turns "$W/cand.log")" -eq 10 ] &&
    [ "$(grep -- --bench-only "$W/cand.log" | grep -vc -- --turns)" -eq 10 ] && [ "$(grep rms_norm_f16 "$W/cand.log" | grep -c -- --turns)" -eq 1 ]
result "a case of which the device cannot hold two is timed one after the other, and alone so"

# The real program on both ends, on every backend, with a clerk between them that watches the token; and one whose partner has gone.
cat > "$W/turns.py" <<'P'
import json, select, socket, subprocess, sys
program, case, n = sys.argv[1], sys.argv[2], int(sys.argv[3])
theirs, ours = zip(*(socket.socketpair() for _ in range(n)))
ours[0].send(b"t")                   # the token waits for the first
running = [subprocess.Popen([program, "run", case, "--no-db", "--bench-only", "--format", "json", "--turns", str(e.fileno())],
                            pass_fds=[e.fileno()], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for e in theirs]
for e in theirs: e.close()
passed = []                          # who gave the token away, until one has ended
while n == 2:
    ready = select.select(ours, [], [], 300)[0]
    assert ready, "nobody hands the token over"
    for e in ready:
        got = e.recv(2)
        if len(got) != 1: break
        passed.append(ours.index(e))
        ours[1 - ours.index(e)].send(got)
    else: continue
    break
ended = ours.index(e) if n == 2 else None
for e in ours: e.close()
assert passed == [i % 2 for i in range(len(passed))], passed     # one token, and no two together
cases = 0
for p, who in zip(running, range(n)):
    out, err = p.communicate(timeout=300)
    assert p.returncode == 0, (p.returncode, err)
    rows = [json.loads(l) for l in out.splitlines()[:-1]]
    for r in rows:
        assert r["status"] == "PASS" and 3 <= len(r["turn_ns"]) <= 20 and all(t > 0 for t in r["turn_ns"]), r
        assert min(r["turn_ns"]) <= r["median_ns"] <= max(r["turn_ns"]) and r["rounds"] == 1, r
    if who == ended: assert passed.count(who) == sum(len(r["turn_ns"]) + 1 for r in rows), (passed.count(who), rows)
    cases += len(rows)
print(cases)
P
case='{op: rms_norm, entries: [rms_norm_f32, rms_norm_f16], params: {rows: 8, dim: 64}, bench: {rounds: 1, max_time: 20ms}}'
python3 "$W/turns.py" "$MLXBENCH" "$case" 2 > "$W/out" 2> "$W/err" && [ "$(cat "$W/out")" -eq 12 ]
result "two programs in turns hand the token over before and after every turn of every case, on every backend"
python3 "$W/turns.py" "$MLXBENCH" "$case" 1 > "$W/out" 2> "$W/err" && [ "$(cat "$W/out")" -eq 6 ]
result "one whose partner has gone goes on alone"
rejects "turns on what is no socket" 'run: --turns 2: file 2 is not an open socket' run '{op: rms_norm}' --turns 2 --no-db
rejects "turns on a file that is not open" 'run: --turns 77: file 77 is not an open socket' run '{op: rms_norm}' --turns 77 --no-db

# Identical programs need no clock.
program cand "$same"
rm -f "$W"/*.count
run 0 gate "$W/s.yaml" --base "$W/cand" --candidate "$W/cand" --no-db && grep -q 'identical programs' "$W/out" && ! grep -q bench-only "$W/cand.log"
result "the same program on both sides is unchanged without a measurement"
run 0 gate "$W/s.yaml" --base "$W/cand" --candidate "$W/cand" --no-db --no-control --force && grep -q bench-only "$W/cand.log"
result "--force measures it"

# Interrupted: the program that is being timed ends too, and nothing is half stored.
printf '#!/bin/sh\ntouch "$0.started"\nexec sleep 600\n' > "$W/slow"
chmod +x "$W/slow"
"$MLXBENCH" gate "$W/s.yaml" --base "$W/cand" --candidate "$W/slow" --db "$W/i.db" > "$W/out" 2> "$W/err" &
pid=$!
for _ in $(seq 300); do [ -e "$W/slow.started" ] && break; sleep 0.1; done
kill -TERM $pid
wait $pid
[ $? -eq 143 ]
result "SIGTERM: exit code 143"
python3 -c "
import sqlite3, sys
d = sqlite3.connect(sys.argv[1])
assert d.execute('select state from run').fetchall() == [('aborted',)] and d.execute('select count(*) from verdict').fetchone() == (0,)" "$W/i.db"
result "the run is marked aborted"

# Formats.
program base "$same"
program cand 'rms_norm_f32 ns=1100;rms_norm_f16 status=FAIL'
gate 2 --format junit && python3 - "$W/out" <<'P'
import sys, xml.etree.ElementTree as E
s = E.parse(sys.argv[1]).getroot()
assert s.tag == "testsuites" and s.get("tests") == "2" and s.get("failures") == "2" and s.get("errors") == "0", s.attrib
assert [c.find("failure").get("message").split(":")[0] for c in s.iter("testcase")] == ["regressed", "newly failing"]
P
result "JUnit XML"
gate 2 --format markdown && grep -q '^| verdict | device' "$W/out" && grep -q '^| \*\*regressed\*\* | cpu:0 | `rms_norm_f32' "$W/out"
result "Markdown"
gate 2 --format github && grep -q '^::error title=regressed on cpu:0::rms_norm_f32 .*+10\.[0-9] %25' "$W/out" && [ "$(grep -c '^::error' "$W/out")" -eq 2 ]
result "annotations"
GITHUB_ACTIONS=true gate 2 && grep -q '^::error' "$W/out"
result "annotations by themselves on GitHub"

# decided CODE VERDICT...: one decision in every format that CI reads, each well-formed and all the same.
decided() {
    local want=$1 format
    shift
    for format in json csv junit tap; do
        gate "$want" $strict --format $format && mv "$W/out" "$W/out.$format" || return
    done
    ! command -v xmllint > /dev/null || xmllint --noout --schema tests/schema/junit.xsd "$W/out.junit" 2> "$W/err" || return
    python3 tests/cli/verdicts.py gate "$W" "$want" "$@" 2> "$W/err"
}
strict=
program base '* markup=1;rms_norm_f32;rms_norm_f16'
program cand '* markup=1;rms_norm_f32 ns=1100;rms_norm_f16 status=FAIL'
decided 2 regressed "newly failing" && grep -qF "because <b a='1'> "'\"&amp;\", # TODO \\ | ]]>"' "$W/out.tap"
result "JUnit, TAP and CSV of failures with markup in the reason"
program base '* markup=1;rms_norm_f32 status=FAIL;rms_norm_f16'
program cand '* markup=1;rms_norm_f32 status=FAIL;rms_norm_f16 sd=0.3'
strict=--strict
decided 4 "still failing" noisy && grep -qF 'SKIP still failing: FAIL because' "$W/out.tap" && grep -q '^not ok 3 - can be trusted$' "$W/out.tap"
result "... of skips with markup, and of a gate that cannot be trusted"
strict=
program base "$same"
program cand 'rms_norm_f32;rms_norm_f16 ns=950'
decided 0 unchanged improved
result "... of green"
program cand 'rms_norm_f32 clock=host;rms_norm_f16 status=SKIP'
decided 2 "not comparable" missing
result "... of what is not comparable or missing"
run 0 help gate; unknown=
for format in $(sed -n 's/^formats: \(.*\) (.*/\1/p' "$W/out" | tr -d ,); do gate 2 --format "$format" || unknown=$format; done; [ "$format$unknown" = github ]
result "gate knows the formats that its help names"

# Bad input.
rejects "no suite" 'which suite' gate --base "$W/base"
rejects "no such base" "cannot run '.*nosuch'" gate "$W/s.yaml" --base "$W/nosuch" --no-db
rejects "unknown format" "unknown --format 'tabel'.*did you mean 'table'" gate "$W/s.yaml" --base "$W/base" --format tabel
rejects "no baseline at all" 'history is the baseline' gate "$W/s.yaml" --no-db
program base '* say=hello'
rejects "a base that is another program" "base does not print rows of JSON: 'hello'" gate "$W/s.yaml" --base "$W/base" --candidate "$W/cand" --no-db
rejects "a planted time is not stored" 'needs --no-db' run '{op: rms_norm}' --plant 5 --db "$W/none.db"
[ ! -e "$W/none.db" ]; result "and the database is not made"

# Kept: verdicts and pairs.
program base "$same"
program cand "$slow"
run 1 gate "$W/s.yaml" --base "$W/base" --candidate "$W/cand" --no-control --db "$W/g.db"
python3 - "$W/g.db" <<'P'
import math, sqlite3, sys
d = sqlite3.connect(sys.argv[1])
assert d.execute("select purpose, state from run").fetchall() == [("gate", "complete")]
rows = d.execute("select v.id, c.entry, v.method, v.status, v.ratio, v.n, v.base_ns, v.p from verdict v join bench_case c on c.id = v.case_id order by v.id").fetchall()
assert [r[1:4] for r in rows] == [("rms_norm_f32", "ab", "unchanged"), ("rms_norm_f16", "ab", "regressed")], rows
for id, entry, _, _, ratio, n, base, p in rows:
    z = [math.log(c / b) for b, c in d.execute("select base_ns, cand_ns from pair where verdict_id = ? order by pair", (id,))]
    assert len(z) == n == 10
    walsh = sorted((z[i] + z[j]) / 2 for i in range(10) for j in range(i, 10))
    assert abs(math.exp((walsh[27])) - ratio) < 1e-9, (ratio, walsh)
assert 2 <= sum(r[0] for r in d.execute("select candidate_first from pair")) <= 18
P
result "verdicts and their pairs are kept, and the effect follows from the pairs"

# Calibration: the bound, and what it means to the gate.
program cand "$same"
run 0 calibrate "$W/s.yaml" --candidate "$W/cand" --passes 5 --planted 2 --db "$W/c.db" --format json
python3 - "$W/out" "$W/c.db" <<'P'
import json, sqlite3, sys
rows = [json.loads(l) for l in open(sys.argv[1])]
assert [r["id"] is None for r in rows] == [False, False, True]
s = rows[-1]
assert (s["decisions"], s["alarms"], s["planted"], s["found"], s["median_pairs"], s["unchanged"]) == (10, 0, 4, 4, 10, 10), s
assert abs(s["alarms_upper"] - (1 - 0.05 ** 0.1)) < 1e-9
d = sqlite3.connect(sys.argv[2])
assert d.execute("select decisions, alarms, plant, planted, found from calibration").fetchall() == [(10, 0, 0.05, 4, 4)]
assert d.execute("select method, count(*) from verdict group by method order by method").fetchall() == [("aa", 10), ("control", 4)]
P
result "calibrate counts false alarms and planted slowdowns and keeps them"
program cand '* deaf=1;rms_norm_f32;rms_norm_f16'
run 4 calibrate "$W/s.yaml" --candidate "$W/cand" --passes 1 --planted 3 --db "$W/deaf.db" && grep -q 'found only 0 of 6 planted' "$W/err"
result "calibrate says when planted slowdowns are missed: exit code 4"
program base "$same"
program cand "$same"
run 4 gate "$W/s.yaml" --base "$W/base" --candidate "$W/cand" --no-control --db "$W/deaf.db" && grep -q 'not to be trusted: cpu:0 found only 0 of 6' "$W/out"
result "and the gate is not trusted afterwards"
run 0 gate "$W/s.yaml" --base "$W/base" --candidate "$W/cand" --no-control --db "$W/c.db" && ! grep -q 'never calibrated' "$W/out"
result "a good calibration is silent"
python3 -c "
import sqlite3, sys
d = sqlite3.connect(sys.argv[1]); d.execute('update calibration set decisions = 300, alarms = 9'); d.commit()" "$W/c.db"
run 4 gate "$W/s.yaml" --base "$W/base" --candidate "$W/cand" --no-control --db "$W/c.db" && grep -q '9 false alarms in 300' "$W/out"
result "more false alarms than the budget: exit code 4"
run 0 gate "$W/s.yaml" --base "$W/base" --candidate "$W/cand" --no-control --db "$W/c.db" --budget 10
result "unless the budget allows them"
finish
