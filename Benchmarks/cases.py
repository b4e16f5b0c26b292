"""What is compared: the name of a Loam case, and where the same work is found among the peers' scripts.

`script` and `arguments` start the peer; `peer_case` is the key under "cases" in the JSON line that it prints. `flops` is the arithmetic of
one iteration in floating-point operations, two per multiply-add, products and convolutions only; None where bytes and not
arithmetic set the limit.
"""
import pathlib
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Case:
    name: str
    what: str
    script: str
    arguments: tuple
    peer_case: str
    flops: float | None = None
    # The peer's argument for torch.compile; None where compiling changes nothing.
    compiled: tuple | None = None


def _product(rows, columns, inner, kind="nn"):
    return Case(f"matmul-{kind}-{rows}x{columns}x{inner}", f"f32 product, {kind}, [{rows}, {inner}] by [{inner}, {columns}]", "gemm.py",
                ("--variant", "torch"), f"{kind} {rows}x{columns}x{inner}", 2.0 * rows * columns * inner)


def _operation(name, what, peer_case, flops=None):
    return Case(name, what, "ops.py", (), peer_case, flops, ("--variant", "compile"))


_SIZES = [(4096, 512, 512), (4096, 2048, 512), (512, 512, 4096), (1024, 1024, 1024), (2048, 2048, 2048), (32768, 192, 192), (32768, 768, 192)]
_ATTENTION = 4.0 * 16 * 12 * 197 * 197 * 64
_CONVOLUTION = 2.0 * 32 * 1024 * 128 * 128 * 9

CASES = [
    *(_product(*size, kind) for size in _SIZES for kind in ("nn", "nt", "tn")),
    _operation("layer-norm", "forward and backward, [4096, 768]", "layernorm_fb 4096x768"),
    _operation("gelu", "forward and backward, [4096, 3072]", "gelu_fb 4096x3072"),
    _operation("add", "[4096, 3072]", "add 4096x3072"),
    _operation("softmax", "forward and backward, [192, 197, 197]", "softmax_fb 192x197x197"),
    _operation("attention-forward", "batch 16, 12 heads, 197 tokens, width 64", "sdpa_f 16x12x197x64", _ATTENTION),
    _operation("attention", "the same, forward and backward", "sdpa_fb 16x12x197x64", 3.5 * _ATTENTION),
    _operation("convolution-forward", "3x3, [32, 128, 32, 32] to 128 channels", "conv3x3_f 32x128x32x32", _CONVOLUTION),
    _operation("convolution", "the same, forward and backward", "conv3x3_fb 32x128x32x32", 3 * _CONVOLUTION),
    _operation("group-norm-silu", "forward and backward, [32, 128, 32, 32], 32 groups", "groupnorm_silu_fb 32x128x32x32"),
    Case("vit-simclr-step", "training step: ViT 192 x 6 on 512 views of 32 px, NT-Xent, AdamW", "vit_torch.py", ("--task", "simclr", "--reps", "3"), "step",
         512 * 1.0375e9, ("--variant", "compile")),
    Case("vit-stablerep-step", "the same with the multi-positive loss, 10 labels", "vit_torch.py", ("--task", "supcon", "--reps", "3"), "step", 512 * 1.0375e9,
         ("--variant", "compile")),
    Case("vit-small-step", "training step: ViT-S/16, 16 images of 224 px", "vit_torch.py", ("--task", "vits", "--reps", "3"), "step", 16 * 25.33e9, ("--variant", "compile")),
    Case("vit-base-forward", "forward pass: ViT-B/16, 8 images of 224 px", "vit_torch.py", ("--task", "vitb", "--reps", "3"), "step", 8 * 35.1e9, ("--variant", "compile")),
    Case("unet-train-step", "training step: text-conditioned UNet, 64 images of 32 px", "unet_torch.py", ("--task", "train", "--reps", "2"), "step", 64 * 11.138e9,
         ("--variant", "compile_cl")),
    Case("ddim-sample", "DDIM, 20 steps with guidance, 64 images of 32 px", "unet_torch.py", ("--task", "sample", "--reps", "1"), "ddim20_cfg",
         20 * 128 * 3.716e9, ("--variant", "compile_cl")),
    Case("probe", "logistic regression by L-BFGS, 10000 x 384, 10 classes, to convergence", "probe.py", ("--variant", "torch"), "fit"),
    Case("augment", "JPEG decode and SimCLR augmentation to 224 px, 64 images of 256 px, one thread", "augment.py",
         ("--variant", "pil", "--threads", "1", "--reps", "3"), "full_simclr"),
    Case("lua-add", "100,000 additions of 8 numbers, called from Lua and from Python", str(pathlib.Path(__file__).with_name("small.py")), (), "add8"),
]

# Inference with products in f16 on Loam's side, beside PyTorch in f32.
_HALVES = ["matmul-nn-1024x1024x1024", "matmul-nt-4096x2048x512", "matmul-nn-2048x2048x2048", "attention-forward", "convolution-forward", "vit-base-forward", "ddim-sample"]
CASES += [replace(case, name=case.name + "-f16", what=case.what + "; Loam's products in f16") for case in CASES if case.name in _HALVES]

# What `make bench` runs: under ten minutes with the peers.
DEFAULT = ["matmul-nn-1024x1024x1024", "matmul-nt-4096x2048x512", "layer-norm", "gelu", "attention", "convolution", "group-norm-silu",
           "vit-simclr-step", "unet-train-step", "probe"]
