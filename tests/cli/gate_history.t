#!/usr/bin/env bash
# The gate against the history: a database of real runs whose times are set to what each verdict needs, and a candidate that
# stands in for mlxbench and says which run it has stored.
. tests/cli/tap.sh
unset GITHUB_ACTIONS
cat > "$W/s.yaml" <<'Y'
suite: s
backends: [cpu]
bench: {rounds: 1, min_time: 1ms, max_time: 1ms}
check: {fills: [normal]}
cases:
  - op: rms_norm
    sweep: {rows: [2, 3]}
Y
program() {
    printf '#!/bin/sh\n# %s\nexec flock "$0" awk -f tests/cli/gate_program.awk -- "$0" "$@"\n' "$1" > "$W/$1"
    chmod +x "$W/$1"
    printf '%s\n' "$2" | tr ';' '\n' > "$W/$1.plan"
}

# The real thing once: nothing to compare with yet.
run 4 gate "$W/s.yaml" --db "$W/h.db" && grep -q '^new .*0 earlier runs count, 5 are needed' "$W/out" && grep -q 'no baseline' "$W/out"
result "without a history the gate is not trusted: exit code 4"
run 0 run "$W/s.yaml" --db "$W/h.db"
python3 - "$W/h.db" > "$W/uuid" <<'P'
import sqlite3, sys
d = sqlite3.connect(sys.argv[1])
assert d.execute("select count(*) from verdict where method = 'screen' and status = 'new'").fetchone()[0] == 10
# Ten runs before the last one: copies of it, an hour apart, at 1000 ns +- a bit for every case.
last = d.execute("select max(id) from run where purpose = 'bench'").fetchone()[0]
d.execute("delete from run where id < ?", (last,))
cols = [c[1] for c in d.execute("pragma table_info(run)")]
rcols = [c[1] for c in d.execute("pragma table_info(result)") if c[1] != "id"]
for k in range(1, 11):
    values = ", ".join({"id": str(last + k), "uuid": "'old-%d'" % k, "started_ns": "started_ns - %d" % (k * 3600 * 10**9)}.get(c, c) for c in cols)
    d.execute(f"insert into run select {values} from run where id = {last}")
    values = ", ".join({"run_id": str(last + k), "finished_ns": "finished_ns - %d" % (k * 3600 * 10**9),
                        "median_ns": "1000 * (1 + 0.004 * ((id * 7 + %d * 5) %% 11 - 5) / 5.0)" % k, "noise": "0"}.get(c, c) for c in rcols)
    d.execute(f"insert into result({', '.join(rcols)}) select {values} from result where run_id = {last}")
