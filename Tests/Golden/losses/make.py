"""Contrastive losses and the projection head: lightly 1.6.0, open_clip 3.3.0, torch. Run: python make.py"""
import json

import torch
from lightly.loss import NTXentLoss
from open_clip.loss import ClipLoss

torch.manual_seed(11)
out = {}


def leaf(*shape):
    return torch.randn(*shape, dtype=torch.float32, requires_grad=True)


def numbers(t):
    return [round(v, 7) for v in t.detach().flatten().tolist()]


def record(tag, loss, **tensors):
    loss.backward()
    out[tag] = {"loss": loss.item(), **{k: {"shape": list(t.shape), "value": numbers(t), "gradient": numbers(t.grad)} for k, t in tensors.items()}}


a, b = leaf(5, 6), leaf(5, 6)
record("nt_xent", NTXentLoss(temperature=0.1)(a, b), first=a, second=b)

images, texts, scale = leaf(4, 6), leaf(4, 6), torch.tensor(2.6593, requires_grad=True)
normal = torch.nn.functional.normalize
record("clip", ClipLoss()(normal(images), normal(texts), scale.exp()), images=images, texts=texts, log_scale=scale)


def multi(z, y, tau):
    n = len(y)
    z = normal(z)
    logits = z @ z.T / tau - 1e9 * torch.eye(n)
    same = (y[:, None] == y[None]).float() - torch.eye(n)
    target = same / same.sum(1, keepdim=True).clamp(min=1)
    return -(target * torch.log_softmax(logits, 1)).sum(1).mean()


z = leaf(9, 6)
y = torch.tensor([0, 1, 2, 0, 1, 2, 0, 1, 3])  # 2 has two, 3 is alone
record("multi_positive", multi(z, y, 0.2), embeddings=z)
out["multi_positive"]["labels"] = y.tolist()

p, f, t, s = leaf(6, 5), leaf(6, 4), leaf(3, 4), torch.tensor(1.3, requires_grad=True)
rows = torch.tensor([0, 1, 2, 0, 1, 2])
logits = s.exp() * normal(f) @ normal(t).T
target = (rows[None] == torch.arange(3)[:, None]).float()
target = target / target.sum(1, keepdim=True)
text = (torch.nn.functional.cross_entropy(logits, rows) + torch.nn.functional.cross_entropy(logits.T, target)) / 2
record("stablerep_plus", multi(p, rows, 0.1) + 0.7 * text, projections=p, images=f, texts=t, log_scale=s)

head = torch.nn.Sequential(torch.nn.Linear(3, 5), torch.nn.BatchNorm1d(5), torch.nn.ReLU(), torch.nn.Linear(5, 5), torch.nn.BatchNorm1d(5),
                           torch.nn.ReLU(), torch.nn.Linear(5, 2))
x = leaf(8, 3)
layers = list(head)
h = x
for layer in layers:  # batch norm sees one view (half of the batch) at a time
    h = torch.cat([layer(half) for half in h.chunk(2)])
weights = torch.linspace(-1, 1, h.numel()).reshape(h.shape)
(h * weights).sum().backward()
out["head"] = {
    "input": numbers(x), "output": numbers(h), "input_gradient": numbers(x.grad),
    "state": {k: {"shape": list(v.shape), "value": numbers(v)} for k, v in head.state_dict().items() if "running" not in k and "num_batches" not in k},
    "running": {k: numbers(v) for k, v in head.state_dict().items() if "running" in k},
    "gradient": {k: numbers(p.grad) for k, p in head.named_parameters()},
    "evaluated": numbers(head.eval()(x)),
}
json.dump(out, open("losses.json", "w"))
