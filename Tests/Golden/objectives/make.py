"""One training step of each objective from given weights and crops: timm 1.0.31's vision transformer, open_clip 3.3.0's text transformer and losses, torch,
lightly's DINO loss. Run: python make.py

For each objective the file holds its weights under Loam's names, the crops, the loss, the gradient of each weight and, after a step of
plain gradient descent with rate 0.1, the teacher's weights. Weights and crops are rounded to f16 and stored so; everything is computed in f32.
"""
import copy
import math
from functools import partial

import torch
import torch.nn as nn
import torch.nn.functional as F
from lightly.loss import DINOLoss
from open_clip.loss import ClipLoss, SigLipLoss
from open_clip.transformer import QuickGELU, TextTransformer
from safetensors.torch import save_file
from timm.models.vision_transformer import Block, VisionTransformer

torch.manual_seed(23)
RATE, STEP, STEPS = 0.1, 3, 10
normal = F.normalize
tensors = {}


def perceptron(widths, bias=True, last=False):
    layers = []
    for place, (a, b) in enumerate(zip(widths, widths[1:])):
        layers.append(nn.Linear(a, b, bias=bias))
        end = place == len(widths) - 2
        if not end:
            layers += [nn.BatchNorm1d(b), nn.ReLU()]
        elif last:
            layers.append(nn.BatchNorm1d(b, affine=False))
    return nn.Sequential(*layers)


class Prototypes(nn.Module):
    def __init__(self, width, hidden, bottleneck, count):
        super().__init__()
        self.mlp = nn.Sequential(nn.Linear(width, hidden), nn.GELU(), nn.Linear(hidden, hidden), nn.GELU(), nn.Linear(hidden, bottleneck))
        self.last_layer = nn.Module()
        self.last_layer.weight_v = nn.Parameter(torch.randn(count, bottleneck))

    def forward(self, x):
        return normal(self.mlp(x)) @ normal(self.last_layer.weight_v).T


