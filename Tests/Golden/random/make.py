"""Random numbers of PyTorch 2.13 on the CPU. Run: python make.py"""
import json

import torch

sizes = [1, 15, 16, 17, 31, 32, 1000]


def short(values):
    """All of few values; of many the ends and every 37th."""
    values = values.tolist()
    return values if len(values) <= 32 else values[:8] + values[::37] + values[-20:]


def draws(seed):
    """One generator, drawn from again and again: the odd sizes leave half of a pair behind."""
    g = torch.Generator().manual_seed(seed)
    out = []
    for size in sizes + [3, 1, 18]:
        out.append(dict(kind="randn", size=size, values=short(torch.randn(size, generator=g))))
        out.append(dict(kind="rand", size=size, values=short(torch.rand(size, generator=g))))
        out.append(dict(kind="randn64", size=size, values=short(torch.randn(size, generator=g, dtype=torch.float64))))
        out.append(dict(kind="rand64", size=size, values=short(torch.rand(size, generator=g, dtype=torch.float64))))
        out.append(dict(kind="randint", size=size, bound=10 + size, values=short(torch.randint(10 + size, [size], generator=g))))
        out.append(dict(kind="randint", size=size, bound=2**30, values=short(torch.randint(2**30, [size], generator=g))))
        out.append(dict(kind="randperm", size=size, values=short(torch.randperm(size, generator=g))))
    return out


# The first draw of a fresh generator, for each size, and sums over very many numbers.
fresh = {str(size): short(torch.randn(size, generator=torch.Generator().manual_seed(7))) for size in sizes}
many = torch.randn(300_000, generator=torch.Generator().manual_seed(3))
bits = many.view(torch.int32).to(torch.int64)
json.dump(dict(torch=torch.__version__, seeds={str(seed): draws(seed) for seed in [0, 42, 2**40 + 5]}, fresh=fresh,
               many=dict(seed=3, size=300_000, words=int((bits & 0xFFFFFFFF).sum() % 2**32))), open("torch.json", "w"))
