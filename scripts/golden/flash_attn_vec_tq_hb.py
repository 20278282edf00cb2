#!/usr/bin/env python3
"""Writes tests/golden/flash_attn_vec_tq_hb/<case>.txt, decode attention over a TurboQuant cache, and
tests/golden/flash_attn_vec_reduce_tq_hb_undo/<case>.txt, the merge of its parts with sign-undo, computed by NumPy in
float64, for the unit tests of the same names.

A file holds the parameters, then the output.  The inputs are the formulas below, in the tests too.  Codebooks and signs
are read from kernels/common/tq_tables.h, which both sides take from the definition of the format.
"""
import pathlib
import re
import numpy as np

TOP = pathlib.Path(__file__).resolve().parents[2]
TABLES = (TOP / "kernels/common/tq_tables.h").read_text().replace("\\\n", " ")


def numbers(name):
    text = re.search(rf"#define {name}\s+(.*)", TABLES).group(1)
    return [v.strip() for v in text.split(",")]


HALVES = np.array([float(v.rstrip("f")) for v in numbers("TQ_CENTROIDS")], np.float32).astype(np.float64)
WORDS = [int(v.rstrip("u"), 16) for v in numbers("TQ_SIGN_WORDS")]
SIGNS = np.array([-1.0 if WORDS[j // 32] >> j % 32 & 1 else 1.0 for j in range(512)])


def codebook(bits):
    first = {4: 0, 5: 8, 6: 24, 8: 56}[bits]
    half = HALVES[first:first + 2 ** (bits - 1)]
    return np.concatenate([-half[::-1], half])


def hadamard(d):
    h = np.ones((1, 1))
    while len(h) < d:
        h = np.block([[h, h], [h, -h]])
    return h * np.float64(np.float32(1 / np.sqrt(d)))


def inputs(heads, kv_heads, cap, d, sf):
    h, s, c = np.arange(heads)[:, None], np.arange(kv_heads * cap)[:, None], np.arange(d)[None, :]
    q = np.float32(((37 * h + 11 * c) % 31 - 15) * 0.0626).astype(np.float16).astype(np.float64)
    k_idx, v_idx = (7 * s + 13 * c + c // 5) % 256, (11 * s + 29 * c + c // 3) % 256
    b = np.arange(d // 256)[None, :]
    unit = 16 if d == 256 else sf
    k_norm, v_norm = unit * (12 + 5 * s % 7 + b) / 16, unit * (10 + 3 * s % 5 + 2 * b) / 16
    return q, k_idx, k_norm, v_idx, v_norm


def vectors(idx, norm, bits, d, sf):
    factor = norm / 16 if d == 256 else norm / sf
    return codebook(bits)[idx % 2 ** bits] * np.repeat(factor, 256, axis=1)


def attention(name, d, heads, kv_heads, n, cap, scale, mask, window, nwg, ring, sf, bits):
    scale = float(np.float32(scale))
    q, k_idx, k_norm, v_idx, v_norm = inputs(heads, kv_heads, cap, d, sf)
    k, v = vectors(k_idx, k_norm, bits, d, sf), vectors(v_idx, v_norm, bits, d, sf)
    logical = (np.arange(n) - ring) % cap
    seen = (logical < n) & (logical >= (n - window if mask == 2 and 0 < window < n else 0))
    a, s = np.zeros((heads, d, nwg)), np.zeros((heads, nwg))
    m = np.full((heads, nwg), float(-np.float32(3.4028235e38) / 2))
    for h in range(heads):
        first = h // (heads // kv_heads) * cap
        for g in range(nwg):
            slots = np.array([i for i in range(n) if seen[i] and i // 32 % nwg == g], int) + first
            if len(slots) == 0:
                continue
            score = k[slots] @ q[h] * scale
            m[h, g] = score.max()
            w = np.exp(score - m[h, g])
            s[h, g] = w.sum()
            a[h, :, g] = w @ v[slots]
    if nwg == 1:
        dst = (a[:, :, 0] / s).ravel()
    else:
        dst = np.concatenate([a.reshape(heads, d // 4, 4, nwg).swapaxes(2, 3).ravel(), np.stack([s, m], 2).ravel()])
    write("flash_attn_vec_tq_hb", name, [d, heads, kv_heads, n, cap, scale, mask, window, nwg, ring, sf, bits], dst)


def merge(name, d, rows, nwg):
    r, c, g = np.arange(rows)[:, None, None], np.arange(d)[None, :, None], np.arange(nwg)[None, None, :]
    a = ((5 * r + 3 * c + 7 * g) % 29 - 14) / 8
    s, m = 1 + (r + 3 * g) % 5 / 4, (2 * r + 5 * g) % 11 / 4 - 40 * (g % 3 == 2)
    e = np.exp(m - m.max(axis=2, keepdims=True))
    y = ((a * e).sum(axis=2) / (s * e).sum(axis=2)) @ hadamard(d) * SIGNS[:d]
    write("flash_attn_vec_reduce_tq_hb_undo", name, [d, rows, nwg], y.ravel())


def write(folder, name, head, values):
    out = TOP / "tests/golden" / folder
    out.mkdir(parents=True, exist_ok=True)
    lines = [" ".join(repr(v) for v in head)]
    lines += [" ".join(f"{v:.17g}" for v in values[i:i + 16]) for i in range(0, len(values), 16)]
    (out / f"{name}.txt").write_text("\n".join(lines) + "\n")


def main():
    #         name              D   H Hkv  n  cap scale   mask win nwg ring sf bits
    attention("one_group",     256, 2, 1, 37, 40, 0.0625, 1, 0, 1, 0, 1, 8)
    attention("groups",        256, 1, 1, 70, 70, 0.0625, 0, 0, 4, 0, 1, 5)
    attention("ring_window",   256, 3, 3, 48, 48, 0.05,   2, 20, 2, 17, 1, 6)
    attention("d512",          512, 2, 1, 33, 50, 0.0442, 1, 0, 1, 0, 16, 8)
    attention("d512_window",   512, 2, 2, 40, 64, -0.03,  2, 7, 1, 0, 2.5, 5)
    attention("partial_ring",  256, 1, 1, 30, 64, 0.0625, 1, 0, 1, 50, 1, 8)
    merge("d256", 256, 3, 16)
    merge("d512", 512, 2, 5)


if __name__ == "__main__":
    main()
