#!/usr/bin/env bash
# Pairs of a suite: a ratio for each combination on each device, in every format, the database and the report; what is
# said where an arm has no time.  Nothing here depends on how fast anything is.
. tests/cli/tap.sh

cat > "$W/pairs.yaml" <<'Y'
suite: claims
bench: {rounds: 3, min_time: 1ms, max_time: 2ms}
check: {fills: [normal]}
cases:
  - {op: rms_norm, entries: rms_norm_f32, backends: cpu, bench: false}
pairs:
  - name: one kernel against two
    claim: "once | as \"fast\""
    common: {params: {nrows: 4, num_heads: 4}}
    a: {op: flash_attn_vec_reduce_tq_hb_undo, entries: flash_attn_vec_reduce_tq_hb_undo_dk256, sweep: {nwg: [2, 4]}}
    b:
      - {op: flash_attn_vec_reduce, entries: flash_attn_vec_reduce_dk256, sweep: {nwg: [2, 4]}}
      - {op: fwht, entries: fwht_sign_undo_f32_d256}
  - name: tiles skipped
    common:
      op: flash_attn_prefill
      entries: flash_attn_prefill_bf16_d256
      params: {seq_len_q: 100, seq_len_k: 90, mask: rank2, mask_fill: window, window: 60}
      tile: {BQ: 32, BK: 16}
    a: {params: {has_blk: true}}
    b: {params: {has_blk: false}}
  - name: constants of the pipeline
    common: {op: flash_attn_prefill, entries: flash_attn_prefill_f16_d256, backends: [opencl, vulkan], params: {do_causal: true}}
    a: {impl: tiled}
    b: {impl: tiled_runtime}
Y
run 0 run "$W/pairs.yaml" --db "$W/h.db" --format json --report "table=$W/r.txt" --report "markdown=$W/r.md" --report "csv=$W/r.csv" \
    --report "junit=$W/r.xml" --report "tap=$W/r.tap"
result "a run with pairs, six formats"
cp "$W/out" "$W/r.json"

python3 - "$W/r.json" 2> "$W/err" <<'P'
import json, math, sys
rows = [json.loads(l) for l in open(sys.argv[1], encoding="utf-8")]
assert "summary" in rows[-1] and all(r["format"] == 1 for r in rows)
head = [r for r in rows if "headline" in r]
case = {(r["id"], r["device_label"]): r for r in rows if "id" in r}
labels = sorted({r["device_label"] for r in case.values()})
gpus = [l for l in labels if not l.startswith("cpu")]
assert len(labels) >= 2 and gpus, labels
count = {n: sum(r["headline"] == n for r in head) for n in ("one kernel against two", "tiles skipped", "constants of the pipeline")}
assert count == {"one kernel against two": 2 * len(labels), "tiles skipped": len(labels), "constants of the pipeline": len(gpus)}, count

# Every figure of an arm is the sum, or the worst, of its cases' own.
for r in head:
    assert r["suite"] == "claims" and r["reason"] is None and r["rounds"] == 3
    assert (r["ratio_lo"] or 0) <= r["ratio"] <= (r["ratio_hi"] or math.inf)         # null: beyond all numbers
    for arm in "ab":
        parts = [case[i, r["device_label"]] for i in r[arm + "_cases"].split(" + ")]
        assert len(parts) == r[arm + "_kernels"] == len(r[arm].split(" + "))
        for key, cases_key in (("ns", "median_ns"), ("ci_lo_ns", "ci_lo_ns"), ("ci_hi_ns", "ci_hi_ns"), ("bytes", "bytes")):
            assert math.isclose(r[f"{arm}_{key}"], sum(p[cases_key] for p in parts), rel_tol=1e-12), (r, key)
        for key in ("err_rms", "err_max"):
            assert r[f"{arm}_{key}"] == max(p[key] for p in parts)
        assert 0 < r[arm + "_nrmse"] < 0.01
        assert all(p["status"] == "PASS" for p in parts)
two = [r for r in head if r["headline"].startswith("one")]
assert {r["variant"] for r in two} == {0, 1} and all(r["claim"] == "once | as \"fast\"" for r in two)
assert all("nwg=%d" % (2, 4)[r["variant"]] in r[arm] for r in two for arm in "ab")
assert all("fwht_sign_undo_f32_d256" in r["b"] and r["b_kernels"] == 2 and r["a_kernels"] == 1 for r in two)

# The shares of the tile classes, counted from the window: query q attends keys q-59 .. q; a tile that the edge cuts is mixed.
n = [0, 0, 0]
for q in range(0, 100, 32):
    for k in range(0, 90, 16):
        cells = [i - 60 < j <= i for i in range(q, min(q + 32, 100)) for j in range(k, k + 16)]
        n[1 if k + 16 > 90 else 0 if not any(cells) else 2 if all(cells) else 1] += 1
