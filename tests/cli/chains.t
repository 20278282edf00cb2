#!/usr/bin/env bash
# Chains of ops as cases: what they say of each step and of the whole, their place in tables, the database and repro lines,
# and every mistake in a chain told in one line with its place.
. tests/cli/tap.sh

# field KEY FILE: the values of a member of the JSON lines
field() { python3 -c 'import json, sys
for l in open(sys.argv[2]):
    d = json.loads(l)
    if "id" in d: print(d[sys.argv[1]])' "$1" "$2" > "$W/field"; cat "$W/field"; }

run 0 run suites/chains.yaml --check-only --db "$W/a.db" --format json && cp "$W/out" "$W/all.json" && [ "$(field status "$W/all.json" | sort | uniq -c | tr -s ' ')" = " 72 PASS" ]
result "every chain passes on every backend"
field reason "$W/all.json" | grep -q '^worst step: .*; merge.output agrees within [0-9.]* sigma$' && field reason "$W/all.json" | grep -q '; nrmse of undo.x 0.00789'
result "the worst step and the figures of the claims are told"
python3 - "$W/all.json" <<'P'
import json, re, sys
rows = [d for d in map(json.loads, open(sys.argv[1])) if "id" in d]
bands = {8: (0.0071, 0.0087), 6: (0.0229, 0.0281), 5: (0.0450, 0.0551), None: (0.085, 0.11)}
trips = [d for d in rows if d["op"].startswith("tq_round_trip")]
for d in trips:
    lo, hi = bands[d["params"].get("codebook_bits")]
    assert lo <= float(re.search(r"nrmse of undo.x ([0-9.]+)", d["reason"]).group(1)) <= hi, d
assert len(trips) == 24
P
result "round trips have the error of their codebook"

one='{chain: trip, steps: [{as: enc, op: hadamard_quantize_kv, entry: [hadamard_quantize_kv_hb_d256]}, {as: dec, op: tq_dequantize_kv, entry: tq_dequantize_hb_kv, in: {packed: enc.packed, norms: enc.norms}}], params: {num_kv_heads: 2}, backends: [cpu], bench: {rounds: 1, min_time: 1ms, max_time: 2ms}}'
run 0 list cases "$one" && grep -qE '^[0-9a-f]{10} trip:hadamard_quantize_kv_hb_d256 num_kv_heads=2 seed=1 cpu auto warm$' "$W/out"
result "list cases prints a chain's parameters and variant"
id=$(cut -d' ' -f1 "$W/out")
run 0 run "$one" --db "$W/a.db" --format json && cp "$W/out" "$W/one.json" && [ "$(field op "$W/one.json")" = trip ] && [ "$(field entry "$W/one.json")" = trip:hadamard_quantize_kv_hb_d256 ]
result "a result names the chain as op"
python3 - "$W/one.json" <<'P'
import json, sys
d = json.loads(open(sys.argv[1]).readline())
# two heads of 256: encode reads 4 * 256 and writes 256 + 4 each; decode reads 256 + 4 and writes 4 * 256
assert d["bytes"] == 2 * (4 * 256 + 256 + 4) * 2 and d["flops"] > 0 and d["median_ns"] > 0 and d["clock"], d
P
result "the whole is timed as one; bytes are those of the steps"
run 0 show "$id" --db "$W/a.db" && grep -q 'trip:hadamard_quantize_kv_hb_d256 on cpu' "$W/out" && run 0 history "$id" --db "$W/a.db" && grep -q trip "$W/out"
result "show and history know it"
repro=$(field repro "$W/one.json")
[ -n "$repro" ] && echo "$repro" | sed "s#^mlxbench#$MLXBENCH#" > "$W/repro" && (eval "$(cat "$W/repro") --no-db --check-only --format json") > "$W/again.json" && [ "$(field id "$W/again.json")" = "$id" ]
result "the repro line runs the same case"
run 0 run "${one/, norms: enc.norms/}" --db "$W/a.db" --check-only && python3 - "$W/a.db" <<'P'
import sqlite3, sys
rows = sqlite3.connect(sys.argv[1]).execute("SELECT hash, def_version FROM bench_case WHERE op = 'trip'").fetchall()
assert len(rows) == 2 and rows[0][0] == rows[1][0] and rows[0][1] != rows[1][1], rows
P
result "a chain of the same name with another link is another case"
run 0 export --db "$W/a.db" --out "$W/a.jsonl" && run 0 import "$W/a.jsonl" --db "$W/b.db" && run 0 export --db "$W/b.db" --out "$W/b.jsonl" && cmp -s "$W/a.jsonl" "$W/b.jsonl"
result "export and import are exact"
run 0 compare --db "$W/a.db" last last && run 0 report --db "$W/a.db" --out "$W/page" && grep -q trip "$W/page/index.html"
result "compare and report take it"
run 0 run suites/chains.yaml --check-only --no-db --backend cpu --repeat 3 --filter '*round_trip_4*' && grep -q ' 2 PASS' <(sed 's/^/ /' "$W/out")
result "--repeat compares the bits of every step"
run 0 dump "$one" --out "$W/dump" && [ -s "$W/dump/enc.src.npy" ] && [ -s "$W/dump"/dec.dst.cpu0.*.npy ] && [ ! -e "$W/dump/dec.packed.npy" ] && grep -q '"enc.packed"' "$W/dump/case.json"
result "dump writes every step's tensors, links once"
run 0 run suites/chains.yaml --op aura_flash_pass2 --backend cpu --check-only --no-db && grep -q '^9 PASS' "$W/out" && run 0 run suites/chains.yaml --entry aura_flash_pass2_d64 --backend cpu --check-only --no-db && grep -q '^3 PASS' "$W/out"
result "--op and --entry keep the chains with such a step"

# ---- what is wrong is found ----

# mutant OP SED: lays the op's sources over the built-in ones, changed by the script
mutant() {
    local d
    d=$(dirname kernels/*/"$1"/"$1".def)
    rm -rf "$W/k"
    mkdir -p "$W/k/${d#kernels/}"
    changed=0
    for f in "$d"/*.cl "$d"/*.comp "$d"/*_cpu*; do
        sed -f "$2" "$f" > "$W/k/${d#kernels/}/$(basename "$f")"
        cmp -s "$f" "$W/k/${d#kernels/}/$(basename "$f")" || changed=$((changed + 1))
    done
    [ $changed -ge 3 ]
}
# killed NAME CHAIN OP SED STEP: the mutant is found in the step, on every backend
killed() {
    mutant "$3" "$4" && run 2 run suites/chains.yaml --filter "$2" --check-only --no-db --kernel-dir "$W/k" --format json &&
        [ "$(python3 -c 'import json, sys
rows = [d for d in map(json.loads, open(sys.argv[1])) if "id" in d]
print(*sorted({d["backend"] for d in rows if d["status"] == "FAIL" and " %s: " % sys.argv[2] in d["reason"]}), len({d["status"] for d in rows if d["status"] not in ("PASS", "FAIL")}))' "$W/out" "$5")" = "cpu opencl vulkan 0" ]
    result "$1"
}
killed "a fused kernel without its factor" 'tq_hb_unfused*n_heads=4*' flash_attn_vec_reduce_tq_hb_undo tests/mutants/flash_attn_vec_reduce_tq_hb_undo/unnormalised.sed fused
cat > "$W/no_norm.sed" <<'S'
s/norms\[0\] \* TQ_INV_SQRT_256/TQ_INV_SQRT_256/
s/norms\[norm\] \* TQ_INV_SQRT_256/TQ_INV_SQRT_256/
s/\*norm \* (1/(1/
S
killed "a dequantiser that ignores the norm" 'tq_round_trip:*d256*bits=8*' tq_dequantize_kv "$W/no_norm.sed" decode
cat tests/mutants/aura_flash_pass2/l_not_weighted.sed tests/mutants/aura_flash_pass2/cpu_l_not_weighted.sed > "$W/weights.sed"
killed "a merge that does not weight its sums" 'aura_two_pass*d64*tokens=100 *' aura_flash_pass2 "$W/weights.sed" merge
killed "a classification that skips ragged tiles" 'prefill_blk*window*' flash_attn_prefill_blk tests/mutants/flash_attn_prefill_blk/ragged_edge_classified.sed classify

# Every step right, the whole wrong: only a claim tells.
fused='{chain: f, steps: [{as: parts, op: flash_attn_vec_tq_hb, entry: flash_attn_vec_tq_hb_dk256, params: {nwg: 4}}, {as: merge, op: flash_attn_vec_reduce, entry: flash_attn_vec_reduce_dk256, params: {nrows: =n_heads, nwg: 4}, in: {tmp: parts.dst}}, {as: undo, op: fwht, entry: UNDO, params: {num_heads: =n_heads}, in: {x: merge.out}}], against: [{as: one, op: flash_attn_vec_reduce_tq_hb_undo, entry: flash_attn_vec_reduce_tq_hb_undo_dk256, params: {nrows: =n_heads, nwg: 4}, in: {tmp: parts.dst}}], params: {n_heads: 4}, CHECK backends: [cpu], bench: false}'
agree='check: {agree: {of: undo.x, to: one.out}},'
with() { local s=${fused/UNDO/$1}; echo "${s/CHECK/$2}"; }
run 0 run "$(with fwht_sign_undo_f32_d256 "$agree")" --no-db
result "two ways to the same result agree"
run 0 run "$(with fwht_standalone_f32_d256 '')" --no-db
result "with another kernel at the end every step is still right"
run 2 run "$(with fwht_standalone_f32_d256 "$agree")" --no-db && grep -q ' fill: agree: undo.x and one.out: x\[' "$W/out" && grep -q "mlxbench run '{chain: f, steps: \[{as: parts" "$W/out"
result "but the whole is not: the claim fails, with a repro line"
run 2 run "${one/bench:/check: {nrmse: {of: dec.dst, to: enc.src, max: 0.1\}\}, bench:}" --no-db --check-only && grep -qE 'nrmse: dec.dst against enc.src is 1\.[0-9]+, at most 0.1 is allowed' "$W/out"
result "an NRMSE that is too large fails"
lone='{chain: s, steps: [{op: fwht, entry: fwht_standalone_f32_d256, params: {num_heads: 2}}], backends: [opencl], bench: false}'
run 0 run "$lone" --no-db && grep -q '^1 PASS' "$W/out"
result "a chain of one step runs"
run 0 run "${lone/params/tile: {HPG: 3, WG: 64\}, params}" --no-db && grep -q 'SKIP.* fwht: ' "$W/out"
result "what a device cannot run is skipped with the step's name"

# ---- bad input ----

# bad NAME PLACE-AND-TEXT YAML: the suite's third line and what follows
bad() {
    printf 'suite: t\ncases:\n%b\n' "$3" > "$W/bad.yaml"
    rejects "$1" "^mlxbench: $W/bad.yaml:$2" list cases "$W/bad.yaml"
}
enc='{as: enc, op: hadamard_quantize_kv, entry: hadamard_quantize_kv_hb_d256}'
dec='{as: dec, op: tq_dequantize_kv, entry: tq_dequantize_hb_kv'
bad "no steps" "3:5: a chain needs 'steps'" '  - {chain: c}'
bad "empty steps" "3:23: 'steps' is an empty list" '  - {chain: c, steps: []}'
bad "a chain named as an op" "3:13: 'fwht' is the name of an op" "  - {chain: fwht, steps: [$enc]}"
bad "a name with blanks" "3:13: 'chain' must be a name" "  - {chain: a b, steps: [$enc]}"
bad "an op beside a chain" "3:16: unknown key 'op' in a chain" '  - {chain: c, op: fwht}'
bad "a tile of the whole chain" "3:[0-9]*: unknown key 'tile' in a chain" "  - {chain: c, steps: [$enc], tile: {WG: 32}}"
bad "an unknown key of a step" "3:35: unknown key 'entries' in a step .known: as, op, entry," '  - {chain: c, steps: [{op: fwht, entries: all}]}'
bad "an unknown op" "3:29: unknown op 'fwth', did you mean 'fwht'" '  - {chain: c, steps: [{op: fwth, entry: x}]}'
bad "an unknown entry" "3:42: unknown entry 'fwht_standalone_f32_d25', did you mean 'fwht_standalone_f32_d256'" '  - {chain: c, steps: [{op: fwht, entry: fwht_standalone_f32_d25}]}'
bad "two steps of one name" "4:11: two steps are named 'enc'" "  - {chain: c, steps: [$enc,\n     {as: enc, op: fwht, entry: fwht_standalone_f32_d256}]}"
bad "lists of entries of different length" "5:[0-9]*: lists of entries must be equally long, this has 3 and one before it 2" "  - {chain: c, steps: [\n     {as: a, op: fwht, entry: [fwht_standalone_f32_d256, fwht_standalone_f32_d512]},\n     {as: b, op: fwht, entry: [fwht_standalone_f32_d256, fwht_standalone_f32_d512, fwht_sign_undo_f32_d256]}]}"
bad "a list of one entry beside a list of two" "4:[0-9]*: lists of entries must be equally long, this has 2 and one before it 1" "  - {chain: c, steps: [{as: a, op: fwht, entry: [fwht_standalone_f32_d256]},\n     {as: b, op: fwht, entry: [fwht_standalone_f32_d256, fwht_standalone_f32_d512]}]}"
bad "a parameter that no step has" "4:15: unknown parameter of the steps 'num_kv_head', did you mean 'num_kv_heads'" "  - {chain: c, steps: [$enc],\n     params: {num_kv_head: 2}}"
bad "an unknown parameter of a step" "3:[0-9]*: unknown parameter 'rows'" '  - {chain: c, steps: [{op: fwht, entry: fwht_standalone_f32_d256, params: {rows: 2}}]}'
bad "an unknown name in an expression" "4:[0-9]*: unknown name 'n_kv' .known: num_kv_heads, DIM, NIBBLES" "  - {chain: c, steps: [$enc,\n     $dec, params: {num_kv_heads: =n_kv}, in: {packed: enc.packed, norms: enc.norms}}], params: {num_kv_heads: 2}}"
bad "an unknown tensor" "4:[0-9]*: unknown tensor 'pack'" "  - {chain: c, steps: [$enc,\n     $dec, in: {pack: enc.packed}}]}"
bad "an unknown step" "4:[0-9]*: unknown step 'encode'" "  - {chain: c, steps: [$enc,\n     $dec, in: {packed: encode.packed}}]}"
bad "an unknown tensor of a step" "4:[0-9]*: unknown tensor 'packd', did you mean 'packed'" "  - {chain: c, steps: [$enc,\n     $dec, in: {packed: enc.packd}}]}"
bad "no step in a link" "4:[0-9]*: 'in' must be STEP.TENSOR, got 'packed'" "  - {chain: c, steps: [$enc,\n     $dec, in: {packed: packed}}]}"
bad "an output linked" "4:[0-9]*: 'dst' is no input of op 'tq_dequantize_kv'" "  - {chain: c, steps: [$enc,\n     $dec, in: {dst: enc.norms}}]}"
bad "a link to a later step" "3:[0-9]*: step 'enc' comes later" "  - {chain: c, steps: [$dec, in: {packed: enc.packed}},\n     $enc]}"
bad "another dtype" "4:[0-9]*: 'enc.packed' is u8, 'norms' of step 'dec' is f32" "  - {chain: c, steps: [$enc,\n     $dec, in: {norms: enc.packed}}]}"
bad "another shape" "5:[0-9]*: dec.packed is \[2,16,256\], enc.packed is \[3,16,256\]" "  - {chain: c, steps: [$enc,\n     $dec, params: {num_kv_heads: 2}, in: {\n     packed: enc.packed}}], params: {num_kv_heads: 3}}"
bad "an argument that a step refuses" "4:[0-9]*: dec: Invalid argument" "  - {chain: c, steps: [$enc,\n     $dec, params: {read_pos: 16}}]}"
bad "a tensor that was changed in place" "4:[0-9]*: 'a.x' was changed in place by step 'b'" "  - {chain: c, steps: [{as: a, op: fwht, entry: fwht_standalone_f32_d256}, {as: b, op: fwht, entry: fwht_standalone_f32_d256, in: {x: a.x}},\n     {as: d, op: fwht, entry: fwht_standalone_f32_d256, in: {x: a.x}}]}"
bad "an input that would be changed in place" "4:[0-9]*: 'b' changes 'a.src' in place" "  - {chain: c, steps: [{as: a, op: hadamard_quantize_kv, entry: hadamard_quantize_kv_hb_d256},\n     {as: b, op: fwht, entry: fwht_standalone_f32_d256, in: {x: a.src}}]}"
bad "an unknown impl" "3:[0-9]*: unknown impl 'fast'" '  - {chain: c, steps: [{op: fwht, entry: fwht_standalone_f32_d256, impl: fast}]}'
bad "an unknown tile constant" "3:[0-9]*: unknown tile constant 'BQ'" '  - {chain: c, steps: [{op: fwht, entry: fwht_standalone_f32_d256, tile: {BQ: 2}}]}'
bad "a claim of a case that is no chain" "3:[0-9]*: 'agree' is for a chain" '  - {op: fwht, check: {agree: {of: a.x, to: b.x}}}'
bad "same_bits_as of a chain" "4:[0-9]*: 'same_bits_as' is for a case of one op" "  - {chain: c, steps: [$enc],\n     check: {same_bits_as: {n_tokens: 2}}}"
bad "a claim with itself" "4:[0-9]*: 'agree' of a tensor with itself" "  - {chain: c, steps: [$enc],\n     check: {agree: {of: enc.norms, to: enc.norms}}}"
bad "an agreement of integers" "4:[0-9]*: 'agree' needs tensors of floating type" "  - {chain: c, steps: [$enc],\n     check: {agree: {of: enc.packed, to: enc.norms}}}"
bad "an NRMSE without bound" "4:[0-9]*: 'nrmse' needs 'max'" "  - {chain: c, steps: [$enc],\n     check: {nrmse: {of: enc.norms, to: enc.src}}}"
bad "claims on tensors of different shape" "4:[0-9]*: enc.norms is \[8,16,1\], enc.src is \[1,8,256\]" "  - {chain: c, steps: [$enc],\n     check: {nrmse: {of: enc.norms, to: enc.src, max: 1}}}"
bad "an enum that means something else" "4:[0-9]*: 'mask_fill' of this step has other values" "  - {chain: c, steps: [{as: a, op: flash_attn_prefill_blk, entry: flash_attn_prefill_blk_bf16},\n     {as: b, op: flash_attn_prefill_llamacpp, entry: flash_attn_prefill_llamacpp_bf16_d512}], params: {mask_fill: window}}"
finish
