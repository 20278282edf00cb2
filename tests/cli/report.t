#!/usr/bin/env bash
# Reports and plots of stored results: files, escaping, missing gnuplot, bad input.
. tests/cli/tap.sh
db=$W/r.db

cat > "$W/s.yaml" <<'Y'
suite: pictures
bench: {rounds: 2, min_time: 1ms, max_time: 2ms}
check: {fills: [normal]}
cases:
  - op: rms_norm
    entries: [rms_norm_f32]
    params: {dim: 64}
    sweep: {rows: [1, 4, 16, 64]}
    backends: [cpu, opencl]
  - op: flash_attn_prefill
    entries: [flash_attn_prefill_bf16_d256]
    params: {seq_len_q: 16, seq_len_k: 16}
    impl: tiled
    tile: {BQ: [16, 64], BK: [16, 64]}
    backends: [vulkan]
Y
run 0 run "$W/s.yaml" --db "$db" --quiet && run 0 run "$W/s.yaml" --op rms_norm --db "$db" --quiet && run 0 run "$W/s.yaml" --op rms_norm --db "$db" --quiet
result "three runs to report on"

run 0 report last~2 --db "$db" --out "$W/new/folder" && [ -s "$W/new/folder/index.html" ] && [ -s "$W/new/folder/results.csv" ] && [ -s "$W/new/folder/results.json" ]
result "report makes its folder"
run 0 report all --db "$db" --out "$W/all" && [ -s "$W/all/plots/samples.csv" ]
result "report on several runs"

