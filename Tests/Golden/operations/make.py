"""Writes operations.safetensors and README.md: inputs, outputs and gradients of operations as PyTorch computes them.

    python Tests/Golden/operations/make.py        (torch 2.13, safetensors 0.8; about two seconds)

Inputs are drawn in f32. Outputs and gradients are computed from them in f64 and rounded to f32 once, so that an
implementation is measured against the right number and not against another implementation's rounding. The optimisers
are the exception: see the README.
"""
import pathlib

import torch
import torch.nn.functional as F
from safetensors.torch import save_file

here = pathlib.Path(__file__).parent
generator = torch.Generator().manual_seed(20240229)
tensors, rows = {}, []


def normal(*shape, scale=1.0):
    return torch.randn(*shape, generator=generator) * scale


def store(key, value):
    assert key not in tensors, key
    tensors[key] = value.detach().contiguous().clone()


def case(name, function, note, **inputs):
    """Stores the named inputs, function(**inputs), an upstream gradient and the gradient of every floating input."""
    leaves = {}
    for key, value in inputs.items():
        store(f"{name}.{key}", value)
        leaves[key] = value.double().requires_grad_() if value.is_floating_point() else value
    output = function(**leaves)
    store(f"{name}.output", output.float())
    if output.dim() == 0:
        output.backward()
    else:
        upstream = normal(*output.shape)
        store(f"{name}.upstream", upstream)
        output.backward(upstream.double())
    for key, leaf in leaves.items():
        if leaf.is_floating_point():
            store(f"{name}.gradient.{key}", leaf.grad.float())
    shapes = ", ".join(f"{key} {list(value.shape)}" for key, value in inputs.items())
    rows.append(f"| `{name}` | {shapes} | {list(output.shape) or 'scalar'} | {note} |")


def heads(x, count):
    """[B, N, D] -> [B, heads, N, D / heads]"""
    return x.unflatten(-1, (count, -1)).transpose(1, 2)


def attention(query, key, value, count, causal=False, lengths=None):
    mask = None
    if lengths is not None:
        mask = (torch.arange(key.shape[1])[None, :] < lengths[:, None])[:, None, None, :]
    out = F.scaled_dot_product_attention(heads(query, count), heads(key, count), heads(value, count), attn_mask=mask, is_causal=causal)
    return out.transpose(1, 2).flatten(2)


# Linear layers and activations
quick = lambda x: x * torch.sigmoid(1.702 * x)
for name, activation in [("none", lambda x: x), ("relu", F.relu), ("gelu", F.gelu), ("quick_gelu", quick), ("silu", F.silu)]:
    case(f"linear_{name}", lambda x, weight, bias, f=activation: f(F.linear(x, weight, bias)),
         f"activation {name}" + {"gelu": " (erf form)", "quick_gelu": ": x sigmoid(1.702 x)"}.get(name, ""),
         x=normal(2, 5, 19), weight=normal(23, 19, scale=0.3), bias=normal(23, scale=0.5))
wide = torch.cat([torch.linspace(-12, 12, 49), torch.tensor([-1e-6, 0.0, 1e-6, -40.0, 40.0])])
for name, activation in [("gelu", F.gelu), ("quick_gelu", quick), ("silu", F.silu), ("sigmoid", torch.sigmoid), ("tanh", torch.tanh)]:
    case(f"{name}_wide", lambda x, f=activation: f(x), "from -40 to 40", x=wide.clone())

# Matrix products
case("matmul", lambda a, b: a @ b, "", a=normal(3, 7, 11), b=normal(3, 11, 5))
case("matmul_left", lambda a, b: a.mT @ b, "a transposed", a=normal(3, 11, 7), b=normal(3, 11, 5))
case("matmul_right", lambda a, b: a @ b.mT, "b transposed", a=normal(3, 7, 11), b=normal(3, 5, 11))
case("matmul_both", lambda a, b: a.mT @ b.mT, "both transposed", a=normal(3, 11, 7), b=normal(3, 5, 11))
case("matmul_broadcast", lambda a, b: a @ b, "b of rank 2 serves every batch entry", a=normal(2, 3, 4, 6), b=normal(6, 9))

# Normalisation
case("layer_norm", lambda x, weight, bias: F.layer_norm(x, (21,), weight, bias, 1e-6), "epsilon 1e-6",
     x=normal(2, 6, 21) * 2 + 0.7, weight=normal(21, scale=0.3) + 1, bias=normal(21, scale=0.3))
case("layer_norm_plain", lambda x: F.layer_norm(x, (21,), None, None, 1e-5), "no weight, no bias, epsilon 1e-5", x=normal(5, 21))
for suffix, activation in [("", lambda x: x), ("_silu", F.silu)]:
    case(f"group_norm{suffix}", lambda x, weight, bias, f=activation: f(F.group_norm(x, 3, weight, bias, 1e-5)),
         "3 groups, epsilon 1e-5" + (", then silu" if suffix else ""),
         x=normal(2, 12, 5, 3) + 0.4, weight=normal(12, scale=0.3) + 1, bias=normal(12, scale=0.3))


