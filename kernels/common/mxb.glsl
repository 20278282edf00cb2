// GLSL side of the kernel ABI: the parameter block as push constants `p`, storage types T and T2.
// DTYPE, DTYPE2: enum mxb_dtype of the entry's slots: 0 f32, 1 f16, 2 bf16, 3 i32, 4 u32, 5 i8, 6 u8, 7 bool.
// Arithmetic is f32; LOAD widens exactly, STORE rounds once to nearest even (done with integers: Vulkan leaves the
// rounding of its own f32 -> f16 conversion open).  Needs 16-bit (and for bool masks 8-bit) storage, no 16-bit arithmetic.
#extension GL_EXT_shader_16bit_storage : require
#extension GL_EXT_shader_8bit_storage : enable
#extension GL_EXT_shader_explicit_arithmetic_types_int16 : enable
#extension GL_EXT_shader_explicit_arithmetic_types_int8 : enable
#define MXB_PARAMS(op) layout(push_constant) uniform mxb_push_block {
#define MXB_P_U32(n, d, lo, hi, about) uint n;
#define MXB_P_I32(n, d, lo, hi, about) int n;
#define MXB_P_F32(n, d, lo, hi, about) float n;
#define MXB_P_BOOL(n, d, about) uint n;
#define MXB_P_ENUM(n, d, names, last, about) uint n;
#define MXB_PARAMS_END(op) } p;

float mxb_from_bf16(uint h) { return uintBitsToFloat(h << 16); }
uint mxb_to_bf16(float f)
{
    uint u = floatBitsToUint(f);
    return (u & 0x7fffffffu) > 0x7f800000u ? 0x7fc0u : (u + 0x7fffu + ((u >> 16) & 1u)) >> 16;
}
float mxb_from_f16(uint h) { return unpackHalf2x16(h).x; }
uint mxb_to_f16(float f)
{
    const uint u = floatBitsToUint(f), sign = (u >> 16) & 0x8000u, a = u & 0x7fffffffu;
    if (a > 0x7f800000u) return 0x7e00u;                             // NaN
    if (a >= 0x477ff000u) return sign | 0x7c00u;                     // >= 65520, inf
    if (a >= 0x38800000u)                                            // normal: drop 13 bits
        return sign | ((a - 0x38000000u + 0xfffu + ((a >> 13) & 1u)) >> 13);
    if (a < 0x33000000u) return sign;                                // < 2^-25: zero
    const uint shift = 126u - (a >> 23), m = (a & 0x7fffffu) | 0x800000u;   // subnormal: 14..24 bits dropped
    const uint h = m >> shift, rest = m & ((1u << shift) - 1u), mid = 1u << (shift - 1u);
    return sign | (h + uint(rest > mid || (rest == mid && (h & 1u) == 1u)));
}

#define MXB_CAT_(a, b) a##b
#define MXB_CAT(a, b) MXB_CAT_(a, b)
#define MXB_TYPE_0 float
#define MXB_TYPE_1 uint16_t
#define MXB_TYPE_2 uint16_t
#define MXB_TYPE_7 uint8_t
#define MXB_LOAD_0(b, i) (b)[i]
#define MXB_LOAD_1(b, i) mxb_from_f16(uint((b)[i]))
#define MXB_LOAD_2(b, i) mxb_from_bf16(uint((b)[i]))
#define MXB_LOAD_7(b, i) float(uint((b)[i]))
#define MXB_STORE_0(b, i, v) (b)[i] = (v)
#define MXB_STORE_1(b, i, v) (b)[i] = uint16_t(mxb_to_f16(v))
#define MXB_STORE_2(b, i, v) (b)[i] = uint16_t(mxb_to_bf16(v))
#define MXB_ROUND_0(v) (v)
#define MXB_ROUND_1(v) mxb_from_f16(mxb_to_f16(v))
#define MXB_ROUND_2(v) mxb_from_bf16(mxb_to_bf16(v))
#ifdef DTYPE
#define T MXB_CAT(MXB_TYPE_, DTYPE)
#define LOAD(b, i) MXB_CAT(MXB_LOAD_, DTYPE)(b, i)
#define STORE(b, i, v) MXB_CAT(MXB_STORE_, DTYPE)(b, i, v)
#define ROUND_T(v) MXB_CAT(MXB_ROUND_, DTYPE)(v)      // narrow to T and widen again
#endif
#ifdef DTYPE2
#define T2 MXB_CAT(MXB_TYPE_, DTYPE2)
#define LOAD2(b, i) MXB_CAT(MXB_LOAD_, DTYPE2)(b, i)
#define STORE2(b, i, v) MXB_CAT(MXB_STORE_, DTYPE2)(b, i, v)
#endif

// Groups of four elements, for a second view of a tensor's binding: buffer B4 { TX4 b4[]; }; i counts groups.
vec4 mxb_from_bf16x4(uvec2 h) { return uintBitsToFloat(uvec4(h.x << 16, h.x & 0xffff0000u, h.y << 16, h.y & 0xffff0000u)); }
vec4 mxb_from_f16x4(uvec2 h) { return vec4(unpackHalf2x16(h.x), unpackHalf2x16(h.y)); }
uvec2 mxb_to_bf16x4(vec4 f)
{
    return uvec2(mxb_to_bf16(f.x) | mxb_to_bf16(f.y) << 16, mxb_to_bf16(f.z) | mxb_to_bf16(f.w) << 16);
}
uvec2 mxb_to_f16x4(vec4 f)
{
    return uvec2(mxb_to_f16(f.x) | mxb_to_f16(f.y) << 16, mxb_to_f16(f.z) | mxb_to_f16(f.w) << 16);
}
#define MXB_TYPEX4_0 vec4
#define MXB_TYPEX4_1 uvec2
#define MXB_TYPEX4_2 uvec2
#define MXB_LOADX4_0(b, i) (b)[i]
#define MXB_LOADX4_1(b, i) mxb_from_f16x4((b)[i])
#define MXB_LOADX4_2(b, i) mxb_from_bf16x4((b)[i])
#define MXB_STOREX4_0(b, i, v) (b)[i] = (v)
#define MXB_STOREX4_1(b, i, v) (b)[i] = mxb_to_f16x4(v)
#define MXB_STOREX4_2(b, i, v) (b)[i] = mxb_to_bf16x4(v)
#ifdef DTYPE
#define TX4 MXB_CAT(MXB_TYPEX4_, DTYPE)
#define LOADX4(b, i) MXB_CAT(MXB_LOADX4_, DTYPE)(b, i)
#define STOREX4(b, i, v) MXB_CAT(MXB_STOREX4_, DTYPE)(b, i, v)
#endif
#ifdef DTYPE2
#define T2X4 MXB_CAT(MXB_TYPEX4_, DTYPE2)
#define LOAD2X4(b, i) MXB_CAT(MXB_LOADX4_, DTYPE2)(b, i)
#endif
