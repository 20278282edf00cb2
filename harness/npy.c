/* Writes tensors as NumPy .npy files: magic, version 1.0, header length, a Python dictionary padded to a multiple of 64
 * bytes, then the elements, little endian.  Source: numpy.lib.format. */
#include "harness/npy.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "elements are written in the host's byte order");

enum { MAX_DIM = 32, CHUNK = 4096, PREFIX = 10, ALIGN = 64 };

static const char *const descr_of[MXB_NDTYPE] = {
    [MXB_F32] = "<f4", [MXB_F16] = "<f2", [MXB_BF16] = "<f4", [MXB_I32] = "<i4",
    [MXB_U32] = "<u4", [MXB_I8] = "|i1",  [MXB_U8] = "|u1",   [MXB_BOOL] = "|b1",
};

/* Magic, length and dictionary; returns the length in all. */
static size_t make_header(char *out, size_t n, const char *descr, const uint64_t *shape, uint32_t ndim)
{
    size_t at = PREFIX;
    at += (size_t)snprintf(out + at, n - at, "{'descr': '%s', 'fortran_order': False, 'shape': (", descr);
    for (uint32_t i = 0; i < ndim; i++)
        at += (size_t)snprintf(out + at, n - at, i ? ", %llu" : "%llu", (unsigned long long)shape[i]);
    at += (size_t)snprintf(out + at, n - at, ndim == 1 ? ",), }" : "), }");
    do out[at++] = ' '; while ((at + 1) % ALIGN);
    out[at++] = '\n';
    const size_t dict = at - PREFIX;
    memcpy(out, "\x93NUMPY\x01\x00", 8);            /* NOLINT(bugprone-not-null-terminated-result): no text */
    out[8] = (char)(dict & 0xff);
    out[9] = (char)(dict >> 8);
    return at;
}

static bool write_bf16(FILE *f, const void *data, uint64_t n)
{
    float wide[CHUNK];
    for (uint64_t i = 0; i < n;) {
        size_t k = 0;
        while (k < CHUNK && i < n) wide[k++] = (float)mxb_load(MXB_BF16, data, i++);
        if (fwrite(wide, sizeof wide[0], k, f) != k) return false;
    }
    return true;
}

static bool write_bool(FILE *f, const unsigned char *data, uint64_t n)
{
    unsigned char flag[CHUNK];
    for (uint64_t i = 0; i < n;) {
        size_t k = 0;
        while (k < CHUNK && i < n) flag[k++] = data[i++] != 0;
        if (fwrite(flag, 1, k, f) != k) return false;
    }
    return true;
}

/* dt MXB_NDTYPE means double. */
static int write_file(const char *path, enum mxb_dtype dt, const uint64_t *shape, uint32_t ndim, const void *data,
                      char *err, size_t errlen)
{
    const bool wide = dt == MXB_NDTYPE;
    const size_t size = wide ? sizeof(double) : mxb_dtype_size(dt);
    uint64_t n = 1;
    if (ndim > MAX_DIM) {
        snprintf(err, errlen, "cannot write '%s': %u dimensions, at most %d", path, ndim, MAX_DIM);
        return MXB_EINVAL;
    }
    for (uint32_t i = 0; i < ndim; i++) {
        if (__builtin_mul_overflow(n, shape[i], &n)) {
            snprintf(err, errlen, "cannot write '%s': the shape has more than 2^64 elements", path);
            return MXB_EINVAL;
        }
    }
    char header[PREFIX + 64 + MAX_DIM * 22 + ALIGN], temporary[4096];
    const size_t header_len = make_header(header, sizeof header, wide ? "<f8" : descr_of[dt], shape, ndim);
    const int len = snprintf(temporary, sizeof temporary, "%s.%ld.tmp", path, (long)getpid());
    FILE *f = NULL;
    if ((size_t)len >= sizeof temporary) errno = ENAMETOOLONG;
    else f = fopen(temporary, "wbe");
    if (!f) {
        snprintf(err, errlen, "cannot create '%s': %s", path, strerror(errno));
        return errno == ENOENT ? MXB_ENOENT : MXB_EINVAL;
    }

    bool ok = fwrite(header, 1, header_len, f) == header_len;
    if (ok && dt == MXB_BF16) ok = write_bf16(f, data, n);
    else if (ok && dt == MXB_BOOL) ok = write_bool(f, data, n);
    else if (ok && n) ok = fwrite(data, size, n, f) == n;
    int cause = ok ? 0 : errno;
    if (fclose(f) && !cause) cause = errno;          /* a full disk may show only here */
    if (!cause && rename(temporary, path)) cause = errno;
    if (!cause) return 0;
    unlink(temporary);
    snprintf(err, errlen, "cannot write '%s': %s", path, strerror(cause));
    return MXB_EINVAL;
}

int npy_write(const char *path, enum mxb_dtype dt, const uint64_t *shape, uint32_t ndim, const void *data,
              char *err, size_t errlen)
{
    return write_file(path, dt, shape, ndim, data, err, errlen);
}

int npy_write_double(const char *path, const uint64_t *shape, uint32_t ndim, const double *data,
                     char *err, size_t errlen)
{
    return write_file(path, MXB_NDTYPE, shape, ndim, data, err, errlen);
}
