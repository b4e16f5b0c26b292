"""Writes residual.json and clip.safetensors: features of timm's residual networks, of open_clip's visual tower, and of a transformer with tanh-GELU.

    python Tests/Golden/encoders/make_residual.py      (timm 1.0.31, open_clip 3.3.0)

Weights of the residual networks are a function of name and place that the test computes too, so no large file is needed.
"""
import json
import pathlib

import numpy as np
import timm
import torch
from open_clip.transformer import QuickGELU
from open_clip.transformer import VisionTransformer as Tower
from safetensors.torch import save_file
from timm.layers import resample_abs_pos_embed
from timm.models.vision_transformer import VisionTransformer

here = pathlib.Path(__file__).parent


def spread(count, phase):
    """Numbers that look drawn from [-1, 1)."""
    x = np.sin(np.arange(count) * 12.9898 + phase) * 43758.5453
    return 2 * (x - np.floor(x)) - 1


def fill(model):
    with torch.no_grad():
        for name, tensor in model.state_dict().items():
            if name.endswith("num_batches_tracked"):
                continue
            values = spread(tensor.numel(), sum(name.encode()) % 1000)
            if tensor.ndim == 4:
                values *= np.sqrt(6 / (tensor.shape[1] * tensor.shape[2] * tensor.shape[3]))
            elif name.endswith("running_var") or name.endswith("weight"):
                values = 1 + 0.3 * values
            else:
                values *= 0.1
            tensor.copy_(torch.tensor(values.reshape(tensor.shape), dtype=torch.float32))


def rounded(tensor):
    return [float(f"{v:.8g}") for v in tensor.detach().double().ravel().tolist()]


images = torch.tensor(spread(2 * 3 * 32 * 32, 0.5).reshape(2, 3, 32, 32), dtype=torch.float32)
out = {}
for tag, name, small in (("resnet18", "resnet18", False), ("resnet50", "resnet50", False), ("small", "resnet18", True)):
    model = timm.create_model(name, num_classes=0)
    if small:
        model.conv1 = torch.nn.Conv2d(3, 64, 3, 1, 1, bias=False)
        model.maxpool = torch.nn.Identity()
    fill(model)
    model.eval()
    result = {"features": rounded(model(images)[:, ::4])}
    if small:
        model.train()
        features = model(images)
        weights = torch.tensor(spread(features.numel(), 2.5).reshape(features.shape), dtype=torch.float32)
        (features * weights).sum().backward()
        state = model.state_dict()
        result |= {"trained": rounded(features[:, ::4]), "gradient": rounded(model.conv1.weight.grad.ravel()[::7]),
                   "mean": rounded(state["layer1.1.bn1.running_mean"]), "variance": rounded(state["layer2.0.downsample.1.running_var"])}
    out[tag] = result
(here / "residual.json").write_text(json.dumps(out, separators=(",", ":")) + "\n")

torch.manual_seed(11)
tensors = {}


def keep(tag, model, shift):
    with torch.no_grad():
        for p in model.parameters():
            p.copy_((p + 0.1 * torch.randn_like(p)).half().float())
    for name, tensor in model.state_dict().items():
        tensors[f"{tag}/weight/{shift}{name}"] = tensor.half()


pictures = torch.randn(3, 3, 16, 16).half().float()
tensors["images"] = pictures.half()
tower = Tower(image_size=16, patch_size=4, width=16, layers=2, heads=2, mlp_ratio=4, output_dim=12, act_layer=QuickGELU).eval()
keep("clip", tower, "visual.")
tensors["clip/features"] = tower(pictures).detach().clone()
model = VisionTransformer(img_size=16, patch_size=4, embed_dim=16, depth=2, num_heads=2, num_classes=0, act_layer=lambda: torch.nn.GELU("tanh")).eval()
keep("tanh", model, "")
tensors["tanh/features"] = model(pictures).detach().clone()
tensors["tanh/positions"] = resample_abs_pos_embed(model.pos_embed, [6, 6]).detach().clone()
tensors["tanh/fewer_positions"] = resample_abs_pos_embed(model.pos_embed, [3, 3]).detach().clone()
save_file(tensors, here / "clip.safetensors")
