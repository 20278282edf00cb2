#!/usr/bin/env python3
"""Writes tests/golden/<op>/<case>.txt for sdpa, sdpa_decode, flash_attn_vec, flash_attn_vec_reduce, scale_mask_softmax,
kv_cache_copy and flash_attn_prefill_llamacpp: NumPy in float64, for tests/unit/test_attention_golden.c.

Inputs are not stored: element i of a tensor with seed s is offset + factor u, u = (x >> 41) / 2^22 - 1, x the (s 2^32 + i)-th
output of SplitMix64, rounded to the tensor's type; or -inf where u is below `hole`.

Lines of a file: "entry NAME", "param NAME VALUE", "input TENSOR SEED OFFSET FACTOR HOLE" (TENSOR: position in the op's table),
"sum TENSOR VALUE": sum_i (i % 97 + 1) t[i] over elements below 1e30 in magnitude, and "at TENSOR INDEX VALUE".
"""
import pathlib
import numpy as np

OUT = pathlib.Path(__file__).resolve().parents[2] / "tests" / "golden"
NEG_BIG = -float(np.finfo(np.float32).max) / 2


def bf16(a):
    """a rounded to the nearest bf16, ties to even: eight significant bits.  Normal numbers, infinities."""
    fraction, exponent = np.frexp(np.asarray(a, np.float64))
    return np.ldexp(np.rint(fraction * 256), exponent - 8)


ROUND = {
    "f32": lambda a: np.asarray(a, np.float64).astype(np.float32).astype(np.float64),
    "f16": lambda a: np.asarray(a, np.float64).astype(np.float16).astype(np.float64),
    "bf16": bf16,
}


