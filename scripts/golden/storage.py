"""Storage types of the golden vectors, and how their files are written."""
import pathlib
import numpy as np

GOLDEN = pathlib.Path(__file__).resolve().parents[2] / "tests" / "golden"


def bf16(a):
    """a rounded to the nearest bf16, ties to even, as float64."""
    bits = np.asarray(a, np.float32).view(np.uint32)
    bits = (bits + 0x7FFF + ((bits >> 16) & 1)) & np.uint32(0xFFFF0000)
    return bits.view(np.float32).astype(np.float64)


ROUND = {
    "f32": lambda a: np.asarray(a, np.float32).astype(np.float64),
    "f16": lambda a: np.asarray(a, np.float16).astype(np.float64),
    "bf16": bf16,
}


def write(op, name, entry, params, tensors):
    """tests/golden/<op>/<name>.txt: a line with the entry and its parameters, then every tensor, a row per line."""
    folder = GOLDEN / op
    folder.mkdir(parents=True, exist_ok=True)
    lines = [" ".join([entry] + [f"{k}={v}" for k, v in params.items()])]
    for t in tensors:
        t = np.asarray(t)
        integer = np.issubdtype(t.dtype, np.integer)
        for row in t.reshape(-1, t.shape[-1]):
            lines.append(" ".join(str(int(v)) if integer else repr(float(v)) for v in row))
    (folder / f"{name}.txt").write_text("\n".join(lines) + "\n")
