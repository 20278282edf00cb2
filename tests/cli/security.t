#!/usr/bin/env bash
# A suite is data: it runs nothing, reads nothing outside its folder and writes nothing; names are text to the database and
# the shell; nobody else's files are believed.
. tests/cli/tap.sh
mkdir -p "$W/in/sub" "$W/out of"
one='  - {op: rms_norm, entries: [rms_norm_f32], check: {fills: [normal]}, bench: false, backends: [cpu]}'
printf 'suite: other\ncases:\n%s\n' "$one" > "$W/secret.yaml"
cp "$W/secret.yaml" "$W/in/sub/fine.yaml"
ln -s "$W/secret.yaml" "$W/in/link.yaml"
ln -s "$W" "$W/in/folder"
ln -s sub/fine.yaml "$W/in/inside.yaml"
mkfifo "$W/in/pipe.yaml"

# include NAME PATTERN PATH: such an include is refused
include() {
    printf 'suite: t\ninclude: ["%s"]\n' "$3" > "$W/in/s.yaml"
    rejects "$1" "$2" run "$W/in/s.yaml" --no-db
}
include "include: an absolute path" "s\.yaml:2:[0-9]+: .*absolute" "$W/secret.yaml"
include "include: the folder above" "leaves the folder" "../secret.yaml"
include "include: the folder above, hidden" "leaves the folder" "sub/../../secret.yaml"
include "include: a symbolic link out" "symbolic link leaves" "link.yaml"
include "include: through a linked folder" "symbolic link leaves" "folder/secret.yaml"
include "include: a pipe" "not a regular file" "pipe.yaml"
include "include: a folder" "directory" "sub"
include "include: /dev/stdin by its number" "leaves the folder|absolute" "../../dev/stdin"
printf 'suite: t\ninclude: [inside.yaml, sub/fine.yaml]\n' > "$W/in/s.yaml"
run 0 run "$W/in/s.yaml" --no-db --check-only; result "include: a link that stays inside, and a folder below"

# keys that would run, read or write something
bad() {
    printf 'suite: t\n%b' "$2" > "$W/in/s.yaml"
    rejects "$1" "s\.yaml:[0-9]+:[0-9]+: " run "$W/in/s.yaml" --no-db
}
for key in out db kernel-dir kernel_dir plugin command format report; do bad "no key '$key' at the top" "$key: $W/x\ncases:\n$one\n"; done
bad "no key 'out' in a case" "cases:\n  - {op: rms_norm, out: $W/x}\n"
bad "no YAML tag" "cases: !!python/object/apply:os.system [touch $W/x]\n"
bad "no shell in an expression" "cases:\n  - {op: rms_norm, params: {rows: \"=\`touch $W/x\`\"}}\n"
bad "no shell in a where" "cases:\n  - {op: rms_norm, where: \"system('touch $W/x')\"}\n"
bad "no path as an op" "cases:\n  - {op: ../../etc/passwd}\n"
bad "no path as an implementation" "cases:\n  - {op: rms_norm, impl: [\"/bin/sh\"]}\n"
[ ! -e "$W/x" ]; result "nothing was written"

# garbage of every size never does more than be refused
head -c 300000 /dev/urandom > "$W/noise"
ok=0
for size in 1 7 64 1000 65536 262144; do
    head -c $size "$W/noise" > "$W/in/noise.yaml"
    run 3 run "$W/in/noise.yaml" --no-db && [ "$(wc -l < "$W/err")" -eq 1 ] && ok=$((ok + 1))
    { printf 'suite: t\ncases:\n%s\n' "$one"; head -c $size "$W/noise"; } > "$W/in/noise.yaml"
    run 3 run "$W/in/noise.yaml" --no-db && [ "$(wc -l < "$W/err")" -eq 1 ] && ok=$((ok + 1))
done
[ $ok -eq 12 ]; result "random bytes as a suite are refused with one line"

# names with quotes
name="a';DROP TABLE run;--\"\$(touch $W/x)"
dir="$W/out of/\$(touch $W/x);'quoted'"
mkdir -p "$dir/norm/rms_norm"
sed 's/p\.eps/(p.eps + 0.05f)/' kernels/norm/rms_norm/rms_norm.cl > "$dir/norm/rms_norm/rms_norm.cl"
python3 - "$W/in/s.yaml" "$name" <<'P'
import json, sys
case = {"op": "rms_norm", "entries": ["rms_norm_f32"], "tags": ["t';--"], "bench": False, "backends": ["opencl"],
        "check": {"fills": ["normal"], "tolerance": 1.5, "reason": "it's \"so\"; $(touch x) `y` \\ \n."}}
json.dump({"suite": sys.argv[2], "about": "';--", "cases": [case]}, open(sys.argv[1], "w"))
P
run 2 run "$W/in/s.yaml" --db "$W/r.db" --kernel-dir "$dir" --format json --tag "t';--"
result "a suite with quotes in its names runs"
python3 - "$W/r.db" "$name" "$MLXBENCH" <<'P'
import os, shlex, sqlite3, subprocess, sys
db = sqlite3.connect(sys.argv[1])
suite, repro, status = db.execute("select suite, repro, status from v_result").fetchone()
assert suite == sys.argv[2] and status == "FAIL", (suite, status)
assert db.execute("select count(*) from run").fetchone() == (1,)
p = subprocess.run(["bash", "-c", repro.replace("mlxbench", sys.argv[3], 1) + " --no-db --format json"], capture_output=True, text=True)
assert p.returncode == 2 and '"status":"FAIL"' in p.stdout, (p.returncode, p.stderr, repro)
P
result "... are text to the database, and its repro line is safe to paste"
[ ! -e "$W/x" ]; result "... and run nothing"
id=$(python3 -c "import sqlite3, sys; print(sqlite3.connect(sys.argv[1]).execute('select case_hash from v_result').fetchone()[0][:10])" "$W/r.db")
run 0 dump "$id" --db "$W/r.db" --backend opencl --out "$W/dump"; result "... and dump finds the case in its repro line"
rejects "an id with SQL in it" "is no op, entry point or stored case" show "1' OR '1'='1" --db "$W/r.db"
rejects "a run with SQL in its name" "has no run" run --resume "x' OR '1'='1" --db "$W/r.db"

# caches
cache=$W/cache
MXB_CACHE_DIR=$cache run 0 run '{op: rms_norm, backends: [opencl, vulkan], bench: false}' --no-db
[ "$(stat -c %a "$cache")" = 700 ] && ls "$cache"/opencl-* "$cache"/vulkan-* > /dev/null; result "the cache folder is made for its owner alone"
[ -z "$(find "$cache" -type f -perm /077)" ]; result "and so are its files"
for f in "$cache"/*; do head -c 5000 /dev/urandom > "$f"; done
MXB_CACHE_DIR=$cache run 0 run '{op: rms_norm, backends: [opencl, vulkan], bench: false}' --no-db
result "garbage in the cache is not used"
mkdir "$W/open"
chmod 777 "$W/open"
MXB_CACHE_DIR=$W/open run 0 run '{op: rms_norm, backends: [opencl], bench: false}' --no-db && [ -z "$(ls -A "$W/open")" ]
result "a cache folder that others can write is not used"
finish
