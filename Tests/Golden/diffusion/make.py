"""DDIM steps and tiny UNets of diffusers 0.42.1. Run: python make.py"""
import json

import diffusers
import torch
from diffusers import DDIMScheduler, UNet2DConditionModel
from safetensors.torch import save_file

torch.manual_seed(3)


def answer(x, t):
    """A stand-in for a network: smooth, bounded, depends on the step."""
    return torch.tanh(0.8 * x + (t / 1000 - 0.4))


start = torch.randn(12)
cases = []
for schedule, beta in [("scaled_linear", (0.00085, 0.012)), ("linear", (0.0001, 0.02)), ("squaredcos_cap_v2", (0.0001, 0.02))]:
    for spacing, offset, to_one in [("leading", 1, False), ("leading", 0, True), ("trailing", 0, True), ("linspace", 0, False)]:
        for steps in [4, 10, 7]:
            for prediction in ["epsilon", "v_prediction", "sample"]:
                for eta, clip, recompute in [(0.0, False, False), (0.0, True, True), (0.6, True, False)]:
                    if (schedule != "scaled_linear" or steps == 4) and (prediction != "v_prediction" or spacing != "trailing"):
                        continue
                    s = DDIMScheduler(1000, beta_start=beta[0], beta_end=beta[1], beta_schedule=schedule, timestep_spacing=spacing,
                                      steps_offset=offset, set_alpha_to_one=to_one, clip_sample=clip, prediction_type=prediction)
                    s.alphas_cumprod = torch.cumprod(1 - s.betas.double(), 0)
                    if not to_one:
                        s.final_alpha_cumprod = s.alphas_cumprod[0]
                    s.set_timesteps(steps)
                    x = start.clone()
                    for t in s.timesteps:
                        noise = torch.sin(torch.arange(12.0) + t / 100)
                        x = s.step(answer(x, t), t, x, eta=eta, use_clipped_model_output=recompute,
                                   variance_noise=noise if eta > 0 else None).prev_sample.float()
                    cases.append(dict(schedule=schedule, spacing=spacing, offset=offset, one=to_one, steps=steps, prediction=prediction,
                                      eta=eta, clip=clip, recompute=recompute, times=s.timesteps.tolist(),
                                      result=[round(v, 6) for v in x.tolist()]))
alphabars = {}
for schedule, beta in [("scaled_linear", (0.00085, 0.012)), ("linear", (0.0001, 0.02)), ("squaredcos_cap_v2", (0.0001, 0.02))]:
    s = DDIMScheduler(1000, beta_start=beta[0], beta_end=beta[1], beta_schedule=schedule)
    alphabars[schedule] = {str(t): torch.cumprod(1 - s.betas.double(), 0)[t].item() for t in [0, 1, 21, 241, 481, 741, 981, 999]}
times = {}
for spacing in ["leading", "trailing", "linspace"]:
    for steps in [1, 3, 7, 20, 30, 50, 70, 128, 333, 1000]:
        s = DDIMScheduler(1000, timestep_spacing=spacing)
        s.set_timesteps(steps)
        times[f"{spacing} {steps}"] = s.timesteps.tolist() if steps <= 30 else [len(s.timesteps)] + s.timesteps[:6].tolist() + s.timesteps[-6:].tolist()
json.dump(dict(diffusers=diffusers.__version__, start=start.tolist(), cases=cases, alphabars=alphabars, times=times), open("ddim.json", "w"))

out = {}
sample = torch.randn(2, 3, 8, 8).half().float()
context = torch.randn(2, 5, 8).half().float()
labels = torch.randn(2, 6).half().float()
mask = torch.ones(2, 5, dtype=torch.bool)
mask[1, 3:] = False
time = torch.tensor([17, 801])
out.update({"sample": sample.half(), "context": context.half(), "pooled": labels.half()})
for tag, shift, projected in [("add", "default", False), ("scale_shift", "scale_shift", True)]:
    net = UNet2DConditionModel(
        sample_size=8, in_channels=3, out_channels=3, block_out_channels=(8, 16), layers_per_block=1,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"), up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=8, attention_head_dim=(1, 2), norm_num_groups=4, resnet_time_scale_shift=shift,
        class_embed_type="projection" if projected else None, projection_class_embeddings_input_dim=6 if projected else None)
    with torch.no_grad():
        for p in net.parameters():
            p.copy_((p + 0.05 * torch.randn_like(p)).half().float())
    for name, p in net.named_parameters():
        out[f"{tag}/weight/{name}"] = p.detach().half()
    y = net(sample, time, context, class_labels=labels if projected else None, encoder_attention_mask=mask).sample
    out[f"{tag}/output"] = y.detach()
    weights = torch.linspace(-1, 1, y.numel()).reshape(y.shape)
    (y * weights).sum().backward()
    for name, p in net.named_parameters():
        if "conv_in" in name or "attn2" in name or "time_emb" in name and "down_blocks.0" in name:
            out[f"{tag}/gradient/{name}"] = p.grad
    print(tag, sum(p.numel() for p in net.parameters()), net.config.attention_head_dim)
for tag in ["add", "scale_shift"]:
    keys = [k for k in out if "/" not in k or k.startswith(tag + "/")]
    save_file({k: out[k].contiguous() for k in keys}, f"unet-{tag}.safetensors")
