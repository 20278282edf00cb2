// Attention of one query per head over packed keys and values: partial o (not divided by l), m and l per block of
// tokens.  Source: metaltile, aura_flash_p1.rs.  One workgroup per (block, head), WG tokens per step: each work item
// scores one token, then each sums coordinates t, t + WG, ... of the output over the step's tokens.
#include "kernels/common/mxb.cl.h"
#include "kernels/common/packed_codes.cl.h"
#include "kernels/attention/aura_flash_p1/aura_flash_p1.def"

#define DIM ((uint)HD)
#define KBITS ((uint)KB)
#define VBITS ((uint)VB)
#define KWORDS CODE_WORDS(DIM, KBITS)
#define VWORDS CODE_WORDS(DIM, VBITS)
#define OWN ((HD + WG - 1) / WG)                 // coordinates per work item

__kernel __attribute__((reqd_work_group_size(WG, 1, 1)))
void aura_flash_p1(__global const T *q_rot, __global const uint *key_packed, __global const T *key_norms,
                   __global const T *key_codebook, __global const uint *val_packed, __global const T *val_norms,
                   __global const T *val_codebook, __global T *o_partials, __global T *m_partials, __global T *l_partials,
                   const struct aura_flash_p1_params p)
{
    __local float q[HD], ck[1 << KB], cv[1 << VB];
    __local float top[WG], weight[WG], value[WG];    // per token of the step; value: weight * norm
    const uint t = (uint)get_local_id(0), block = (uint)get_group_id(0), h = (uint)get_group_id(1);
    const uint at = h * (uint)get_num_groups(0) + block;
    const uint stride = p.kv_stride != 0 ? p.kv_stride : p.tokens;
    const uint base = h / (p.n_heads / p.n_kv_heads) * stride;
    const uint begin = block * p.block_size;
    uint end = min(begin + p.block_size, p.tokens);
#if CAUSAL
    end = min(end, p.q_position + 1);
#endif

    for (uint d = t; d < DIM; d += WG) q[d] = LOAD(q_rot, h * DIM + d);
    for (uint i = t; i < (1u << KBITS); i += WG) ck[i] = LOAD(key_codebook, i);
    for (uint i = t; i < (1u << VBITS); i += WG) cv[i] = LOAD(val_codebook, i);
    float m = -INFINITY, l = 0.0f, o[OWN];
    for (uint c = 0; c < OWN; c++) o[c] = 0.0f;

    for (uint first = begin; first < end; first += WG) {
        const uint row = base + first + t;
        const bool valid = first + t < end;
        float s = -INFINITY;
        barrier(CLK_LOCAL_MEM_FENCE);            // the tables are there; the step before is done with
        if (valid) {
            float dot = 0.0f;
            for (uint d = 0; d < DIM; d++) dot += q[d] * ck[CODE_AT(key_packed, row * KWORDS, d, KBITS)];
            s = dot * LOAD(key_norms, row);
        }
        top[t] = s;
        barrier(CLK_LOCAL_MEM_FENCE);
        for (uint k = WG / 2; k > 0; k /= 2) {   // this order of operands keeps a NaN of the lower half
            if (t < k) top[t] = top[t + k] > top[t] ? top[t + k] : top[t];
            barrier(CLK_LOCAL_MEM_FENCE);
        }
        const float next = m > top[0] ? m : top[0];
        const float old = m == -INFINITY ? 0.0f : exp(m - next);
        weight[t] = valid ? exp(s - next) : 0.0f;
        value[t] = valid ? weight[t] * LOAD(val_norms, row) : 0.0f;
        barrier(CLK_LOCAL_MEM_FENCE);
        m = next;
        l *= old;
        for (uint c = 0; c < OWN; c++) o[c] *= old;
        for (uint j = 0; j < min((uint)WG, end - first); j++) {
            l += weight[j];
            for (uint c = 0; c < OWN; c++) {
                const uint d = t + c * WG;
                if (d < DIM) o[c] += value[j] * cv[CODE_AT(val_packed, (base + first + j) * VWORDS, d, VBITS)];
            }
        }
    }
    for (uint c = 0; c < OWN; c++)
        if (t + c * WG < DIM) STORE(o_partials, at * DIM + t + c * WG, o[c]);
    if (t == 0) {
        STORE(m_partials, at, m);
        STORE(l_partials, at, l);
    }
}