want = "blk: %.1f %% skipped, %.1f %% mixed, %.1f %% clean" % tuple(100 * c / sum(n) for c in n)
assert all(n), n
for r in head:
    assert r["a_notes"] == (want if r["headline"] == "tiles skipped" else None), (r["a_notes"], want)
    assert r["b_notes"] is None
runtime = [r for r in head if r["headline"].startswith("constants")]
assert all(" tiled" in r["a"] and " tiled_runtime" in r["b"] for r in runtime)
P
result "JSON: every arm is made of its cases' figures, the shares of the tile classes are the window's"

python3 - "$W/r.json" 2> "$W/err" <<'P'
import json, re, sys
doc = open("docs/json.md").read().split("## A headline")[1].split("## The last line")[0]
names = {n for l in doc.splitlines() if l.startswith("| `") for n in re.findall(r"`(\w+)`", l.split("|")[1])}
names |= {"b" + n[1:] for n in names if n == "a" or n.startswith("a_")}
for r in map(json.loads, open(sys.argv[1], encoding="utf-8")):
    assert "headline" not in r or set(r) == names, set(r) ^ names
P
result "docs/json.md has exactly the fields of a headline"

python3 - "$W" 2> "$W/err" <<'P'
import csv, json, sys
w = sys.argv[1]
head = [r for r in map(json.loads, open(w + "/r.json", encoding="utf-8")) if "headline" in r]
rows = list(csv.DictReader(open(w + "/r.csv", newline="", encoding="utf-8")))
pairs = [r for r in rows if r["pair_headline"]]
assert len(pairs) == len(head) and len(rows) > len(pairs)
for row, h in zip(pairs, head):
    assert None not in row and None not in row.values()
    assert not row["id"] and not row["status"]
    for key in ("headline", "claim", "device_label", "a", "b", "a_cases", "b_notes"):
        assert row["pair_" + key] == (h[key] or ""), key
    for key in ("ratio", "ratio_lo", "ratio_hi", "a_ns", "b_bytes", "b_nrmse"):
        assert row["pair_" + key] == "" if h[key] is None else float(row["pair_" + key]) == h[key], key
assert all(r["id"] for r in rows if not r["pair_headline"])

def section(text, begin):
    return text[text.index(begin):]
table = section(open(w + "/r.txt", encoding="utf-8").read(), "\nHeadlines: ")
mark = section(open(w + "/r.md", encoding="utf-8").read(), "### Headlines")
for text in (table, mark):
    for h in head:
        assert h["headline"] in text and h["a"] in text and "%.3f (" % h["ratio"] in text
        assert (h["ratio_hi"] or 1e9) > 1000 or h["ratio_lo"] < 0.001 or "(%.3f .. %.3f)" % (h["ratio_lo"], h["ratio_hi"]) in text
    assert text.count("(sum of 2 kernels)") == sum(h["b_kernels"] == 2 for h in head)
assert "[blk: " in table and "\n**one kernel against two**: once \\| as" in mark
for name in ("/r.xml", "/r.tap"):
    assert "Headlines" not in open(w + name).read()
P
result "CSV, table and Markdown say the same; JUnit and TAP have cases alone"

python3 - "$W/h.db" "$W/r.json" 2> "$W/err" <<'P'
import json, sqlite3, sys
head = [r for r in map(json.loads, open(sys.argv[2], encoding="utf-8")) if "headline" in r]
db = sqlite3.connect(sys.argv[1])
rows = db.execute("SELECT h.name, h.variant, d.backend, h.ratio, h.a_ns, h.b_bytes, h.a_notes FROM headline h"
                  " JOIN device d ON d.id = h.device_id JOIN run u ON u.id = h.run_id WHERE u.state = 'complete'").fetchall()
want = [(r["headline"], r["variant"], r["backend"], r["ratio"], r["a_ns"], r["b_bytes"], r["a_notes"] or "") for r in head]
assert sorted(rows) == sorted(want), rows
P
result "the database has them"
run 0 report --db "$W/h.db" --out "$W/report" && python3 - "$W/report/index.html" "$W/r.json" 2> "$W/err" <<'P'
import html, json, sys
page = open(sys.argv[1], encoding="utf-8").read()
page = page[page.index('<section id="headlines">'):]
page = page[:page.index("</section>")]
for r in map(json.loads, open(sys.argv[2], encoding="utf-8")):
    if "headline" not in r: continue
    assert "<td>%.3f (" % r["ratio"] in page
    for key in ("headline", "claim", "a", "b"):
        assert html.escape(r[key] or "", quote=False).replace("'", "&apos;") in page.replace("&quot;", '"').replace("&#39;", "&apos;"), r[key]
P
result "the report has a section of them"
run 0 report --db "$W/h.db" --out "$W/report2" --op rms_norm && grep -q 'id="headlines"' "$W/report2/index.html"
result "a report of one op still has the run's headlines"

