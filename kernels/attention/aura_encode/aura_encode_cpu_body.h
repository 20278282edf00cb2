/* Rotation, quantisation and packing of rows on the CPU for the vector width of the including file, which defines
 * KERNEL as the name of the function.  One item = four rows, for which each row of the rotation is read once. */
#include <math.h>
#include "kernels/attention/aura_encode/aura_encode.h"
#include "kernels/common/mxb_cpu.h"

enum { ROWS = 4 };

struct work {
    float codebook[256], bounds[256];
    float data[];                                /* u[ROWS][dim]; then y[dim], from which the codes are found */
};

static uint32_t search(const float *bounds, int bits, float y)
{
    uint32_t code = 0;
    for (uint32_t step = 1u << (bits - 1); step > 0; step /= 2)
        code += y > bounds[code + step - 1] ? step : 0;      /* NaN gives 0 */
    return code;
}

/* Codes of one row of dim rotated coordinates, which lie `stride` apart, into whole words; returns the sum of the
 * squares of their numbers. */
static float pack(const struct work *w, const float *y, int64_t stride, int64_t dim, int bits, uint32_t *out)
{
    uint64_t held = 0;
    int count = 0;
    float sum = 0;
    for (int64_t d = 0; d < dim; d++) {
        const uint32_t code = search(w->bounds, bits, y[d * stride]);
        sum += w->codebook[code] * w->codebook[code];
        held |= (uint64_t)code << count;
        count += bits;
        if (count >= 32) {
            *out++ = (uint32_t)held;
            held >>= 32;
            count -= 32;
        }
    }
    return sum;                                  /* dim is a multiple of 32: no bits are left */
}

/* Directions of n rows from r0 on; their lengths into length[]. */
VF_INLINE void normalise_as(enum mxb_dtype dt, const struct mxb_args *a, struct work *w, int64_t r0, int64_t n, int64_t dim,
                            float *length)
{
    memset(w->data, 0, (size_t)(ROWS * dim) * sizeof(float));
    for (int64_t r = 0; r < n; r++) {
        vf sum = { 0 };
        for (int64_t j = 0; j < dim; j += VL) {
            const vf x = vf_load(dt, a->buf[T_INPUT], (r0 + r) * dim + j);
            sum = vf_fma(x, x, sum);
        }
        length[r] = sqrtf(vf_sum(sum));
        const float inverse = length[r] > 1e-8f ? 1 / length[r] : 0;
        for (int64_t j = 0; j < dim; j += VL)
            vf_store_f32(w->data + r * dim + j, vf_load(dt, a->buf[T_INPUT], (r0 + r) * dim + j) * inverse);
    }
}

VF_INLINE void rows_as(enum mxb_dtype dt, const struct mxb_args *a, struct work *w, int64_t item)
{
    const struct aura_encode_params *p = a->params;
    const int64_t dim = p->dim, r0 = item * ROWS, n = p->rows - r0 < ROWS ? p->rows - r0 : ROWS;
    const int bits = a->spec[S_BITS];
    float length[ROWS], *y = w->data + ROWS * dim;
    normalise_as(dt, a, w, r0, n, dim, length);
    for (int64_t d = 0; d < dim; d++) {
        vf acc[ROWS] = { 0 };
        for (int64_t j = 0; j < dim; j += VL) {
            const vf pi = vf_load(dt, a->buf[T_ROTATION], d * dim + j);
            VF_UNROLL
            for (int r = 0; r < ROWS; r++)
                acc[r] = vf_fma(pi, vf_load_f32(w->data + r * dim + j), acc[r]);
        }
        for (int r = 0; r < ROWS; r++)
            y[d * ROWS + r] = vf_sum(acc[r]);
    }
    for (int64_t r = 0; r < n; r++) {
        uint32_t *out = (uint32_t *)a->buf[T_PACKED] + (r0 + r) * (dim / 32 * bits);
        const float root = sqrtf(pack(w, y + r, ROWS, dim, bits, out));
        vf_store_part(dt, a->buf[T_NORMS], r0 + r, 1, vf_set1(root > 1e-8f ? length[r] / root : length[r]));
    }
}

void KERNEL(const struct mxb_args *a, int64_t begin, int64_t end)
{
    const enum mxb_dtype dt = (enum mxb_dtype)a->spec[S_DTYPE];
    struct work *w = a->scratch;
    for (int i = 0; i < 1 << a->spec[S_BITS]; i++)
        w->codebook[i] = vf_load_part(dt, a->buf[T_CODEBOOK], i, 1)[0];
    memcpy(w->bounds, a->buf[T_BOUNDARIES], ((1u << a->spec[S_BITS]) - 1) * sizeof(float));
    for (int64_t item = begin; item < end; item++)
        VF_BY_DTYPE(dt, rows_as, a, w, item);
}