def batch_norm(x, weight, bias):
    return torch.cat([F.batch_norm(part, None, None, weight, bias, True, 0.1, 1e-5) for part in x.chunk(2)])


batch = normal(14, 9) * torch.linspace(0.5, 2, 9) + torch.linspace(-1, 3, 9)
batch[7:] = batch[7:] * 1.5 - 0.8  # the two views must differ, or a joint normalisation would pass
case("batch_norm", batch_norm, "training, two views of 7 rows normalised apart, epsilon 1e-5",
     x=batch, weight=normal(9, scale=0.3) + 1, bias=normal(9, scale=0.3))
views = torch.stack(batch.double().chunk(2))
store("batch_norm.mean", views.mean(1).float())
store("batch_norm.variance", views.var(1, unbiased=False).float())
running_mean, running_variance = torch.zeros(9, dtype=torch.float64), torch.ones(9, dtype=torch.float64)
for part in views:
    F.batch_norm(part, running_mean, running_variance, None, None, True, 0.1, 1e-5)
store("batch_norm.running_mean", running_mean.float())
store("batch_norm.running_variance", running_variance.float())
case("normalize", lambda x: F.normalize(x, dim=-1, eps=1e-12), "rows to length one, epsilon 1e-12", x=normal(7, 19))

# Softmax and losses
logits = normal(9, 23) * 3
case("softmax", lambda x: F.softmax(x, -1), "last axis", x=logits.clone())
case("softmax_far", lambda x: F.softmax(x, -1), "logits of the order of 100 and 1000", x=normal(6, 17) * torch.tensor([100.0, 1000.0]).repeat(3)[:, None])
case("log_softmax", lambda x: F.log_softmax(x, -1), "last axis", x=logits.clone())
case("logsumexp", lambda x: torch.logsumexp(x, -1), "last axis", x=logits.clone())
labels = torch.randint(0, 23, (9,), generator=generator)
case("cross_entropy", lambda x, labels: F.cross_entropy(x, labels), "mean over rows", x=logits.clone(), labels=labels)
case("cross_entropy_smoothed", lambda x, labels: F.cross_entropy(x, labels, label_smoothing=0.1), "label smoothing 0.1", x=logits.clone(), labels=labels)
soft = F.softmax(normal(9, 23) * 2, -1)
case("cross_entropy_soft", lambda x, targets: F.cross_entropy(x, targets), "targets are rows of probabilities", x=logits.clone(), targets=soft)
case("mean_squared_error", lambda x, target: F.mse_loss(x, target), "mean over all elements", x=normal(4, 9), target=normal(4, 9))

# Attention: [B, N, D] with D = heads x head width
case("attention_self", lambda query, key, value: attention(query, key, value, 3), "3 heads of 8",
     query=normal(1, 67, 24), key=normal(1, 67, 24), value=normal(1, 67, 24))
case("attention_causal", lambda query, key, value: attention(query, key, value, 2, causal=True), "2 heads of 10, causal",
     query=normal(2, 19, 20), key=normal(2, 19, 20), value=normal(2, 19, 20))
case("attention_cross", lambda query, key, value, lengths: attention(query, key, value, 2, lengths=lengths),
     "2 heads of 8; keys at or past `lengths` are not seen", query=normal(3, 12, 16), key=normal(3, 7, 16), value=normal(3, 7, 16),
     lengths=torch.tensor([7, 1, 4]))

# Images, NCHW
for name, size, stride, padding, shape in [("conv2d_k3", 3, 1, 1, (2, 5, 7, 9)), ("conv2d_k3_s2", 3, 2, 1, (2, 5, 8, 9)), ("conv2d_k1", 1, 1, 0, (2, 5, 6, 7)),
                                           ("conv2d_k4_s4", 4, 4, 0, (2, 3, 8, 12))]:
    case(name, lambda x, weight, bias, s=stride, p=padding: F.conv2d(x, weight, bias, s, p), f"kernel {size}, stride {stride}, padding {padding}",
         x=normal(*shape), weight=normal(6, shape[1], size, size, scale=0.3), bias=normal(6))
case("upsample_nearest", lambda x: F.interpolate(x, scale_factor=2, mode="nearest"), "factor 2", x=normal(2, 3, 4, 5))
case("average_pool", lambda x: F.avg_pool2d(x, 2), "window 2, stride 2", x=normal(2, 3, 6, 8))
case("pixel_unshuffle", lambda x: F.pixel_unshuffle(x, 2), "factor 2", x=normal(2, 3, 6, 8))
case("pixel_shuffle", lambda x: F.pixel_shuffle(x, 2), "factor 2", x=normal(2, 12, 3, 4))
case("embedding", lambda weight, indices: F.embedding(indices, weight), "indices repeat, so gradients add up",
     weight=normal(13, 6), indices=torch.randint(0, 13, (3, 8), generator=generator))


