#version 450
// Attention of one query per head over packed keys and values: partial o (not divided by l), m and l per block of
// tokens.  Source: metaltile, aura_flash_p1.rs.  One workgroup per (block, head), WG tokens per step: each work item
// scores one token, then each sums coordinates t, t + WG, ... of the output over the step's tokens.
#extension GL_GOOGLE_include_directive : require
#include "kernels/common/mxb.glsl"
#include "kernels/common/packed_codes.glsl"
#include "kernels/attention/aura_flash_p1/aura_flash_p1.def"

layout(constant_id = 1000) const uint WG = 128;  // a power of two
layout(local_size_x_id = 1000) in;
layout(binding = 0) readonly buffer Query { T q_rot[]; };
layout(binding = 1) readonly buffer KeyPacked { uint key_packed[]; };
layout(binding = 2) readonly buffer KeyNorms { T key_norms[]; };
layout(binding = 3) readonly buffer KeyCodebook { T key_codebook[]; };
layout(binding = 4) readonly buffer ValPacked { uint val_packed[]; };
layout(binding = 5) readonly buffer ValNorms { T val_norms[]; };
layout(binding = 6) readonly buffer ValCodebook { T val_codebook[]; };
layout(binding = 7) writeonly buffer O { T o_partials[]; };
layout(binding = 8) writeonly buffer M { T m_partials[]; };
layout(binding = 9) writeonly buffer L { T l_partials[]; };

const uint DIM = HD, KBITS = KB, VBITS = VB;
const uint KWORDS = CODE_WORDS(DIM, KBITS), VWORDS = CODE_WORDS(DIM, VBITS);
const uint OWN = (DIM + WG - 1) / WG;            // coordinates per work item
#define MINUS_INFINITY uintBitsToFloat(0xff800000u)

shared float q[HD], ck[1 << KB], cv[1 << VB];
shared float top[WG], weight[WG], value[WG];     // per token of the step; value: weight * norm

void main()
{
    const uint t = gl_LocalInvocationID.x, block = gl_WorkGroupID.x, h = gl_WorkGroupID.y;
    const uint at = h * gl_NumWorkGroups.x + block;
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
    float m = MINUS_INFINITY, l = 0.0, o[OWN];
    for (uint c = 0; c < OWN; c++) o[c] = 0.0;

    for (uint first = begin; first < end; first += WG) {
        const uint row = base + first + t;
        const bool valid = first + t < end;
        float s = MINUS_INFINITY;
        barrier();                               // the tables are there; the step before is done with
        if (valid) {
            float dot = 0.0;
            for (uint d = 0; d < DIM; d++) dot += q[d] * ck[CODE_AT(key_packed, row * KWORDS, d, KBITS)];
            s = dot * LOAD(key_norms, row);
        }
        top[t] = s;
        barrier();
        for (uint k = WG / 2; k > 0; k /= 2) {   // this order of operands keeps a NaN of the lower half
            if (t < k) top[t] = top[t + k] > top[t] ? top[t + k] : top[t];
            barrier();
        }
        const float next = m > top[0] ? m : top[0];
        const float old = m == MINUS_INFINITY ? 0.0 : exp(m - next);
        weight[t] = valid ? exp(s - next) : 0.0;
        value[t] = valid ? weight[t] * LOAD(val_norms, row) : 0.0;
        barrier();
        m = next;
        l *= old;
        for (uint c = 0; c < OWN; c++) o[c] *= old;
        for (uint j = 0; j < min(WG, end - first); j++) {
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
