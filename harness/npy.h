/* Writes tensors as NumPy .npy files, format version 1.0. */
#ifndef MXB_NPY_H
#define MXB_NPY_H
#include "harness/mxb_types.h"

/* Writes data, C order (last dimension contiguous), shape[0..ndim) elements; ndim 0 is a scalar, at most 32.  bf16 has
 * no NumPy type and is widened to f32; bool is written as 0 or 1.  The file appears whole or not at all: a temporary
 * file beside it is renamed.  MXB_ENOENT: the folder is missing; MXB_EINVAL: anything else; text in err. */
int npy_write(const char *path, enum mxb_dtype dt, const uint64_t *shape, uint32_t ndim, const void *data,
              char *err, size_t errlen);
/* The same for doubles: results of the oracle. */
int npy_write_double(const char *path, const uint64_t *shape, uint32_t ndim, const double *data,
                     char *err, size_t errlen);
#endif
