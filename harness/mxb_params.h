/* Expands a parameter block MXB_PARAMS_DEF (a quoted path of a .def file) into the C struct and, where
 * MXB_PARAMS_TABLE is defined as `struct <op>_params`, into its reflection table `static const struct mxb_param
 * <op>_param[]`.  OpenCL C and GLSL read the same file through kernels/common/mxb.cl.h and mxb.glsl.
 *
 * .def language: MXB_PARAMS(op) members MXB_PARAMS_END(op), members in push-block order:
 *   MXB_P_U32(name, default, min, max, about)      MXB_P_I32(...)      MXB_P_F32(...)
 *   MXB_P_BOOL(name, default, about)               MXB_P_ENUM(name, default, "none rank2", last, about)   last = highest value */
#define MXB_PARAMS(op) struct op##_params {
#define MXB_P_U32(n, d, lo, hi, about) uint32_t n;
#define MXB_P_I32(n, d, lo, hi, about) int32_t n;
#define MXB_P_F32(n, d, lo, hi, about) float n;
#define MXB_P_BOOL(n, d, about) uint32_t n;
#define MXB_P_ENUM(n, d, names, last, about) uint32_t n;
#define MXB_PARAMS_END(op) }; _Static_assert(sizeof(struct op##_params) <= MXB_MAX_PUSH, #op " push block");
#include MXB_PARAMS_DEF
#undef MXB_PARAMS
#undef MXB_P_U32
#undef MXB_P_I32
#undef MXB_P_F32
#undef MXB_P_BOOL
#undef MXB_P_ENUM
#undef MXB_PARAMS_END
#ifdef MXB_PARAMS_TABLE
#define MXB_PARAMS(op) static const struct mxb_param op##_param[] = {
#define MXB_P_U32(n, d, lo, hi, about) { #n, 'u', offsetof(MXB_PARAMS_TABLE, n), d, lo, hi, NULL, about },
#define MXB_P_I32(n, d, lo, hi, about) { #n, 'i', offsetof(MXB_PARAMS_TABLE, n), d, lo, hi, NULL, about },
#define MXB_P_F32(n, d, lo, hi, about) { #n, 'f', offsetof(MXB_PARAMS_TABLE, n), d, lo, hi, NULL, about },
#define MXB_P_BOOL(n, d, about) { #n, 'b', offsetof(MXB_PARAMS_TABLE, n), d, 0, 1, NULL, about },
#define MXB_P_ENUM(n, d, names, last, about) { #n, 'e', offsetof(MXB_PARAMS_TABLE, n), d, 0, last, names, about },
#define MXB_PARAMS_END(op) };
#include MXB_PARAMS_DEF
#undef MXB_PARAMS
#undef MXB_P_U32
#undef MXB_P_I32
#undef MXB_P_F32
#undef MXB_P_BOOL
#undef MXB_P_ENUM
#undef MXB_PARAMS_END
#endif