# Everything that the page names is in the folder, nothing is anywhere else, and the HTML is well-formed.
cat > "$W/page.py" <<'P'
import csv, html.parser, json, os, sys
folder = sys.argv[1]
VOID = {"meta", "link", "input", "br", "hr", "img"}
OPTIONAL = {"td", "tr", "li", "option"}
class Page(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.stack, self.ids, self.links, self.text, self.rows = [], set(), [], [], 0
    def handle_starttag(self, tag, attrs):
        a = dict(attrs)
        assert tag not in ("img", "iframe", "object", "embed"), tag
        assert not (tag == "script" and a), a
        assert not any(k.startswith("on") for k in a), a
        if "id" in a:
            assert a["id"] not in self.ids, a["id"]
            self.ids.add(a["id"])
        for k in ("href", "src", "xlink:href", "action"):
            if k in a: self.links.append(a[k])
        if tag == "tr": self.rows += 1
        if tag not in VOID: self.stack.append(tag)
    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID: self.handle_endtag(tag)
    def handle_endtag(self, tag):
        while self.stack and self.stack[-1] != tag and self.stack[-1] in OPTIONAL: self.stack.pop()
        assert self.stack and self.stack.pop() == tag, (tag, self.getpos())
    def handle_data(self, data):
        if self.stack and self.stack[-1] not in ("script", "style"): self.text.append(data)
page = Page()
raw = open(folder + "/index.html", encoding="utf-8").read()
page.feed(raw)
assert not page.stack, page.stack
assert raw.count("<script") == 1
for link in page.links:
    if link.startswith("#"): assert link[1:] in page.ids, link
    elif link != "data:,": assert "//" not in link and os.path.isfile(folder + "/" + link), link
rows = json.load(open(folder + "/results.json", encoding="utf-8"))
table = list(csv.DictReader(open(folder + "/results.csv", encoding="utf-8", newline="")))
assert len(rows) == len(table) > 0
for r, t in zip(rows, table):
    for k in ("id", "suite", "device", "status", "repro", "tile"): assert (r[k] or "") == t[k], (k, r[k], t[k])
text = "".join(page.text)
for r in rows: assert r["repro"] in text, r["repro"]
for want in sys.argv[2:]: assert want in text, want
P
python3 "$W/page.py" "$W/new/folder" "Summary" "Largest errors" "compiler" "Time of rms_norm by device" "Time of rms_norm over rows" "over tiles" "Error by entry" "Roofline" 2> "$W/err"
result "the page is well-formed, complete and stays in its folder"
python3 "$W/page.py" "$W/all" "History of rms_norm_f32" "Samples of" 2> "$W/err"
result "several runs: history and distribution"

for k in speed errors tiles scaling roofline samples history; do
    what=; [ $k = history ] && what="--filter rows=64"
    run 0 plot $k $what --db "$db" --run all --out "$W/$k.svg" && head -c 5 "$W/$k.svg" | grep -q '<?xml' && [ "$(wc -l < "$W/$k.csv")" -gt 1 ]
    result "plot $k"
done
if command -v xmllint > /dev/null; then
    xmllint --noout "$W"/*.svg "$W"/all/plots/*.svg 2> "$W/err"
    result "SVG is well-formed"
else
    skip "SVG is well-formed" "xmllint is not installed"
fi
run 0 plot speed rms_norm --db "$db" --out "$W/s.png" && [ "$(head -c 4 "$W/s.png" | tail -c 3)" = PNG ]
result "plot as PNG"
run 0 plot speed rms_norm --db "$db" --out "$W/s.pdf" && [ "$(head -c 4 "$W/s.pdf")" = %PDF ]
result "plot as PDF"
sed 's/set border 3/set border 15/' scripts/gnuplot/speed.gp > "$W/mine.gp"
run 0 plot speed rms_norm --db "$db" --out "$W/mine.svg" --template "$W/mine.gp" && run 0 plot speed rms_norm --db "$db" --out "$W/ours.svg" && ! cmp -s "$W/mine.svg" "$W/ours.svg"
result "plot with a template of one's own"
(cd "$W/all/plots" && rm speed-rms_norm.svg && gnuplot speed-rms_norm.gp > "$W/out" 2> "$W/err" && [ -s speed-rms_norm.svg ])
result "the scripts in a report draw its pictures again"
run 0 import results/published/nvidia-h100/gpu.jsonl --db "$W/gpu.db" && run 0 report last~1 last --db "$W/gpu.db" --out "$W/gpu" &&
    grep '^array row_label' "$W/gpu/plots/speed-flash_attn_prefill.gp" > "$W/labels" && [ "$(tr ',' '\n' < "$W/labels" | wc -l)" -gt 5 ] &&
    ! sed "s/\"[^\"]*\"//g; s/'/\n/g" "$W/labels" | awk 'length > 44 { print; bad = 1 } END { exit !bad }'
result "long labels are broken into lines"
! grep -E '<td[^>]*>[0-9.]+e[+]' "$W/gpu/index.html" > "$W/err" && grep -q 'peer:torch' "$W/gpu/index.html"
result "rates are whole numbers, and those of another program stand beside ours"
echo 'set nonsense' > "$W/broken.gp"
rejects "a broken template" "gnuplot failed: .*nonsense" plot speed rms_norm --db "$db" --out "$W/x.svg" --template "$W/broken.gp"
rejects "an unknown kind" "unknown kind 'sped'.*speed" plot sped --db "$db" --out "$W/x.svg"
rejects "an unknown format" "unknown format 'jpg'" plot speed --db "$db" --out "$W/x.jpg"
rejects "an unknown op" "rms_norn.*rms_norm" plot speed rms_norn --db "$db" --out "$W/x.svg"
rejects "a history of no case" "give a case id" plot history --db "$db" --out "$W/x.svg"
rejects "an unknown run" "no run 'beef'" report beef --db "$db" --out "$W/x"
rejects "a run too short to be meant" "4 digits" report "$(python3 -c "import sqlite3; print(sqlite3.connect('$db').execute('select substr(uuid,1,2) from run').fetchone()[0])")" --db "$db" --out "$W/x"
rejects "a filter that leaves nothing" "no stored result fits" report --db "$db" --out "$W/x" --filter nothing-like-this
rejects "a missing database" "No such file" report --db "$W/none.db" --out "$W/x"
rejects "a folder that cannot be made" "cannot make the folder" report --db "$db" --out "$W/s.yaml/x"
rejects "report without --out" "out DIR is missing" report --db "$db"

# Without gnuplot the report comes without pictures, and plot says what to install.
mkdir "$W/bin"
PATH=$W/bin
run 0 report --db "$db" --out "$W/plain"; rc=$?
run 3 plot speed --db "$db" --out "$W/p.svg"; rc2=$?
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
[ $rc -eq 0 ] && python3 "$W/page.py" "$W/plain" "gnuplot is not installed" "no picture" 2>> "$W/err"
result "a report without gnuplot has no pictures and says why"
[ $rc2 -eq 0 ] && grep -q 'gnuplot is not installed.*gnuplot-nox' "$W/err" || [ $rc2 -eq 0 ] && [ -s "$W/p.csv" ]
result "plot without gnuplot leaves the data"

# A run a day, a third slower from the middle on; and ceilings as `mlxbench roofline` keeps them.
cp "$db" "$W/h.db" && python3 tests/cli/synthetic.py "$W/h.db" 16 history
run 0 plot history --filter "*rows=64 *cpu*" --db "$W/h.db" --out "$W/steps.svg" && grep -q 'level changed' "$W/steps.svg" &&
    [ "$(awk -F, '$10 == 1 && $11 > 1.25 && $11 < 1.35' "$W/steps.csv" | wc -l)" -eq 1 ]
result "a change point is found and marked"
grep -q 'no ceilings are measured yet' "$W/roofline.svg"
result "a roofline without ceilings says so"
python3 - "$db" <<'P'
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
db.execute("INSERT INTO roofline(device_id, measured_ns, mlxbench_version, memory_gbps, cache_gbps, f32_gflops) SELECT id, 1, '0', 10, 100, 50 FROM device")
db.commit()
P
run 0 plot roofline --run all --db "$db" --out "$W/roofline.svg" && grep -q 'lines: measured' "$W/roofline.svg" &&
    run 0 report --db "$db" --out "$W/roof" && grep -q '<td>50 GFLOP/s</td>' "$W/roof/index.html"
result "and with ceilings draws them"

# Names that try to break out of HTML, XML, CSV and gnuplot.
python3 tests/cli/synthetic.py "$db" 60 nasty
run 0 report all --db "$db" --out "$W/nasty" && [ ! -s "$W/err" ] && python3 "$W/page.py" "$W/nasty" "<script>alert('x')</script>&amp; \"q\" 'q' \`b\` ]]> \\ % {e^x} ä→日本" 2> "$W/err"
result "names are escaped in the page and the data"
! command -v xmllint > /dev/null || xmllint --noout "$W"/nasty/plots/*.svg 2> "$W/err"
result "names are escaped in pictures"
for k in speed errors tiles scaling roofline samples; do run 0 plot $k --db "$db" --run all --out "$W/n.svg" || break; done
result "every kind of plot takes such names"
finish
