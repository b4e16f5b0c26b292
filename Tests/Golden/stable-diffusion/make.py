"""Four tiny Stable Diffusion pipelines with random weights, saved by diffusers 0.42.1 and transformers 5.23.0, and what they answer.

Run: python make.py. Each folder is a model; expected.safetensors beside its parts holds the answers, in float32 from the saved (rounded) weights.
Guidance follows one meaning for every scale, u + w (c - u), from a loop of our own; where diffusers' pipeline means the same (w > 1) it is asked too.
"""
import json
import os
import shutil

import torch
from diffusers import (AutoencoderKL, DDIMScheduler, DPMSolverMultistepScheduler, EulerDiscreteScheduler, HeunDiscreteScheduler, PNDMScheduler,
                       StableDiffusionPipeline, UniPCMultistepScheduler, UNet2DConditionModel)
from safetensors.torch import save_file
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

STEPS, WIDTH = 4, 8
PROMPTS = ["a photo of a red cat", "dog! of  a Dog, 3 cats's", "photo " * 90]
NOISE = dict(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear")


def vocabulary():
    printing = list(range(33, 127)) + list(range(161, 173)) + list(range(174, 256))
    others = [b for b in range(256) if b not in printing]
    symbols = [chr(b) for b in printing] + [chr(256 + i) for i in range(len(others))]
    merges = [("a", "t</w>"), ("c", "at</w>"), ("d", "o"), ("do", "g</w>"), ("p", "h"), ("ph", "o"), ("pho", "t"), ("phot", "o</w>"), ("o", "f</w>"), ("r", "e"), ("re", "d</w>")]
    return symbols + [s + "</w>" for s in symbols] + ["".join(m) for m in merges] + ["<|startoftext|>", "<|endoftext|>"], merges


def write_tokenizer(folder, padding):
    """vocab.json and merges.txt, as the published models have them."""
    symbols, merges = vocabulary()
    os.makedirs(folder, exist_ok=True)
    with open(f"{folder}/vocab.json", "w") as out:
        json.dump({s: i for i, s in enumerate(symbols)}, out, ensure_ascii=False, separators=(",", ":"))
    with open(f"{folder}/merges.txt", "w") as out:
        out.write("#version: 0.2\n" + "\n".join(" ".join(m) for m in merges) + "\n")
    with open(f"{folder}/tokenizer_config.json", "w") as out:
        json.dump(dict(tokenizer_class="CLIPTokenizer", model_max_length=20, pad_token=padding, bos_token="<|startoftext|>", eos_token="<|endoftext|>", unk_token="<|endoftext|>"), out)


def roughen(model):
    """Every vector random too, so that no norm is the identity."""
    for name, parameter in model.named_parameters():
        if parameter.dim() == 1:
            parameter.data = 0.2 * torch.randn_like(parameter) + (1.0 if "norm" in name and name.endswith("weight") else 0.0)
    return model.eval()


def text_model(activation):
    count = len(vocabulary()[0])
    return CLIPTextModel(CLIPTextConfig(
        vocab_size=count, hidden_size=WIDTH, intermediate_size=16, num_hidden_layers=2, num_attention_heads=2, max_position_embeddings=20, hidden_act=activation,
        bos_token_id=count - 2, eos_token_id=count - 1, pad_token_id=1))


def unet_model(**options):
    base = dict(sample_size=4, block_out_channels=(4, 8), layers_per_block=1, norm_num_groups=2, cross_attention_dim=WIDTH, attention_head_dim=2,
                down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"), up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"))
    return UNet2DConditionModel(**{**base, **options})


def autoencoder(**options):
    base = dict(block_out_channels=(4, 4), norm_num_groups=2, layers_per_block=1, latent_channels=4, down_block_types=("DownEncoderBlock2D",) * 2, up_block_types=("UpDecoderBlock2D",) * 2)
    return AutoencoderKL(**{**base, **options})


