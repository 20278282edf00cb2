#!/usr/bin/env python3
"""Writes tests/golden/rms_norm/<case>.txt: rms_norm computed by NumPy in float64, for tests/unit/test_rms_norm.c.

A file holds, separated by blanks: entry, rows, dim, eps, then x [rows, dim], w [dim] (not for no_scale entries) and
y [rows, dim].  Inputs are exact in the entry's storage types; every number is written so that it reads back exactly.
"""
import pathlib
import numpy as np

OUT = pathlib.Path(__file__).resolve().parents[2] / "tests" / "golden" / "rms_norm"


def bf16(a):
    """a rounded to the nearest bf16, ties to even, as float64."""
    bits = np.asarray(a, np.float32).view(np.uint32)
    bits = (bits + 0x7FFF + ((bits >> 16) & 1)) & np.uint32(0xFFFF0000)
    return bits.view(np.float32).astype(np.float64)


STORE = {
    "f32": lambda a: np.asarray(a, np.float32).astype(np.float64),
    "f16": lambda a: np.asarray(a, np.float16).astype(np.float64),
    "bf16": bf16,
}


def case(name, entry, x, w=None, eps=1e-6):
    dtype = entry.rsplit("_", 1)[1]
    x = STORE[dtype](x)
    eps = float(np.float32(eps))
    y = x / np.sqrt(np.mean(np.square(x), axis=1, keepdims=True) + eps)
    parts = [x]
    if w is not None:
        w = STORE["bf16" if dtype == "bf16" else "f32"](w)
        y = y * w
        parts.append(w[None, :])
    parts.append(y)
    lines = [f"{entry} {x.shape[0]} {x.shape[1]} {eps!r}"]
    lines += [" ".join(repr(float(v)) for v in row) for part in parts for row in part]
    (OUT / f"{name}.txt").write_text("\n".join(lines) + "\n")


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(20240501)
    normal = rng.standard_normal
    # The shapes of the upstream tests.
    case("upstream_4x8", "rms_norm_f32", normal((4, 8)), 1 + 0.05 * np.arange(8))
    case("upstream_unit_weight", "rms_norm_f32", normal((4, 8)), np.ones(8))
    case("upstream_1x1", "rms_norm_f32", [[-3.5]], [2.0])
    case("upstream_no_scale_4x64", "rms_norm_no_scale_f32", normal((4, 64)))
    case("upstream_no_scale_1x4", "rms_norm_no_scale_f32", [[1, -2, 3, -4]])
    # Rows that eps decides wholly, partly and not at all, and a row of zeros.
    case("eps", "rms_norm_f32", normal((5, 16)) * [[1e-6], [1e-3], [1], [1e3], [0]], normal(16))
    case("eps_large", "rms_norm_no_scale_bf16", normal((2, 16)), eps=0.5)
    case("eps_zero", "rms_norm_f32", normal((2, 5)), normal(5), eps=0)
    # Rounding x * inv before the weight is applied, as MLX does, would move these by up to a bf16 or f16 step.
    case("bf16", "rms_norm_bf16", normal((3, 33)), 1 + normal(33))
    case("f16", "rms_norm_f16", normal((2, 65)), 1 + normal(65))


if __name__ == "__main__":
    main()
