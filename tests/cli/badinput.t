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
"$MLXBENCH" run "$one" --backend cpu --db "$W/ro.db" > /dev/null; chmod 444 "$W/ro.db"
run 3 run "$one" --backend cpu --db "$W/ro.db"
[ "$(wc -l < "$W/err")" -eq 1 ] && grep -qi 'read-only\|permission\|writ' "$W/err"
result "a read-only database is refused"
finish
