/* The scalar formats: names, exact widening to double, and one correct rounding from double. */
#include "harness/dtype.h"
#include <math.h>
#include <stdbool.h>
#include <string.h>

static const struct { const char *name; size_t size; double unit, tiny; } formats[MXB_NDTYPE] = {
    [MXB_F32]  = { "f32",  4, 0x1p-24, 0x1p-149 },
    [MXB_F16]  = { "f16",  2, 0x1p-11, 0x1p-24 },
    [MXB_BF16] = { "bf16", 2, 0x1p-8,  0x1p-133 },
    [MXB_I32]  = { "i32",  4, 0, 0 },
    [MXB_U32]  = { "u32",  4, 0, 0 },
    [MXB_I8]   = { "i8",   1, 0, 0 },
    [MXB_U8]   = { "u8",   1, 0, 0 },
    [MXB_BOOL] = { "bool", 1, 0, 0 },
};

size_t mxb_dtype_size(enum mxb_dtype dt)
{
    return formats[dt].size;
}

const char *mxb_dtype_name(enum mxb_dtype dt)
{
    return formats[dt].name;
}

double mxb_unit(enum mxb_dtype dt)
{
    return formats[dt].unit;
}

double dtype_tiny(enum mxb_dtype dt)
{
    return formats[dt].tiny;
}

static inline uint64_t bits_of(double d)
{
    uint64_t b;
    memcpy(&b, &d, sizeof b);
    return b;
}

static inline double double_of(uint64_t b)
{
    double d;
    memcpy(&d, &b, sizeof d);
    return d;
}

static inline double widen_bf16(uint16_t h)
{
    const uint32_t b = (uint32_t)h << 16;
    float f;
    memcpy(&f, &b, sizeof f);
    return (double)f;
}

static inline double widen_f16(uint16_t h)
{
    const uint32_t mag = h & 0x7FFFu;
    /* Exponent 31 becomes 2047 (inf, NaN), others are rebiased; a subnormal is an integer count of 2^-24. */
    const uint64_t rebias = mag >= 0x7C00u ? 2047 - 31 : 1023 - 15;
    const uint64_t normal = ((uint64_t)mag << 42) + (rebias << 52);
    const uint64_t b = mag >= 0x400u ? normal : bits_of((double)(int32_t)mag * 0x1p-24);
    return double_of(b | (uint64_t)(h & 0x8000u) << 48);
}

/* v in a 16-bit format with mbits stored mantissa bits and exponents emin..emax of normal numbers. */
static inline uint16_t narrow16(double v, int mbits, int emin, int emax, uint16_t nan)
{
    const uint64_t b = bits_of(v), over = (uint64_t)(emax + 1 + 1023) << 52;
    const uint16_t sign = (uint16_t)(b >> 48 & 0x8000u);
    const uint64_t finite = b & INT64_MAX, mag = finite < over ? finite : over;
    int e = (int)(mag >> 52) - 1023;
    e = e < emin ? emin : e;
    /* 2^52 quanta of 2^(e - mbits) leave the sum no bits below the quantum, so the addition rounds once and to even;
     * its low bits then count the quanta.  The carry of a full mantissa runs into the exponent, up to infinity. */
    const uint64_t anchor = (uint64_t)(e - mbits + 52 + 1023) << 52;
    const uint64_t quanta = bits_of(double_of(mag) + double_of(anchor)) - anchor;
    const uint64_t r = ((uint64_t)(e - emin) << mbits) + quanta;
    return isnan(v) ? nan : (uint16_t)(sign | r);
}

static inline uint16_t narrow_f16(double v)
{
    return narrow16(v, 10, -14, 15, 0x7E00);
}

static inline uint16_t narrow_bf16(double v)
{
    return narrow16(v, 7, -126, 127, 0x7FC0);
}

static inline double saturate(double v, double lo, double hi)
{
    return isnan(v) ? 0 : v <= lo ? lo : v >= hi ? hi : nearbyint(v);
}

/* Loads and stores go through memcpy: a tensor may begin at any byte of a mapping. */
#define LOAD(type, base, i) \
    __extension__({ type e_; memcpy(&e_, (const char *)(base) + (i) * sizeof e_, sizeof e_); e_; })
#define STORE(type, base, i, value) \
    do { const type e_ = (type)(value); memcpy((char *)(base) + (i) * sizeof e_, &e_, sizeof e_); } while (0)

void dtype_decode(enum mxb_dtype dt, const void *base, uint64_t first, uint64_t n, double *out)
{
    const char *p = (const char *)base + first * formats[dt].size;
    switch (dt) {
    case MXB_F32:  for (uint64_t i = 0; i < n; i++) out[i] = (double)LOAD(float, p, i); break;
    case MXB_F16:  for (uint64_t i = 0; i < n; i++) out[i] = widen_f16(LOAD(uint16_t, p, i)); break;
    case MXB_BF16: for (uint64_t i = 0; i < n; i++) out[i] = widen_bf16(LOAD(uint16_t, p, i)); break;
    case MXB_I32:  for (uint64_t i = 0; i < n; i++) out[i] = LOAD(int32_t, p, i); break;
    case MXB_U32:  for (uint64_t i = 0; i < n; i++) out[i] = LOAD(uint32_t, p, i); break;
    case MXB_I8:   for (uint64_t i = 0; i < n; i++) out[i] = LOAD(int8_t, p, i); break;
    case MXB_U8:
    case MXB_BOOL: for (uint64_t i = 0; i < n; i++) out[i] = LOAD(uint8_t, p, i); break;
    case MXB_NDTYPE: break;
    }
}

void dtype_encode(enum mxb_dtype dt, void *base, uint64_t first, uint64_t n, const double *v)
{
    char *p = (char *)base + first * formats[dt].size;
    switch (dt) {
    case MXB_F32:  for (uint64_t i = 0; i < n; i++) STORE(float, p, i, v[i]); break;
    case MXB_F16:  for (uint64_t i = 0; i < n; i++) STORE(uint16_t, p, i, narrow_f16(v[i])); break;
    case MXB_BF16: for (uint64_t i = 0; i < n; i++) STORE(uint16_t, p, i, narrow_bf16(v[i])); break;
    case MXB_I32:  for (uint64_t i = 0; i < n; i++) STORE(int32_t, p, i, saturate(v[i], INT32_MIN, INT32_MAX)); break;
    case MXB_U32:  for (uint64_t i = 0; i < n; i++) STORE(uint32_t, p, i, saturate(v[i], 0, UINT32_MAX)); break;
    case MXB_I8:   for (uint64_t i = 0; i < n; i++) STORE(int8_t, p, i, saturate(v[i], INT8_MIN, INT8_MAX)); break;
    case MXB_U8:   for (uint64_t i = 0; i < n; i++) STORE(uint8_t, p, i, saturate(v[i], 0, UINT8_MAX)); break;
    case MXB_BOOL: for (uint64_t i = 0; i < n; i++) STORE(uint8_t, p, i, v[i] != 0); break;
    case MXB_NDTYPE: break;
    }
}

double mxb_load(enum mxb_dtype dt, const void *base, uint64_t i)
{
    double v = 0;
    dtype_decode(dt, base, i, 1, &v);
    return v;
}

void mxb_store(enum mxb_dtype dt, void *base, uint64_t i, double v)
{
    dtype_encode(dt, base, i, 1, &v);
}

double mxb_round(enum mxb_dtype dt, double v)
{
    char cell[sizeof(double)];
    mxb_store(dt, cell, 0, v);
    return mxb_load(dt, cell, 0);
}
