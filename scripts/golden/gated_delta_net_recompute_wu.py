#!/usr/bin/env python3
"""Writes tests/golden/gated_delta_net_recompute_wu/two_chunks.txt: elements of w and u by NumPy's float64, with the roundings
of the contract, for tests/unit/test_recompute_wu.c.  Inputs are formulas of the element's index, the same in both; a line
holds b, t, h, x, w and u."""
import numpy as np
from storage import GOLDEN, ROUND, bf16

B, T, HG, H, K, V = 2, 128, 2, 4, 64, 128
f32 = ROUND["f32"]


def ramp(shape, step, modulus, scale):
    i = np.arange(np.prod(shape), dtype=np.int64)
    return ((i * step % modulus - modulus // 2) * scale).reshape(shape)


def main():
    k = bf16(ramp((B, T, HG, K), 37, 251, 1 / 64))
    v = bf16(ramp((B, T, H, V), 41, 241, 1 / 64))
    beta = f32((ramp((B, T, H), 29, 101, 1) + 51) / 103)
    g = f32(np.arange(T).reshape(1, T, 1) % 64 * -0.05 - np.arange(H) * 0.3 + np.zeros((B, 1, 1)))
    a = f32(ramp((B, T, H, 64), 53, 199, 1 / 256))     # full: all 64 columns count
    vb = bf16(f32(v * beta[..., None]))
    kb = bf16(f32(np.repeat(k, H // HG, axis=2) * beta[..., None]) * np.exp(g)[..., None])
    chunks = lambda t: t.reshape(B, T // 64, 64, H, -1)
    w = np.einsum("bcihj,bcjhx->bcihx", chunks(a), chunks(kb)).reshape(B, T, H, K)
    u = np.einsum("bcihj,bcjhx->bcihx", chunks(a), chunks(vb)).reshape(B, T, H, V)
    lines = []
    for n in range(97):
        b, t, h, x = n % B, n * 23 % T, n * 7 // 2 % H, n * 11 % K
        lines.append(f"{b} {t} {h} {x} {float(w[b, t, h, x])!r} {float(u[b, t, h, x])!r}")
    folder = GOLDEN / "gated_delta_net_recompute_wu"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "two_chunks.txt").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
