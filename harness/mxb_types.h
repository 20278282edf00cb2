/* Scalar types, error codes, limits and dtypes shared by every folder.  Includes nothing of ours. */
#ifndef MXB_TYPES_H
#define MXB_TYPES_H
#include <stddef.h>
#include <stdint.h>

/* Return convention everywhere: 0 or a negative mxb_err.  The human text is written once, where the
 * cause is known, into an (err, errlen) buffer or mxb_dev.err: one line, no trailing newline. */
enum mxb_err {
    MXB_OK = 0,
    MXB_EINVAL = -1,   /* an argument check failed: "Invalid argument: ..." */
    MXB_ENOMEM = -2,   /* host or device memory exhausted */
    MXB_EUNSUP = -3,   /* the device lacks a feature or a limit is too small: becomes SKIP */
    MXB_ECOMPILE = -4, /* "ShaderCompilationError": compiler, specialisation or pipeline creation failed */
    MXB_EDEVICE = -5,  /* the driver reported an error, the device was lost */
    MXB_ENOENT = -6,   /* "Kernel not found", missing file */
    MXB_EPARSE = -7    /* bad input text; err holds file:line:column */
};

/* f16 and bf16 are storage types: kernels compute in f32 unless the spec says where a rounding happens. */
enum mxb_dtype { MXB_F32, MXB_F16, MXB_BF16, MXB_I32, MXB_U32, MXB_I8, MXB_U8, MXB_BOOL, MXB_NDTYPE };

enum {
    MXB_MAX_BIND = 16,   /* tensors of an op = bindings of a kernel */
    MXB_MAX_SPEC = 24,   /* dtypes + constants of entry and impl + tiles */
    MXB_MAX_STEPS = 16,  /* launches of one case on one set of buffers */
    MXB_MAX_PUSH = 128,  /* bytes of the parameter block; Vulkan guarantees no more */
    MXB_MAX_PARAM = 32,  /* members of the parameter block */
    MXB_ERRLEN = 512
};

#define MXB_COUNT(a) (sizeof(a) / sizeof((a)[0]))

size_t      mxb_dtype_size(enum mxb_dtype dt);              /* bytes per element */
const char *mxb_dtype_name(enum mxb_dtype dt);              /* "f32" "f16" "bf16" "i32" "u32" "i8" "u8" "bool" */

/* Element i of an array stored as dt, exactly widened. */
double mxb_load(enum mxb_dtype dt, const void *base, uint64_t i);
/* v rounded once to dt (nearest even; f16/bf16 keep subnormals, overflow to inf, NaN to a quiet NaN;
 * integers saturate; bool = v != 0) and stored as element i. */
void   mxb_store(enum mxb_dtype dt, void *base, uint64_t i, double v);
/* v rounded once to dt and widened again: what an oracle uses where the spec says "narrow to T". */
double mxb_round(enum mxb_dtype dt, double v);
/* Unit roundoff of dt: f32 2^-24, f16 2^-11, bf16 2^-8, 0 for integers. */
double mxb_unit(enum mxb_dtype dt);

/* Counter-based random numbers (Philox 4x32-10): a pure function of (seed, stream, index), so the
 * same on every machine and thread count.  stream tells tensors and purposes apart. */
uint32_t mxb_rand_u32(uint64_t seed, uint32_t stream, uint64_t index);
double   mxb_rand_uniform(uint64_t seed, uint32_t stream, uint64_t index);  /* (0,1), 32 bits */
double   mxb_rand_normal(uint64_t seed, uint32_t stream, uint64_t index);   /* mean 0, sd 1 */
#endif
