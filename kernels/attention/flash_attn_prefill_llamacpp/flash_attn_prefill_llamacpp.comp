#version 450
// O = softmax(scale Q K^T + f16(mask)) V for head dimension 512: 8 query rows of one head by one workgroup, tiles of 64 keys in two
// chunks of 32.  Source: mlx-native, flash_attn_prefill_d512.metal.  A tile without an attended key leaves the state bit for bit.
#extension GL_GOOGLE_include_directive : require
#include "kernels/common/attend.glsl"
#include "kernels/attention/flash_attn_prefill_llamacpp/flash_attn_prefill_llamacpp.def"

layout(constant_id = 300) const bool has_mask = false;
layout(constant_id = 301) const bool do_causal = false;
layout(constant_id = 303) const bool has_blk = false;
#if BOOLMASK
#define MASK_TYPE uint8_t
#else
#define MASK_TYPE T
#endif
layout(binding = 3) writeonly buffer BufO { TX4 O4[]; };
layout(binding = 4) readonly buffer BufMask { MASK_TYPE mask[]; };
layout(binding = 5) readonly buffer BufBlk { uint8_t blk[]; };

// Adds the mask to the scores that this work item has written; row0: the mask's row of the first query.
void add_mask(uint row0, uint base)
{
    for (uint i = gl_LocalInvocationID.x; i < ROWS * KEYS; i += WG) {
        const uint r = i / KEYS, key = base + i % KEYS;
        if (key >= row_hi[r]) continue;
#if BOOLMASK
        if (uint(mask[(row0 + r) * p.seq_len_k + key]) == 0) score[i / 4][i % 4] = uintBitsToFloat(0xff800000u);
#else
        score[i / 4][i % 4] += mxb_from_f16(mxb_to_f16(LOAD(mask, (row0 + r) * p.seq_len_k + key)));
#endif
    }
}

void main()
{
    const uint t = gl_LocalInvocationID.x, qt = gl_WorkGroupID.x, h = gl_WorkGroupID.y, b = gl_WorkGroupID.z;
    const uint q0 = qt * ROWS, rows = min(ROWS, p.seq_len_q - q0), head = b * p.n_heads + h, n = p.seq_len_k;
    const uint kv0 = (b * p.n_kv_heads + h / (p.n_heads / p.n_kv_heads)) * n, nk = (n + 63) / 64;
    const uint hi = do_causal ? min(n, q0 + rows + p.q_offset) : n;      // of all rows together
    const uint first = head * p.seq_len_q + q0, mask_row = p.mask == 2 ? first : q0;

    attend_load_q(first, rows, BD, false);
    if (t < ROWS) {
        row_lo[t] = 0;
        row_hi[t] = t >= rows ? 0 : do_causal ? min(n, q0 + t + p.q_offset + 1) : n;
    }
    attend_start();
    barrier();                       // q_rows, row_lo and row_hi are there
    for (uint base = 0; base < hi; base += KEYS) {
        const uint tile = has_blk ? uint(blk[qt * nk + base / 64]) : 1;
        if (tile == 0) continue;
        attend_partial(kv0, base, 0, hi, BD);
        barrier();                   // part is complete
        attend_score(base, p.scale);
        if (has_mask && tile != 2) add_mask(mask_row, base);
        barrier();                   // score is complete, part and the last chunk's weights have been used
        attend_softmax();
        barrier();                   // weight is complete, score has been used
        attend_value(kv0, base, 0, hi, BD);
    }
    [[unroll]] for (uint r = 0; r < ROWS; r++) {
        const float unit = l[r] == 0.0 ? 0.0 : 1.0 / l[r];
        [[unroll]] for (uint c = 0; c < COLS; c++) {
            const uint u = t + c * WG;
            if (r < rows && 4 * u < BD) STOREX4(O4, (first + r) * (BD / 4) + u, acc[r * COLS + c] * unit);
        }
    }
}
