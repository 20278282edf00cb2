"""How PyTorch computes the attention ops of mlxbench: scaled_dot_product_attention with the masks of a case."""
import functools
import math

import torch
from torch.nn import functional

KERNELS = {0: "math", 1: "flash", 2: "efficient", 3: "cudnn"}      # what _fused_sdp_choice() answers
SOFT_BLOCK = -1e4


class Attention:
    """Q [batch, heads, rows, dim], K and V [batch, heads / groups, keys, dim].  reads(r) -> (lo, hi): keys that row r
    attends.  mask [1 or batch, 1 or heads, rows, keys]: what is added to the scores or, as bool, which count."""

    def __init__(self, q, k, v, scale, groups, rows, reads, mask=None):
        self.q, self.k, self.v, self.scale, self.groups = q, k, v, scale, groups
        self.rows, self.reads, self.mask = rows, reads, mask

    def way(self, mask, causal, repeat, dtype):
        """(name, function) of one call.  repeat: the call copies K and V to as many heads as Q has.  dtype: the call
        converts Q, K and V to it, and the result back, as PyTorch wants one type."""
        q, k, v, groups, gqa = self.q, self.k, self.v, self.groups, self.groups > 1 and not repeat
        sdpa = functools.partial(functional.scaled_dot_product_attention, attn_mask=mask, is_causal=causal,
                                 scale=self.scale, enable_gqa=gqa)

        def call():
            return sdpa(q, k, v)

        def repeated():
            return sdpa(q, k.repeat_interleave(groups, 1), v.repeat_interleave(groups, 1))

        def converted():
            return sdpa(q.to(dtype), k.to(dtype), v.to(dtype)).to(q.dtype)
        name = "sdpa " + self.kernel(mask, causal, repeat, dtype or q.dtype)
        if dtype is not None:
            return name + (" gqa" if gqa else "") + " in %s" % str(dtype).rsplit(".", 1)[-1], converted
        return name + (" gqa" if gqa else " repeated" if repeat else ""), repeated if repeat else call

    def kernel(self, mask, causal, repeat, dtype):
        """What PyTorch says it takes for such a call: not public, and no answer for masks that are no tensors."""
        q = self.q.to(dtype)
        k = q if repeat else self.k.to(dtype)    # only shapes and types count
        try:
            choice = torch._fused_sdp_choice(q, k, k, attn_mask=mask, is_causal=causal, scale=self.scale,
                                             enable_gqa=self.groups > 1 and not repeat)
            return KERNELS.get(int(choice), "unknown")
        except (AttributeError, RuntimeError, TypeError, ValueError):
            return "unknown"

    def ways(self, masks, causal=False):
        """All calls with one of the masks: with grouped heads as they are, and with K and V repeated."""
        found = {}
        for label, mask in masks:
            for repeat in (False, True) if self.groups > 1 else (False,):
                name, call = self.way(mask, causal, repeat, None)
                found[name + label] = call
        return found

    def wrong(self, run, tolerance):
        """None, or how far some rows of what run() gives are from softmax(scale Q K^T + mask) V in float64."""
        batch, heads = self.q.shape[0], self.q.shape[1]
        out, got, want = run(), [], []
        for b, h in {(0, 0), (0, heads // 2), (batch - 1, heads - 1)}:
            for r in sorted({0, 1 % self.rows, self.rows // 3, self.rows - 1}):
                lo, hi = self.reads(r)
                k, v = (t[b, h // self.groups, lo:hi].double() for t in (self.k, self.v))
                score = k @ self.q[b, h, r].double() * self.scale
                if self.mask is not None:
                    cell = self.mask[b % self.mask.shape[0], h % self.mask.shape[1], r, lo:hi]
                    boolean = cell.dtype == torch.bool
                    score = score.masked_fill(~cell, -math.inf) if boolean else score + cell.double()
                got.append(out[b, h, r].double())
                want.append(torch.softmax(score, 0) @ v)
        return tolerance.wrong(torch.stack(got), torch.stack(want))


def queries(x, name, scale, dim):
    """Normal numbers, smaller where the scale would make scores of more than unit variance."""
    return x.normal(name) * min(1.0, 1 / (abs(scale) * math.sqrt(dim)))


def lower_right(rows, keys, device):
    """Row r attends the keys up to r + keys - rows: the bool mask, and PyTorch's own object for it."""
    masks = [("", torch.ones(rows, keys, dtype=torch.bool, device=device).tril(keys - rows))]
    try:
        from torch.nn.attention.bias import causal_lower_right
        masks.append((" causal_lower_right", causal_lower_right(rows, keys)))
    except ImportError:
        pass
    return masks


def mask_of(x, p, rows, keys, shape, boolean):
    """The mask of a prefill case, [1 or batch, 1 or heads, rows, keys], the causal rule worked in.  Unlike the data of
    mlxbench no row is blocked as a whole: what PyTorch makes of such a row is not defined."""
    own = torch.arange(rows, device=x.device)[:, None] + p["q_offset"]
    key = torch.arange(keys, device=x.device)[None, :]
    nearest = key == own.clamp(max=keys - 1)
    fill, value = p["mask_fill"], None
    is_open = torch.ones(shape, dtype=torch.bool, device=x.device)
    if fill == "window":
        is_open &= (key <= own) & (key > own - p["window"])
    elif fill == "random":
        is_open = (x.uniform(shape) >= 0.3) | nearest
    elif fill == "bias":
        is_open = (x.uniform(shape) >= 0.15) | nearest
        value = x.normal_of(shape)
    elif fill == "checker":
        head = torch.arange(shape[1], device=x.device)[None, :, None, None]
        soft = (head + own - p["q_offset"] + key) % 2 == 1
        value = torch.where(soft, SOFT_BLOCK, 0.0)
        is_open = ~soft | nearest if boolean else is_open
    if p["do_causal"]:
        is_open = is_open & (key <= own)
    if boolean:
        return is_open
    if value is None:
        value = torch.zeros(1, device=x.device)
    return torch.where(is_open, value, -math.inf).to(x.dtype("mask"))


def prefill(case, x):
    """flash_attn_prefill and flash_attn_prefill_llamacpp."""
    p, (_, _, rows, dim), keys = case["params"], x.shape("Q"), x.shape("K")[2]
    offset, fill = p["q_offset"], p["mask_fill"] if p["mask"] != "none" else ""
    window = fill == "window"
    if fill == "full" or (window and rows + offset - p["window"] >= keys):
        return None                      # some row attends nothing

    def reads(r):
        hi = min(r + offset + 1, keys) if p["do_causal"] or window else keys
        return (max(0, r + offset - p["window"] + 1) if window else 0), hi
    end = min(keys, rows + offset) if p["do_causal"] else keys     # no row attends the keys behind it
    k, v = (x.normal(name)[:, :, :end] for name in "KV")
    a = Attention(queries(x, "Q", p["scale"], dim), k, v, p["scale"], p["n_heads"] // p["n_kv_heads"], rows, reads)
    if p["mask"] != "none":
        shape = x.shape("mask")
        a.mask = mask_of(x, p, rows, end, tuple(shape[:3]) + (end,), x.type_name("mask") == "bool")
        ways = a.ways([("", a.mask)])
    elif not p["do_causal"]:
        ways = a.ways([("", None)])
    elif end == rows and offset == 0:
        ways = a.ways([("", None)], causal=True)
    elif end == rows + offset:
        ways = a.ways(lower_right(rows, end, x.device))
    else:
        own = torch.arange(rows, device=x.device)[:, None] + offset
        ways = a.ways([("", torch.arange(end, device=x.device)[None, :] <= own)])
    return ways, lambda run: a.wrong(run, x.tolerance("O"))


def sdpa(case, x):
    """sdpa: row r is at position kv_seq_len - seq_len + r; sliding entries attend window_size keys before their own."""
    p, (_, _, rows, dim) = case["params"], x.shape("Q")
    keys, sliding = p["kv_seq_len"], case["consts"]["SLIDING"] and p["window_size"] < p["kv_seq_len"]
    offset = keys - rows

    def reads(r):
        return (max(0, r + offset - p["window_size"]) if sliding else 0), r + offset + 1
    k, v = (x.normal(name)[:, :, :keys] for name in "KV")
    a = Attention(queries(x, "Q", p["scale"], dim), k, v, p["scale"], p["n_heads"] // p["n_kv_heads"], rows, reads)
    if sliding:
        own, key = torch.arange(rows, device=x.device)[:, None] + offset, torch.arange(keys, device=x.device)[None, :]
        ways = a.ways([("", (key <= own) & (key >= own - p["window_size"]))])
    elif offset == 0:
        ways = a.ways([("", None)], causal=True)
    else:
        ways = a.ways(lower_right(rows, keys, x.device))
    return ways, lambda run: a.wrong(run, x.tolerance("O"))


def decode(case, x):
    """sdpa_decode and flash_attn_vec: one query per head.  PyTorch gives the finished row, which flash_attn_vec with
    nwg > 1 leaves to flash_attn_vec_reduce.  Nothing is masked: query heads that share keys may be rows of one head."""
    p, keys = case["params"], case["params"]["kv_seq_len"]
    heads, dim = p["n_heads"], x.shape("K")[2]
    window = p.get("sliding_window", 0) if p.get("mask_type") == "sliding" else 0
    first = keys - window if 0 < window < keys else 0
    k, v = (x.normal(name)[None, :, first:keys] for name in "KV")
    q = queries(x, "Q", p["scale"], dim).reshape(1, heads, 1, dim)
    a = Attention(q, k, v, p["scale"], heads // p["n_kv_heads"], 1, lambda r: (0, keys - first))
    rows = Attention(q.reshape(1, p["n_kv_heads"], a.groups, dim), k, v, p["scale"], 1, a.groups, a.reads)
    mixed, ways = x.type_name("Q") != x.type_name("K"), {}        # Q and the result are f32 beside a cache of f16
    for dtype in (x.dtype("K"), x.dtype("Q")) if mixed else (None,):
        for repeat in (False, True) if a.groups > 1 and not mixed else (False,):
            name, call = a.way(None, False, repeat, dtype)
            ways[name] = call
        name, call = rows.way(None, False, False, dtype)
        ways[name + ", heads as rows"] = lambda call=call: call().reshape(1, heads, 1, dim)
    return ways, lambda run: a.wrong(run, x.tolerance("K"))


def softmax(case, x):
    """scale_mask_softmax: softmax(scale input + mask), the mask shared by all heads."""
    p, (rows, cols), cover = case["params"], x.shape("input"), case["params"]["seq_q"]
    scale, data = p["scale"], x.normal("input").view(rows // cover, cover, cols)
    end = (torch.arange(cover, device=x.device) + cols - cover).clamp(min=0)[:, None]
    mask = torch.where(torch.arange(cols, device=x.device)[None, :] <= end, 0.0, -math.inf).to(x.dtype("mask"))

    def wrong(run):
        out, got, want = run(), [], []
        for h in {0, rows // cover - 1}:
            for r in sorted({0, cover // 3, cover - 1}):
                score = scale * data[h, r].double() + mask[r].double()
                got.append(out[h, r].double())
                want.append(torch.exp(score - score.max()) / torch.exp(score - score.max()).sum())
        return x.tolerance("output").wrong(torch.stack(got), torch.stack(want))
    return {"add, softmax": lambda: torch.softmax(torch.add(mask, data, alpha=scale), -1),
            "mul, add, softmax": lambda: torch.softmax(data * scale + mask, -1)}, wrong


OPS = {"flash_attn_prefill": prefill, "flash_attn_prefill_llamacpp": prefill, "sdpa": sdpa, "sdpa_decode": decode,
       "flash_attn_vec": decode, "scale_mask_softmax": softmax}
