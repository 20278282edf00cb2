#!/usr/bin/env bash
# Bad input: exit code 3, exactly one line that says where and what, nothing on stdout, nothing written.
. tests/cli/tap.sh

# suite NAME PATTERN TEXT: a suite file with that text is rejected
suite() {
    printf '%b' "$3" > "$W/s.yaml"
    rejects "$1" "$2" run "$W/s.yaml" --db "$W/none.db" && true
    [ ! -e "$W/none.db" ]; result "$1: nothing written"
}
H='suite: t\ncases:\n'

rejects "missing file" 'none\.yaml.*No such file' run "$W/none.yaml"
rejects "a folder" 'directory' run "$W"
rejects "no suite" 'which suite' run
rejects "unknown command" "unknown command 'rnu', did you mean 'run'" rnu
rejects "unknown option" "unknown option '--bakend', did you mean 'backend'" run suites/smoke.yaml --bakend cpu
rejects "unknown backend" "vulcan.*vulkan" run suites/smoke.yaml --backend vulcan
rejects "unknown op option" "rms_nrm.*rms_norm" run suites/smoke.yaml --op rms_nrm
rejects "unknown device" 'no device matches' run '{op: rms_norm}' --backend cpu --device nosuch --no-db
rejects "unknown format" "unknown --format 'jsn'" run suites/smoke.yaml --format jsn
rejects "a filter that keeps nothing" 'no case left' run suites/smoke.yaml --filter nothing_like_this
suite "empty file" 's\.yaml:' ''
suite "binary file" 'not a text file' 'suite: t\000\001'
suite "syntax error" 's\.yaml:[0-9]+:[0-9]+: YAML' "$H  - {op: rms_norm\n"
suite "unknown key" "s\.yaml:3:[0-9]+: .*'parms'.*params" "$H  - {op: rms_norm, parms: {}}\n"
suite "unknown op" "s\.yaml:3:[0-9]+: unknown op 'rms_nrm'.*rms_norm" "$H  - {op: rms_nrm}\n"
suite "unknown entry" "s\.yaml:3:[0-9]+: .*rms_norm_f23.*rms_norm_f32" "$H  - {op: rms_norm, entries: [rms_norm_f23]}\n"
suite "unknown parameter" "s\.yaml:3:[0-9]+: .*'row'.*rows" "$H  - {op: rms_norm, params: {row: 1}}\n"
suite "unknown tile constant" "s\.yaml:3:[0-9]+: .*'WGG'.*WG" "$H  - {op: rms_norm, tile: {WGG: 64}}\n"
suite "unknown backend in a suite" "s\.yaml:[0-9]+:[0-9]+: .*cuda" "suite: t\nbackends: [cuda]\ncases:\n  - {op: rms_norm}\n"
suite "wrong type" "s\.yaml:3:[0-9]+: " "$H  - {op: rms_norm, params: {rows: many}}\n"
suite "zero size" "s\.yaml:3:[0-9]+: .*rows" "$H  - {op: rms_norm, params: {rows: 0}}\n"
suite "negative size" "s\.yaml:3:[0-9]+: .*rows" "$H  - {op: rms_norm, params: {rows: -4}}\n"
suite "huge size" "s\.yaml:3:[0-9]+: .*rows" "$H  - {op: rms_norm, params: {rows: 99999999999}}\n"
suite "a size beyond 32-bit offsets" "s\.yaml:3:[0-9]+: .*2\^32.*rows=65536 dim=65536" "$H  - {op: rms_norm, params: {rows: 65536, dim: 65536}}\n"
if [ "$(awk '/^MemTotal/ { print int($2 / 1048576) }' /proc/meminfo)" -lt 60 ]; then
    suite "more than the machine's memory" "s\.yaml:3:[0-9]+: the tensors need 64.0 GiB, the machine has" "$H  - {op: flash_attn_prefill, entries: [steel_attention_float32_bq32_bk16_bd256_wm4_wn1_maskfloat32], params: {batch: 64, n_heads: 64, n_kv_heads: 64, seq_len_q: 4095, seq_len_k: 4095}}\n"
else
    skip "more than the machine's memory" "this machine could hold any case"
