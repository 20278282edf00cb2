#version 450
// Split-K decode attention as in flash_attn_vec.comp, for devices whose subgroups have one width: TX neighbouring lanes share
// a key, hold its ROWS query rows and sums of weighted values in registers, and have a maximum and a sum of weights of their
// own.  Keys of a group of chunks go to these clusters in turn, KEYS at a time; the clusters meet once, at the end.
// Source: mlx-native, flash_attn_vec.metal.  Q is narrowed to f16; one group alone normalises its result.
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_KHR_shader_subgroup_shuffle : require
#include "kernels/common/mxb.glsl"
#include "kernels/attention/flash_attn_vec/flash_attn_vec.def"

layout(constant_id = 1000) const uint WG = 256;
layout(constant_id = 1001) const uint ROWS = 2;      // query heads of a key/value head
layout(constant_id = 1002) const uint TX = 16;       // lanes of a cluster, a power of two
layout(constant_id = 1003) const uint KEYS = 2;      // keys that a cluster has in flight
layout(constant_id = 1004) const uint SG = 32;       // lanes of a subgroup
layout(local_size_x_id = 1000) in;

const uint CHUNK = 32, MASK_SLIDING = 2;
const uint FOURS = DTYPE2 == 0 ? 1 : 2;              // groups of four elements in a 16-byte word of K and V
const uint WORDS = BD / 4 / FOURS;                   // words of a row
const uint MINE = WORDS / TX;                        // of these, words of a lane: lane x has x, x + TX, ...
const uint COLS = MINE * FOURS;                      // groups of four columns of a lane
const float NEG_BIG = -1.7014117e38;                 // -FLT_MAX / 2: start of the running maximum, which so stays finite

layout(binding = 0) readonly buffer BufQ { vec4 Q[]; };
layout(binding = 1) readonly buffer BufK { uvec4 K[]; };
layout(binding = 2) readonly buffer BufV { uvec4 V[]; };
layout(binding = 3) writeonly buffer BufTmp { float tmp[]; };
layout(binding = 3) writeonly buffer BufTmp4 { vec4 tmp4[]; };

shared vec4 sums[WG / SG * ROWS * (BD / 4)];         // [subgroup][row][group of four columns]
shared float maxima[WG / SG * ROWS], weights[WG / SG * ROWS];

vec4 q[ROWS * COLS], acc[ROWS * COLS];
float m[ROWS], l[ROWS];

// Elements 4h .. 4h + 3 of a word.
vec4 four(uvec4 word, uint h)
{
    if (DTYPE2 == 0) return uintBitsToFloat(word);
    return mxb_from_f16x4(h == 0 ? word.xy : word.zw);
}

// Which group of four columns a lane's group c is.
uint column(uint lane, uint c) { return (c / FOURS * TX + lane) * FOURS + c % FOURS; }

void start(uint head, uint lane)
{
    [[unroll]] for (uint r = 0; r < ROWS; r++) {
        [[unroll]] for (uint c = 0; c < COLS; c++) {
            q[r * COLS + c] = mxb_from_f16x4(mxb_to_f16x4(Q[(head + r) * (BD / 4) + column(lane, c)]));
            acc[r * COLS + c] = vec4(0);
        }
        m[r] = NEG_BIG;
        l[r] = 0.0;
    }
}

// KEYS keys, `step` apart among the group's keys, from number j on; number j is key j % 32 of chunk chunk0 + j / 32 * nwg.
// row0: the head's first row of K and V.  Keys outside of [lo,n) are not read and weigh nothing.
void attend(uint j, uint step, uint chunk0, uint row0, uint lo, uint n, uint lane)
{
    uvec4 k[KEYS * MINE], v[KEYS * MINE];
    bool open[KEYS];
    float s[KEYS * ROWS];
    [[unroll]] for (uint i = 0; i < KEYS; i++) {
        const uint number = j + i * step, key = (chunk0 + number / CHUNK * p.nwg) * CHUNK + number % CHUNK;
        open[i] = key >= lo && key < n;
        [[unroll]] for (uint u = 0; u < MINE; u++) {
            const uint at = (row0 + key) * WORDS + u * TX + lane;
            k[i * MINE + u] = v[i * MINE + u] = uvec4(0);
            if (open[i]) {
                k[i * MINE + u] = K[at];
                v[i * MINE + u] = V[at];
            }
        }
    }
    [[unroll]] for (uint i = 0; i < KEYS; i++)
        [[unroll]] for (uint r = 0; r < ROWS; r++) {
            float x = 0.0;
            [[unroll]] for (uint c = 0; c < COLS; c++) x += dot(q[r * COLS + c], four(k[i * MINE + c / FOURS], c % FOURS));
            [[unroll]] for (uint d = 1; d < TX; d *= 2) x += subgroupShuffleXor(x, d);
            s[i * ROWS + r] = x * p.scale;
        }
    [[unroll]] for (uint r = 0; r < ROWS; r++) {
        float top = m[r];
        [[unroll]] for (uint i = 0; i < KEYS; i++) if (open[i]) top = max(top, s[i * ROWS + r]);
        const float f = top == m[r] ? 1.0 : exp(m[r] - top);
        m[r] = top;
        l[r] *= f;
        [[unroll]] for (uint c = 0; c < COLS; c++) acc[r * COLS + c] *= f;
        [[unroll]] for (uint i = 0; i < KEYS; i++) {
            const float w = open[i] ? exp(s[i * ROWS + r] - top) : 0.0;
            l[r] += w;
            [[unroll]] for (uint c = 0; c < COLS; c++) acc[r * COLS + c] += w * four(v[i * MINE + c / FOURS], c % FOURS);
        }
    }
}

