"""Compares Loam's tensor operations, values and gradients, with PyTorch on inputs drawn by hypothesis.

    LOAM_PYTHON -m pip install torch hypothesis safetensors
    python operations.py LOAM [--examples N] [NAME ...]

Real numbers agree within 1e-5 of each number and 1e-6 of the largest; whole numbers, flags and types exactly.
"""
import argparse, subprocess, sys, tempfile
import numpy as np, torch
import torch.nn.functional as F
from hypothesis import HealthCheck, given, settings, strategies as st
from safetensors.torch import load_file, save_file

DTYPES = {"f32": torch.float32, "f64": torch.float64, "f16": torch.float16, "bf16": torch.bfloat16, "i64": torch.int64, "i32": torch.int32,
          "u8": torch.uint8, "bool": torch.bool}


class Loam:
    def __init__(self, path):
        self.folder, self.path = tempfile.mkdtemp(), path
        self.start()

    def start(self):
        script = __file__.replace(".py", ".lua")
        self.process = subprocess.Popen([self.path, "run", script, "--", self.folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __call__(self, expression, tensors):
        save_file({k: v.contiguous() for k, v in tensors.items()}, self.folder + "/in.safetensors")
        self.process.stdin.write(expression + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            self.process.wait()
            self.start()
            return f"Loam ended with status {self.process.returncode}", {}
        return answer.strip(), (load_file(self.folder + "/out.safetensors") if answer.strip() == "ok" else {})


class Draw:
    """Inputs of one example; each may lie transposed or as a part of a larger tensor."""

    def __init__(self, data):
        self.data, self.random = data, np.random.default_rng(data.draw(st.integers(0, 2**32)))
        self.saved, self.bases, self.x = {}, [], []

    def integer(self, low, high): return self.data.draw(st.integers(low, high))
    def one(self, *options): return self.data.draw(st.sampled_from(options))

    def shape(self, least=0, most=4, smallest=0, largest=5):
        return [self.integer(smallest, largest) for _ in range(self.integer(least, most))]

    def tensor(self, shape, low=-3.0, high=3.0, dtype="f32", plain=False):
        kind = DTYPES[dtype]
        view = "" if plain or len(shape) == 0 else self.one("", "s", "t") if len(shape) > 1 else self.one("", "s")
        lying = list(shape)
        if view == "t": lying[-1], lying[-2] = lying[-2], lying[-1]
        if view == "s": lying[-1] += 1
        if kind.is_floating_point: values = torch.from_numpy(self.random.uniform(low, high, lying)).to(kind)
        elif kind == torch.bool: values = torch.from_numpy(self.random.integers(0, 2, lying)).to(kind)
        else: values = torch.from_numpy(self.random.integers(max(int(low), 0 if kind == torch.uint8 else -10**9), int(high) + 1, lying)).to(kind)
        base = torch.as_tensor(values).reshape(lying)
        if kind in (torch.float32, torch.float64): base = base.requires_grad_()
        self.saved[f"x{len(self.x) + 1}{view}"] = base.detach()
        self.bases.append(base)
        self.x.append(base.transpose(-1, -2) if view == "t" else base[..., 1:] if view == "s" else base)
        return self.x[-1]


def close(expected, got, what):
    assert got.dtype == expected.dtype, f"{what}: type {got.dtype}, PyTorch {expected.dtype}"
    assert list(got.shape) == list(expected.shape), f"{what}: shape {list(got.shape)}, PyTorch {list(expected.shape)}"
    if not expected.dtype.is_floating_point:
        assert torch.equal(got, expected), f"{what}: {got} where PyTorch has {expected}"
        return
    step = {torch.float16: 2**-10, torch.bfloat16: 2**-7}.get(expected.dtype, 0)
    a, b = got.double(), expected.double()
    assert torch.equal(a.isnan(), b.isnan()), f"{what}: NaN at other places"
    finite = b.isfinite()
    assert torch.equal(a[~finite & ~b.isnan()], b[~finite & ~b.isnan()]), f"{what}: other infinities"
    a, b = a[finite], b[finite]
    if b.numel():
        limit = (1e-5 + step) * b.abs() + 1e-6 * max(1.0, b.abs().max().item())
        worst = ((a - b).abs() - limit).max().item()
        assert worst <= 0, f"{what}: off by {(a - b).abs().max().item():.3g} beside numbers up to {b.abs().max().item():.3g}"


def compare(loam, draw, expression, compute, gradient=True):
    expected = compute(*draw.x)
    expected = expected if isinstance(expected, (tuple, list)) else (expected,)
    first = expected[0]
    saved = dict(draw.saved)
    if gradient and first.requires_grad:
        upstream = torch.from_numpy(draw.random.uniform(-1, 1, list(first.shape))).reshape(first.shape).to(first.dtype)
        saved["g"] = upstream.float() if first.dtype in (torch.float16, torch.bfloat16) else upstream
        first.backward(upstream)
    answer, out = loam(expression, saved)
    where = f"{expression} of {[(list(t.shape), str(t.dtype)) for t in draw.x]}"
    assert answer == "ok", f"{where}: {answer}"
    for k, y in enumerate(expected): close(y.detach(), out[f"y{k + 1}"], where)
    if "g" in saved:
        for i, base in enumerate(draw.bases):
            if base.grad is not None:
                found = out.get(f"d{i + 1}", torch.zeros_like(base))
                close(base.grad, found, f"gradient {i + 1} of {where}")


def broadcast(draw, least=0):
    """Two shapes that fit. Where types may differ both have an axis: PyTorch promotes tensors without axes like numbers, Loam like tensors."""
    full = draw.shape(least)
    def part():
        shape = full[draw.integer(0, len(full) - least):] if full else []
        return [1 if draw.one(True, False, False) else n for n in shape]
    return part(), part()


REAL = ("f32", "f32", "f64", "f16", "bf16")
ANY = REAL + ("i64", "i32", "u8")
CASES = {}


def case(f):
    CASES[f.__name__] = f
    return f


@case
def arithmetic(loam, d):
    a, b = broadcast(d, 1)
    op, f = d.one(("+", torch.add), ("-", torch.sub), ("*", torch.mul))
    d.tensor(a, dtype=d.one(*ANY)), d.tensor(b, dtype=d.one(*ANY))
    compare(loam, d, f"x[1] {op} x[2]", f)


@case
def division(loam, d):
    a, b = broadcast(d, 1)
    d.tensor(a, dtype=d.one(*ANY)), d.tensor(b, 0.5, 3, dtype=d.one("f32", "f64", "f16"))
    compare(loam, d, "x[1] / x[2]", torch.div)


@case
def whole_division(loam, d):
    a, b = broadcast(d)
    kind = d.one("f32", "i64", "i32")
    d.tensor(a, -9, 9, dtype=kind), d.tensor(b, 1, 4, dtype=kind)
    if d.one(True, False): compare(loam, d, "x[1] // x[2]", lambda x, y: torch.floor_divide(x, y), gradient=False)
    else: compare(loam, d, "x[1] % x[2]", torch.remainder)


@case
def scalars(loam, d):
    d.tensor(d.shape(), dtype=d.one(*ANY))
    lua, value = d.one(("2", 2), ("1.5", 1.5), ("-3", -3), ("0.5", 0.5))
    if value < 0 and d.x[0].dtype == torch.uint8: lua, value = "2", 2
    op = d.one("+", "-", "*")
    compare(loam, d, f"x[1] {op} {lua}", lambda x: eval(f"x {op} value", {"x": x, "value": value}))


@case
def power(loam, d):
    a, b = broadcast(d)
    d.tensor(a, 0.2, 2), d.tensor(b)
    compare(loam, d, "x[1] ^ x[2]", torch.pow)


@case
def extremes_of_two(loam, d):
    a, b = broadcast(d)
    kind = d.one("f32", "i64", "f64")
    d.tensor(a, dtype=kind, high=1000, low=-1000), d.tensor(b, dtype=kind, high=1000, low=-1000)
    name = d.one("maximum", "minimum")
    compare(loam, d, f"tensor.{name}(x[1], x[2])", getattr(torch, name), gradient=kind != "i64")


@case
def comparisons(loam, d):
    a, b = broadcast(d, 1)
    d.tensor(a, -2, 2, dtype=d.one(*ANY, "bool")), d.tensor(b, -2, 2, dtype=d.one(*ANY, "bool"))
    name = d.one("eq", "ne", "lt", "le", "gt", "ge")
    compare(loam, d, f"x[1]:{name}(x[2])", getattr(torch, name))


@case
def flags(loam, d):
    a, b = broadcast(d, 1)
    kind = d.one("bool", "i64", "u8")
    d.tensor(a, dtype=kind, high=9), d.tensor(b, dtype=kind, high=9)
    op = d.one("&", "|", "~")
    compare(loam, d, f"x[1] {op} x[2]", {"&": torch.bitwise_and, "|": torch.bitwise_or, "~": torch.bitwise_xor}[op])


UNARY = {"exp": (-3, 3), "log": (0.1, 5), "sqrt": (0.1, 5), "rsqrt": (0.1, 5), "reciprocal": (0.3, 3), "tanh": (-3, 3), "sigmoid": (-5, 5), "sin": (-6, 6), "cos": (-6, 6),
         "tan": (-1, 1), "atan": (-3, 3), "erf": (-2, 2), "log1p": (-0.5, 3), "expm1": (-2, 2), "softplus": (-5, 5), "gelu": (-4, 4), "silu": (-4, 4), "relu": (-3, 3),
         "abs": (-3, 3), "square": (-3, 3), "floor": (-4, 4), "ceil": (-4, 4), "round": (-4, 4), "trunc": (-4, 4), "sign": (-3, 3), "neg": (-3, 3)}


@case
def unary(loam, d):
    name = d.one(*UNARY)
    low, high = UNARY[name]
    d.tensor(d.shape(), low, high, dtype=d.one(*REAL))
    f = {"gelu": F.gelu, "silu": F.silu, "softplus": F.softplus}.get(name) or getattr(torch, name)
    compare(loam, d, f"x[1]:{name}()", f)


@case
def unary_of_whole_numbers(loam, d):
    name = d.one("exp", "sin", "abs", "square", "neg", "sign", "floor", "relu")
    d.tensor(d.shape(), -4, 4, dtype=d.one("i64", "i32"))
    compare(loam, d, f"x[1]:{name}()", getattr(torch, name))


@case
def clamp(loam, d):
    d.tensor(d.shape(), dtype=d.one(*ANY))
    compare(loam, d, "x[1]:clamp{lower = 0, upper = 2}", lambda x: x.clamp(0, 2), gradient=False)


@case
def where(loam, d):
    a, b = broadcast(d, 1)
    d.tensor(a, dtype="bool"), d.tensor(b), d.tensor(a, dtype=d.one("f32", "f64", "i64"))
    compare(loam, d, "tensor.where(x[1], x[2], x[3])", torch.where)


@case
def reductions(loam, d):
    shape = d.shape(1, 4, 1)
    axis = d.integer(0, len(shape) - 1)
    keep = d.one(True, False)
    name, f, kinds = d.one(
        ("sum", lambda x: x.sum(axis, keepdim=keep), ANY), ("mean", lambda x: x.mean(axis, keepdim=keep), REAL), ("prod", lambda x: x.prod(axis, keepdim=keep), ("f32", "f64", "i64")),
        ("amax", lambda x: x.amax(axis, keepdim=keep), ANY), ("amin", lambda x: x.amin(axis, keepdim=keep), ANY), ("norm", lambda x: torch.linalg.vector_norm(x, dim=axis, keepdim=keep), ("f32", "f64")),
        ("any", lambda x: x.any(axis, keepdim=keep) if x.dtype != torch.uint8 else x.bool().any(axis, keepdim=keep), ANY),
        ("all", lambda x: x.all(axis, keepdim=keep) if x.dtype != torch.uint8 else x.bool().all(axis, keepdim=keep), ANY),
        ("logsumexp", lambda x: x.logsumexp(axis, keepdim=keep), ("f32", "f64")))
    d.tensor(shape, dtype=d.one(*kinds))
    compare(loam, d, f"x[1]:{name}({axis + 1}, {{keep = {str(keep).lower()}}})", f)


@case
def reductions_of_all(loam, d):
    name = d.one("sum", "mean", "var", "std", "norm", "amax", "amin", "prod")
    shape = d.shape(1, 3, 1)
    if name in ("var", "std"): shape = [2] + shape[1:]
    d.tensor(shape, dtype=d.one("f32", "f64"))
    compare(loam, d, f"x[1]:{name}()", torch.linalg.vector_norm if name == "norm" else getattr(torch, name))


@case
def empty_sums(loam, d):
    d.tensor([d.integer(0, 2), 0, d.integer(0, 2)], dtype=d.one(*ANY))
    axis = d.integer(0, 2)
    name = d.one("sum", "prod")
    if d.x[0].dtype in (torch.float16, torch.bfloat16): name = "sum"
    compare(loam, d, f"x[1]:{name}({axis + 1})", lambda x: getattr(x, name)(axis))


@case
def order(loam, d):
    shape = d.shape(1, 3, 1, 6)
    axis = d.integer(0, len(shape) - 1)
    d.tensor(shape, dtype=d.one("f32", "f64", "i64"), low=-10**6, high=10**6)
    name, f = d.one(
        (f"sort({axis + 1})", lambda x: (x.sort(dim=axis, stable=True)[0], x.sort(dim=axis, stable=True)[1] + 1)),
        (f"sort({axis + 1}, {{descending = true}})", lambda x: (x.sort(dim=axis, descending=True, stable=True)[0], x.sort(dim=axis, descending=True, stable=True)[1] + 1)),
        (f"topk(1, {axis + 1})", lambda x: (x.topk(1, axis)[0], x.topk(1, axis)[1] + 1)), (f"argmax({axis + 1})", lambda x: x.argmax(axis) + 1),
        (f"argmin({axis + 1})", lambda x: x.argmin(axis) + 1), (f"max({axis + 1})", lambda x: x.max(axis)[0]), (f"min({axis + 1})", lambda x: x.min(axis)[0]))
    compare(loam, d, f"x[1]:{name}", f)


@case
def running_sums(loam, d):
    shape = d.shape(1, 3, 1)
    axis = d.integer(0, len(shape) - 1)
    d.tensor(shape, dtype=d.one("f32", "f64", "i64", "i32"))
    compare(loam, d, f"x[1]:cumsum({axis + 1})", lambda x: x.cumsum(axis))


@case
def gather(loam, d):
    shape = d.shape(1, 3, 1)
    axis = d.integer(0, len(shape) - 1)
    index = [d.integer(0, 6) if k == axis else d.integer(0, n) for k, n in enumerate(shape)]
    d.tensor(shape, dtype=d.one("f32", "f64", "i64", "f16")), d.tensor(index, 1, shape[axis], dtype="i64")
    compare(loam, d, f"x[1]:gather({axis + 1}, x[2])", lambda x, i: x.gather(axis, i - 1))


@case
def scatter_add(loam, d):
    shape = d.shape(1, 3, 1)
    axis = d.integer(0, len(shape) - 1)
    index = [d.integer(0, 6) if k == axis else d.integer(0, n) for k, n in enumerate(shape)]
    kind = d.one("f32", "f64", "i64")
    d.tensor(shape, dtype=kind), d.tensor(index, 1, shape[axis], dtype="i64"), d.tensor(index, dtype=kind)
    compare(loam, d, f"x[1]:scatter_add({axis + 1}, x[2], x[3])", lambda x, i, s: x.scatter_add(axis, i - 1, s))


@case
def index_select(loam, d):
    shape = d.shape(1, 3, 1)
    axis = d.integer(0, len(shape) - 1)
    d.tensor(shape, dtype=d.one("f32", "f64", "i64", "u8", "f16")), d.tensor([d.integer(0, 5)], 1, shape[axis], dtype="i64", plain=True)
    compare(loam, d, f"x[1]:index_select({axis + 1}, x[2])", lambda x, i: x.index_select(axis, i - 1))


@case
def slices(loam, d):
    shape = d.shape(2, 4, 2, 6)
    d.tensor(shape, dtype=d.one("f32", "i32"))
    first, step = d.integer(1, shape[0]), d.integer(1, 3)
    last = d.integer(first, shape[0])
    k = d.integer(1, shape[-1])
    compare(loam, d, f"x[1][{{ {{{first}, {last}, {step}}}, \"...\", {k} }}]", lambda x: x[first - 1:last:step][..., k - 1])


@case
def flags_as_index(loam, d):
    shape = d.shape(1, 3, 1)
    d.tensor(shape), d.tensor(shape[:d.integer(1, len(shape))], dtype="bool")
    compare(loam, d, "x[1][x[2]]", lambda x, m: x[m])


@case
def arrangement(loam, d):
    shape = d.shape(2, 3, 2)
    axis = d.integer(0, len(shape) - 1)
    k = d.integer(-3, 3)
    expression, f = d.one(
        (f"flip({axis + 1})", lambda x: x.flip(axis)), (f"roll({k}, {axis + 1})", lambda x: x.roll(k, axis)), ("tril(" + str(k) + ")", lambda x: x.tril(k)),
        ("triu(" + str(k) + ")", lambda x: x.triu(k)), (f"diagonal({k})", lambda x: x.diagonal(k, -2, -1)), ("flatten(1, 2)", lambda x: x.flatten(0, 1)),
        (f"windows({axis + 1}, 2, 1)", lambda x: x.unfold(axis, 2, 1)), ("transpose()", lambda x: x.transpose(-1, -2)))
    d.tensor(shape, dtype=d.one("f32", "f64", "i64"))
    if expression.startswith("diagonal") and abs(k) > min(shape[-2:]): return
    compare(loam, d, f"x[1]:{expression}", f)


@case
def padding(loam, d):
    shape = [d.integer(1, 2), d.integer(1, 2), d.integer(4, 6)]
    before, after = d.integer(0, 3), d.integer(0, 3)
    mode = d.one("constant", "reflect", "replicate", "circular")
    d.tensor(shape)
    compare(loam, d, f"x[1]:pad(3, {before}, {after}, {{mode = \"{mode}\"}})", lambda x: F.pad(x, (before, after), mode=mode))


@case
def matmul(loam, d):
    leading = d.shape(0, 2, 1, 3)
    n, k, m = (d.integer(0, 5) for _ in range(3))
    def part(): return [1 if d.one(True, False, False) else s for s in leading[d.integer(0, len(leading)):]] if leading else []
    a, b = part() + [n, k], part() + [k, m]
    if d.one(True, False, False, False): a = [k]
    if d.one(True, False, False, False): b = [k]
    kind = d.one("f32", "f32", "f64", "i64")
    d.tensor(a, dtype=kind), d.tensor(b, dtype=kind)
    compare(loam, d, "x[1]:matmul(x[2])", torch.matmul)


@case
def einsum(loam, d):
    equation = d.one("ij,jk->ik", "bij,bjk->bik", "ij,ij->", "ij->ji", "ii->i", "ij,j", "bij,bkj->bik", "i,j,k->ijk", "...ij,...jk->...ik", "bi,bj,bij->b", "ijk->j")
    sizes = {c: d.integer(1, 4) for c in "bijk"}
    terms = equation.split("->")[0].split(",")
    for term in terms: d.tensor(([2] if term.startswith("...") else []) + [sizes[c] for c in term.replace("...", "")])
    compare(loam, d, f"tensor.einsum(\"{equation}\", {', '.join(f'x[{i + 1}]' for i in range(len(terms)))})", lambda *x: torch.einsum(equation, *x))


@case
def conv1d(loam, d):
    groups = d.one(1, 2)
    k, s, p, q = d.integer(1, 3), d.integer(1, 3), d.integer(0, 2), d.integer(1, 2)
    c, o = groups * d.integer(1, 2), groups * d.integer(1, 2)
    d.tensor([d.integer(1, 2), c, d.integer((k - 1) * q + 1, 9)]), d.tensor([o, c // groups, k]), d.tensor([o])
    compare(loam, d, f"x[1]:conv1d(x[2], x[3], {{stride = {s}, padding = {p}, dilation = {q}, groups = {groups}}})", lambda x, w, b: F.conv1d(x, w, b, s, p, q, groups))


@case
def conv2d(loam, d):
    groups = d.one(1, 1, 2)
    k, s, p, q = ([d.integer(1, 3), d.integer(1, 3)], [d.integer(1, 2), d.integer(1, 2)], [d.integer(0, 2), d.integer(0, 2)], [d.integer(1, 2), d.integer(1, 2)])
    if d.one(True, False): k, s, p, q = [k[0]] * 2, [s[0]] * 2, [p[0]] * 2, [1, 1]
    c, o = groups * d.integer(1, 3), groups * d.integer(1, 3)
    d.tensor([d.integer(1, 2), c] + [d.integer((k[i] - 1) * q[i] + 1, 8) for i in (0, 1)]), d.tensor([o, c // groups] + k), d.tensor([o])
    lua = lambda v: "{" + ", ".join(map(str, v)) + "}"
    compare(loam, d, f"x[1]:conv2d(x[2], x[3], {{stride = {lua(s)}, padding = {lua(p)}, dilation = {lua(q)}, groups = {groups}}})",
            lambda x, w, b: F.conv2d(x, w, b, s, p, q, groups))


@case
def conv_transpose2d(loam, d):
    groups = d.one(1, 2)
    k, s, q = [d.integer(1, 3), d.integer(1, 3)], [d.integer(1, 3), d.integer(1, 3)], [d.integer(1, 2), d.integer(1, 2)]
    p = [d.integer(0, q[i] * (k[i] - 1)) for i in (0, 1)]
    e = [d.integer(0, max(s[i], q[i]) - 1) for i in (0, 1)]
    c, o = groups * d.integer(1, 2), d.integer(1, 2)
    d.tensor([d.integer(1, 2), c, d.integer(2, 4), d.integer(2, 4)]), d.tensor([c, o] + k), d.tensor([o * groups])
    lua = lambda v: "{" + ", ".join(map(str, v)) + "}"
    try: F.conv_transpose2d(d.x[0], d.x[1], d.x[2], s, p, e, groups, q)
    except RuntimeError: return
    compare(loam, d, f"x[1]:conv_transpose2d(x[2], x[3], {{stride = {lua(s)}, padding = {lua(p)}, output_padding = {lua(e)}, dilation = {lua(q)}, groups = {groups}}})",
            lambda x, w, b: F.conv_transpose2d(x, w, b, s, p, e, groups, q))


@case
def pooling(loam, d):
    k, s = [d.integer(1, 3), d.integer(1, 3)], [d.integer(1, 3), d.integer(1, 3)]
    p = [d.integer(0, n // 2) for n in k]
    lua = lambda v: "{" + ", ".join(map(str, v)) + "}"
    d.tensor([d.integer(1, 2), d.integer(1, 2), d.integer(3, 7), d.integer(3, 7)])
    if d.one(True, False):
        compare(loam, d, f"x[1]:max_pool2d({lua(k)}, {{stride = {lua(s)}, padding = {lua(p)}}})", lambda x: F.max_pool2d(x, k, s, p))
    else:
        count = d.one(True, False)
        compare(loam, d, f"x[1]:avg_pool2d({lua(k)}, {{stride = {lua(s)}, padding = {lua(p)}, count_padding = {str(count).lower()}}})",
                lambda x: F.avg_pool2d(x, k, s, p, count_include_pad=count))


@case
def interpolate(loam, d):
    d.tensor([1, 2, d.integer(1, 9), d.integer(1, 9)])
    size = (d.integer(1, 12), d.integer(1, 12))
    mode = d.one("nearest", "bilinear", "bicubic")
    options, extra = {}, ""
    if mode == "bilinear" and d.one(True, False): options, extra = {"align_corners": True}, ", align_corners = true"
    elif mode != "nearest" and d.one(True, False): options, extra = {"antialias": True}, ", antialias = true"
    compare(loam, d, f"x[1]:interpolate({{{size[0]}, {size[1]}}}, {{filter = \"{mode}\"{extra}}})", lambda x: F.interpolate(x, size, mode=mode, **options))


@case
def norms(loam, d):
    # At least four numbers: of two only the sign is left, and gradients are the rounding of numbers that cancel, in PyTorch too.
    shape = d.shape(1, 2, 2) + [d.integer(4, 7)]
    d.tensor(shape), d.tensor([shape[-1]], plain=True), d.tensor([shape[-1]], plain=True)
    if d.one(True, False): compare(loam, d, "x[1]:layer_norm{weight = x[2], bias = x[3]}", lambda x, w, b: F.layer_norm(x, shape[-1:], w, b))
    else: compare(loam, d, "x[1]:rms_norm{weight = x[2], epsilon = 1e-6}", lambda x, w, b: F.rms_norm(x, shape[-1:], w, 1e-6))


@case
def channel_norms(loam, d):
    batch = d.one(True, False)
    shape = [d.integer(4, 6), 4] + d.shape(0 if batch else 1, 2, 2, 4)
    d.tensor(shape), d.tensor([4], plain=True), d.tensor([4], plain=True)
    if batch: compare(loam, d, "x[1]:batch_norm{weight = x[2], bias = x[3]}", lambda x, w, b: F.batch_norm(x, None, None, w, b, True))
    else: compare(loam, d, "x[1]:group_norm(2, {weight = x[2], bias = x[3]})", lambda x, w, b: F.group_norm(x, 2, w, b))


@case
def softmax(loam, d):
    shape = d.shape(1, 3, 1)
    axis = d.integer(0, len(shape) - 1)
    name = d.one("softmax", "log_softmax")
    d.tensor(shape, dtype=d.one("f32", "f64", "f16"))
    # In half precision PyTorch rounds on the way; the yardstick is its f32 result rounded once.
    compare(loam, d, f"x[1]:{name}({axis + 1})", lambda x: getattr(torch, name)(x.float(), axis).half() if x.dtype == torch.float16 else getattr(torch, name)(x, axis))


@case
def attention(loam, d):
    b, n, m, heads, width = d.integer(1, 2), d.integer(1, 5), d.integer(1, 5), d.integer(1, 2), d.integer(1, 3)
    d.tensor([b, n, heads * width]), d.tensor([b, m, heads * width]), d.tensor([b, m, heads * width])
    split = lambda t: t.reshape(t.shape[0], t.shape[1], heads, width).transpose(1, 2)
    kind = d.one("plain", "flags", "numbers", "causal")
    mask, options = None, f"{{heads = {heads}}}"
    if kind == "flags":
        d.tensor([b, 1, n, m], dtype="bool")
        d.saved[list(d.saved)[-1]][..., -1 if True else 0] = True
        options = f"{{heads = {heads}, mask = x[4]}}"
    if kind == "numbers": d.tensor([n, m]); options = f"{{heads = {heads}, mask = x[4]}}"
    if kind == "causal":
        if n != m: return
        options = f"{{heads = {heads}, causal = true}}"
    def f(q, k, v, mask=None):
        y = F.scaled_dot_product_attention(split(q), split(k), split(v), attn_mask=mask, is_causal=kind == "causal")
        return y.transpose(1, 2).reshape(b, n, heads * width)
    if kind == "flags" and not d.x[3].any(-1).all(): return
    compare(loam, d, f"tensor.attention(x[1], x[2], x[3], {options})", f)


@case
def conversions(loam, d):
    source, target = d.one(*ANY, "bool"), d.one(*ANY)
    d.tensor(d.shape(), 0, 100, dtype=source)
    compare(loam, d, f"x[1]:cast(\"{target}\")", lambda x: x.to(DTYPES[target]), gradient=False)


def messages(loam):
    """Wrong shapes and types give errors that name both sides."""
    for expression, words in [("x[1] + x[2]", ["[2, 3]", "[4]"]), ("x[1]:matmul(x[1])", ["[2, 3]"]), ("x[1]:conv2d(x[2])", ["[2, 3]"]), ("x[1]:reshape{4, 4}", ["[4, 4]", "[2, 3]"]),
                              ("x[1] & x[1]", ["f32", "whole numbers"]), ("x[1]:gather(1, x[2])", ["f32"]), ("tensor.concatenate({x[1], x[3]})", ["[2, 3]", "[2]"]),
                              ("x[3] // 0", ["zero"]), ("tensor.einsum(\"ij,jk->ik\", x[1], x[1])", ["'j'", "3", "2"]), ("x[3]:mean()", ["i64"])]:
        answer, _ = loam(expression, {"x1": torch.zeros(2, 3), "x2": torch.zeros(4), "x3": torch.ones(2, dtype=torch.int64)})
        missing = [w for w in words if w not in answer]
        assert answer != "ok" and not missing, f"{expression}: '{answer}' does not name {missing}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("loam")
    parser.add_argument("names", nargs="*")
    parser.add_argument("--examples", type=int, default=100)
    options = parser.parse_args()
    loam = Loam(options.loam)
    failed = []
    for name, check in CASES.items():
        if options.names and name not in options.names: continue
        @settings(max_examples=options.examples, deadline=None, derandomize=True, database=None, report_multiple_bugs=False, suppress_health_check=list(HealthCheck))
        @given(st.data())
        def run(data): check(loam, Draw(data))
        try:
            run()
            print(f"ok {name}")
        except Exception as error:
            failed.append(name)
            print(f"FAILED {name}: {type(error).__name__} {(str(error).splitlines() or [''])[0]}")
    try: messages(loam)
    except AssertionError as error: failed.append("messages"); print(f"FAILED messages: {error}")
    print(f"{len(CASES) + 1 - len(failed)} of {len(CASES) + 1} agree with PyTorch {torch.__version__}, {options.examples} examples each" if not options.names else "")
    sys.exit(1 if failed else 0)


main()
