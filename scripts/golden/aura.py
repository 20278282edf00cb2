#!/usr/bin/env python3
"""Writes tests/golden/aura_*/<case>.txt: the AURA ops by NumPy in float64, for tests/unit/test_aura_*.c.  A file holds the entry
and its parameters, then all tensors in the order of the op's table."""
import numpy as np
from storage import ROUND, write

rng = np.random.default_rng(20240602)


def pack(codes, bits):
    """Codes of the last axis as one little-endian number, in 32-bit words; unused bits are set, they must not matter."""
    n = codes.shape[-1] * bits
    width = -(-n // 32)
    out = np.zeros(codes.shape[:-1] + (width,), np.int64)
    for at in np.ndindex(codes.shape[:-1]):
        number = sum(int(c) << (i * bits) for i, c in enumerate(codes[at])) | ((1 << (32 * width)) - (1 << n))
        out[at] = [number >> (32 * w) & 0xFFFFFFFF for w in range(width)]
    return out


def codebook(bits, dt):
    n = 1 << bits
    return ROUND[dt](0.3 * (-1 + 2 * np.arange(n) / (n - 1)) + 0.01)


def coded(shape, bits, dt):
    """Random codes, packed, with norms and what they stand for."""
    codes = rng.integers(0, 1 << bits, shape)
    norms = ROUND[dt](rng.uniform(0.5, 2, shape[:-1]))
    book = codebook(bits, dt)
    return pack(codes, bits), norms, book, book[codes] * norms[..., None]


def dequant(name, bits, dt, suffix, heads, tokens, dim):
    packed, norms, book, rows = coded((heads, tokens, dim), bits, dt)
    out = ROUND["f32"](rows)             # before the rounding to T
    write("aura_dequant_rotated", name, f"aura_dequant_rotated_int{bits}{suffix}",
          {"heads": heads, "tokens": tokens, "dim": dim}, [packed, norms, book, out])


def score(name, bits, dt, suffix, hq, hkv, tokens, dim):
    q = ROUND[dt](rng.standard_normal((hq, dim)))
    packed, norms, book, rows = coded((hkv, tokens, dim), bits, dt)
    scores = np.einsum("hd,htd->ht", q, np.repeat(rows, hq // hkv, axis=0))
    write("aura_score", name, f"aura_score_int{bits}{suffix}",
          {"n_heads": hq, "n_kv_heads": hkv, "tokens": tokens, "dim": dim}, [q, packed, norms, book, scores])


def value(name, bits, dt, suffix, hq, hkv, tokens, dim, threshold):
    w = ROUND[dt](rng.random((hq, tokens)))
    w[0, 0] = np.nan                     # skipped like a small weight
    packed, norms, book, rows = coded((hkv, tokens, dim), bits, dt)
    kept = np.where(w >= threshold, w, 0)
    out = np.einsum("ht,htd->hd", kept, np.repeat(rows, hq // hkv, axis=0))
    write("aura_value", name, f"aura_value_int{bits}{suffix}",
          {"n_heads": hq, "n_kv_heads": hkv, "tokens": tokens, "dim": dim, "sparse_threshold": threshold},
          [w, packed, norms, book, out])


def pass1(name, entry, kb, vb, dim, dt, hq, hkv, tokens, stride, block, visible=None, **more):
    q = ROUND[dt](rng.standard_normal((hq, dim)))
    kp, kn, kc, keys = coded((hkv, stride, dim), kb, dt)
    vp, vn, vc, values = coded((hkv, stride, dim), vb, dt)
    blocks = -(-tokens // block)
    o, m, l = np.zeros((hq, blocks, dim)), np.full((hq, blocks), -np.inf), np.zeros((hq, blocks))
    for h in range(hq):
        for b in range(blocks):
            t = slice(b * block, min(b * block + block, tokens, tokens if visible is None else visible))
            if t.stop <= t.start:
                continue
            s = keys[h * hkv // hq, t] @ q[h]
            m[h, b] = s.max()
            w = np.exp(s - m[h, b])
            l[h, b] = w.sum()
            o[h, b] = w @ values[h * hkv // hq, t]
    kn[:, tokens:] = vn[:, tokens:] = np.nan
    write("aura_flash_p1", name, entry,
          {"n_heads": hq, "n_kv_heads": hkv, "tokens": tokens, "kv_stride": stride, "block_size": block, **more},
          [q, kp, kn, kc, vp, vn, vc, o, m, l])


def pass2(name, entry, dim, dt, heads, blocks):
    m = ROUND[dt](3 * rng.standard_normal((heads, blocks)))
    l = ROUND[dt](rng.uniform(1, 9, (heads, blocks)))
    o = ROUND[dt](rng.standard_normal((heads, blocks, dim)))
    l[0, 1] = l[1, :] = 0                # empty: must not be read
    o[0, 1] = m[0, 1] = np.nan
    out = np.zeros((heads, dim))
    for h in range(heads):
        used = l[h] != 0
        if used.any():
            w = np.exp(m[h, used] - m[h, used].max())
            out[h] = w @ o[h, used] / (w @ l[h, used])
    write("aura_flash_pass2", name, entry, {"n_heads": heads, "num_blocks": blocks}, [o, m, l, out])


def main():
    dequant("int3", 3, "f32", "", 2, 2, 35)
    dequant("int6_bf16", 6, "bf16", "_bf16", 1, 2, 33)
    dequant("int2_f16", 2, "f16", "_f16", 1, 3, 16)
    score("int6", 6, "f32", "", 4, 2, 3, 33)
    score("int3_bf16", 3, "bf16", "_bf16", 2, 1, 5, 64)
    value("int4_sparse", 4, "f32", "", 4, 2, 9, 20, 0.25)
    value("int8_f16", 8, "f16", "_f16", 2, 2, 4, 7, 0)
    pass1("straddling", "aura_flash_p1_kb3_vb3_d96", 3, 3, 96, "f32", 2, 2, 5, 6, 3)
    pass1("causal_bf16", "aura_flash_p1_causal_kb4_vb2_d64_bf16", 4, 2, 64, "bf16", 2, 1, 9, 9, 4, visible=6, q_position=5)
    pass2("empty", "aura_flash_pass2_d64", 64, "f32", 3, 4)


if __name__ == "__main__":
    main()