// The clusters of a subgroup become one; all of them then hold its state.
void merge_clusters()
{
    [[unroll]] for (uint r = 0; r < ROWS; r++) {
        float top = m[r];
        [[unroll]] for (uint d = TX; d < SG; d *= 2) top = max(top, subgroupShuffleXor(top, d));
        const float f = top == m[r] ? 1.0 : exp(m[r] - top);
        m[r] = top;
        l[r] *= f;
        [[unroll]] for (uint d = TX; d < SG; d *= 2) l[r] += subgroupShuffleXor(l[r], d);
        [[unroll]] for (uint c = 0; c < COLS; c++) {
            acc[r * COLS + c] *= f;
            [[unroll]] for (uint d = TX; d < SG; d *= 2) acc[r * COLS + c] += subgroupShuffleXor(acc[r * COLS + c], d);
        }
    }
}

// The subgroups become one: their states through shared memory to tmp, whose layout is in attend_split.glsl.
void store(uint head, uint g)
{
    const uint sg = gl_SubgroupID, lane = gl_SubgroupInvocationID, t = gl_LocalInvocationID.x, groups = WG / SG;
    if (lane < TX)
        [[unroll]] for (uint r = 0; r < ROWS; r++) {
            [[unroll]] for (uint c = 0; c < COLS; c++) sums[(sg * ROWS + r) * (BD / 4) + column(lane, c)] = acc[r * COLS + c];
            if (lane == 0) {
                maxima[sg * ROWS + r] = m[r];
                weights[sg * ROWS + r] = l[r];
            }
        }
    barrier();
    for (uint i = t; i < ROWS * (BD / 4); i += WG) {
        const uint r = i / (BD / 4), u = i % (BD / 4);
        float top = NEG_BIG, z = 0.0;
        vec4 a = vec4(0);
        for (uint k = 0; k < groups; k++) top = max(top, maxima[k * ROWS + r]);
        for (uint k = 0; k < groups; k++) {
            const float mine = maxima[k * ROWS + r], f = top == mine ? 1.0 : exp(mine - top);
            z += f * weights[k * ROWS + r];
            a += f * sums[(k * ROWS + r) * (BD / 4) + u];
        }
        if (p.nwg == 1) a *= z == 0.0 ? 0.0 : 1.0 / z;
        tmp4[((head + r) * (BD / 4) + u) * p.nwg + g] = a;
        if (u == 0 && p.nwg > 1) {
            const uint sm = p.n_heads * BD * p.nwg + 2 * ((head + r) * p.nwg + g);
            tmp[sm] = z;
            tmp[sm + 1] = top;
        }
    }
}

void main()
{
    const uint g = gl_WorkGroupID.x, head = gl_WorkGroupID.y * ROWS, n = p.kv_seq_len;
    const bool window = p.mask_type == MASK_SLIDING && p.sliding_window > 0 && p.sliding_window < n;
    const uint lo = window ? n - p.sliding_window : 0, first = lo / CHUNK;
    const uint chunk0 = first + (g + p.nwg - first % p.nwg) % p.nwg;     // of this group; the next is nwg further
    const uint chunks = chunk0 * CHUNK < n ? (n - chunk0 * CHUNK - 1) / (p.nwg * CHUNK) + 1 : 0;
    const uint lane = gl_SubgroupInvocationID % TX, clusters = WG / TX;
    const uint cluster = gl_SubgroupID * (SG / TX) + gl_SubgroupInvocationID / TX;

    start(head, lane);
    // The same number of turns for all: lanes of a subgroup must not part where they exchange values.
    for (uint j = 0; j < chunks * CHUNK; j += clusters * KEYS)
        attend(j + cluster, clusters, chunk0, head / (p.n_heads / p.n_kv_heads) * p.kv_capacity, lo, n, lane);
    merge_clusters();
    store(head, g);
}
