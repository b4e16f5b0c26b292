"""Small encoders of timm 1.0.31 and open_clip 3.3.0: weights, inputs, features, gradients. Run: python make.py

Weights are rounded to f16 and stored so; everything is computed in f32 with the rounded weights.
"""
import timm
import torch
from open_clip.transformer import QuickGELU, TextTransformer
from safetensors.torch import save_file
from timm.models.vision_transformer import VisionTransformer

torch.manual_seed(7)
out = {}


def roughen(model):
    with torch.no_grad():
        for p in model.parameters():
            p.copy_((p + 0.1 * torch.randn_like(p)).half().float())


def record(tag, tensors, half):
    for name, t in tensors.items():
        out[f"{tag}/{name}"] = t.detach().half().contiguous() if half else t.detach().float().contiguous()


images = torch.randn(3, 3, 16, 16).half().float()
out["images"] = images.half()
common = dict(img_size=16, patch_size=4, embed_dim=16, depth=2, num_heads=2, num_classes=0, norm_layer=None)
for tag, extra in {
    "cls": {},
    "mean": dict(global_pool="avg"),
    "clip": dict(pre_norm=True, act_layer=QuickGELU),
}.items():
    settings = {**common, **extra}
    settings.pop("norm_layer")
    model = VisionTransformer(**settings).eval()
    roughen(model)
    record(tag + "/weight", dict(model.named_parameters()), half=True)
    features = model(images)
    record(tag, {"features": features}, half=False)
    if tag == "cls":
        weights = torch.linspace(-1, 1, features.numel()).reshape(features.shape)
        (features * weights).sum().backward()
        record(tag + "/gradient", {n: p.grad for n, p in model.named_parameters()}, half=False)

tokens = torch.tensor([[48, 5, 6, 7, 49, 0, 0, 0], [48, 49, 0, 0, 0, 0, 0, 0], [48, 1, 2, 3, 4, 5, 6, 49]])
for tag, causal, activation in [("text", True, QuickGELU), ("text-open", False, torch.nn.GELU)]:
    model = TextTransformer(context_length=8, vocab_size=50, width=16, heads=2, layers=2, output_dim=12, act_layer=activation,
                            no_causal_mask=not causal, pool_type="argmax").eval()
    roughen(model)
    record(tag + "/weight", dict(model.named_parameters()), half=True)
    if causal:
        features = model(tokens)
    else:
        # Padding is not masked by open_clip without a causal mask, so every caption goes through alone and unpadded.
        rows = []
        for row in tokens:
            length = int((row == 49).nonzero()[0]) + 1
            x = model.token_embedding(row[None, :length]) + model.positional_embedding[:length]
            x = model.ln_final(model.transformer(x))
            rows.append(x[:, -1] @ model.text_projection)
        features = torch.cat(rows)
    record(tag, {"features": features}, half=False)
# Last, so that what stands above keeps its random numbers.
model = VisionTransformer(img_size=16, patch_size=4, embed_dim=16, depth=2, num_heads=2, num_classes=0, global_pool="max").eval()
roughen(model)
record("max/weight", dict(model.named_parameters()), half=True)
record("max", {"features": model(images)}, half=False)
model = VisionTransformer(img_size=16, patch_size=4, embed_dim=16, depth=2, num_heads=2, num_classes=0, global_pool="avg", class_token=False).eval()
roughen(model)
record("patches/weight", dict(model.named_parameters()), half=True)
record("patches", {"features": model(images)}, half=False)
save_file(out, "encoders.safetensors", metadata={"timm": timm.__version__, "torch": torch.__version__})