MODELS = {
    # As Stable Diffusion 1.5: QuickGELU, padding with the end mark, PNDM.
    "one": dict(dtype=torch.float16, padding="<|endoftext|>", activation="quick_gelu", unet={}, vae={},
                scheduler=PNDMScheduler(**NOISE, skip_prk_steps=True, steps_offset=1)),
    # Rarer options of 1.x, in shards.
    "one-sharded": dict(dtype=torch.float16, padding="<|endoftext|>", activation="gelu", shards="24KB",
                        unet=dict(flip_sin_to_cos=False, freq_shift=1, center_input_sample=True, norm_eps=1e-4, downsample_padding=0, layers_per_block=[1, 2],
                                  resnet_time_scale_shift="scale_shift", only_cross_attention=[True, False], transformer_layers_per_block=[2, 1]),
                        vae=dict(scaling_factor=0.13, use_quant_conv=False, use_post_quant_conv=False),
                        scheduler=DDIMScheduler(**NOISE, clip_sample=False, set_alpha_to_one=False, steps_offset=1)),
    # As 2.1: linear projections, heads by level, velocity, GELU, padding with "!".
    "two": dict(dtype=torch.float16, padding="!", activation="gelu",
                unet=dict(use_linear_projection=True, attention_head_dim=[1, 4], upcast_attention=True), vae={},
                scheduler=DDIMScheduler(**NOISE, clip_sample=False, set_alpha_to_one=False, steps_offset=1, prediction_type="v_prediction")),
    # Three levels, bf16, attention in the last level alone, no attention in the autoencoder.
    "two-bf16": dict(dtype=torch.bfloat16, padding="!", activation="gelu",
                     unet=dict(use_linear_projection=True, attention_head_dim=[1, 2, 4], block_out_channels=(4, 4, 4), down_block_types=("DownBlock2D", "DownBlock2D", "CrossAttnDownBlock2D"),
                               up_block_types=("CrossAttnUpBlock2D", "UpBlock2D", "UpBlock2D")),
                     vae=dict(mid_block_add_attention=False),
                     scheduler=EulerDiscreteScheduler(**NOISE, prediction_type="v_prediction", timestep_spacing="trailing")),
}


@torch.no_grad()
def loop(pipe, scheduler, prompt, latents, guidance, first=0):
    """Latents after every call of the model."""
    ids = pipe.tokenizer([prompt, ""], padding="max_length", max_length=pipe.tokenizer.model_max_length, truncation=True, return_tensors="pt").input_ids
    told, empty = pipe.text_encoder(ids)[0].split(1)
    steps = []
    if first == 0:
        latents = latents * scheduler.init_noise_sigma
    for t in scheduler.timesteps[first:]:
        shown = scheduler.scale_model_input(latents, t)
        with_prompt, without = pipe.unet(shown, t, told).sample, pipe.unet(shown, t, empty).sample
        latents = scheduler.step(without + guidance * (with_prompt - without), t, latents).prev_sample
        steps.append(latents)
    return torch.stack(steps)


@torch.no_grad()
def picture(pipe, latents):
    return pipe.vae.decode(latents / pipe.vae.config.scaling_factor).sample.clamp(-1, 1)


