// Packs the direction of each row, rotated and quantised, and keeps its length, corrected for the quantisation.  Source:
// metaltile, aura_encode.rs.  One workgroup per ROWS rows: work items own coordinates t, t + WG, ...; each element of
// the rotation is read once for all of them; a word of codes is put together by one work item.
#include "kernels/common/mxb.cl.h"
#include "kernels/common/packed_codes.cl.h"
#include "kernels/attention/aura_encode/aura_encode.def"

#define DIM_MAX 512u
#define NBITS ((uint)BITS)

// Sum of v over the workgroup; every work item gets it.  Also a barrier.
float total(__local float *tree, float v)
{
    const uint t = (uint)get_local_id(0);
    barrier(CLK_LOCAL_MEM_FENCE);                // the sum before has been read
    tree[t] = v;
    barrier(CLK_LOCAL_MEM_FENCE);
    for (uint k = WG / 2; k > 0; k /= 2) {
        if (t < k) tree[t] += tree[t + k];
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    return tree[0];
}

// Number of boundaries below y: a binary search over all 2^BITS - 1 of them; 0 for NaN.
uint search(__global const float *boundaries, float y)
{
    uint code = 0;
    for (uint step = 1u << (NBITS - 1); step > 0; step /= 2) code += y > boundaries[code + step - 1] ? step : 0u;
    return code;
}

__kernel __attribute__((reqd_work_group_size(WG, 1, 1)))
void aura_encode(__global const T *x, __global const T *rotation, __global const float *boundaries, __global const T *codebook,
                 __global uint *packed, __global T *norms, const struct aura_encode_params p)
{
    __local float u[ROWS * DIM_MAX], tree[WG];
    __local uint codes[ROWS * DIM_MAX];
    const uint t = (uint)get_local_id(0), group = (uint)(get_group_id(1) * get_num_groups(0) + get_group_id(0));
    const uint row0 = group * ROWS, words = CODE_WORDS(p.dim, NBITS);
    if (row0 >= p.rows) return;                  // the last line of a two-dimensional grid; the same for a whole group
    const uint n = min((uint)ROWS, p.rows - row0);
    float length[ROWS], squares[ROWS];

    for (uint r = 0; r < ROWS; r++) {            // rows past the last are zero
        float sum = 0.0f;
        squares[r] = 0.0f;
        for (uint j = t; j < p.dim; j += WG) {
            const float v = r < n ? LOAD(x, (row0 + r) * p.dim + j) : 0.0f;
            u[r * DIM_MAX + j] = v;
            sum += v * v;
        }
        length[r] = sqrt(total(tree, sum));
        const float inverse = length[r] > 1e-8f ? 1.0f / length[r] : 0.0f;
        for (uint j = t; j < p.dim; j += WG) u[r * DIM_MAX + j] *= inverse;
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    for (uint d = t; d < p.dim; d += WG) {
        float y[ROWS];
        for (uint r = 0; r < ROWS; r++) y[r] = 0.0f;
        for (uint j = 0; j < p.dim; j += 4) {
            const float4 pi = LOADX4(rotation, (d * p.dim + j) / 4);
            for (uint r = 0; r < ROWS; r++) {
                __local const float *v = u + r * DIM_MAX + j;
                y[r] += pi.x * v[0] + pi.y * v[1] + pi.z * v[2] + pi.w * v[3];
            }
        }
        for (uint r = 0; r < ROWS; r++) {
            const uint code = search(boundaries, y[r]);
            const float number = LOAD(codebook, code);
            codes[r * DIM_MAX + d] = code;
            squares[r] += number * number;
        }
    }
    for (uint r = 0; r < ROWS; r++) {
        const float root = sqrt(total(tree, squares[r]));
        if (t == 0 && r < n) STORE(norms, row0 + r, root > 1e-8f ? length[r] / root : length[r]);
    }
    for (uint i = t; i < n * words; i += WG) {   // total() was a barrier
        const uint r = i / words, first = i % words * 32, last = min(p.dim - 1, (first + 31) / NBITS);
        uint word = 0;
        for (uint d = first / NBITS; d <= last; d++) {
            const uint code = codes[r * DIM_MAX + d];
            word |= d * NBITS < first ? code >> (first - d * NBITS) : code << (d * NBITS - first);
        }
        packed[row0 * words + i] = word;
    }
}
