"""Contrastive losses and the projection head: lightly 1.6.0, open_clip 3.3.0, torch. Run: python make.py"""
import json

import torch
from lightly.loss import DINOLoss, NegativeCosineSimilarity, NTXentLoss
from open_clip.loss import ClipLoss, SigLipLoss

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
# MoCo-v3's formula as its paper prints it, BYOL and DINO of lightly, SigLIP of open_clip, MAE's formula
q1, q2, k1, k2 = leaf(5, 6), leaf(5, 6), torch.randn(5, 6), torch.randn(5, 6)


def contrast(q, k, tau):
    return torch.nn.functional.cross_entropy(normal(q) @ normal(k).T / tau, torch.arange(len(q))) * 2 * tau


record("moco_v3", contrast(q1, k2, 0.2) + contrast(q2, k1, 0.2), first=q1, second=q2)
out["moco_v3"]["keys"] = [numbers(k1), numbers(k2)]

q1, q2 = leaf(5, 6), leaf(5, 6)
cosine = NegativeCosineSimilarity()
record("byol", 4 + 2 * cosine(q1, k2) + 2 * cosine(q2, k1), first=q1, second=q2)
out["byol"]["targets"] = [numbers(k1), numbers(k2)]

s1, s2, s3, t1, t2 = leaf(4, 7), leaf(4, 7), leaf(4, 7), torch.randn(4, 7), torch.randn(4, 7)
dino = DINOLoss(output_dim=7, teacher_temp=0.04, warmup_teacher_temp=0.04, student_temp=0.1, center_momentum=0.9)
with torch.no_grad():
    dino.center.copy_(torch.randn_like(dino.center) * 0.1)
middle = dino.center.flatten().clone()
record("dino", dino([t1, t2], [s1, s2, s3], epoch=0), first=s1, second=s2, third=s3)
out["dino"].update(teacher=[numbers(t1), numbers(t2)], center=numbers(middle))

images, texts, scale, bias = leaf(4, 6), leaf(4, 6), torch.tensor(2.3026, requires_grad=True), torch.tensor(-1.5, requires_grad=True)
record("siglip", SigLipLoss()(normal(images), normal(texts), scale.exp(), bias), images=images, texts=texts, log_scale=scale, bias=bias)

prediction, picture, hidden = leaf(2, 4, 12), torch.randn(2, 3, 4, 4), torch.tensor([[1.0, 0, 1, 1], [0, 1, 1, 1]])
target = picture.reshape(2, 3, 2, 2, 2, 2)
target = torch.einsum("nchpwq->nhwpqc", target).reshape(2, 4, 12)
target = (target - target.mean(-1, keepdim=True)) / (target.var(-1, keepdim=True) + 1e-6) ** 0.5
record("mae", (((prediction - target) ** 2).mean(-1) * hidden).sum() / hidden.sum(), prediction=prediction)
out["mae"].update(picture=numbers(picture), hidden=numbers(hidden))
json.dump(out, open("losses.json", "w"))
