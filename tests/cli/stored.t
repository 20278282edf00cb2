#!/usr/bin/env bash
# Commands over stored results, on synthetic runs that are imported: compare, history, export, import, merge, prune; bad input.
. tests/cli/tap.sh

# Ten runs: one case of 1 ms that becomes 10 % slower in the seventh, with a new driver in the fourth; one of 20 us.
python3 - > "$W/runs.jsonl" <<'P'
import json
print(json.dumps({"mlxbench": "results", "version": 1}))
def round_of(level):
    one = {k: level for k in "min_ns q1_ns median_ns q3_ns p99_ns max_ns mean_ns host_median_ns ci_lo_ns ci_hi_ns".split()}
    one.update(sd_ns=0.0, mad_ns=0.0, rho1=0.0, neff=2.0, drift_pct=0.0, first_ns=0.0)
    return one
for u in range(10):
    uuid = "%08x-0000-4000-8000-000000000000" % (0xabc00000 + u)
    print(json.dumps({"run": dict(uuid=uuid, started_ns=(1700000000 + 86400 * u) * 10**9, finished_ns=None, state="complete", mlxbench_version="0.1",
        vcs_commit="%012x" % (0xc0ffee0000 + u), vcs_dirty=0, branch="main", binary_hash="", suite_hash="", cmdline="", purpose="bench",
        config_json="{}", pid=1, pid_start=1, boot_id=""), "machine": dict(hostname="h", cpu="c", ncpu=2, ram_gib=8, board=""),
        "env": dict(os="o", kernel="k", governor="", compiler="gcc", cflags="")}))
    for c, level in enumerate((1e6 * (1.1 if u >= 6 else 1.0), 2e4)):
        rounds = []
        for r in range(3):
            t = round(level * (1 + 0.003 * ((7 * u + 3 * r + c) % 5 - 2) / 2)) * 1.0
            q = round_of(t)
            q.update(round=r, clock="host", n=2, batch=1, warmup_n=5, noise=0, stop_reason="interval", samples={"host": [int(16 * t), int(16 * t) + 1]})
            rounds.append(q)
        m = sorted(q["median_ns"] for q in rounds)[1]
        print(json.dumps({"run": uuid, "result": dict(suite="s", attempt=0, finished_ns=(1700000000 + 86400 * u) * 10**9, impl="base", tile="", status="PASS",
            reason="", repro="", err_rms=0.5, err_max=1.5, compared=8, nround=3, noise=0, median_ns=m, ci_lo_ns=0.99 * m, ci_hi_ns=1.01 * m, gbps=1.0,
            gflops=2.0, limit_ns=0.5 * m, limit_by="memory"), "case": dict(hash="%016x" % (0xabcdef0000000000 + c), def_version=1,
            case_text="rms_norm_f32 rows=%d dim=64 seed=1 cpu auto warm" % (c + 1), op="rms_norm", entry="rms_norm_f32", dtype="f32",
            params_json='{"rows":%d,"dim":64,"eps":9.99999997e-07}' % (c + 1), seed=1, cache="warm", bytes=1e6, flops=2e6),
            "device": dict(backend="cpu", name="A CPU", driver="threads", driver_version="2" if u >= 3 else "1", api="x", uuid="", vendor_id=0, product_id=0,
            units=2, features=0, caps_json="{}"), "rounds": rounds}))
P
export MLXBENCH_DB=$W/a.db
run 0 import "$W/runs.jsonl" && grep -q '^10 runs, 20 results' "$W/out"; result "import"
run 0 import "$W/runs.jsonl" && grep -q '^0 runs, 0 results.*10 runs were there already' "$W/out"; result "importing again adds nothing"
run 0 export --out "$W/b.jsonl" && run 0 import "$W/b.jsonl" --db "$W/b.db" && run 0 export --db "$W/b.db" --out "$W/c.jsonl" && cmp -s "$W/b.jsonl" "$W/c.jsonl"
result "export and import are exact"
run 0 merge "$W/b.db" --db "$W/m.db" && run 0 merge "$W/b.db" --db "$W/m.db" && run 0 export --db "$W/m.db" --out "$W/c.jsonl" && cmp -s "$W/b.jsonl" "$W/c.jsonl"
result "merge is exact and can be repeated"

