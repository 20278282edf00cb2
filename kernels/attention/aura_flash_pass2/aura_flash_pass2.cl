// Merge of attention partials: output = sum_b exp(m_b - M) o_b / sum_b exp(m_b - M) l_b over the blocks with l_b != 0.
// Source: metaltile, aura_flash_pass2.rs.  One workgroup per head: M by a tree, then WG blocks per step: each work item
// finds one block's weight, then each sums coordinates t, t + WG, ... over the step's blocks.
#include "kernels/common/mxb.cl.h"
#include "kernels/attention/aura_flash_pass2/aura_flash_pass2.def"

#define DIM ((uint)HD)
#define OWN ((DIM + WG - 1) / WG)                // coordinates per work item

__kernel __attribute__((reqd_work_group_size(WG, 1, 1)))
void aura_flash_pass2(__global const T *o_partials, __global const T *m_partials, __global const T *l_partials,
                      __global T *output, const struct aura_flash_pass2_params p)
{
    __local float weight[WG];                    // first a place in the tree
    __local float share[WG];                     // weight * l
    const uint t = (uint)get_local_id(0), head = (uint)get_group_id(0), first = head * p.num_blocks;

    float m = -INFINITY;
    for (uint b = t; b < p.num_blocks; b += WG) {
        const float mb = LOAD(m_partials, first + b);
        if (LOAD(l_partials, first + b) != 0.0f) m = m > mb ? m : mb;
    }
    weight[t] = m;
    barrier(CLK_LOCAL_MEM_FENCE);
    for (uint k = WG / 2; k > 0; k /= 2) {
        if (t < k) weight[t] = weight[t + k] > weight[t] ? weight[t + k] : weight[t];
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    m = weight[0];

    float total = 0.0f, o[OWN];
    for (uint c = 0; c < OWN; c++) o[c] = 0.0f;
    for (uint step = 0; step < p.num_blocks; step += WG) {
        barrier(CLK_LOCAL_MEM_FENCE);            // the maximum, or the weights of the step before, have been read
        if (step + t < p.num_blocks) {
            const float l = LOAD(l_partials, first + step + t);
            weight[t] = l != 0.0f ? exp(LOAD(m_partials, first + step + t) - m) : 0.0f;
            share[t] = l != 0.0f ? weight[t] * l : 0.0f;
        }
        barrier(CLK_LOCAL_MEM_FENCE);
        for (uint j = 0; j < min((uint)WG, p.num_blocks - step); j++) {
            const uint b = first + step + j;
            if (LOAD(l_partials, b) == 0.0f) continue;
            total += share[j];
            for (uint c = 0; c < OWN; c++)
                if (t + c * WG < DIM) o[c] += weight[j] * LOAD(o_partials, b * DIM + t + c * WG);
        }
    }
    const float inverse = total > 0.0f ? 1.0f / total : 0.0f;
    for (uint c = 0; c < OWN; c++)
        if (t + c * WG < DIM) STORE(output, head * DIM + t + c * WG, o[c] * inverse);
}
