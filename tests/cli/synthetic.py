"""Multiplies the results of a database: synthetic.py DB N [nasty | history].  The rows are copies of stored ones with other parameters,
times and statuses; `nasty` puts quotes, angle brackets and characters of other scripts into every name."""
import math, sqlite3, sys

db, n, nasty = sqlite3.connect(sys.argv[1]), int(sys.argv[2]), len(sys.argv) > 3
db.row_factory = sqlite3.Row


def rows(sql, *args):
    return [dict(r) for r in db.execute(sql, args)]


def insert(table, row):
    row.pop("id", None)
    cur = db.execute("INSERT INTO %s(%s) VALUES(%s)" % (table, ", ".join(row), ", ".join("?" * len(row))), list(row.values()))
    return cur.lastrowid


def add_history():
    """n runs like the last one instead of all that there are, a day apart, a third slower from the middle on."""
    run = rows("SELECT * FROM run ORDER BY started_ns DESC LIMIT 1")[0]
    results = rows("SELECT * FROM result WHERE run_id = ?", run["id"])
    for i in range(n):
        u = dict(run, uuid="%08x-0000-4000-8000-000000000000" % (0xd0000000 + i), started_ns=run["started_ns"] + (i + 1) * 86400 * 10 ** 9)
        number = insert("run", u)
        median = 20000 * (1.3 if i >= n // 2 else 1) * (1 + 0.002 * math.sin(i))
        for r in results:
            timed = r["median_ns"] is not None
            insert("result", dict(r, run_id=number, **({"median_ns": median, "ci_lo_ns": 0.99 * median, "ci_hi_ns": 1.01 * median} if timed else {})))
    db.execute("PRAGMA foreign_keys = ON")
    db.execute("DELETE FROM run WHERE uuid NOT LIKE 'd00000%'")
    db.commit()


if sys.argv[3:] == ["history"]:
    add_history()
    sys.exit()
models = rows("SELECT r.* FROM result r WHERE r.median_ns > 0 ORDER BY r.id")
have = db.execute("SELECT count(*) FROM result").fetchone()[0]
for i in range(max(n - have, 0)):
    r = dict(models[i % len(models)])
    case = rows("SELECT * FROM bench_case WHERE id = ?", r["case_id"])[0]
    rounds = rows("SELECT * FROM round WHERE result_id = ?", r["id"])
    size = 1 << (i // len(models)) % 12
    case["hash"] = "%016x" % (0xabc0000000000000 + i)
    case["case_text"] = case["case_text"].replace(" seed=", " group=%d rows=%d seed=" % (i // len(models) // 12, size)) if "rows=" not in case["case_text"] \
        else " ".join("rows=%d" % size if w.startswith("rows=") else w for w in case["case_text"].split(" ")).replace(" seed=", " group=%d seed=" % (i // len(models) // 12))
    factor = size * (1 + 0.05 * math.sin(i))
    r["case_id"] = insert("bench_case", case)
    for k in ("median_ns", "ci_lo_ns", "ci_hi_ns"):
        r[k] *= factor
    if i % 97 == 0:
        r.update(status="FAIL", reason="y[0,%d]: want 1, got 2 (12 sigma)" % i, err_max=12.0, err_rms=1.5)
        for k in ("median_ns", "ci_lo_ns", "ci_hi_ns", "gbps", "gflops"):
            r[k] = None
    elif i % 31 == 0:
        r.update(status="SKIP", reason="needs more local memory", err_max=None, err_rms=None, compared=0)
        for k in ("median_ns", "ci_lo_ns", "ci_hi_ns", "gbps", "gflops"):
            r[k] = None
    result = insert("result", r)
    for o in rounds:
        o["result_id"] = result
        insert("round", o)

if nasty:
    bad = """<script>alert('x')</script>&amp; "q" 'q' `b` ]]> \\ % {e^x} ä→日本 , ; |"""
    db.execute("UPDATE result SET suite = suite || ?, reason = reason || ? WHERE 1", (bad, bad))
    db.execute("UPDATE result SET tile = 'BQ=<8> ' || tile WHERE id % 5 = 0")
    db.execute("UPDATE device SET name = ? || backend, driver_version = driver_version || ?", (bad, bad))
    db.execute("UPDATE machine SET hostname = ?, cpu = ?", (bad, bad))
    db.execute("UPDATE run SET cmdline = cmdline || ?, branch = ?, vcs_commit = ?", (bad, bad, bad))
    db.execute("UPDATE env SET os = ?, compiler = ?", (bad, bad))
    db.execute("UPDATE bench_case SET case_text = replace(case_text, ' seed=', ' mask=' || ? || ' seed=')", (bad.replace(" ", "\u00a0"),))
db.commit()
