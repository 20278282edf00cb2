#!/usr/bin/env bash
# Every condition that the dispatchers upstream reject is refused here too: exit code 3, one line that names the argument.
# What a condition on buffers becomes: element types and head dimensions are part of an entry's name, and the program
# sizes every buffer by the table of the op, so a wrong type is an unknown entry, a wrong size an unknown parameter.
. tests/cli/tap.sh

# refused OP NAME PATTERN "PARAMS" ["ENTRY..."]: for each entry, or for all at once
refused() {
    local op=$1 name=$2 pattern=$3 params=$4 entry
    for entry in ${5:-all}; do
        rejects "$op: $name ($entry)" "^mlxbench: <inline>:1:[0-9]+: .*$pattern" \
            run "{op: $op, entries: $entry, params: {$params}}" --no-db
    done
}

# Four types and head dimensions of attention: each has its own pipeline upstream, all share the checks.
variants='flash_attn_prefill_bf16_d256 flash_attn_prefill_f16_d256_boolmask flash_attn_prefill_bf16_d512
          steel_attention_float32_bq32_bk16_bd256_wm4_wn1_maskfloat32'
o=flash_attn_prefill
refused $o "head_dim is not the entry's"  "unknown parameter 'head_dim'"                 'head_dim: 128'
refused $o "blk without a mask"           'Invalid argument: has_blk needs a mask'       'has_blk: true' "$variants"
for p in n_heads n_kv_heads seq_len_q seq_len_k batch; do
    refused $o "$p = 0"                   "'$p' must be in 1 .. [0-9]+, got '0'"         "$p: 0" "$variants"
done
refused $o "n_kv_heads does not divide n_heads" 'Invalid argument: n_heads \(6\) must be divisible by n_kv_heads \(4\)' \
                                                                                         'n_heads: 6, n_kv_heads: 4' "$variants"
refused $o "more kv heads than heads"     'Invalid argument: n_heads \(2\) must be divisible' 'n_heads: 2, n_kv_heads: 4'
refused $o "blk is found before the heads" 'has_blk needs a mask'                        'has_blk: true, n_heads: 6, n_kv_heads: 4'
refused $o "Q beyond 2^32 elements"       'Invalid argument: Q or K would have more'     'batch: 4096, seq_len_q: 4194304'
refused $o "K beyond 2^32 elements"       'Invalid argument: Q or K would have more'     'batch: 4096, seq_len_k: 4194304'
refused $o "a rank-2 mask beyond 2^32"    'Invalid argument: the mask would have more'   'mask: rank2, seq_len_q: 65536, seq_len_k: 65537'
refused $o "a rank-4 mask beyond 2^32"    'Invalid argument: the mask would have more'   'mask: rank4, seq_len_q: 65536, seq_len_k: 65536'
refused $o "a scale of 0"                 'Invalid argument: scale \(0\) must be'        'scale: 0'
refused $o "an unknown mask rank"         "rank3"                                        'mask: rank3'
refused $o "Q, K, V, O of another type"   'flash_attn_prefill_i8_d256'                   'batch: 1' flash_attn_prefill_i8_d256
refused $o "a mask of another type"       'flash_attn_prefill_bf16_d256_f32mask'         'mask: rank2' flash_attn_prefill_bf16_d256_f32mask
refused $o "a smaller buffer"             "unknown parameter 'q_bytes'"                  'q_bytes: 100'

o=flash_attn_prefill_mask_fill
for p in seq_len_q seq_len_k; do
    refused $o "$p = 0"                   "'$p' must be in 1 .. [0-9]+, got '0'"         "$p: 0"
done
refused $o "a window of 0"                'Invalid argument: the window n_swa must be at least 1, or -1' 'n_swa: 0'
refused $o "a window below -1"            "'n_swa' must be in -1 .. 2147483647, got '-2'" 'n_swa: -2'
refused $o "a size beyond any product"    "'seq_len_q' must be in"                       'seq_len_q: 4294967295, seq_len_k: 4294967295'
refused $o "a mask beyond the memory"     'need .* GiB, the machine has'                 'seq_len_q: 4194304, seq_len_k: 4194304'
refused $o "positions beyond 31 bits"     'Invalid argument: q_abs_offset \+ seq_len_q'  'q_abs_offset: 2147483647'
refused $o "a mask of another type"       'flash_attn_prefill_mask_fill_f16'             'causal: true' flash_attn_prefill_mask_fill_f16

o=flash_attn_prefill_blk
for p in seq_len_q seq_len_k bq bk; do
    refused $o "$p = 0"                   "'$p' must be in 1 .. [0-9]+, got '0'"         "$p: 0"
done
refused $o "a mask of another type"       'flash_attn_prefill_blk_f16'                   'bq: 8' flash_attn_prefill_blk_f16
refused $o "a size beyond any product"    "'seq_len_q' must be in"                       'seq_len_q: 4294967295, seq_len_k: 4294967295'
refused $o "a mask beyond the memory"     'need .* GiB, the machine has'                 'seq_len_q: 4194304, seq_len_k: 4194304'
refused $o "a buffer of another size"     "unknown parameter 'blk_bytes'"                'blk_bytes: 4'