# Ceilings travel with their devices: here two of the one driver, the later without f16, and one of the other.
cat > "$W/ceilings.py" <<'P'
import sqlite3, sys
d = sqlite3.connect(sys.argv[1])
if len(sys.argv) > 2:
    for at, driver, f16 in ((10**18 + 1, "1", 3.0), (10**18 + 2, "1", None), (5, "2", 0.1 + 0.2)):
        d.execute("INSERT INTO roofline(device_id, measured_ns, mlxbench_version, memory_gbps, cache_gbps, f32_gflops, f16_gflops)"
                  " SELECT id, ?, '0.1', 10.25, 100, 1e-300, ? FROM device WHERE driver_version = ?", (at, f16, driver))
    d.commit()
for row in d.execute("SELECT m.hostname, d.name, d.driver_version, l.measured_ns, l.mlxbench_version, l.memory_gbps, l.cache_gbps, l.f32_gflops,"
                     " l.f16_gflops FROM roofline l JOIN device d ON d.id = l.device_id JOIN machine m ON m.id = d.machine_id ORDER BY l.measured_ns"):
    print(row)
P
cp "$W/b.db" "$W/ceil.db"
python3 "$W/ceilings.py" "$W/ceil.db" make > "$W/want" && [ "$(wc -l < "$W/want")" -eq 3 ] &&
    run 0 export --db "$W/ceil.db" --out "$W/ceil.jsonl" && run 0 import "$W/ceil.jsonl" --db "$W/ceil2.db" && run 0 import "$W/ceil.jsonl" --db "$W/ceil2.db" &&
    python3 "$W/ceilings.py" "$W/ceil2.db" > "$W/out" && cmp -s "$W/want" "$W/out" && run 0 export --db "$W/ceil2.db" --out "$W/c.jsonl" && cmp -s "$W/ceil.jsonl" "$W/c.jsonl"
result "rooflines are exported and imported exactly, and once"
run 0 merge "$W/ceil.db" --db "$W/ceil3.db" && run 0 merge "$W/ceil.db" --db "$W/ceil3.db" && python3 "$W/ceilings.py" "$W/ceil3.db" > "$W/out" && cmp -s "$W/want" "$W/out"
result "and merged"
run 0 export last --db "$W/ceil.db" --out "$W/c.jsonl" && [ "$(grep -c '"roofline":' "$W/c.jsonl")" -eq 1 ] && grep '"roofline":' "$W/c.jsonl" | grep -q '"driver_version":"2"'
result "those of the exported runs' devices alone"
sed '1s/"version":2/"version":1/; /"roofline":/d' "$W/ceil.jsonl" > "$W/old.jsonl" && run 0 import "$W/old.jsonl" --db "$W/old.db" && grep -q '^10 runs, 20 results' "$W/out" &&
    run 0 export --db "$W/old.db" --out "$W/c.jsonl" && cmp -s "$W/b.jsonl" "$W/c.jsonl"
result "files of version 1, which have none, are imported as before"
run 0 export last --format csv --out "$W/x.csv" && python3 - "$W/x.csv" <<'P'
import csv, sys
rows = list(csv.DictReader(open(sys.argv[1], newline="")))
assert len(rows) == 2 and rows[0]["device"] == "A CPU" and rows[0]["params_json"].startswith('{"rows":1,'), rows
assert float(rows[0]["median_ns"]) == 1.1e6 * 1 or 1.09e6 < float(rows[0]["median_ns"]) < 1.11e6
assert abs(float(rows[0]["limit_pct"]) - 50) < 1e-9
P
result "CSV"

run 0 compare last~4 last --format json && python3 - "$W/out" <<'P'
import json, sys
rows = [json.loads(l) for l in open(sys.argv[1])]
assert [r["verdict"] for r in rows] == ["slower", "unchanged"], rows
r = rows[0]
assert 1.08 < r["ratio_lo"] < r["ratio"] < r["ratio_hi"] < 1.12 and 1.09 < r["ratio"] < 1.11 and r["a_rounds"] == r["b_rounds"] == 3, r
P
result "compare two runs"
run 0 compare 00c0ffee0005 00c0ffee0006 && grep -q '^slower  *1.1' "$W/out" && grep -q 'geometric mean' "$W/out"
result "compare two commits, as a table"
run 0 compare "$W/b.db:last~4" "$W/m.db" --format markdown && grep -q '^| slower |' "$W/out"; result "compare two database files, as Markdown"
run 0 compare last~9 last --format csv && [ "$(grep -c '^not comparable,' "$W/out")" -eq 2 ]; result "another driver is not comparable"
run 0 compare last~9 last --across --format csv && grep -q '^slower,' "$W/out"; result "... unless --across"

