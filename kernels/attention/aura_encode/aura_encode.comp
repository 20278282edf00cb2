#version 450
// Packs the direction of each row, rotated and quantised, and keeps its length, corrected for the quantisation.  Source:
// metaltile, aura_encode.rs.  One workgroup per ROWS rows: work items own coordinates t, t + WG, ...; each element of
// the rotation is read once for all of them; a word of codes is put together by one work item.
#extension GL_GOOGLE_include_directive : require
#include "kernels/common/mxb.glsl"
#include "kernels/common/packed_codes.glsl"
#include "kernels/attention/aura_encode/aura_encode.def"

layout(constant_id = 1000) const uint WG = 128;  // a power of two
layout(constant_id = 1001) const uint ROWS = 4;
layout(local_size_x_id = 1000) in;
layout(binding = 0) readonly buffer Input { T x[]; };
layout(binding = 1) readonly buffer Rotation { TX4 rotation[]; };
layout(binding = 2) readonly buffer Boundaries { float boundaries[]; };
layout(binding = 3) readonly buffer Codebook { T codebook[]; };
layout(binding = 4) writeonly buffer Packed { uint packed[]; };
layout(binding = 5) writeonly buffer Norms { T norms[]; };

const uint DIM_MAX = 512, NBITS = BITS;

shared float u[ROWS * DIM_MAX], tree[WG];
shared uint codes[ROWS * DIM_MAX];

// Sum of v over the workgroup; every work item gets it.  Also a barrier.
float total(float v)
{
    const uint t = gl_LocalInvocationID.x;
    barrier();                                   // the sum before has been read
    tree[t] = v;
    barrier();
    for (uint k = WG / 2; k > 0; k /= 2) {
        if (t < k) tree[t] += tree[t + k];
        barrier();
    }
    return tree[0];
}

// Number of boundaries below y: a binary search over all 2^BITS - 1 of them; 0 for NaN.
uint search(float y)
{
    uint code = 0;
    for (uint s = 1u << (NBITS - 1); s > 0; s /= 2) code += y > boundaries[code + s - 1] ? s : 0u;
    return code;
}

void main()
{
    const uint t = gl_LocalInvocationID.x, group = gl_WorkGroupID.y * gl_NumWorkGroups.x + gl_WorkGroupID.x;
    const uint row0 = group * ROWS, words = CODE_WORDS(p.dim, NBITS);
    if (row0 >= p.rows) return;                  // the last line of a two-dimensional grid; the same for a whole group
    const uint n = min(ROWS, p.rows - row0);
    float len[ROWS], squares[ROWS];

    for (uint r = 0; r < ROWS; r++) {            // rows past the last are zero
        float sum = 0.0;
        squares[r] = 0.0;
        for (uint j = t; j < p.dim; j += WG) {
            const float v = r < n ? LOAD(x, (row0 + r) * p.dim + j) : 0.0;
            u[r * DIM_MAX + j] = v;
            sum += v * v;
        }
        len[r] = sqrt(total(sum));
        const float inverse = len[r] > 1e-8 ? 1.0 / len[r] : 0.0;
        for (uint j = t; j < p.dim; j += WG) u[r * DIM_MAX + j] *= inverse;
    }
    barrier();
    for (uint d = t; d < p.dim; d += WG) {
        float y[ROWS];
        for (uint r = 0; r < ROWS; r++) y[r] = 0.0;
        for (uint j = 0; j < p.dim; j += 4) {
            const vec4 pi = LOADX4(rotation, (d * p.dim + j) / 4);
            for (uint r = 0; r < ROWS; r++) {
                const uint v = r * DIM_MAX + j;
                y[r] += pi.x * u[v] + pi.y * u[v + 1] + pi.z * u[v + 2] + pi.w * u[v + 3];
            }
        }
        for (uint r = 0; r < ROWS; r++) {
            const uint code = search(y[r]);
            const float number = LOAD(codebook, code);
            codes[r * DIM_MAX + d] = code;
            squares[r] += number * number;
        }
    }
    for (uint r = 0; r < ROWS; r++) {
        const float root = sqrt(total(squares[r]));
        if (t == 0 && r < n) STORE(norms, row0 + r, root > 1e-8 ? len[r] / root : len[r]);
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
