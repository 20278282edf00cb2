"""The ops of mlxbench that PyTorch has a counterpart of: inputs of a case, the ways to compute it, and what is right.

OPS[op](case, inputs) gives (ways, wrong), or None where this case has no counterpart.  ways: name -> function that
computes the case once and returns the result; wrong(run): None, or how far what such a function gives is from float64.
Which way is the fastest depends on the device and the shape: all that a user of PyTorch would write are here, and the
worker tries them."""
import math

import torch
from torch.nn import functional

import torch_attention

DTYPES = {"f32": torch.float32, "f16": torch.float16, "bf16": torch.bfloat16, "i32": torch.int32, "u32": torch.int32,
          "i8": torch.int8, "u8": torch.uint8, "bool": torch.bool}
# Error allowed, root mean square over root mean square: some roundings of the type.  A wrong edge of a mask is outside.
ERROR = {"f32": 1e-4, "f16": 2e-3, "bf16": 1e-2}


class Tolerance:
    def __init__(self, name):
        self.rms, self.max = ERROR[name], 12 * ERROR[name]

    def wrong(self, got, want):
        if not bool(torch.isfinite(got).all()):
            return "the result is not finite"
        got, want = got.double(), want.double()
        norm, error = want.square().mean().sqrt(), got - want
        rms, most = float(error.square().mean().sqrt() / norm), float(error.abs().max() / norm)
        if rms <= self.rms and most <= self.max:
            return None
        return "differs from float64 by %.3g (at most %.3g), gates %.3g and %.3g" % (rms, most, self.rms, self.max)


class Inputs:
    """Random tensors of a case's shapes and types on a device; another seed gives another set."""

    def __init__(self, case, device, seed):
        self.device, self.facts = device, {t["name"]: t for t in case["tensors"]}
        self.random = torch.Generator(device=device)
        self.random.manual_seed(seed)

    def has(self, name):
        return name in self.facts

    def shape(self, name):
        return self.facts[name]["shape"]

    def type_name(self, name):
        return self.facts[name]["dtype"]

    def dtype(self, name):
        return DTYPES[self.type_name(name)]

    def tolerance(self, name):
        return Tolerance(self.type_name(name))

    def normal_of(self, shape):
        return torch.randn(tuple(shape), generator=self.random, device=self.device)

    def normal(self, name):
        return self.normal_of(self.shape(name)).to(self.dtype(name))

    def uniform(self, shape):
        return torch.rand(tuple(shape), generator=self.random, device=self.device)

    def codes(self, shape, n, dtype):
        return torch.randint(0, n, tuple(shape), generator=self.random, device=self.device).to(dtype)