o=rms_norm
every='rms_norm_f32 rms_norm_f16 rms_norm_bf16 rms_norm_no_scale_f32 rms_norm_no_scale_bf16'
for p in rows dim; do
    refused $o "$p = 0"                   "'$p' must be in 1 .. [0-9]+, got '0'"         "$p: 0" "$every"
done
refused $o "a negative eps"               "'eps' must be in 0 .. 1, got '-"              'eps: -0.5' "$every"
refused $o "offsets beyond 32 bits"       'Invalid argument: rows \* dim is 4294967296'  'rows: 65536, dim: 65536' "$every"
refused $o "another type"                 'rms_norm_i8'                                  'rows: 1' rms_norm_i8
refused $o "no bf16 weight for f16 data"  'rms_norm_no_scale_f16'                        'rows: 1' rms_norm_no_scale_f16
refused $o "a count that is not rows * dim" "unknown parameter 'x_count'"                'x_count: 7'
o=fwht
refused $o "num_heads = 0"                "'num_heads' must be in 1 .. [0-9]+, got '0'"  'num_heads: 0'
refused $o "another head_dim"             'fwht_standalone_f32_d128'                     'num_heads: 1' fwht_standalone_f32_d128

o=hadamard_quantize_kv
fast=hadamard_quantize_kv_fast_d256 hb=hadamard_quantize_kv_hb_d512
for p in num_kv_heads cache_capacity n_tokens; do
    refused $o "$p = 0"                   "'$p' must be in 1 .. [0-9]+, got '0'"         "$p: 0" "$fast $hb"
done
refused $o "write_pos at the end"         'Invalid argument: write_pos \(16\) \+ n_tokens \(1\) exceeds cache_capacity \(16\)' \
                                                                                         'write_pos: 16' "$fast $hb"
refused $o "more tokens than slots"       'Invalid argument: n_tokens \(17\) exceeds'    'n_tokens: 17, is_sliding: true' "$fast $hb"
refused $o "codebook_bits = 7"            'Invalid argument: codebook_bits must be 5, 6 or 8' 'codebook_bits: 7' $hb
refused $o "codebook_bits = 4"            "'codebook_bits' must be in 5 .. 8"            'codebook_bits: 4' $hb
refused $o "a probe of hb entries"        'Invalid argument: rms_probe_enabled needs'    'rms_probe_enabled: true' $hb
refused $o "a scale factor of 0"          "'scale_factor_d512' must be in"               'scale_factor_d512: 0'

o=tq_dequantize_kv
refused $o "head_dim is no power of two"  'Invalid argument: head_dim \(96\) must be a power of two' 'head_dim: 96' tq_dequantize_kv
refused $o "codebook_bits = 7"            'Invalid argument: codebook_bits must be 5, 6 or 8' 'codebook_bits: 7' tq_dequantize_hb_kv
refused $o "read_pos at the end"          'Invalid argument: read_pos \(16\) is not below' 'read_pos: 16'
refused $o "a scale factor of 0"          "'scale_factor_d512' must be in"               'scale_factor_d512: 0'

o=flash_attn_vec_tq_hb
for p in n_heads n_kv_heads kv_seq_len kv_capacity nwg; do
    refused $o "$p = 0"                   "'$p' must be in 1 .. [0-9]+, got '0'"         "$p: 0"
done
refused $o "n_kv_heads does not divide n_heads" 'Invalid argument: n_heads \(4\) must be divisible by n_kv_heads \(3\)' 'n_kv_heads: 3'
refused $o "more keys than slots"         'Invalid argument: kv_capacity \(64\) must be at least' 'kv_seq_len: 65'
refused $o "codebook_bits = 7"            'Invalid argument: codebook_bits must be 5, 6 or 8' 'codebook_bits: 7'
refused $o "codebook_bits = 4"            "'codebook_bits' must be in 5 .. 8"            'codebook_bits: 4'
refused $o "ring_start at the end"        'Invalid argument: ring_start \(64\) is not below' 'ring_start: 64'
refused $o "a scale of 0"                 'Invalid argument: scale \(0\) must be'        'scale: 0'

o=flash_attn_vec_reduce_tq_hb_undo
refused $o "nwg = 0"                      "'nwg' must be in 2 .. 32, got '0'"            'nwg: 0'
refused $o "nwg = 1, a finished row"      "'nwg' must be in 2 .. 32, got '1'"            'nwg: 1'
refused $o "nwg = 33"                     "'nwg' must be in 2 .. 32, got '33'"           'nwg: 33'
refused $o "nrows = 0"                    "'nrows' must be in 1 .. [0-9]+, got '0'"      'nrows: 0'

finish
