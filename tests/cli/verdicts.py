"""Holds the formats of `gate` and `compare` against each other: verdicts.py gate|compare FOLDER EXIT_CODE [VERDICT...].  FOLDER has out.json,
out.csv, out.junit and out.tap, which must have found these verdicts: one comparison, or the gate four times with prepared programs, so
that its times are about the same."""
import csv, json, re, sys, xml.etree.ElementTree as et

command, folder, code, wanted = sys.argv[1], sys.argv[2], int(sys.argv[3]), set(sys.argv[4:])
FAILS = {"regressed", "missing", "slower", "newly failing"}
FINE = {"unchanged", "improved", "faster", "fixed"}


def text(suffix):
    return open("%s/out.%s" % (folder, suffix), encoding="utf-8", newline="").read()


rows = [json.loads(line) for line in text("json").splitlines()]
if command == "gate":
    assert "summary" in rows.pop()
assert {r["verdict"] for r in rows} == wanted, {r["verdict"] for r in rows}
want = [(r["case"], r["verdict"], "failure" if r["verdict"] in FAILS else "ok" if r["verdict"] in FINE else "skipped") for r in rows]
want += [("can be trusted", "not to be trusted", "error")] if code == 4 else []

# CSV: the same fields with the same values.
table = list(csv.DictReader(text("csv").splitlines(keepends=True)))
assert len(table) == len(rows)
for t, r in zip(table, rows):
    assert list(t) == list(r), (list(t), list(r))
    for k, v in t.items():
        if r[k] is None: assert v == "", (k, v)
        elif isinstance(r[k], str): assert v == r[k], (k, v, r[k])
        elif command == "compare": assert float(v) == r[k], (k, v, r[k])
        else: assert r[k] == 0 or abs(float(v) / r[k] - 1) < 0.02 or k not in ("base_ns", "cand_ns") or r["verdict"] == "noisy", (k, v, r[k])

# JUnit: the outcome, and a message that begins with the verdict.
suite, = et.fromstring(text("junit").encode()).findall("testsuite")
count = {k: int(suite.get(k)) for k in ("tests", "failures", "errors", "skipped")}
kinds = [outcome for _, _, outcome in want]
assert count == {"tests": len(want), "failures": kinds.count("failure"), "errors": kinds.count("error"), "skipped": kinds.count("skipped")}, count
cases = suite.findall("testcase")
assert len(cases) == len(want) and len({c.get("name") for c in cases}) == len(want)
messages = []
for c, (name, verdict, outcome) in zip(cases, want):
    assert c.get("name").startswith(name) and c.get("classname").startswith(command + "."), c.attrib
    assert [e.tag for e in c] == ([] if outcome == "ok" else [outcome]), (name, verdict, [e.tag for e in c])
    messages.append(c[0].get("message") if len(c) else "")
    if outcome in ("failure", "error"): assert c[0].get("type") == verdict
    if outcome in ("failure", "skipped"): assert re.match(re.escape(verdict) + "(: .|$)", messages[-1]), messages[-1]

# TAP: version, a point a case in order, the plan at the end; nothing else but comments and YAML.
lines = text("tap").splitlines()
assert lines[0] == "TAP version 14" and lines[-1] == "1..%d" % len(want), lines
points = []
for line in lines[1:-1]:
    m = re.fullmatch(r"(not )?ok (\d+) - ((?:[^#\\]|\\#|\\\\)*?)(?: # SKIP ((?:[^#\\]|\\#|\\\\)+))?", line)
    if m: points.append(m)
    else: assert re.match(r"# |  (---|\.\.\.|\w+: \".*\")$", line), line
plain = lambda escaped: re.sub(r"\\([#\\])", r"\1", escaped)
assert len(points) == len(want), lines
for i, (m, (name, verdict, outcome), message) in enumerate(zip(points, want, messages)):
    assert int(m[2]) == i + 1 and plain(m[3]).startswith(name)
    assert bool(m[1]) == (outcome in ("failure", "error")) and bool(m[4]) == (outcome == "skipped"), m[0]
    if m[4]: assert re.sub(r"[\d.+-]+", "0", plain(m[4])) == re.sub(r"[\d.+-]+", "0", message), (m[4], message)
assert len([l for l in lines if l == "  ---"]) == len([l for l in lines if l == "  ..."]) == sum(k in ("failure", "error") for k in kinds)