class Decoder(nn.Module):
    def __init__(self, width, own, depth, heads, patches, pixels):
        super().__init__()
        self.decoder_embed = nn.Linear(width, own)
        self.mask_token = nn.Parameter(torch.randn(1, 1, own) * 0.5)
        self.decoder_blocks = nn.ModuleList(Block(own, heads, 4, qkv_bias=True, norm_layer=partial(nn.LayerNorm, eps=1e-6)) for _ in range(depth))
        self.decoder_norm = nn.LayerNorm(own, eps=1e-6)
        self.decoder_pred = nn.Linear(own, pixels)
        side = int(patches**0.5)
        omega = 1 / 10000 ** (torch.arange(own // 4, dtype=torch.float64) / (own / 4))
        rows, columns = torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")
        halves = [torch.cat([torch.sin(g.flatten()[:, None] * omega), torch.cos(g.flatten()[:, None] * omega)], 1) for g in (columns, rows)]
        self.positions = torch.cat([torch.zeros(1, own), torch.cat(halves, 1)]).float()

    def forward(self, tokens, visible):
        x = self.decoder_embed(tokens)
        full = self.mask_token.repeat(len(x), len(self.positions) - 1, 1).clone()
        for sample, patches in enumerate(visible):
            full[sample, patches] = x[sample, 1:]
        x = torch.cat([x[:, :1], full], 1) + self.positions
        for block in self.decoder_blocks:
            x = block(x)
        return self.decoder_pred(self.decoder_norm(x))[:, 1:]


def views(head, features, count=2):
    return torch.cat([head(part) for part in features.chunk(count)])


def rounded(module):
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(parameter.half().float())


def multi(z, labels, tau):
    logits = normal(z) @ normal(z).T / tau - 1e9 * torch.eye(len(z))
    same = (labels[:, None] == labels[None]).float() - torch.eye(len(z))
    return -(same / same.sum(1, keepdim=True) * torch.log_softmax(logits, 1)).sum(1).mean()


def contrast(q, k, tau):
    return F.cross_entropy(normal(q) @ normal(k).T / tau, torch.arange(len(q))) * 2 * tau


def texts(count):
    """Captions of words 1..47 between marks 48 and 49, padded with 0."""
    rows = torch.zeros(count, 8, dtype=torch.long)
    for row in range(count):
        length = 1 + row % 4
        rows[row, : length + 2] = torch.cat([torch.tensor([48]), torch.randint(1, 48, (length,)), torch.tensor([49])])
    return rows


for objective in ["simclr", "supcon", "moco-v3", "byol", "dino", "mae", "stablerep", "stablerep+", "clip", "siglip", "supervised", "synclr"]:
    model = nn.Module()
    model.encoder = VisionTransformer(img_size=12, patch_size=4, embed_dim=16, depth=1, num_heads=2, num_classes=0, dynamic_img_size=objective == "synclr")
    with torch.no_grad():
        for parameter in model.encoder.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.2)
    if objective in ("simclr", "supcon"):
        model.head = perceptron([16, 12, 12, 8])
    elif objective in ("moco-v3", "synclr"):
        model.head, model.predictor = perceptron([16, 12, 12, 8], False, True), perceptron([8, 12, 8], False, True)
    elif objective == "byol":
        model.head, model.predictor = perceptron([16, 12, 8]), perceptron([8, 12, 8])
    elif objective == "dino":
        model.head = Prototypes(16, 12, 8, 20)
    elif objective == "mae":
        model.decoder = Decoder(16, 8, 1, 2, 9, 48)
    elif objective == "supervised":
        model.classifier = nn.Linear(16, 3)
    if objective in ("stablerep", "stablerep+"):
        model.head = perceptron([16, 12, 12, 8])
    if objective in ("stablerep+", "clip", "siglip"):
        model.text = TextTransformer(context_length=8, vocab_size=50, width=16, heads=2, layers=1, output_dim=6, act_layer=QuickGELU, pool_type="argmax")
        with torch.no_grad():
            for parameter in model.text.parameters():
                parameter.add_(torch.randn_like(parameter) * 0.2)
        model.image_projection = nn.Linear(16, 6, bias=False)
        model.logit_scale = nn.Parameter(torch.tensor(1.5))
        if objective == "siglip":
            model.logit_bias = nn.Parameter(torch.tensor(-2.0))
    rounded(model)
    crops = torch.randn(12 if objective in ("stablerep", "stablerep+", "synclr") else 8, 3, 12, 12).half().float()
    start = {name: value.clone() for name, value in model.state_dict().items() if "num_batches" not in name}
    if objective in ("moco-v3", "byol", "dino", "synclr"):
        teacher = nn.ModuleDict({"encoder": copy.deepcopy(model.encoder), "head": copy.deepcopy(model.head)})
        with torch.no_grad():
            for parameter in teacher.parameters():
                parameter.add_(torch.randn_like(parameter) * 0.05)
        rounded(teacher)
        start.update({f"teacher.{name}": value.detach().clone() for name, value in teacher.named_parameters()})
        with torch.no_grad():
            theirs = views(teacher["head"], teacher["encoder"](crops), 3 if objective == "synclr" else 2)
            theirs = theirs if objective == "synclr" else theirs.chunk(2)
    if objective in ("simclr", "supcon"):
        labels = torch.arange(4).repeat(2) if objective == "simclr" else torch.tensor([0, 1, 0, 2]).repeat(2)
        loss = multi(views(model.head, model.encoder(crops)), labels, 0.1)
    elif objective == "moco-v3":
        mine = views(model.predictor, views(model.head, model.encoder(crops))).chunk(2)
        loss = contrast(mine[0], theirs[1], 0.2) + contrast(mine[1], theirs[0], 0.2)
    elif objective == "byol":
        mine = views(model.predictor, views(model.head, model.encoder(crops))).chunk(2)
        loss = (2 - 2 * F.cosine_similarity(mine[0], theirs[1])).mean() + (2 - 2 * F.cosine_similarity(mine[1], theirs[0])).mean()
    elif objective == "dino":
        start["center"] = torch.zeros(20)
        mine = views(model.head, model.encoder(crops)).chunk(2)
        loss = DINOLoss(output_dim=20, teacher_temp=0.04, warmup_teacher_temp=0.04, student_temp=0.1)(list(theirs), list(mine), epoch=0)
        tensors["dino/after/center"] = 0.1 * torch.cat(theirs).mean(0)
    elif objective == "mae":
        visible = [sorted(torch.randperm(9)[:2].tolist()) for _ in range(8)]
        e = model.encoder
        x = e.patch_embed(crops) + e.pos_embed[:, 1:]
        x = torch.stack([x[sample, patches] for sample, patches in enumerate(visible)])
        x = torch.cat([(e.cls_token + e.pos_embed[:, :1]).expand(8, -1, -1), x], 1)
        for block in e.blocks:
            x = block(x)
        prediction = model.decoder(e.norm(x), visible)
        target = torch.einsum("nchpwq->nhwpqc", crops.reshape(8, 3, 3, 4, 3, 4)).reshape(8, 9, 48)
        target = (target - target.mean(-1, keepdim=True)) / (target.var(-1, keepdim=True) + 1e-6) ** 0.5
        hidden = torch.ones(8, 9)
        for sample, patches in enumerate(visible):
            hidden[sample, patches] = 0
        loss = (((prediction - target) ** 2).mean(-1) * hidden).sum() / hidden.sum()
        tensors["mae/visible"] = torch.tensor(visible)
    if objective == "supervised":
        loss = F.cross_entropy(model.classifier(model.encoder(crops)), torch.tensor([0, 1, 0, 2, 0, 1, 0, 2]))
    if objective in ("stablerep", "stablerep+"):
        labels = torch.arange(4).repeat(3)  # four captions with three pictures each, view by view
        features = model.encoder(crops)
        loss = multi(views(model.head, features, 3), labels, 0.1)
    if objective == "stablerep+":
        captions = texts(4)
        logits = model.logit_scale.exp() * normal(model.image_projection(features)) @ normal(model.text(captions)).T
        spread = torch.zeros(4, 12)
        spread[labels, torch.arange(12)] = 1 / 3
        loss = loss + 0.5 * (F.cross_entropy(logits, labels) + F.cross_entropy(logits.T, spread))
        tensors["stablerep+/captions"] = captions
    if objective == "synclr":
        small = torch.randn(24, 3, 8, 8).half().float()  # two of each of the twelve pictures
        tensors["synclr/small"] = small.half()
        labels, own = torch.arange(4).repeat(3), torch.eye(12)
        loss = 0
        for pictures, parts, whose, left in ((crops, 3, labels, own), (small, 6, labels.repeat(2), 0)):
            q = views(model.predictor, views(model.head, model.encoder(pictures), parts), parts)
            logits = normal(q) @ normal(theirs).T / 0.08 - 1e9 * left
            same = (whose[:, None] == labels[None]).float() - left
            loss = loss - (same / same.sum(1, keepdim=True) * torch.log_softmax(logits, 1)).sum(1).mean()
    if objective in ("clip", "siglip"):
        captions = texts(8)
        pair = normal(model.image_projection(model.encoder(crops))), normal(model.text(captions))
        loss = ClipLoss()(*pair, model.logit_scale.exp()) if objective == "clip" else SigLipLoss()(*pair, model.logit_scale.exp(), model.logit_bias)
        tensors[f"{objective}/captions"] = captions
    loss.backward()
    tensors.update({f"{objective}/start/{name}": value.half() for name, value in start.items()})
    tensors[f"{objective}/crops"] = crops.half()
    tensors[f"{objective}/loss"] = loss.detach()
    for name, parameter in model.named_parameters():
        tensors[f"{objective}/gradient/{name}"] = parameter.grad
        if f"teacher.{name}" in start:
            momentum = 1 - (1 - 0.9) * (math.cos(math.pi * STEP / STEPS) + 1) / 2
            moved = parameter.detach() - RATE * parameter.grad
            tensors[f"{objective}/after/teacher.{name}"] = momentum * start[f"teacher.{name}"] + (1 - momentum) * moved

save_file({name: value.contiguous() for name, value in tensors.items()}, "objectives.safetensors")
