#!/usr/bin/env python3
"""Stable Diffusion 1.5 at its real size, with random weights: Loam beside diffusers.

    python3 Benchmarks/stable_diffusion.py make FOLDER [--precision f16]     a diffusers folder of that configuration, 860 M parameters
    python3 Benchmarks/stable_diffusion.py time FOLDER [--rounds 3]          one guided UNet step at 64x64 latents, the decoding to 512x512, the text encoder

Sides alternate in every round; medians over all rounds. Loam runs with products in f32 and, with --half, in f16; diffusers in f32 whatever the folder's precision,
plain and with channels last, and with --half in f16 and bf16 with channels last, with tcmalloc where it is installed. "Faster by" is the best of
diffusers' sides by the best of Loam's. LOAM names the command of Loam, LOAM_PYTHON a Python with torch, diffusers and transformers.
"""
import argparse
import json
import os
import pathlib
import shlex
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
TASKS = ["unet", "decode", "text"]


def make(folder, precision):
    import torch
    from diffusers import AutoencoderKL, PNDMScheduler, StableDiffusionPipeline, UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer
    torch.manual_seed(15)
    dtype = torch.float16 if precision == "f16" else torch.float32
    unet = UNet2DConditionModel(
        sample_size=64, in_channels=4, out_channels=4, block_out_channels=(320, 640, 1280, 1280), layers_per_block=2, cross_attention_dim=768, attention_head_dim=8,
        down_block_types=("CrossAttnDownBlock2D",) * 3 + ("DownBlock2D",), up_block_types=("UpBlock2D",) + ("CrossAttnUpBlock2D",) * 3).to(dtype)
    vae = AutoencoderKL(
        in_channels=3, out_channels=3, block_out_channels=(128, 256, 512, 512), layers_per_block=2, latent_channels=4, sample_size=512,
        down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4).to(dtype)
    text = CLIPTextModel(CLIPTextConfig(
        vocab_size=49408, hidden_size=768, intermediate_size=3072, num_hidden_layers=12, num_attention_heads=12, max_position_embeddings=77, hidden_act="quick_gelu",
        bos_token_id=49406, eos_token_id=49407, pad_token_id=1)).to(dtype)
    # A vocabulary of bytes: timing needs ids, not words.
    printing = list(range(33, 127)) + list(range(161, 173)) + list(range(174, 256))
    symbols = [chr(b) for b in printing] + [chr(256 + i) for i in range(256 - len(printing))]
    symbols += [s + "</w>" for s in symbols] + ["<|startoftext|>", "<|endoftext|>"]
    words = pathlib.Path(folder, "tokenizer")
    words.mkdir(parents=True, exist_ok=True)
    (words / "vocab.json").write_text(json.dumps({s: i for i, s in enumerate(symbols)}))
    (words / "merges.txt").write_text("#version: 0.2\n")
    (words / "tokenizer_config.json").write_text(json.dumps(dict(
        tokenizer_class="CLIPTokenizer", model_max_length=77, pad_token="<|endoftext|>", bos_token="<|startoftext|>", eos_token="<|endoftext|>", unk_token="<|endoftext|>")))
    scheduler = PNDMScheduler(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", skip_prk_steps=True, steps_offset=1)
    StableDiffusionPipeline(
        vae=vae, text_encoder=text, tokenizer=CLIPTokenizer.from_pretrained(words), unet=unet, scheduler=scheduler, safety_checker=None, feature_extractor=None,
        requires_safety_checker=False).save_pretrained(folder)
    print(f"{folder}: {sum(p.numel() for p in unet.parameters()) / 1e6:.0f} M parameters in the UNet, {precision}")


def peer(folder, layout, repetitions, threads, arithmetic):
    """Times diffusers and prints one JSON object."""
    import resource

    import torch
    from diffusers import AutoencoderKL, UNet2DConditionModel
    from transformers import CLIPTextModel
    torch.set_num_threads(threads)
    dtype = {"f32": torch.float32, "f16": torch.float16, "bf16": torch.bfloat16}[arithmetic]
    start = time.monotonic()
    unet = UNet2DConditionModel.from_pretrained(folder, subfolder="unet", torch_dtype=dtype).eval()
    vae = AutoencoderKL.from_pretrained(folder, subfolder="vae", torch_dtype=dtype).eval()
    text = CLIPTextModel.from_pretrained(folder, subfolder="text_encoder", torch_dtype=dtype).eval()
    load = time.monotonic() - start
    latents, ids = torch.randn(2, 4, 64, 64, dtype=dtype), torch.randint(0, 49000, (2, 77))
    if layout == "channels_last":
        unet, vae, latents = unet.to(memory_format=torch.channels_last), vae.to(memory_format=torch.channels_last), latents.to(memory_format=torch.channels_last)
    out = {"load": load}
    with torch.inference_mode():
        states = text(ids)[0]
        for name, body in [("unet", lambda: unet(latents, 500, states)), ("decode", lambda: vae.decode(latents[:1])), ("text", lambda: text(ids))]:
            body()
            times = []
            for _ in range(repetitions):
                start = time.monotonic()
                body()
                times.append(time.monotonic() - start)
            out[name] = times
    out["peak_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(json.dumps(out))


def run(command, environment):
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **environment})
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode or not lines:
        sys.exit(f"{shlex.join(command)} failed:\n{(done.stderr or done.stdout)[-2000:]}")
    return json.loads(lines[-1])