# Optimisers: two parameters, the first with weight decay, the gradient of each of 100 steps given
def optimise(name, make, note):
    start = [normal(5, 4), normal(4)]
    gradients = [[normal(5, 4) * 10 ** float(k % 3 - 1), normal(4)] for k in range(100)]
    for key, index in [("weight", 0), ("bias", 1)]:
        store(f"{name}.{key}", start[index])
        store(f"{name}.gradients.{key}", torch.stack([g[index] for g in gradients]))
    for dtype, suffix in [(torch.float32, ""), (torch.float64, "_f64")]:
        parameters = [p.to(dtype).clone().requires_grad_() for p in start]
        optimiser = make(parameters)
        trace = [[], []]
        for step in gradients:
            for parameter, gradient in zip(parameters, step):
                parameter.grad = gradient.to(dtype)
            optimiser.step()
            for history, parameter in zip(trace, parameters):
                history.append(parameter.detach().clone())
        for key, history in zip(("weight", "bias"), trace):
            store(f"{name}.output{suffix}.{key}", torch.stack(history))
    rows.append(f"| `{name}` | weight [5, 4], bias [4], gradients.weight [100, 5, 4], gradients.bias [100, 4] | [100, ...] | {note} |")


def groups(parameters, decay):
    return [{"params": parameters[:1], "weight_decay": decay}, {"params": parameters[1:], "weight_decay": 0.0}]


optimise("adamw", lambda p: torch.optim.AdamW(groups(p, 0.05), lr=1e-2, betas=(0.9, 0.98), eps=1e-8, foreach=False),
         "learning rate 1e-2, betas 0.9 and 0.98, epsilon 1e-8, decay 0.05 on the weight, 0 on the bias")
optimise("sgd", lambda p: torch.optim.SGD(groups(p, 1e-3), lr=3e-2, momentum=0.9, foreach=False),
         "learning rate 3e-2, momentum 0.9 (no dampening, no Nesterov), decay 1e-3 on the weight, 0 on the bias")


# Muon as torch.optim has it, but for its rounding to bfloat16: that is made a cast to f64, so that the formula is judged to the last digits
def muon(name, shape, note):
    start = normal(*shape)
    gradients = torch.stack([normal(*shape) * 10 ** float(k % 3 - 1) for k in range(10)])
    parameter = start.double().clone().requires_grad_()
    optimiser = torch.optim.Muon([parameter], lr=1e-2, weight_decay=0.05, momentum=0.95, adjust_lr_fn="match_rms_adamw")
    rounding, torch.Tensor.bfloat16 = torch.Tensor.bfloat16, torch.Tensor.double
    trace = []
    for gradient in gradients:
        parameter.grad = gradient.double()
        optimiser.step()
        trace.append(parameter.detach().clone())
    torch.Tensor.bfloat16 = rounding
    store(f"{name}.weight", start)
    store(f"{name}.gradients.weight", gradients)
    store(f"{name}.output.weight", torch.stack(trace).float())
    rows.append(f"| `{name}` | weight {list(shape)}, gradients.weight {[10, *shape]} | [10, ...] | {note} |")


muon("muon_wide", (6, 15), "learning rate 1e-2, momentum 0.95, decay 0.05, step as large as AdamW's; its orthogonalisation in f64 instead of bfloat16")
muon("muon_tall", (15, 6), "the same")


# LARS as He et al. 2022 (arXiv:2111.06377) use it in linear probes: biases are moved plainly
def lars(name, rate, momentum, decay, trust, note):
    start, gradients = [normal(5, 4), normal(4)], [torch.stack([normal(*shape) for _ in range(20)]) for shape in [(5, 4), (4,)]]
    for key, weight, slopes in zip(("weight", "bias"), start, gradients):
        store(f"{name}.{key}", weight)
        store(f"{name}.gradients.{key}", slopes)
        weight, moved, trace = weight.double().clone(), 0, []
        for slope in slopes.double():
            if key == "weight":
                slope = slope + decay * weight
                slope = slope * trust * weight.norm() / slope.norm()
            moved = momentum * moved + slope
            weight = weight - rate * moved
            trace.append(weight)
        store(f"{name}.output.{key}", torch.stack(trace).float())
    rows.append(f"| `{name}` | weight [5, 4], bias [4], gradients.weight [20, 5, 4], gradients.bias [20, 4] | [20, ...] | {note} |")


lars("lars", 2.0, 0.9, 1e-2, 0.05, "learning rate 2, momentum 0.9, decay 0.01 and trust 0.05 on the weight; the formula in f64")

