#version 450
// mask[q,k] = -inf where the query at position q + q_abs_offset may not see key k, else +0; one workgroup per row.
// Source: mlx-native, flash_attn_prefill_mask.metal.  Pure data, no arithmetic: exact.
#extension GL_GOOGLE_include_directive : require
#include "kernels/common/mxb.glsl"
#include "kernels/attention/flash_attn_prefill_mask_fill/flash_attn_prefill_mask_fill.def"

layout(constant_id = 1000) const uint WG = 256;
layout(constant_id = 1001) const uint VEC = 8;   // 1 or 8, divides seq_len_k
layout(local_size_x_id = 1000) in;
// Two views: single cells, and groups of eight.
layout(binding = 0) writeonly buffer Mask { T mask[]; };
layout(binding = 0) writeonly buffer MaskX8 { uvec4 mask8[]; };

// Bits of cell k of a row that attends the keys [first, last).
uint cell(int k, int first, int last) { return k >= first && k < last ? 0u : 0xff80u; }
uint pair(int k, int first, int last) { return cell(k, first, last) | cell(k + 1, first, last) << 16; }

void main()
{
    const uint q = gl_WorkGroupID.y * gl_NumWorkGroups.x + gl_WorkGroupID.x;
    if (q >= p.seq_len_q) return;                // the last line of a two-dimensional grid
    const int position = int(q + p.q_abs_offset);
    const int first = p.n_swa > 0 ? position - p.n_swa + 1 : 0;
    const int last = p.causal != 0 ? position + 1 : int(p.seq_len_k);
    const uint n = p.seq_len_k / VEC, base = q * n;                   // 32 bits: a binding holds less than 4 GiB
    for (uint i = gl_LocalInvocationID.x; i < n; i += WG) {
        const int k = int(i * VEC);
        if (VEC == 8)
            mask8[base + i] = uvec4(pair(k, first, last), pair(k + 2, first, last), pair(k + 4, first, last),
                                    pair(k + 6, first, last));
        else mask[base + i] = T(cell(k, first, last));
    }
}
