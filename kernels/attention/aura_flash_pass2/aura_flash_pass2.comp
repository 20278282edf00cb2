#version 450
// Merge of attention partials: output = sum_b exp(m_b - M) o_b / sum_b exp(m_b - M) l_b over the blocks with l_b != 0.
// Source: metaltile, aura_flash_pass2.rs.  One workgroup per head: M by a tree, then WG blocks per step: each work item
// finds one block's weight, then each sums coordinates t, t + WG, ... over the step's blocks.
#extension GL_GOOGLE_include_directive : require
#include "kernels/common/mxb.glsl"
#include "kernels/attention/aura_flash_pass2/aura_flash_pass2.def"

layout(constant_id = 1000) const uint WG = 128;  // a power of two
layout(local_size_x_id = 1000) in;
layout(binding = 0) readonly buffer O { T o_partials[]; };
layout(binding = 1) readonly buffer M { T m_partials[]; };
layout(binding = 2) readonly buffer L { T l_partials[]; };
layout(binding = 3) writeonly buffer Output { T result[]; };

const uint DIM = HD, OWN = (DIM + WG - 1) / WG;  // coordinates per work item
#define MINUS_INFINITY uintBitsToFloat(0xff800000u)

shared float weight[WG];                         // first a place in the tree
shared float share[WG];                          // weight * l

void main()
{
    const uint t = gl_LocalInvocationID.x, head = gl_WorkGroupID.x, first = head * p.num_blocks;

    float m = MINUS_INFINITY;
    for (uint b = t; b < p.num_blocks; b += WG) {
        const float mb = LOAD(m_partials, first + b);
        if (LOAD(l_partials, first + b) != 0.0) m = m > mb ? m : mb;
    }
    weight[t] = m;
    barrier();
    for (uint k = WG / 2; k > 0; k /= 2) {
        if (t < k) weight[t] = weight[t + k] > weight[t] ? weight[t + k] : weight[t];
        barrier();
    }
    m = weight[0];

    float total = 0.0, o[OWN];
    for (uint c = 0; c < OWN; c++) o[c] = 0.0;
    for (uint step = 0; step < p.num_blocks; step += WG) {
        barrier();                               // the maximum, or the weights of the step before, have been read
        if (step + t < p.num_blocks) {
            const float l = LOAD(l_partials, first + step + t);
            weight[t] = l != 0.0 ? exp(LOAD(m_partials, first + step + t) - m) : 0.0;
            share[t] = l != 0.0 ? weight[t] * l : 0.0;
        }
        barrier();
        for (uint j = 0; j < min(WG, p.num_blocks - step); j++) {
            const uint b = first + step + j;
            if (LOAD(l_partials, b) == 0.0) continue;
            total += share[j];
            for (uint c = 0; c < OWN; c++)
                if (t + c * WG < DIM) o[c] += weight[j] * LOAD(o_partials, b * DIM + t + c * WG);
        }
    }
    const float inverse = total > 0.0 ? 1.0 / total : 0.0;
    for (uint c = 0; c < OWN; c++)
        if (t + c * WG < DIM) STORE(result, head * DIM + t + c * WG, o[c] * inverse);
}
