// OpenCL C side of the kernel ABI: the parameter struct, storage types T and T2, constants as -D.
// DTYPE, DTYPE2: enum mxb_dtype of the entry's slots: 0 f32, 1 f16, 2 bf16, 3 i32, 4 u32, 5 i8, 6 u8, 7 bool.
// Arithmetic is f32; LOAD widens exactly, STORE rounds once to nearest even.  OpenCL C 1.2, no extension needed.
#define MXB_PARAMS(op) struct op##_params {
#define MXB_P_U32(n, d, lo, hi, about) uint n;
#define MXB_P_I32(n, d, lo, hi, about) int n;
#define MXB_P_F32(n, d, lo, hi, about) float n;
#define MXB_P_BOOL(n, d, about) uint n;
#define MXB_P_ENUM(n, d, names, last, about) uint n;
#define MXB_PARAMS_END(op) };

float mxb_from_bf16(ushort h) { return as_float((uint)h << 16); }
ushort mxb_to_bf16(float f)
{
    uint u = as_uint(f);
    return isnan(f) ? (ushort)0x7fc0 : (ushort)((u + 0x7fffu + ((u >> 16) & 1u)) >> 16);
}
float mxb_round_bf16(float f) { return mxb_from_bf16(mxb_to_bf16(f)); }
float mxb_round_f16(float f) { ushort h; vstore_half_rte(f, 0, (half *)&h); return vload_half(0, (const half *)&h); }

#define MXB_CAT_(a, b) a##b
#define MXB_CAT(a, b) MXB_CAT_(a, b)
#define MXB_TYPE_0 float
#define MXB_TYPE_1 half
#define MXB_TYPE_2 ushort
#define MXB_TYPE_7 uchar
#define MXB_LOAD_0(p, i) (p)[i]
#define MXB_LOAD_1(p, i) vload_half((i), (p))
#define MXB_LOAD_2(p, i) mxb_from_bf16((p)[i])
#define MXB_LOAD_7(p, i) (float)(p)[i]
#define MXB_STORE_0(p, i, v) (p)[i] = (v)
#define MXB_STORE_1(p, i, v) vstore_half_rte((v), (i), (p))
#define MXB_STORE_2(p, i, v) (p)[i] = mxb_to_bf16(v)
#define MXB_ROUND_0(v) (v)
#define MXB_ROUND_1(v) mxb_round_f16(v)
#define MXB_ROUND_2(v) mxb_round_bf16(v)
#ifdef DTYPE
#define T MXB_CAT(MXB_TYPE_, DTYPE)
#define LOAD(p, i) MXB_CAT(MXB_LOAD_, DTYPE)(p, i)
#define STORE(p, i, v) MXB_CAT(MXB_STORE_, DTYPE)(p, i, v)
#define ROUND_T(v) MXB_CAT(MXB_ROUND_, DTYPE)(v)      /* narrow to T and widen again */
#endif
#ifdef DTYPE2
#define T2 MXB_CAT(MXB_TYPE_, DTYPE2)
#define LOAD2(p, i) MXB_CAT(MXB_LOAD_, DTYPE2)(p, i)
#define STORE2(p, i, v) MXB_CAT(MXB_STORE_, DTYPE2)(p, i, v)
#endif

// Groups of four elements of a __global array that starts on a multiple of 16 bytes; i counts groups.
float4 mxb_from_bf16x4(ushort4 h) { return as_float4(convert_uint4(h) << 16); }
ushort4 mxb_to_bf16x4(float4 f)
{
    const uint4 u = as_uint4(f), r = (u + 0x7fffu + ((u >> 16) & 1u)) >> 16;
    return convert_ushort4(select(r, (uint4)(0x7fc0u), isnan(f)));
}
#define MXB_LOADX4_0(p, i) ((__global const float4 *)(p))[i]
#define MXB_LOADX4_1(p, i) vloada_half4((i), (p))
#define MXB_LOADX4_2(p, i) mxb_from_bf16x4(((__global const ushort4 *)(p))[i])
#define MXB_STOREX4_0(p, i, v) ((__global float4 *)(p))[i] = (v)
#define MXB_STOREX4_1(p, i, v) vstorea_half4_rte((v), (i), (p))
#define MXB_STOREX4_2(p, i, v) ((__global ushort4 *)(p))[i] = mxb_to_bf16x4(v)
#ifdef DTYPE
#define LOADX4(p, i) MXB_CAT(MXB_LOADX4_, DTYPE)(p, i)
#define STOREX4(p, i, v) MXB_CAT(MXB_STOREX4_, DTYPE)(p, i, v)
#endif
#ifdef DTYPE2
#define LOAD2X4(p, i) MXB_CAT(MXB_LOADX4_, DTYPE2)(p, i)
#endif
