/* What all backends share: names of device abilities and the text of a failure. */
#include "harness/mxb_backend.h"
#include <stdarg.h>
#include <stdio.h>

static const struct { uint64_t bit; const char *name; } features[] = {
    { MXB_FEAT_F16_STORAGE,  "16-bit storage" },
    { MXB_FEAT_F16_ARITH,    "f16 arithmetic" },
    { MXB_FEAT_BF16_ARITH,   "bf16 arithmetic" },
    { MXB_FEAT_U8_STORAGE,   "8-bit storage" },
    { MXB_FEAT_SUBGROUP,     "subgroup operations" },
    { MXB_FEAT_INT8_DOT,     "8-bit integer dot product" },
    { MXB_FEAT_INT64,        "64-bit integers" },
    { MXB_FEAT_COOPMAT_KHR,  "cooperative matrices (KHR)" },
    { MXB_FEAT_COOPMAT_NV,   "cooperative matrices (NV)" },
    { MXB_FEAT_UNIFIED_MEM,  "unified memory" },
    { MXB_FEAT_DEVICE_TIME,  "device timestamps" },
    { MXB_FEAT_AVX2,         "AVX2 with FMA and F16C" },
    { MXB_FEAT_AVX512,       "AVX-512 F, BW, DQ and VL" },
    { MXB_FEAT_AVX512_BF16,  "AVX-512 BF16" },
    { MXB_FEAT_AVX512_FP16,  "AVX-512 FP16" },
    { MXB_FEAT_AMX_BF16,     "AMX BF16, by processor and operating system" },
};

const char *mxb_feature_name(uint64_t single_bit)
{
    for (size_t i = 0; i < MXB_COUNT(features); i++)
        if (features[i].bit == single_bit)
            return features[i].name;
    return "an unknown feature";
}

int mxb_fail(struct mxb_dev *d, int code, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(d->err, sizeof d->err, fmt, ap);
    va_end(ap);
    return code;
}