# ---- arms without a time ----

run 0 run "$W/pairs.yaml" --no-db --check-only --format json && ! grep -q '"headline"' "$W/out"
result "nothing was timed: no headlines"
run 0 run "$W/pairs.yaml" --no-db --op fwht --format json && grep -q '"op":"fwht"' "$W/out" && ! grep -q '"headline"' "$W/out"
result "an option that leaves an arm out leaves cases"
run 0 run "$W/pairs.yaml" --no-db --filter has_blk=true --backend cpu && grep -q 'no ratio: B was not run: left out by the options' "$W/out"
result "a filter that leaves an arm out: no ratio, and why"
for i in 1 2 3 4; do run 0 run "$W/pairs.yaml" --no-db --backend cpu --shard $i/4 --format json; cat "$W/out"; done > "$W/shards" 2>&1
[ "$(grep -c '"headline"' "$W/shards")" -eq 3 ] && ! grep -q '"reason":"[AB]' "$W/shards"
result "a pair stays whole in a shard"
run 0 run "$W/pairs.yaml" --no-db --rounds 1 --backend cpu && grep -q '(one round)' "$W/out"
result "one round gives no interval"

mkdir -p "$W/k/turboquant/fwht"
sed 's/mine\[j\] \* TQ_INV_SQRT/1.01f * &/' kernels/turboquant/fwht/fwht.cl > "$W/k/turboquant/fwht/fwht.cl"
run 2 run "$W/pairs.yaml" --no-db --kernel-dir "$W/k" --backend opencl && grep -q 'no ratio: B, case 2 is FAIL: normal fill: x' "$W/out"
result "a wrong kernel: the run fails, the pair says which arm"

cat > "$W/skip.yaml" <<'Y'
suite: skip
bench: {rounds: 2, min_time: 1ms, max_time: 2ms}
pairs:
  - name: an impossible tile
    common: {op: rms_norm, entries: rms_norm_f32, backends: opencl}
    a: {tile: {WG: 100000}}
    b: {tile: {WG: 32}}
Y
run 0 run "$W/skip.yaml" --no-db && grep -qE 'no ratio: A is SKIP: .*WG' "$W/out" && grep -qE '^ +B +[0-9.]+ .s' "$W/out"
result "a skipped arm: why, and the other one's time"

# ---- a run that goes on ----

run 0 run "$W/pairs.yaml" --db "$W/resume.db" --backend cpu
python3 - "$W/resume.db" <<'P'
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
db.execute("UPDATE run SET state = 'aborted'")
db.execute("DELETE FROM headline WHERE name = 'tiles skipped'")
db.execute("DELETE FROM result WHERE case_id IN (SELECT id FROM bench_case WHERE op = 'flash_attn_prefill' AND params_json LIKE '%\"has_blk\":true%')")
db.commit()
P
run 0 run --resume last --db "$W/resume.db" --format json && grep -q '"reason":"B was not run: left out by the options, or finished before this start"' "$W/out" &&
    [ "$(grep -c '"headline"' "$W/out")" -eq 1 ]
result "a resumed run says that one arm had been timed before, and keeps the other headlines"

# ---- bad input ----

bad() {
    printf 'suite: t\npairs:\n  - %b\n' "$3" > "$W/s.yaml"
    rejects "$1" "$2" run "$W/s.yaml" --no-db
}
bad "no name" "s\.yaml:3:5: a pair needs 'name'" '{a: {op: rms_norm}, b: {op: rms_norm}}'
bad "no arm" "s\.yaml:3:5: a pair needs 'b'" '{name: x, a: {op: rms_norm}}'
bad "an unknown key" "s\.yaml:3:.*unknown key 'aa' in a pair" '{name: x, aa: {op: rms_norm}}'
bad "an unknown op in an arm" "s\.yaml:3:.*unknown op 'rms_nrm', did you mean 'rms_norm'" '{name: x, a: {op: rms_nrm}, b: {op: rms_norm}}'
bad "arms that do not meet" "s\.yaml:3:.*gives 3 combinations on cpu, others of the pair 4" \
    '{name: x, common: {op: rms_norm, entries: rms_norm_f32, backends: cpu}, a: {sweep: {rows: [1, 2, 3]}}, b: {sweep: {rows: [1, 2, 3, 4]}}}'
bad "a case against itself" "s\.yaml:3:5: 'a' and 'b' are the same case on cpu" \
    '{name: x, common: {op: rms_norm, entries: rms_norm_f32}, a: {tile: {WG: 64}}, b: {tile: {WG: 128}}}'
bad "an arm that is not timed" "s\.yaml:3:.*are timed" '{name: x, a: {op: rms_norm, bench: false}, b: {op: rms_norm}}'

run 0 list cases suites/headlines.yaml && [ "$(wc -l < "$W/out")" -gt 100 ]
result "suites/headlines.yaml is valid"
finish