d.execute("update result set median_ns = 1000, noise = 0 where run_id = ?", (last,))
d.commit()
print(d.execute("select uuid from run where id = ?", (last,)).fetchone()[0])
P
uuid=$(cat "$W/uuid")
[ ${#uuid} -eq 36 ]; result "ten earlier runs are prepared"

# change SQL: on a fresh copy of the prepared database
change() {
    cp "$W/h.db" "$W/n.db"
    python3 -c "
import sqlite3, sys
d = sqlite3.connect(sys.argv[1])
d.execute('pragma foreign_keys = on')
d.executescript(sys.argv[2].replace('LAST', '(select id from run where uuid = \'%s\')' % sys.argv[3])); d.commit()" "$W/n.db" "$1" "$uuid"
}
night() {
    local want=$1
    shift
    program cand "* run=$uuid"
    run "$want" gate "$W/s.yaml" --candidate "$W/cand" --db "$W/n.db" "$@"
}
one="case_id = (select id from bench_case where entry = 'rms_norm_f16' and json_extract(params_json, '\$.rows') = 3)"

change ''
night 0 && grep -q '^GREEN: nothing became wrong or slower; 10 unchanged' "$W/out"
result "as fast as ever: ten cases unchanged"
change "update result set median_ns = 1100 where run_id = LAST and $one"
night 0 && grep -q 'inconclusive  *cpu:0.*+1[0-9.]* %.*10 earlier runs; suspect, q = .*confirm with --base' "$W/out" && grep -q '1 inconclusive, 9 unchanged' "$W/out"
result "10 % slower is a suspect, and no verdict by itself"
night 4 --strict
result "under --strict a suspect is exit code 4"
program base 'rms_norm_f16'
program cand "* run=$uuid;rms_norm_f16 ns=1100"
run 1 gate "$W/s.yaml" --screen --base "$W/base" --candidate "$W/cand" --db "$W/n.db" --no-control --format json
python3 - "$W/out" <<'P'
import json, sys
rows = [json.loads(l) for l in open(sys.argv[1])]
s = rows.pop()["summary"]
bad = [r for r in rows if r["verdict"] != "unchanged"]
assert len(bad) == 1 and bad[0]["verdict"] == "regressed" and bad[0]["method"] == "ab" and "rms_norm_f16 rows=3" in bad[0]["case"], bad
assert s["processes"] == 20 and s["regressed"] == 1
P
result "an A/B of the suspect alone convicts it: exit code 1"
program cand "* run=$uuid;rms_norm_f16"
rm -f "$W"/*.count
run 0 gate "$W/s.yaml" --screen --base "$W/base" --candidate "$W/cand" --db "$W/n.db" --no-control && grep -q '10 unchanged' "$W/out"
result "or acquits it"
change "update result set median_ns = 900 where run_id = LAST and $one"
night 0 && grep -q '^improved.*by the history alone' "$W/out"
result "improved"
change "update result set status = 'FAIL', reason = 'wrong', median_ns = null where run_id = LAST and $one"
night 2 && grep -q '^newly failing.*FAIL wrong' "$W/out"
result "newly failing: exit code 2"
change "update result set status = 'FAIL', median_ns = null where $one"
night 0 && grep -q '^still failing' "$W/out"
result "still failing"
change "update result set status = 'CRASHED', median_ns = null where run_id <> LAST and $one"
night 0 && grep -q '^fixed' "$W/out"
result "fixed"
change "delete from result where run_id = LAST and $one"
night 2 && grep -q '^missing.*no result' "$W/out"
result "missing: exit code 2"
change "update result set status = 'SKIP', reason = 'no device', median_ns = null where run_id = LAST and $one"
night 2 && grep -q '^missing.*no device' "$W/out"
result "a case that is skipped where it used to pass is missing"
change "update result set status = 'SKIP', median_ns = null where $one"
night 0 && grep -q '^skipped' "$W/out"
result "what was always skipped is skipped"
change "update result set median_ns = median_ns * (1 + 0.3 * ((run_id * 7) % 5 - 2) / 2.0) where run_id <> LAST and $one"
night 0 && grep -q '^noisy' "$W/out"
result "a history all over the place is noisy"
change "update result set noise = 128 where run_id <> LAST and $one"
night 0 && grep -q '^new .*0 earlier runs count' "$W/out"
result "throttled runs are no history"
change "update run set branch = 'other' where id <> LAST"
night 4 && grep -q 'no baseline' "$W/out"
result "nor are runs of another branch"
change ''
id=$("$MLXBENCH" list cases "$W/s.yaml" --entry rms_norm_f16 | awk '/rows=3/ { print $1 }')
rejects "baseline without a reason" 'reason' baseline accept "$id" --db "$W/n.db"
rejects "baseline of no case" "no stored case has an id that begins with 'ffffffffff'" baseline accept ffffffffff --reason x --db "$W/n.db"
rejects "a bad case id" 'is not a case id' baseline accept xyz --reason x --db "$W/n.db"
rejects "an unknown verb" "unknown 'acept', did you mean 'accept'" baseline acept --db "$W/n.db"
run 0 baseline list --db "$W/n.db" && grep -q 'none: the whole history counts' "$W/out"
result "no baseline yet"
run 0 baseline accept "$id" --reason 'exact division' --db "$W/n.db" && run 0 baseline list --db "$W/n.db" && grep -q "$id  exact division" "$W/out"
result "an accepted change is listed with its reason"
night 0 && grep -q '^new .*0 earlier runs count' "$W/out" && grep -q '1 new, 9 unchanged' "$W/out"
result "and the history of that case alone begins anew"
run 0 baseline set --reason 'new machine room' --db "$W/n.db" && night 4 && grep -q '10 new' "$W/out"
result "set begins it anew for all"
finish