class Case:
    """One file under construction."""

    def __init__(self, op, name, entry, **params):
        self.path = OUT / op / f"{name}.txt"
        self.lines = [f"entry {entry}"] + [f"param {k} {v!r}" for k, v in params.items()]

    def input(self, tensor, shape, dtype, seed, offset=0.0, factor=1.0, hole=-2.0):
        x = (np.arange(int(np.prod(shape)), dtype=np.uint64) + np.uint64(seed << 32)) * np.uint64(0x9E3779B97F4A7C15)
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        x ^= x >> np.uint64(31)
        u = (x >> np.uint64(41)).astype(np.float64) / 2**22 - 1
        self.lines.append(f"input {tensor} {seed} {offset!r} {factor!r} {hole!r}")
        return np.where(u < hole, -np.inf, ROUND[dtype](offset + factor * u)).reshape(shape)

    def output(self, tensor, value):
        v = np.asarray(value, np.float64).ravel()
        self.lines.append(f"sum {tensor} {float(np.where(np.abs(v) < 1e30, v, 0) @ (np.arange(v.size) % 97 + 1))!r}")
        for i in sorted({0, 1, v.size // 3, v.size // 2, v.size - 2, v.size - 1}):
            self.lines.append(f"at {tensor} {i} {float(v[i])!r}")

    def write(self):
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text("\n".join(self.lines) + "\n")


def weights(scores):
    e = np.exp(scores - scores.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def sdpa(name, entry, dtype, batch, heads, kv_heads, dim, ql, kl, cap, window=1024, scale=0.125):
    c = Case("sdpa", name, entry, batch=batch, n_heads=heads, n_kv_heads=kv_heads, head_dim=dim, seq_len=ql, kv_seq_len=kl,
             scale=scale, kv_capacity=cap, window_size=window)
    rows = cap or kl
    q = c.input(0, (batch, heads, ql, dim), dtype, 1, factor=4.0)
    k = c.input(1, (batch, kv_heads, rows, dim), dtype, 2)[:, :, :kl].repeat(heads // kv_heads, 1)
    v = c.input(2, (batch, kv_heads, rows, dim), dtype, 3)[:, :, :kl].repeat(heads // kv_heads, 1)
    own, key = kl - ql + np.arange(ql)[:, None], np.arange(kl)[None, :]
    attends = (key <= own) & ((own - key <= window) | ("sliding" not in entry))
    scores = np.where(attends, float(np.float32(scale)) * (q @ k.swapaxes(-1, -2)), -np.inf)
    c.output(3, weights(scores) @ v)
    c.write()


def sdpa_decode(name, heads, kv_heads, dim, n, cap, scale=0.0625):
    c = Case("sdpa_decode", name, "sdpa_decode", n_heads=heads, n_kv_heads=kv_heads, head_dim=dim, kv_seq_len=n,
             kv_capacity=cap, scale=scale)
    q = c.input(0, (heads, 1, dim), "f32", 1, factor=4.0)
    k = c.input(1, (kv_heads, cap, dim), "f32", 2)[:, :n].repeat(heads // kv_heads, 0)
    v = c.input(2, (kv_heads, cap, dim), "f32", 3)[:, :n].repeat(heads // kv_heads, 0)
    c.output(3, weights(float(np.float32(scale)) * (q @ k.swapaxes(-1, -2))) @ v)
    c.write()


def flash_attn_vec(name, entry, heads, kv_heads, n, cap, nwg, mask_type=1, window=0, scale=0.0625):
    c = Case("flash_attn_vec", name, entry, n_heads=heads, n_kv_heads=kv_heads, kv_seq_len=n, kv_capacity=cap, scale=scale,
             mask_type=mask_type, sliding_window=window, nwg=nwg)
    dim, kv = int(entry[-3:]), "f16" if "f16kv" in entry else "f32"
    q = ROUND["f16"](c.input(0, (heads, 1, dim), "f32", 1, factor=4.0))
    k = c.input(1, (kv_heads, cap, dim), kv, 2)[:, :n].repeat(heads // kv_heads, 0)
    v = c.input(2, (kv_heads, cap, dim), kv, 3)[:, :n].repeat(heads // kv_heads, 0)
    scores = float(np.float32(scale)) * (q @ k.swapaxes(-1, -2))[:, 0]
    if mask_type == 2 and window > 0:
        scores[:, :max(0, n - window)] = -np.inf
    if nwg == 1:
        c.output(3, weights(scores[:, None]) @ v)
    else:                            # tmp: [head][dim / 4][group][4], then [head][group][S, M]
        part = np.zeros((heads, dim // 4, nwg, 4))
        sums = np.zeros((heads, nwg, 2))
        for g in range(nwg):
            own = np.where(np.arange(n) // 32 % nwg == g, scores, -np.inf)
            top = np.maximum(own.max(-1), NEG_BIG)
            w = np.exp(own - top[:, None])
            part[:, :, g] = (w[:, None] @ v).reshape(heads, dim // 4, 4)
            sums[:, g] = np.stack([w.sum(-1), top], -1)
        c.output(3, np.concatenate([part.ravel(), sums.ravel()]))
    c.write()


def flash_attn_vec_reduce(name, dim, rows, nwg):
    c = Case("flash_attn_vec_reduce", name, f"flash_attn_vec_reduce_dk{dim}", nrows=rows, nwg=nwg)
    tmp = c.input(0, (rows * nwg * (dim + 2),), "f32", 1, offset=2.0)
    part = tmp[:rows * nwg * dim].reshape(rows, dim // 4, nwg, 4)
    sums = tmp[rows * nwg * dim:].reshape(rows, nwg, 2)
    e = np.exp(sums[..., 1] - sums[..., 1].max(-1, keepdims=True))
    out = np.einsum("rcgk,rg->rck", part, e) / (sums[..., 0] * e).sum(-1)[:, None, None]
    c.output(1, out)
    c.write()


def scale_mask_softmax(name, rows, cols, seq_q, scale):
    c = Case("scale_mask_softmax", name, "scale_mask_softmax_f32", rows=rows, cols=cols, seq_q=seq_q, scale=scale)
    x = c.input(0, (rows // seq_q, seq_q, cols), "f32", 1, factor=8.0)
    mask = c.input(2, (seq_q, cols), "bf16", 2, factor=2.0, hole=-0.5)
    c.output(1, weights(float(np.float32(scale)) * x + mask))
    c.write()


def kv_cache_copy(name, entry, heads, dim, cap, pos, n, offset=0, sliding=0):
    c = Case("kv_cache_copy", name, entry, n_heads=heads, head_dim=dim, capacity=cap, seq_pos=pos, n_tokens=n,
             src_tok_offset=offset, is_sliding=sliding)
    source, target = {"kv_cache_copy": ("f16", "f16"), "kv_cache_copy_seq_bf16": ("bf16", "f32")}.get(
        entry, ("f32", "f16" if "to_f16" in entry else "f32"))
    flat = "batch" not in entry and "seq" not in entry
    for pair in range(2 if "dual" in entry else 1):
        src = c.input(2 * pair, (offset + n, heads, dim), source, 1 + pair, factor=3.0)
        cache = c.input(2 * pair + 1, (cap, heads, dim) if flat else (heads, cap, dim), target, 5 + pair)
        for t in range(n):
            slot = pos + t if flat and not sliding else (pos + t) % cap
            (cache if flat else cache.swapaxes(0, 1))[slot] = ROUND[target](src[offset + t])
        c.output(2 * pair + 1, cache)
    c.write()


def llamacpp(name, dtype, ql, kl, mask=0, boolean=False, causal=0, offset=0, scale=512**-0.5):
    entry = f"flash_attn_prefill_llamacpp_{dtype}_d512" + ("_boolmask" if boolean else "")
    c = Case("flash_attn_prefill_llamacpp", name, entry, n_heads=4, n_kv_heads=2, seq_len_q=ql, seq_len_k=kl, mask=mask,
             do_causal=causal, q_offset=offset, scale=scale)
    q = c.input(0, (4, ql, 512), dtype, 1, factor=4.0)
    k = c.input(1, (2, kl, 512), dtype, 2).repeat(2, 0)
    v = c.input(2, (2, kl, 512), dtype, 3).repeat(2, 0)
    scores = float(np.float32(scale)) * (q @ k.swapaxes(-1, -2))
    if mask and boolean:             # 0 or 1: u below the hole is -inf, which is true as well
        scores = np.where(c.input(4, (ql, kl) if mask == 1 else (4, ql, kl), "f32", 4, factor=0.0, hole=0.2) != 0, scores, -np.inf)
    elif mask:
        with np.errstate(over="ignore"):     # 1e5 u: beyond 65504 the mask is infinite in f16
            cells = c.input(4, (ql, kl) if mask == 1 else (4, ql, kl), dtype, 4, offset=-5e4, factor=5e4, hole=-0.5)
            scores = scores + ROUND["f16"](cells)
    if causal:
        scores = np.where(np.arange(kl)[None, :] <= np.arange(ql)[:, None] + offset, scores, -np.inf)
    c.output(3, weights(scores) @ v)
    c.write()


def main():
    sdpa("f32", "sdpa", "f32", 2, 4, 2, 40, 5, 9, 0)
    sdpa("bf16_capacity", "sdpa_bf16", "bf16", 1, 6, 2, 33, 3, 40, 43, scale=0.3)
    sdpa("sliding", "sdpa_sliding", "f32", 1, 4, 4, 32, 20, 70, 0, window=16)
    sdpa("sliding_bf16_wide", "sdpa_sliding_bf16", "bf16", 2, 4, 1, 64, 12, 12, 20, window=30)
    sdpa_decode("grouped", 6, 2, 96, 70, 75)
    sdpa_decode("one_key", 2, 2, 32, 1, 4)
    flash_attn_vec("f32_groups", "flash_attn_vec_dk256", 4, 2, 130, 140, 3)
    flash_attn_vec("f32_window", "flash_attn_vec_dk512", 2, 1, 100, 100, 4, mask_type=2, window=37)
    flash_attn_vec("f16_empty_groups", "flash_attn_vec_f16kv_dk256", 2, 2, 40, 48, 5, mask_type=0, window=3)
    flash_attn_vec("f16_one_group", "flash_attn_vec_f16kv_dk512", 4, 1, 50, 50, 1, mask_type=2, window=33, scale=1.0)
    flash_attn_vec_reduce("dk256", 256, 3, 7)
    flash_attn_vec_reduce("dk512", 512, 2, 32)
    llamacpp("bf16_causal", "bf16", 9, 70, causal=1, offset=61)
    llamacpp("f16_rank2", "f16", 4, 66, mask=1)
    llamacpp("bf16_rank4", "bf16", 3, 20, mask=2, causal=1, offset=17)
    llamacpp("f16_bool", "f16", 5, 65, mask=1, boolean=True)
    scale_mask_softmax("heads", 12, 20, 4, 0.125)
    scale_mask_softmax("long", 3, 300, 3, 1.0)
    kv_cache_copy("flat", "kv_cache_copy", 2, 6, 8, 3, 4)
    kv_cache_copy("flat_ring", "kv_cache_copy_f32", 2, 5, 4, 6, 3, sliding=1)
    kv_cache_copy("batch", "kv_cache_copy_batch_f32", 4, 8, 16, 3, 1)
    kv_cache_copy("batch_f16", "kv_cache_copy_batch_f32_to_f16", 4, 8, 5, 4, 1)
    kv_cache_copy("seq_long_prompt", "kv_cache_copy_seq_f32", 2, 4, 4, 4, 4, offset=4)
    kv_cache_copy("seq_f16", "kv_cache_copy_seq_f32_to_f16", 3, 7, 6, 5, 5, offset=1)
    kv_cache_copy("seq_bf16", "kv_cache_copy_seq_bf16", 2, 9, 9, 0, 5)
    kv_cache_copy("dual", "kv_cache_copy_seq_f32_kv_dual", 2, 4, 5, 13, 3)
    kv_cache_copy("dual_f16", "kv_cache_copy_seq_f32_to_f16_kv_dual", 2, 4, 5, 3, 5, offset=2)


if __name__ == "__main__":
    main()
