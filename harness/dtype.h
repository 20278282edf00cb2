/* Storage formats in bulk: what mxb_load and mxb_store do, for whole arrays. */
#ifndef MXB_DTYPE_H
#define MXB_DTYPE_H
#include "harness/mxb_types.h"

/* Elements [first, first + n) of base into out[0..n), exactly. */
void dtype_decode(enum mxb_dtype dt, const void *base, uint64_t first, uint64_t n, double *out);
/* v[0..n), each rounded once, into elements [first, first + n) of base. */
void dtype_encode(enum mxb_dtype dt, void *base, uint64_t first, uint64_t n, const double *v);
/* Smallest positive value of dt (a subnormal); 0 for integers. */
double dtype_tiny(enum mxb_dtype dt);
#endif
