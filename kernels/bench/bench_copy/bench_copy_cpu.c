/* y[i] = x[i] on the CPU, through the caches and past them.  Buffers begin on a multiple of 64 bytes. */
#include <string.h>
#include "kernels/bench/bench_copy/bench_copy.h"
#if defined(__x86_64__)
#include <emmintrin.h>
#endif

enum { GROUP = 16 };                             /* bytes */

/* Bytes [*at, *at + result) of the items [begin, end). */
static size_t span(const struct mxb_args *a, int64_t begin, int64_t end, size_t *at)
{
    const struct bench_copy_params *p = a->params;
    const int64_t chunk = a->spec[S_CHUNK], stop = end * chunk < p->n ? end * chunk : p->n;
    *at = (size_t)(begin * chunk) * GROUP;
    return (size_t)(stop - begin * chunk) * GROUP;
}

void bench_copy_cpu(const struct mxb_args *a, int64_t begin, int64_t end)
{
    size_t at;
    for (int64_t i = begin; i < end; i++) {      /* by item: the C library may not see one long copy and stream it */
        const size_t n = span(a, i, i + 1, &at);
        memcpy((char *)a->buf[T_Y] + at, (const char *)a->buf[T_X] + at, n);
    }
}

void bench_copy_cpu_stream(const struct mxb_args *a, int64_t begin, int64_t end)
{
#if defined(__x86_64__)
    size_t at;
    const size_t n = span(a, begin, end, &at) / GROUP;
    const __m128i *x = (const void *)((const char *)a->buf[T_X] + at);
    __m128i *y = (void *)((char *)a->buf[T_Y] + at);
    size_t i = 0;
    for (; i + 4 <= n; i += 4) {                 /* a whole cache line at a time fills the write buffer at once */
        const __m128i v0 = _mm_load_si128(x + i), v1 = _mm_load_si128(x + i + 1);
        const __m128i v2 = _mm_load_si128(x + i + 2), v3 = _mm_load_si128(x + i + 3);
        _mm_stream_si128(y + i, v0);
        _mm_stream_si128(y + i + 1, v1);
        _mm_stream_si128(y + i + 2, v2);
        _mm_stream_si128(y + i + 3, v3);
    }
    for (; i < n; i++) _mm_stream_si128(y + i, _mm_load_si128(x + i));
    _mm_sfence();                                /* such stores are weakly ordered: the next step must see them */
#else
    bench_copy_cpu(a, begin, end);               /* C has no such store for this processor */
#endif
}