fi
suite "heads not divisible" "s\.yaml:3:[0-9]+: .*n_heads" "$H  - {op: flash_attn_prefill, params: {n_heads: 3, n_kv_heads: 2}}\n"
suite "blk without a mask" "s\.yaml:3:[0-9]+: .*mask" "$H  - {op: flash_attn_prefill, params: {has_blk: true}}\n"
suite "where that never holds" "s\.yaml:3:[0-9]+: .*where" "$H  - {op: rms_norm, where: rows > 100}\n"
suite "a sweep of a million" 'expands to 3000000 cases' "$H  - {op: rms_norm, entries: [rms_norm_f32], sweep: {rows: {range: [1, 1000, 1]}, dim: {range: [1, 1000, 1]}}}\n"
suite "duplicate key" "s\.yaml:3:[0-9]+: .*op" "$H  - {op: rms_norm, op: rms_norm}\n"
suite "empty sweep" "s\.yaml:3:[0-9]+: " "$H  - {op: rms_norm, sweep: {rows: []}}\n"
suite "recursive include" "include" "suite: t\ninclude: [s.yaml]\n"
suite "include outside of the folder" "include|outside|\.\." "suite: t\ninclude: [../x.yaml]\n"

run 3 run '{op: rms_norm}' --kernel-dir "$W/none" --db "$W/none.db" && grep -q "none" "$W/err" && [ "$(wc -l < "$W/err")" -eq 1 ] && [ ! -e "$W/none.db" ]
result "a kernel folder that does not exist"

# What is no file: it would wait for its writer, or never end.  What is open already may be a pipe.
one='{op: rms_norm, entries: [rms_norm_f32], bench: false}'
mkfifo "$W/pipe" "$W/pipe.yaml"
ln -s /dev/zero "$W/zero.yaml"
python3 -c "import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])" "$W/socket"
truncate -s 1T "$W/huge"
[ "$(stat -c %s "$W/huge")" -gt 1000000000000 ]; result "a file of a terabyte"
endless() { rejects "$1" "$2" "${@:3}"; }
endless "a pipe as a suite"          "^mlxbench: $W/pipe: cannot read the suite: not a regular file$" run "$W/pipe" --no-db
endless "a device as a suite"        'cannot read the suite: not a regular file' run /dev/zero --no-db
endless "a link to a device as a suite" 'zero.yaml: cannot read the suite: not a regular file' run "$W/zero.yaml" --no-db
endless "a socket as a suite"        'cannot read the suite: No such device' run "$W/socket" --no-db
endless "a terabyte as a suite"      'huge: cannot read the suite: larger than 64 MiB' run "$W/huge" --no-db
endless "a pipe as a suite: list"    'pipe: cannot read the suite: not a regular file' list cases "$W/pipe"
endless "a pipe as a suite: gate"    'pipe: cannot read the suite: not a regular file' gate "$W/pipe" --no-db --base "$MLXBENCH"
suite   "a pipe as an include"       "s\.yaml:2:10: cannot include 'pipe': it is not a regular file" 'suite: t\ninclude: pipe\n'
suite   "a terabyte as an include"   "s\.yaml:2:10: cannot read '.*huge': larger than 64 MiB" 'suite: t\ninclude: huge\n'
endless "a pipe to import"           "import: cannot read '$W/pipe': not a regular file" import "$W/pipe" --db "$W/none.db"
endless "a device to import"         "import: cannot read '/dev/zero': not a regular file" import /dev/zero --db "$W/none.db"
endless "a terabyte to import"       "huge:1:1: a line of more than 268435456 bytes" import "$W/huge" --db "$W/none.db"
endless "a pipe as a database"       "database '$W/pipe' is not a regular file" run "$one" --db "$W/pipe"
endless "a device as a database"     "database '/dev/zero' is not a regular file" history x --db /dev/zero
endless "a pipe to merge"            "database '$W/pipe' is not a regular file" merge "$W/pipe" --db "$W/none.db"
endless "a pipe as kernels"          "pipe: not a directory" run "$one" --no-db --kernel-dir "$W/pipe"
[ ! -e "$W/none.db" ]; result "... leave no database behind"
mkdir "$W/folder" "$W/folder/suites"; mkfifo "$W/folder/suites/x.yaml"
(cd "$W/folder" && run 0 list suites && grep -q 'x.yaml' "$W/out"); result "a pipe among the suites is listed, not opened"
printf 'suite: t\nbackends: [cpu]\ncases:\n  - {op: rms_norm, entries: [rms_norm_f32], check: {fills: [normal]}, bench: false}\n' > "$W/good.yaml"
"$MLXBENCH" run /dev/stdin --db "$W/in.db" < "$W/pipe" > "$W/out" 2> "$W/err" & cat "$W/good.yaml" > "$W/pipe"; wait $!
result "a suite from standard input, a pipe"
run 0 run <(sleep 0.2; cat "$W/good.yaml") --no-db; result "a suite from a process substitution"
"$MLXBENCH" run /dev/stdin --no-db < "$W/good.yaml" > "$W/out" 2> "$W/err"; result "a suite from standard input, a file"
"$MLXBENCH" export --db "$W/in.db" | "$MLXBENCH" import /dev/stdin --db "$W/in2.db" > "$W/out" 2> "$W/err" && grep -q '^1 runs, 1 results' "$W/out"
result "results from standard input, a pipe"
echo '{"backend": "peer:x", "entry": "rms_norm_f32", "params": {"rows": 1, "dim": 64}, "device": "d", "status": "PASS", "rounds_ns": [[9, 9]]}' > "$W/peer.jsonl"
cat "$W/peer.jsonl" | "$MLXBENCH" import /dev/stdin --db "$W/peer.db" > "$W/out" 2> "$W/err" && run 0 import "$W/peer.jsonl" --db "$W/peer.db" &&
    grep -q '1 runs were there already' "$W/out"