# told DB A B VERDICT...: a comparison in every format that CI reads, each well-formed and all the same.
told() {
    local db=$1 a=$2 b=$3 format
    shift 3
    for format in json csv junit tap; do
        run 0 compare "$a" "$b" --db "$db" --format $format && mv "$W/out" "$W/out.$format" || return
    done
    ! command -v xmllint > /dev/null || xmllint --noout --schema tests/schema/junit.xsd "$W/out.junit" 2> "$W/err" || return
    python3 tests/cli/verdicts.py compare "$W" 0 "$@" 2> "$W/err"
}
told "$W/a.db" last~4 last slower unchanged; result "compare as JUnit, TAP and CSV"
told "$W/a.db" last last~4 faster unchanged; result "... the other way round"
told "$W/a.db" last~9 last "not comparable"; result "... of what is not comparable"
cp "$W/a.db" "$W/markup.db"
python3 tests/cli/synthetic.py "$W/markup.db" 0 markup && python3 - "$W/markup.db" <<'P'
import sqlite3, sys
d = sqlite3.connect(sys.argv[1])
last, other = [i for i, in d.execute("select r.id from result r join run on run.id = r.run_id order by run.started_ns desc limit 2")]
d.execute("update result set status = 'FAIL', reason = ? where id = ?", ("<b a='1'> \"&amp;\", # SKIP \\ | ]]>\nnot ok 1", last))
d.execute("update result set status = 'SKIP', reason = 'no # TODO <b>, ' || reason where id = ?", (other,))
d.commit()
P
told "$W/markup.db" last~4 last "newly failing" skipped && grep -qF "newly failing: <b a='1'> "'\"&amp;\", # SKIP \\ | ]]> not ok 1"' "$W/out.tap" && grep -q '<script>' "$W/out.tap"
result "... with markup in every name and reason"
run 0 help compare; unknown=
for format in $(sed -n 's/^formats: //p' "$W/out" | tr -d ,); do run 0 compare last~4 last --format "$format" || unknown=$format; done; [ "$format$unknown" = tap ]
result "compare knows the formats that its help names"

run 0 history abcdef0000 --format json && python3 - "$W/out" <<'P'
import json, sys
rows = [json.loads(l) for l in open(sys.argv[1])]
assert len(rows) == 20 and {r["series"] for r in rows} == {0, 1}
step = [r for r in rows if r["step_ratio"] is not None]
assert len(step) == 1 and step[0]["commit"] == "00c0ffee0006" and 1.09 < step[0]["step_ratio"] < 1.11 and step[0]["step_p"] < 1e-3, step
change = [r for r in rows if r["change"]]
assert len(change) == 2 and all(r["commit"] == "00c0ffee0003" and "threads 1 -> threads 2" in r["change"] for r in change), change
P
result "history finds the step and the new driver"
run 0 history 'rows=1 ' && grep -q '+10\.[0-9] %' "$W/out"; result "history as a table"
run 0 history '*rows=2 *' --format csv && [ "$(wc -l < "$W/out")" -eq 11 ]; result "history by a pattern, as CSV"

cat > "$W/peer.jsonl" <<'P'
{"backend": "peer:torch", "entry": "rms_norm_f32", "params": {"rows": 1, "dim": 64}, "device": "A CPU", "rounds_ns": [[900000, 910000], [905000, 902000], [903000, 904000]]}
P
run 0 import "$W/peer.jsonl" && run 0 compare 00c0ffee0005 last --across --format json
python3 - "$W/out" <<'P'
import json, sys
rows = [json.loads(l) for l in open(sys.argv[1])]
peer = [r for r in rows if r["b_backend"] == "peer:torch"]
assert len(peer) == 1 and peer[0]["a_backend"] == "cpu" and peer[0]["verdict"] == "faster" and 0.89 < peer[0]["ratio"] < 0.92, rows
P
result "an outside program stands beside ours"