def compare(folder, options):
    sys.path.insert(0, str(ROOT / "Benchmarks"))
    import compare as table
    python = os.environ.get("LOAM_PYTHON", sys.executable)
    try:
        allocator = {"LD_PRELOAD": table.tcmalloc()}
    except table.Missing as reason:
        print(reason)
        allocator = {}
    own = [str(pathlib.Path(__file__).resolve()), "peer", folder, "--threads", str(options.threads), "--repetitions", str(options.repetitions)]
    loam = [*table.loam_command(), "run", str(ROOT / "Benchmarks/stable_diffusion.lua"), "--", folder, str(options.repetitions)]
    threads = {"LOAM_THREADS": str(options.threads)}
    sides = {
        "Loam": (loam, threads),
        "diffusers": ([python, *own], allocator),
        "channels last": ([python, *own, "--layout", "channels_last"], allocator),
    }
    if options.half:
        sides["Loam f16"] = ([*loam, "f16"], threads)
        for arithmetic in ["f16", "bf16"]:
            sides[f"{arithmetic}, last"] = ([python, *own, "--layout", "channels_last", "--arithmetic", arithmetic], allocator)
    results = {side: [] for side in sides}
    for _ in range(options.rounds):
        for side, (command, environment) in sides.items():
            results[side].append(run(command, environment))
    print(f"{'':14s}" + "".join(f"{side:>16s}" for side in sides) + f"{'faster by':>12s}")
    for task in TASKS:
        medians = {side: statistics.median(t for found in results[side] for t in found[task]) for side in sides}
        best, ours = (min(value for side, value in medians.items() if side.startswith("Loam") == is_own) for is_own in (False, True))
        print(f"{task:14s}" + "".join(f"{value:14.3f} s" for value in medians.values()) + f"{best / ours:10.2f} x")
    print(f"{'load':14s}" + "".join(f"{min(found['load'] for found in results[side]):14.2f} s" for side in sides))
    print(f"{'peak memory':14s}" + "".join(f"{max(found['peak_mib'] for found in results[side]):12d} MiB" for side in sides))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("task", choices=["make", "time", "peer"])
    parser.add_argument("folder")
    parser.add_argument("--precision", choices=["f16", "f32"], default="f16")
    parser.add_argument("--layout", choices=["plain", "channels_last"], default="plain")
    parser.add_argument("--arithmetic", choices=["f32", "f16", "bf16"], default="f32", help="of the peer")
    parser.add_argument("--half", action="store_true", help="time half precision on both sides as well")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--repetitions", type=int, default=2)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    options = parser.parse_args()
    if options.task == "make":
        make(options.folder, options.precision)
    elif options.task == "peer":
        peer(options.folder, options.layout, options.repetitions, options.threads, options.arithmetic)
    else:
        compare(options.folder, options)


if __name__ == "__main__":
    main()