result "results of outside programs from a pipe, which are known when they come again from the file"

# database
one='{op: rms_norm, entries: [rms_norm_f32], bench: false}'
echo "this is text" > "$W/text.db"; cp "$W/text.db" "$W/text.copy"
run 3 run "$one" --backend cpu --db "$W/text.db"
[ "$(wc -l < "$W/err")" -eq 1 ] && cmp -s "$W/text.db" "$W/text.copy"
result "a text file as database is refused untouched"
run 0 run "$one" --backend cpu --db "$W/good.db"
cp "$W/good.db" "$W/torn.db"; dd if=/dev/urandom of="$W/torn.db" bs=4096 seek=1 count=4 conv=notrunc 2> /dev/null; sum=$(cksum < "$W/torn.db")
run 3 run "$one" --backend cpu --db "$W/torn.db"
[ "$(wc -l < "$W/err")" -eq 1 ] && [ "$sum" = "$(cksum < "$W/torn.db")" ]
result "a corrupt database is refused untouched"
python3 -c "
import sqlite3, sys
d = sqlite3.connect(sys.argv[1]); d.execute('pragma user_version = 99'); d.commit()" "$W/good.db"
sum=$(cksum < "$W/good.db")
run 3 run "$one" --backend cpu --db "$W/good.db"
[ "$(wc -l < "$W/err")" -eq 1 ] && grep -q 99 "$W/err" && [ "$sum" = "$(cksum < "$W/good.db")" ]
result "a newer database is refused untouched"
run 3 run "$one" --backend cpu --db "$W/no/such/folder/x.db"
[ "$(wc -l < "$W/err")" -eq 1 ]
result "a database in a missing folder is refused"
for name in ':memory:' 'file:x.db' 'file:x.db?mode=memory'; do
    (cd "$W" && run 0 run "$one" --backend cpu --db "$name" && run 0 merge "$name" --db y.db && [ -s "./$name" ] && rm "./$name" ./y.db)
    result "a database named '$name' is a file of that name"
done
"$MLXBENCH" run "$one" --backend cpu --db "$W/ro.db" > /dev/null; chmod 444 "$W/ro.db"
run 3 run "$one" --backend cpu --db "$W/ro.db"
[ "$(wc -l < "$W/err")" -eq 1 ] && grep -qi 'read-only\|permission\|writ' "$W/err"
result "a read-only database is refused"
finish