@torch.no_grad()
def make(name, spec):
    torch.manual_seed(sum(name.encode()))
    shutil.rmtree(name, ignore_errors=True)
    write_tokenizer(f"{name}/words", spec["padding"])
    tokenizer = CLIPTokenizer.from_pretrained(f"{name}/words")
    pipe = StableDiffusionPipeline(
        vae=roughen(autoencoder(**spec["vae"])), text_encoder=roughen(text_model(spec["activation"])), tokenizer=tokenizer, unet=roughen(unet_model(**spec["unet"])),
        scheduler=spec["scheduler"], safety_checker=None, feature_extractor=None, requires_safety_checker=False).to(spec["dtype"])
    pipe.save_pretrained(name)
    if "shards" in spec:
        shutil.rmtree(f"{name}/unet")
        pipe.unet.save_pretrained(f"{name}/unet", max_shard_size=spec["shards"])
    if name != "two-bf16":  # That one keeps the tokenizer.json of newer versions.
        shutil.rmtree(f"{name}/tokenizer")
        os.rename(f"{name}/words", f"{name}/tokenizer")
    shutil.rmtree(f"{name}/words", ignore_errors=True)
    for folder, _, files in os.walk(name):
        for file in files:
            os.chmod(f"{folder}/{file}", 0o644)
    pipe.to(torch.float32)
    pipe.set_progress_bar_config(disable=True)

    out = {}
    ids = tokenizer(PROMPTS, padding="max_length", max_length=20, truncation=True, return_tensors="pt").input_ids
    out["ids"] = ids
    states = pipe.text_encoder(ids, output_hidden_states=True)
    out["states"] = states[0]
    normed = getattr(pipe.text_encoder, "text_model", pipe.text_encoder).final_layer_norm
    out["states.skip1"] = normed(states.hidden_states[-2])
    x = torch.randn(2, 4, 8, 8)
    times = torch.tensor([981.0, 20.0])
    odd = torch.randn(1, 4, 7, 10)
    context = states[0][:2]
    out |= {"unet.in": x, "unet.times": times, "unet.out": pipe.unet(x, times, context).sample, "unet.odd.in": odd, "unet.odd.out": pipe.unet(odd, 500, context[:1]).sample}
    pixels = torch.rand(1, 3, 16, 24) * 2 - 1
    moments = pipe.vae.encode(pixels).latent_dist
    out |= {"vae.in": pixels, "vae.mean": moments.mean, "vae.deviation": moments.std, "vae.out": pipe.vae.decode(moments.mean).sample}

    noise = torch.randn(1, 4, 4, 4)
    out["noise"] = noise
    scheduler = pipe.scheduler
    for guidance in (0.0, 1.0, 2.0, 7.5):
        scheduler.set_timesteps(STEPS)
        steps = loop(pipe, scheduler, PROMPTS[0], noise, guidance)
        image = picture(pipe, steps[-1])
        out[f"latents.{guidance:g}"], out[f"image.{guidance:g}"] = steps, image
        if guidance > 1:
            theirs = pipe(PROMPTS[0], num_inference_steps=STEPS, guidance_scale=guidance, latents=noise, output_type="pt", height=8, width=8).images
            assert (theirs - (image / 2 + 0.5)).abs().max() < 1e-5, name
    # From a picture: six steps, of which the last half are taken.
    start, posterior = torch.rand(1, 3, 8, 8) * 2 - 1, torch.randn(1, 4, 4, 4)
    moments = pipe.vae.encode(start).latent_dist
    scheduler.set_timesteps(6)
    first = 3
    if hasattr(scheduler, "set_begin_index"):
        scheduler.set_begin_index(first)
    clean = (moments.mean + moments.std * posterior) * pipe.vae.config.scaling_factor
    begin = scheduler.add_noise(clean, noise, scheduler.timesteps[first:first + 1])
    out |= {"start": start, "posterior": posterior, "start.latents": loop(pipe, scheduler, PROMPTS[0], begin, 2.0, first=first)}
    if name == "one":
        # As read from the file: a scheduler made in memory would hide its defaults from other classes.
        config = PNDMScheduler.from_pretrained(name, subfolder="scheduler").config
        for word, kind in [("ddim", DDIMScheduler), ("euler", EulerDiscreteScheduler), ("dpmsolver++", DPMSolverMultistepScheduler), ("heun", HeunDiscreteScheduler), ("unipc", UniPCMultistepScheduler)]:
            other = kind.from_config(config)
            other.set_timesteps(STEPS)
            out[f"{word}.latents"] = loop(pipe, other, PROMPTS[0], noise, 7.5)
    # With a part of the guided output's deviation brought back to that of the half with the prompt.
    rescaled = pipe(PROMPTS[0], num_inference_steps=STEPS, guidance_scale=7.5, guidance_rescale=0.7, latents=noise, output_type="pt", height=8, width=8).images
    out["image.rescaled"] = rescaled * 2 - 1
    save_file({key: value.contiguous() for key, value in out.items()}, f"{name}/expected.safetensors")


for name, spec in MODELS.items():
    make(name, spec)