# Windows of any form
case("conv1d", lambda x, weight, bias: F.conv1d(x, weight, bias, 2, 1, 2, 2), "stride 2, padding 1, dilation 2, 2 groups", x=normal(2, 4, 11), weight=normal(6, 2, 3), bias=normal(6))
case("conv2d_groups", lambda x, weight, bias: F.conv2d(x, weight, bias, (1, 2), (2, 0), (2, 1), 2), "stride 1 and 2, padding 2 and 0, dilation 2 and 1, 2 groups",
     x=normal(2, 4, 7, 6), weight=normal(6, 2, 3, 2), bias=normal(6))
case("conv_transpose2d", lambda x, weight, bias: F.conv_transpose2d(x, weight, bias, (2, 3), (1, 0), (1, 2), 2, (1, 2)),
     "stride 2 and 3, padding 1 and 0, output padding 1 and 2, dilation 1 and 2, 2 groups", x=normal(2, 4, 4, 3), weight=normal(4, 3, 3, 2), bias=normal(6))
case("max_pool2d", lambda x: F.max_pool2d(x, (3, 2), (2, 1), (1, 0)), "window 3 x 2, stride 2 and 1, padding 1 and 0", x=normal(2, 3, 7, 6))
case("avg_pool2d", lambda x: F.avg_pool2d(x, (3, 2), (2, 1), (1, 1), count_include_pad=False), "window 3 x 2, stride 2 and 1, padding 1, zeros outside not counted", x=normal(2, 3, 7, 6))
for mode, options in [("bilinear", {}), ("bilinear", {"align_corners": True}), ("bilinear", {"antialias": True}), ("bicubic", {}), ("bicubic", {"antialias": True})]:
    case("_".join(["interpolate", mode, *options]), lambda x, m=mode, o=options: F.interpolate(x, (5, 11), mode=m, **o), f"{mode} {' '.join(options)} to 5 x 11".replace("  ", " "), x=normal(1, 2, 9, 7))

# Attention with a mask of flags and of numbers, reductions
case("attention_mask", lambda query, key, value, mask: F.scaled_dot_product_attention(heads(query, 2), heads(key, 2), heads(value, 2), attn_mask=mask).transpose(1, 2).flatten(2),
     "2 heads of 4, numbers added to the scores", query=normal(2, 5, 8), key=normal(2, 6, 8), value=normal(2, 6, 8), mask=normal(2, 1, 5, 6))
case("rms_norm", lambda x, weight: F.rms_norm(x, (9,), weight, 1e-5), "epsilon 1e-5", x=normal(4, 9), weight=normal(9))
case("variance", lambda x: x.var((0, 2)), "over the first and last axis, unbiased", x=normal(3, 4, 5))
case("vector_norm", lambda x: torch.linalg.vector_norm(x, 3, 1), "order 3, over the second axis", x=normal(3, 4, 5))
case("prod", lambda x: x.prod(1), "over the second axis, one element 0", x=torch.cat([torch.zeros(1, 1, 5), normal(1, 3, 5), ], 1).repeat(3, 1, 1) * 1.3)
case("cumsum", lambda x: x.cumsum(1), "along the second axis", x=normal(3, 4, 5))
case("einsum", lambda a, b, c: torch.einsum("bij,bkj,k->ib", a, b, c), "bij,bkj,k->ib", a=normal(2, 3, 4), b=normal(2, 5, 4), c=normal(5))

save_file(tensors, here / "operations.safetensors", metadata={"torch": torch.__version__, "script": "Tests/Golden/operations/make.py"})
(here / "README.md").write_text(f"""# Golden numbers of operations

`operations.safetensors` is written by `make.py` beside it (PyTorch {torch.__version__}); so is this file. Keys:

| key | what |
|---|---|
| `<case>.<input>` | an input, f32, or i64 for labels, indices and lengths; the inputs are named in the table |
| `<case>.output` | the result |
| `<case>.upstream` | the gradient fed into `output`; absent where the output is a scalar (then it is 1) |
| `<case>.gradient.<input>` | the gradient of every f32 input |

Outputs and gradients were computed in f64 from the f32 inputs and rounded once to f32.

`batch_norm` has besides: `mean` and `variance` [2, 9] (biased, one row per view), and `running_mean`, `running_variance` [9] after
both views in order, from 0 and 1, with momentum 0.1 (the running variance takes the unbiased estimate).

Optimisers: `gradients.*` holds the gradient of each step, `output.*` the parameter after each step as torch computes it in f32, `output_f64.*`
the same in f64.

| case | inputs | output | note |
|---|---|---|---|
""" + "\n".join(rows) + "\n")
print(len(tensors), "tensors,", (here / "operations.safetensors").stat().st_size, "bytes")
