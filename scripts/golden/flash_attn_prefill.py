#!/usr/bin/env python3
"""Writes tests/golden/flash_attn_prefill/<case>.txt: attention by NumPy in float64, for tests/unit/test_flash_attn_oracle.c.

Inputs are not stored: element i of a tensor with seed s is u = (x >> 41) / 2^22 - 1, x the (s 2^32 + i)-th output of
SplitMix64, rounded to the tensor's type.  Q is 4 u (seed s), K and V are u (seeds s + 100, s + 200).  A mask cell with u
(seed s + 300) is -inf below -0.6, -1e4 below -0.5, 0 below 0.2 and 3 u above; a bool cell is true from -0.5 on; row 1 of
every head is blocked.

A file holds the entry, batch, n_heads, n_kv_heads, seq_len_q, seq_len_k, q_offset, scale, mask, do_causal, narrow_q and s,
then one line per output row: four of its elements o[0], o[1], o[D/2], o[D-1], its checksum sum_c (c + 1) o[c], the
root sums of squares of the partial sums of o[0] and o[D-1], and the two elements' standard deviation by other errors.
"""
import pathlib
import numpy as np

OUT = pathlib.Path(__file__).resolve().parents[2] / "tests" / "golden" / "flash_attn_prefill"
LOG2E = float(np.float32(1.44269504))


def bf16(a):
    """a rounded to the nearest bf16, ties to even: eight significant bits.  Normal numbers only."""
    fraction, exponent = np.frexp(np.asarray(a, np.float64))
    return np.ldexp(np.rint(fraction * 256), exponent - 8)


ROUND = {
    "f32": lambda a: np.asarray(a, np.float64).astype(np.float32).astype(np.float64),
    "f16": lambda a: np.asarray(a, np.float64).astype(np.float16).astype(np.float64),
    "bf16": bf16,
}


def uniform(seed, shape):
    x = (np.arange(int(np.prod(shape)), dtype=np.uint64) + np.uint64(seed << 32)) * np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    x ^= x >> np.uint64(31)
    return ((x >> np.uint64(41)).astype(np.float64) / 2**22 - 1).reshape(shape)


def mask_of(shape, boolean, store, seed):
    u = uniform(seed, shape)
    if boolean:
        mask = u >= -0.5
        mask[..., 1, :] = False
        return mask
    mask = np.where(u < 0.2, 0.0, 3 * u)
    mask = store(mask + 0.0)
    mask[u < -0.5] = store(-1e4)
    mask[u < -0.6] = -np.inf
    mask[..., 1, :] = -np.inf
    return mask


def weight_variance(s, dots, unit, terms):
    """Of the relative errors of 2^(s - max s), in units of 2^-48, for one row: dots are the partial sums of each key's dot
    product, unit is the factor on them, terms are what the mask adds (see flash_attn_prefill_ref.c)."""
    def exp2_variance(x):
        return (np.log(2) * x) ** 2 + (2 * (3 + 2 * np.abs(x))) ** 2

    argument = (dots**2).sum(axis=1) * unit**2
    if unit != 1:
        argument += (dots[:, -1] * unit) ** 2
    argument += np.where(terms != 0, terms**2 + s**2, 0)
    highest = np.maximum.accumulate(s)
    rises = np.zeros(len(s))
    rises[1:] = np.where(s[1:] > highest[:-1], exp2_variance(highest[:-1] - s[1:]) + 1, 0)
    after = rises.sum() - np.cumsum(rises)
    return np.log(2) ** 2 * argument + exp2_variance(s - s.max()) + after


def attend(q, k, v, unit, mask_terms, open_):
    """softmax in base 2 over the open keys; the order of the sums is NumPy's.  Also p and x of the error model."""
    out, partial, extra = np.zeros(q.shape), np.zeros(q.shape), np.zeros(q.shape)
    for i in np.ndindex(*q.shape[:-1]):
        keys = np.flatnonzero(open_[i])
        if len(keys) == 0:
            continue
        dots = np.cumsum(q[i] * k[i[:-1]][keys], axis=1)
        terms = mask_terms[i][keys]
        s = dots[:, -1] * unit + terms
        variance = weight_variance(s, dots, unit, terms)
        w = np.exp2(s - s.max())
        live = w > 0
        keys, variance, w = keys[live], variance[live], w[live] / w.sum()
        products = w[:, None] * v[i[:-1]][keys]
        out[i] = products.sum(axis=0)
        partial[i] = np.sqrt((np.cumsum(products, axis=0) ** 2).sum(axis=0))
        by_weights = (w[:, None] ** 2 * variance[:, None] * (v[i[:-1]][keys] - out[i]) ** 2).sum(axis=0)
        extra[i] = 2.0**-24 * np.sqrt(by_weights + out[i] ** 2 * ((np.cumsum(w) ** 2).sum() + 25))
    return out, partial, extra


