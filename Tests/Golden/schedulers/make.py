"""Schedules, step lists and whole samplings of the schedulers of diffusers 0.42.1. Run: python make.py"""
import json
import warnings

import diffusers
import numpy as np
import torch
from diffusers import (DDIMScheduler, DDPMScheduler, DPMSolverMultistepScheduler, EulerAncestralDiscreteScheduler, EulerDiscreteScheduler,
                       HeunDiscreteScheduler, LCMScheduler, PNDMScheduler, UniPCMultistepScheduler)
from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion import rescale_noise_cfg
from safetensors.torch import save_file

warnings.filterwarnings("ignore")
diffusers.utils.logging.set_verbosity_error()
tensors = {}

# Shares of signal, each training step.
for schedule in ["linear", "scaled_linear", "squaredcos_cap_v2"]:
    for zero in [False, True]:
        beta = (0.0001, 0.02) if schedule == "linear" else (0.00085, 0.012)
        s = DDIMScheduler(beta_start=beta[0], beta_end=beta[1], beta_schedule=schedule, rescale_betas_zero_snr=zero)
        tensors[f"alphas/{schedule}/{'zero' if zero else 'plain'}"] = s.alphas_cumprod

# Step lists for every S. Twenty S make a block; blocks hold sums, weighted by place, exact ones of whole steps. An S that diffusers refuses, that leaves the range or repeats a step is left
# out and named with the reason.
stable = dict(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear")


def lists(cls, options):
    found = dict(steps=[0] * 50, times=[0] * 50, sigmas=[0.0] * 50, odd={})
    s = cls(**stable, **options)
    exact = "Euler" not in cls.__name__ and "Heun" not in cls.__name__
    for count in range(1, 1001):
        block = (count - 1) // 20
        try:
            s.set_timesteps(count)
        except Exception as error:
            found["odd"][count] = type(error).__name__
            continue
        t = s.timesteps.double().numpy()
        sigma = s.sigmas.double().numpy() if hasattr(s, "sigmas") else np.zeros(0)
        if (t < 0).any() or (t > 999).any():
            found["odd"][count] = f"step {int(t.max() if t.max() > 999 else t.min())}"
        elif cls is PNDMScheduler and options.get("skip_prk_steps") and len(t) > 1 and (np.diff(np.delete(t, 1)) >= 0).any():
            found["odd"][count] = "repeats"
        elif not cls is PNDMScheduler and not any(k.startswith("use_") for k in options) and cls is not HeunDiscreteScheduler and (np.diff(t) >= 0).any():
            found["odd"][count] = "repeats"
        else:
            weight = np.arange(1, len(t) + 1)
            found["steps"][block] += len(t)
            found["times"][block] += int((t * weight).sum()) if exact else float((t * weight).sum() / len(t))
            found["sigmas"][block] += float((sigma * np.arange(1, len(sigma) + 1)).sum() / max(1, len(sigma)))
    for key in ["sigmas"] if exact else ["times", "sigmas"]:
        found[key] = [float(f"{value:.9g}") for value in found[key]]
    return dict(**{"class": cls.__name__, "exact": exact}, options=options, **found)


spacings = [dict(timestep_spacing=a, steps_offset=b) for a, b in [("leading", 0), ("leading", 1), ("linspace", 0), ("trailing", 0)]]
grids = []
for spacing in spacings:
    grids += [lists(DDIMScheduler, spacing), lists(PNDMScheduler, dict(spacing, skip_prk_steps=True)), lists(PNDMScheduler, spacing),
              lists(EulerDiscreteScheduler, spacing), lists(DPMSolverMultistepScheduler, spacing)]
for spacing in spacings[1:]:
    grids += [lists(UniPCMultistepScheduler, spacing), lists(HeunDiscreteScheduler, spacing)]
for cls in [EulerDiscreteScheduler, HeunDiscreteScheduler, DPMSolverMultistepScheduler, UniPCMultistepScheduler]:
    for key in ["use_karras_sigmas", "use_exponential_sigmas"]:
        grids.append(lists(cls, {"timestep_spacing": "linspace", key: True}))
grids.append(lists(DPMSolverMultistepScheduler, dict(timestep_spacing="linspace", lambda_min_clipped=-1.0)))
grids.append(lists(DDPMScheduler, dict(timestep_spacing="trailing", steps_offset=0)))
grids.append(lists(EulerAncestralDiscreteScheduler, dict(timestep_spacing="linspace", steps_offset=0)))
grids.append(lists(LCMScheduler, dict(original_inference_steps=1000)))

# Whole samplings with a stand-in for a network: smooth, bounded, depends on the step.
torch.manual_seed(11)
size = 6
start = torch.randn(1, size)
tensors["start"] = start
noise_of = lambda index: torch.sin(torch.arange(float(size)) * 1.3 + 10 * index)[None]
cases = []


def run(cls, steps, first=0, eta=None, recompute=False, exact=False, **options):
    """One sampling; `first` is the call it enters at, from a given picture."""
    s = cls(**options)
    module = __import__(cls.__module__, fromlist=["x"])
    s.set_timesteps(steps)
    if first and hasattr(s, "set_begin_index"):
        s.set_begin_index(first)
    elif hasattr(s, "set_begin_index"):
        s.set_begin_index(0)
    if first:
        x = s.add_noise(torch.tanh(start), noise_of(99), s.timesteps[first:first + 1])
    else:
        x = start * s.init_noise_sigma
    rows = [x.clone()]
    cleans = []
    for index, t in list(enumerate(s.timesteps))[first:]:
        shown = s.scale_model_input(x, t)
        output = torch.tanh(0.8 * shown + (float(t) / 1000 - 0.4))
        if hasattr(module, "randn_tensor"):
            module.randn_tensor = lambda *a, index=index, **k: noise_of(index)
        extra = {}
        if eta is not None:
            extra = dict(eta=eta, use_clipped_model_output=recompute, variance_noise=noise_of(index) if eta > 0 else None)
        result = s.step(output, t, x, **extra)
        x = result.prev_sample.float()
        rows.append(x)
        clean = getattr(result, "pred_original_sample", getattr(result, "denoised", None))
        if clean is not None:
            cleans.append(clean)
    assert all(torch.isfinite(r).all() for r in rows), (cls.__name__, steps, options)
    name = f"case/{len(cases)}"
    tensors[name] = torch.cat(rows)
    if cleans:
        tensors[name + "/clean"] = torch.cat(cleans)
    cases.append(dict(config=dict(_class_name=cls.__name__, **options), steps=steps, first=first, eta=eta or 0, recompute=recompute,
                      times=[round(float(t), 4) for t in s.timesteps[first:]], scale=float(f"{float(s.init_noise_sigma):.9g}")))


everything = ["epsilon", "v_prediction", "sample"]
for prediction in everything:
    p = dict(stable, prediction_type=prediction)
    for steps, spacing in [(1, "leading"), (4, "trailing"), (10, "linspace"), (16, "leading")]:
        q = dict(p, timestep_spacing=spacing, steps_offset=1 if spacing == "leading" else 0)
        run(DDIMScheduler, steps, eta=0.0, clip_sample=False, set_alpha_to_one=False, **q)
        run(DDPMScheduler, steps, clip_sample=False, **q)
        if prediction != "sample":
            run(PNDMScheduler, steps, skip_prk_steps=True, **q)
            run(EulerAncestralDiscreteScheduler, steps, **q)
        if prediction != "sample" and steps >= 4:
            run(PNDMScheduler, steps, **q)
        run(EulerDiscreteScheduler, steps, **q)
        run(HeunDiscreteScheduler, steps, **q)
        run(DPMSolverMultistepScheduler, steps, **q)
        run(UniPCMultistepScheduler, steps, **q)
        if steps <= 4:
            run(LCMScheduler, steps, **p)
    for key in ["use_karras_sigmas", "use_exponential_sigmas"]:
        for cls in [EulerDiscreteScheduler, HeunDiscreteScheduler, DPMSolverMultistepScheduler, UniPCMultistepScheduler]:
            run(cls, 7, **p, **{key: True})
for prediction in everything[1:]:
    z = dict(stable, prediction_type=prediction, rescale_betas_zero_snr=True, timestep_spacing="trailing")
    run(DDIMScheduler, 6, eta=0.0, clip_sample=False, **z)
    run(DDPMScheduler, 6, clip_sample=False, **z)
    run(EulerDiscreteScheduler, 6, **z)
    run(DPMSolverMultistepScheduler, 6, **z)
    run(UniPCMultistepScheduler, 6, **z)
    run(LCMScheduler, 3, **{k: v for k, v in z.items() if k != "timestep_spacing"})
run(EulerAncestralDiscreteScheduler, 6, **dict(stable, prediction_type="v_prediction", rescale_betas_zero_snr=True, timestep_spacing="trailing"))
cosine = dict(beta_schedule="squaredcos_cap_v2", prediction_type="v_prediction")
for cls in [DDIMScheduler, DDPMScheduler, PNDMScheduler, EulerDiscreteScheduler, EulerAncestralDiscreteScheduler, HeunDiscreteScheduler,
            DPMSolverMultistepScheduler, UniPCMultistepScheduler]:
    run(cls, 8, **(dict(eta=0.0) if cls is DDIMScheduler else {}), **cosine)
run(DPMSolverMultistepScheduler, 8, use_karras_sigmas=True, **cosine)
run(DPMSolverMultistepScheduler, 8, lambda_min_clipped=-5.1, **cosine)
# The options of each.
run(DDIMScheduler, 10, eta=0.6, **stable)
run(DDIMScheduler, 10, eta=1.0, clip_sample_range=0.7, **stable)
run(DDIMScheduler, 10, eta=0.0, recompute=True, **stable)
run(DDPMScheduler, 10, variance_type="fixed_small_log", **stable)
run(DDPMScheduler, 10, variance_type="fixed_large", clip_sample_range=0.6, **stable)
run(PNDMScheduler, 10, skip_prk_steps=True, set_alpha_to_one=True, **stable)
run(EulerDiscreteScheduler, 7, use_karras_sigmas=True, sigma_min=0.1, sigma_max=10.0, **stable)
run(EulerDiscreteScheduler, 7, final_sigmas_type="sigma_min", **stable)
run(HeunDiscreteScheduler, 5, clip_sample=True, clip_sample_range=0.8, **stable)
for order in [1, 2, 3]:
    for steps in [6, 16]:
        run(DPMSolverMultistepScheduler, steps, solver_order=order, **stable)
        run(UniPCMultistepScheduler, steps, solver_order=order, **stable)
run(DPMSolverMultistepScheduler, 6, solver_type="heun", **stable)
run(DPMSolverMultistepScheduler, 16, solver_type="heun", lower_order_final=False, **stable)
run(DPMSolverMultistepScheduler, 16, euler_at_final=True, final_sigmas_type="sigma_min", **stable)
run(DPMSolverMultistepScheduler, 6, algorithm_type="sde-dpmsolver++", **stable)
run(DPMSolverMultistepScheduler, 16, algorithm_type="sde-dpmsolver++", solver_type="heun", use_karras_sigmas=True, **stable)
run(DPMSolverMultistepScheduler, 6, algorithm_type="sde-dpmsolver++", final_sigmas_type="sigma_min", lower_order_final=False, **stable)
run(UniPCMultistepScheduler, 6, solver_type="bh1", final_sigmas_type="sigma_min", **stable)
run(UniPCMultistepScheduler, 8, disable_corrector=[0, 1, 4], **stable)
run(UniPCMultistepScheduler, 7, use_karras_sigmas=True, sigma_min=0.1, sigma_max=10.0, **stable)
run(LCMScheduler, 5, original_inference_steps=25, timestep_scaling=8.0, clip_sample=True, clip_sample_range=0.9)
# From a given picture.
for cls, first in [(DDIMScheduler, 4), (DDPMScheduler, 4), (EulerDiscreteScheduler, 4), (EulerAncestralDiscreteScheduler, 4), (HeunDiscreteScheduler, 8),
                   (DPMSolverMultistepScheduler, 4), (UniPCMultistepScheduler, 4)]:
    run(cls, 10, first=first, **(dict(eta=0.0) if cls is DDIMScheduler else {}), **stable)
run(PNDMScheduler, 10, first=4, skip_prk_steps=True, steps_offset=1, **stable)
run(LCMScheduler, 4, first=1)

# What diffusers does where its list leaves the range.
broken = {}
for cls, options, steps in [(DDIMScheduler, dict(steps_offset=1), 1000), (PNDMScheduler, dict(steps_offset=1, skip_prk_steps=True), 1000),
                            (EulerDiscreteScheduler, dict(timestep_spacing="leading", steps_offset=1), 1000),
                            (DPMSolverMultistepScheduler, dict(timestep_spacing="linspace"), 1000),
                            (UniPCMultistepScheduler, dict(solver_type="bh1"), 6), (DDIMScheduler, dict(timestep_spacing="trailing"), 61)]:
    s = cls(**stable, **options)
    s.set_timesteps(steps)
    x = start
    outcome = "finite"
    try:
        for t in s.timesteps:
            x = s.step(torch.tanh(0.8 * x), t, x).prev_sample
        outcome = "finite" if torch.isfinite(x).all() else "NaN"
    except Exception as error:
        outcome = type(error).__name__
    broken[f"{cls.__name__} {json.dumps(options)} {steps}"] = outcome

# Guidance.
told, free = torch.randn(2, 3, 2, 2), torch.randn(2, 3, 2, 2)
tensors["guidance/conditional"], tensors["guidance/unconditional"] = told, free
for scale in [0.0, 2.0, 7.5]:
    for rescale in [0.0, 0.3, 0.7, 1.0]:
        guided = free + scale * (told - free)
        tensors[f"guidance/{scale:g}/{rescale:g}"] = rescale_noise_cfg(guided, told, guidance_rescale=rescale) if rescale else guided

configurations = [cls().to_json_string() for cls in [DDIMScheduler, DDPMScheduler, PNDMScheduler, EulerDiscreteScheduler, EulerAncestralDiscreteScheduler,
                                                     HeunDiscreteScheduler, DPMSolverMultistepScheduler, UniPCMultistepScheduler, LCMScheduler]]
json.dump(dict(diffusers=diffusers.__version__, grids=grids, cases=cases, broken=broken, configurations=configurations), open("schedulers.json", "w"))
save_file({k: v.contiguous().float() for k, v in tensors.items()}, "schedulers.safetensors")