# Another driver is another device: 3 results of the old one and 7 of the new one.
run 0 prune --keep 3 --dry-run && grep -q '^8 results and 4 runs' "$W/out"; result "prune says what would go"
run 0 prune --keep 3 --samples-only && run 0 history abcdef0000000000 --format csv && [ "$(wc -l < "$W/out")" -eq 11 ]; result "prune --samples-only keeps all figures"
run 0 prune --keep 3 && run 0 history abcdef0000000000 --format csv && [ "$(wc -l < "$W/out")" -eq 7 ]; result "prune keeps the newest"

rejects "compare: one run" 'give A and B' compare last
rejects "compare: no such run" "has no run 'last~99'" compare last~99 last
rejects "compare: a word that is no run" "'main' names no run" compare main last
rejects "compare: no such file" "no.such" compare "$W/no/such.db" last
rejects "compare: unknown format" "unknown --format 'tabel', did you mean 'table'" compare last last --format tabel
rejects "history: nothing" 'give one case' history
rejects "history: no such case" "no timed result of a case 'nosuch'" history nosuch
rejects "export: no such run" 'names no run' export main
rejects "export: a folder that is not there" 'cannot write' export --out "$W/no/such.jsonl"
rejects "export: unknown format" "unknown --format 'cvs', did you mean 'csv'" export --format cvs
rejects "import: no file" 'give one file' import
rejects "import: no such file" 'cannot read' import "$W/none.jsonl"
printf '{"mlxbench":"results","version":1}\n{"run": {"uuid": "x"\n' > "$W/bad.jsonl"
rejects "import: a broken line" 'bad\.jsonl:2:[0-9]+: no JSON' import "$W/bad.jsonl"
sed '1s/"version":2/"version":3/' "$W/ceil.jsonl" > "$W/bad.jsonl"; rejects "import: a later version" 'bad\.jsonl:1:[0-9]+: this mlxbench reads versions 1 to 2' import "$W/bad.jsonl"
sed 's/"cache_gbps":100/"cache_gbps":"fast"/' "$W/ceil.jsonl" > "$W/bad.jsonl"; rejects "import: a roofline that is none" 'bad\.jsonl:[0-9]+:[0-9]+: roofline: ' import "$W/bad.jsonl" --db "$W/new.db"
rejects "import: a folder" 'cannot be read|directory' import "$W"
run 3 import "$W/bad.jsonl" --db "$W/new.db"; [ ! -e "$W/new.db" ]; result "a bad file leaves no database behind"
rejects "merge: nothing" 'which database' merge
rejects "merge: no such file" 'none\.db' merge "$W/none.db"
rejects "merge: a text file" 'not a database' merge "$W/runs.jsonl"
rejects "prune: no number" 'keep N is missing' prune
rejects "prune: zero" "'0' is not a valid N" prune --keep 0
rejects "roofline: an argument" 'takes no argument' roofline suites/smoke.yaml
rejects "roofline: no such device" 'no device matches' roofline --device nosuch --backend cpu --no-db
rejects "a database that is not there" 'none\.db' history x --db "$W/none.db"

run 0 roofline --backend cpu --db "$W/roof.db" --format json && python3 - "$W/out" <<'P'
import json, sys
r, = [json.loads(l) for l in open(sys.argv[1])]
assert r["cache_gbps"] > 0 and r["f32_gflops"] > 0 and (r["memory_gbps"] or 1) > 0 and r["device_label"] == "cpu:0", r
P
result "roofline measures"
run 0 run '{op: rms_norm, entries: [rms_norm_f32], bench: {rounds: 1, max_time: 5ms}}' --backend cpu --db "$W/roof.db" --format json && python3 - "$W/out" <<'P'
import json, sys
r = json.loads(open(sys.argv[1]).readline())
assert r["limit_by"] in ("memory", "cache", "arithmetic") and abs(r["limit_pct"] - 100 * r["limit_ns"] / r["median_ns"]) < 1e-9, r
assert r["impossible"] == (r["limit_pct"] > 105)
P
result "a run shows the share of the limit"
finish