def case(name, entry, batch=1, heads=2, kv_heads=1, ql=3, kl=5, q_offset=0, scale=1 / 16, mask=0, causal=0, narrow=1,
         seed=1):
    dtype = "f32" if "float32" in entry else "bf16" if "bf" in entry else "f16"
    dim = 512 if "512" in entry else 256
    store = ROUND[dtype]
    boolean = "bool" in entry
    q = store(4 * uniform(seed, (batch, heads, ql, dim)))
    k = store(uniform(seed + 100, (batch, kv_heads, kl, dim)))
    v = store(uniform(seed + 200, (batch, kv_heads, kl, dim)))
    k = np.repeat(k, heads // kv_heads, axis=1)
    v = np.repeat(v, heads // kv_heads, axis=1)
    scale = float(np.float32(scale))
    alpha = float(np.float32(scale * LOG2E))
    if narrow:
        q = store(float(store(alpha)) * q)
    open_ = np.ones((batch, heads, ql, kl), bool)
    terms = np.zeros(open_.shape)
    if causal:
        open_ &= np.arange(kl)[None, :] <= np.arange(ql)[:, None] + q_offset
    if mask:
        cells = mask_of((ql, kl) if mask == 1 else (batch, heads, ql, kl), boolean, store, seed + 300)
        if boolean:
            open_ = open_ & cells
        else:
            open_ = open_ & np.isfinite(cells)
            terms = terms + LOG2E * np.where(np.isfinite(cells), cells, 0)
    out, partial, extra = attend(q, k, v, 1 if narrow else alpha, terms, open_)
    lines = [f"{entry} {batch} {heads} {kv_heads} {ql} {kl} {q_offset} {scale!r} {mask} {causal} {narrow} {seed}"]
    weight = np.arange(1, dim + 1)
    for o, p, x in zip(out.reshape(-1, dim), partial.reshape(-1, dim), extra.reshape(-1, dim)):
        row = [o[0], o[1], o[dim // 2], o[-1], o @ weight, p[0], p[-1], x[0], x[-1]]
        lines.append(" ".join(repr(float(x)) for x in row))
    (OUT / f"{name}.txt").write_text("\n".join(lines) + "\n")


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    f32 = "steel_attention_float32_bq32_bk16_bd256_wm4_wn1_mask"
    case("bf16", "flash_attn_prefill_bf16_d256", ql=5, kl=7)
    case("bf16_scale_1", "flash_attn_prefill_bf16_d256", ql=4, kl=9, scale=1, seed=2)
    case("bf16_no_narrowing", "flash_attn_prefill_bf16_d256", ql=4, kl=9, scale=1, narrow=0, seed=2)
    case("bf16_causal", "flash_attn_prefill_bf16_d256", ql=6, kl=6, causal=1, seed=3)
    case("bf16_causal_offset", "flash_attn_prefill_bf16_d256", ql=4, kl=9, causal=1, q_offset=3, seed=4)
    case("bf16_more_queries", "flash_attn_prefill_bf16_d256", ql=9, kl=3, causal=1, seed=5)
    case("bf16_rank2", "flash_attn_prefill_bf16_d256", batch=2, ql=4, kl=11, mask=1, seed=6)
    case("bf16_rank4", "flash_attn_prefill_bf16_d256", batch=2, ql=4, kl=11, mask=2, causal=1, q_offset=6, seed=7)
    case("bf16_bool_rank2", "flash_attn_prefill_bf16_d256_boolmask", ql=4, kl=11, mask=1, seed=8)
    case("f16_bool_rank4", "flash_attn_prefill_f16_d256_boolmask", batch=2, ql=4, kl=11, mask=2, seed=9)
    case("f16_grouped", "flash_attn_prefill_f16_d256", batch=2, heads=6, kv_heads=3, ql=2, kl=5, seed=10)
    case("f16_d512", "flash_attn_prefill_f16_d512", ql=3, kl=5, scale=512**-0.5, seed=11)
    case("bf16_d512", "flash_attn_prefill_bf16_d512", ql=3, kl=5, scale=512**-0.5, mask=1, seed=12)
    case("f32", f32 + "float32", ql=3, kl=8, scale=-0.3, mask=1, seed=13)
    case("f32_bool_no_narrowing", f32 + "bool_", ql=3, kl=8, mask=2, narrow=0, seed=14)
    case("alias", "steel_attention_bfloat16_bq8_bk8_bd512_wm1_wn1_maskbfloat16", heads=1, kl=2, seed=15)


if __name__ == "__main__":
    main()