def rms_norm(case, x):
    (rows, dim), eps = x.shape("x"), case["params"]["eps"]
    data, w = x.normal("x"), x.uniform(x.shape("w")).to(x.dtype("w")) * 2 - 1 if x.has("w") else None
    same = None if w is None else w.to(data.dtype)               # rms_norm() wants the weight in the type of the rows

    def eager():
        wide = data.float()
        y = wide * torch.rsqrt(wide.square().mean(-1, keepdim=True) + eps)
        return (y if w is None else y * w).to(data.dtype)

    def wrong(run):
        out, some = run(), sorted({0, rows // 2, rows - 1})
        wide = data[some].double()
        y = wide / (wide.square().sum(-1, keepdim=True) / dim + eps).sqrt()
        return x.tolerance("y").wrong(out[some], y if w is None else y * w.double())
    ways = {"eager": eager}
    if hasattr(functional, "rms_norm"):
        ways["rms_norm"] = lambda: functional.rms_norm(data, (dim,), same, eps)
    return ways, wrong


def kv_cache_copy(case, x):
    """Slices, in two pieces where a ring wraps, or index_copy_()."""
    p, layout = case["params"], case["consts"]["LAYOUT"]
    count, capacity, token = p["n_tokens"], p["capacity"], p["src_tok_offset"]
    if count == 0:
        return None
    axis, start = (0 if layout == 0 else 1), p["seq_pos"] % capacity
    pairs = [(x.normal(a), x.normal(b)) for a, b in (("src", "cache"), ("src_v", "cache_v")) if x.has(a)]
    news = [s[token:token + count] if layout == 0 else s[token:token + count].transpose(0, 1) for s, _ in pairs]
    slots = (torch.arange(count, device=x.device) + start) % capacity
    first = min(count, capacity - start)

    def slices():
        for new, (_, cache) in zip(news, pairs):
            cache.narrow(axis, start, first).copy_(new.narrow(axis, 0, first))
            if count > first:
                cache.narrow(axis, 0, count - first).copy_(new.narrow(axis, first, count - first))
        return [cache for _, cache in pairs]

    def indexed():
        return [cache.index_copy_(axis, slots, new.to(cache.dtype)) for new, (_, cache) in zip(news, pairs)]

    def wrong(run):
        for _, cache in pairs:
            cache.fill_(7)
        for new, cache in zip(news, run()):
            if not torch.equal(cache.index_select(axis, slots), new.to(cache.dtype)):
                return "the slots do not hold the tokens"
            if not torch.equal(cache.index_fill(axis, slots, 7), torch.full_like(cache, 7)):
                return "other slots have changed"
        return None
    return {"copy_ of slices": slices, "index_copy_": indexed}, wrong


def bench_copy(case, x):
    source = x.codes(x.shape("x"), 1 << 31, x.dtype("x"))
    target = torch.empty_like(source)

    def wrong(run):
        target.zero_()
        return None if torch.equal(run(), source) else "the copy differs"
    return {"copy_": lambda: target.copy_(source)}, wrong


def bench_read(case, x):
    """PyTorch reduces nothing by exclusive or: as many f32 are summed."""
    rows, n, four = x.shape("x")
    data = x.normal_of((rows, n * four))
    return {"sum of f32": lambda: data.sum(1)}, lambda run: Tolerance("f32").wrong(run(), data.double().sum(1))


def hadamard(dim, device):
    h = torch.ones(1, 1, device=device)
    while h.shape[0] < dim:
        h = torch.cat((torch.cat((h, h), 1), torch.cat((h, -h), 1)), 0)
    return h / math.sqrt(dim)


def fwht(case, x):
    """A product with the Hadamard matrix, random signs worked into it: which ones they are does not matter."""
    dim, mode = case["consts"]["DIM"], case["consts"]["MODE"]
    data = x.normal("x")
    sign = 1.0 - 2.0 * x.codes((dim,), 2, torch.float32)
    matrix = hadamard(dim, x.device)
    if mode != 0:
        matrix = sign[:, None] * matrix if mode == 1 else matrix * sign

    def wrong(run):
        some = sorted({0, x.shape("x")[0] - 1})
        y, step = data[some].double() * (sign if mode == 1 else 1.0), 1
        while step < dim:                                        # the butterflies, not the matrix
            a, b = y.view(len(some), dim // (2 * step), 2, step).unbind(2)
            y, step = torch.stack((a + b, a - b), 2).reshape(len(some), dim), 2 * step
        return x.tolerance("x").wrong(run()[some], y / math.sqrt(dim) * (sign if mode == 2 else 1.0))
    return {"matmul": lambda: torch.matmul(data, matrix)}, wrong


def recompute_wu(case, x):
    """Per chunk A times the scaled keys and values, rounded to bf16 where the op rounds them.  A is f32, as there."""
    p, n = case["params"], case["params"]["chunk"]
    batch, chunks, heads, share = p["batch"], p["seq_len"] // n, p["v_heads"], p["v_heads"] // p["k_heads"]
    k, v = x.normal("k"), x.normal("v")
    beta, decay = x.uniform(x.shape("beta")), -0.1 * x.uniform((batch, chunks, n, heads)).cumsum(2).view(x.shape("g"))
    a = (0.1 * x.normal("A")).view(batch, chunks, n, heads, n)

    def product(factor):
        right = factor.to(torch.bfloat16).float().view(batch, chunks, n, heads, -1)
        return torch.einsum("bcihj,bcjhx->bcihx", a, right).reshape(batch, chunks * n, heads, -1).to(torch.bfloat16)

    def run():
        keys = k.float().repeat_interleave(share, 2)
        return product(keys * (beta * torch.exp(decay))[..., None]), product(v.float() * beta[..., None])

    def wrong(run):
        out, got, want = run(), [], []
        for b, c, h in {(0, 0, 0), (batch - 1, chunks - 1, heads - 1), (0, chunks // 2, heads // 2)}:
            row = slice(c * n, c * n + n)
            left, scale = a[b, c, :, h].double(), beta[b, row, h].double()[:, None]
            key = k[b, row, h // share].double() * scale * decay[b, row, h].double().exp()[:, None]
            got += [out[0][b, row, h].reshape(-1).double(), out[1][b, row, h].reshape(-1).double()]
            want += [(left @ key).reshape(-1), (left @ (v[b, row, h].double() * scale)).reshape(-1)]
        return x.tolerance("u").wrong(torch.cat(got), torch.cat(want))
    return {"einsum": run}, wrong


def tq_dequantize(case, x):
    """A look-up in the codebook (any numbers) and the norms."""
    p, nibbles, dim = case["params"], case["consts"]["NIBBLES"], case["params"]["head_dim"]
    bits = 4 if nibbles else p["codebook_bits"]
    packed = x.codes(x.shape("packed"), 256 if nibbles else 1 << bits, torch.uint8)
    norms, book = x.uniform(x.shape("norms")), x.normal_of((1 << bits,))
    heads, slot, blocks = p["num_kv_heads"], p["read_pos"], p["norms_per_pos"]
    factor = 1 / math.sqrt(dim) if dim <= 256 else 1 / p["scale_factor_d512"]
    block = (torch.arange(dim, device=x.device) // 256).clamp(max=blocks - 1) if dim > 256 else None

    def run():
        code = packed[:, slot].int()
        if nibbles:
            code = torch.stack((code & 15, code >> 4), -1).view(heads, dim)
        norm = norms[:, slot] * factor
        return book[code] * (norm[:, :1] if block is None else norm[:, block])

    def wrong(run):
        some = sorted({0, heads - 1})
        want = torch.empty(len(some), dim, dtype=torch.float64, device=x.device)
        for i, h in enumerate(some):
            for c in range(dim):
                byte = int(packed[h, slot, c // 2 if nibbles else c])
                index = byte // 16 ** (c % 2) % 16 if nibbles else byte
                want[i, c] = book[index].double() * norms[h, slot, min(c // 256, blocks - 1)].double() * factor
        return x.tolerance("dst").wrong(run()[some], want)
    return {"index": run}, wrong


OPS = dict(torch_attention.OPS, rms_norm=rms_norm, kv_cache_copy=kv_cache_copy, bench_copy=bench_copy,
           bench_read=bench_read, fwht=fwht, gated_delta_net_recompute_wu=recompute_wu, tq_dequantize_kv=tq_dequantize)
