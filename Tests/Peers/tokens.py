"""Compares the ids of Loam's CLIP tokenisers with open_clip's and transformers': every pair of ASCII characters, Unicode that hypothesis draws, empty and long texts.

    LOAM_PYTHON -m pip install open_clip_torch transformers hypothesis safetensors
    python tokens.py LOAM bpe_simple_vocab_16e6.txt.gz [--examples N]

text.load is open_clip's tokeniser, with its repair of broken text; a pipeline's is transformers', cut and padded to 77 ids, with the end mark (Stable Diffusion 1.x) or "!" (2.x).
"""
import argparse, gzip, json, os, pathlib, shutil, subprocess, sys, tempfile
import ftfy, torch
from hypothesis import HealthCheck, given, settings, strategies as st
from open_clip.tokenizer import SimpleTokenizer, bytes_to_unicode
from safetensors.torch import load_file, save_file
from transformers import CLIPTokenizer

parser = argparse.ArgumentParser()
parser.add_argument("loam")
parser.add_argument("vocabulary")
parser.add_argument("--examples", type=int, default=150)
options = parser.parse_args()
folder = tempfile.mkdtemp()
golden = pathlib.Path(__file__).resolve().parent.parent / "Golden/stable-diffusion/one"


def write_pipeline(name, padding):
    """The tiny model of the golden numbers with CLIP's own vocabulary."""
    path = f"{folder}/{name}"
    shutil.copytree(golden, path)
    shutil.rmtree(f"{path}/tokenizer")
    os.mkdir(f"{path}/tokenizer")
    merges = gzip.open(options.vocabulary).read().decode("utf-8").split("\n")[1:49152 - 256 - 2 + 1]
    letters = list(bytes_to_unicode().values())
    words = letters + [letter + "</w>" for letter in letters] + ["".join(merge.split()) for merge in merges] + ["<|startoftext|>", "<|endoftext|>"]
    json.dump({word: place for place, word in enumerate(words)}, open(f"{path}/tokenizer/vocab.json", "w"))
    open(f"{path}/tokenizer/merges.txt", "w").write("#version: 0.2\n" + "\n".join(merges) + "\n")
    tokenizer = CLIPTokenizer.from_pretrained(f"{path}/tokenizer", pad_token=padding, model_max_length=77)
    json.dump({"model_max_length": 77, "pad_token": padding}, open(f"{path}/tokenizer/tokenizer_config.json", "w"))
    config = json.load(open(f"{path}/text_encoder/config.json"))
    config |= {"vocab_size": len(words), "max_position_embeddings": 77}
    json.dump(config, open(f"{path}/text_encoder/config.json", "w"))
    weights = load_file(f"{path}/text_encoder/model.safetensors")
    for key, value in weights.items():
        if "token_embedding" in key: weights[key] = torch.zeros(len(words), value.shape[1])
        if "position_embedding" in key: weights[key] = torch.zeros(77, value.shape[1])
    save_file(weights, f"{path}/text_encoder/model.safetensors")
    return tokenizer


theirs = [write_pipeline("one", "<|endoftext|>"), write_pipeline("two", "!")]
plain = SimpleTokenizer(options.vocabulary)
process = subprocess.Popen([options.loam, "run", __file__.replace(".py", ".lua"), "--", options.vocabulary, f"{folder}/one", f"{folder}/two"],
                           stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
AS_DECODED = ftfy.TextFixerConfig(fix_encoding=False, fix_c1_controls=False)
compared = 0


def compare(texts):
    global compared
    path = f"{folder}/texts.json"
    json.dump(texts, open(path, "w"))
    process.stdin.write(path + "\n")
    process.stdin.flush()
    answer = process.stdout.readline().strip()
    assert answer == "ok", answer
    ours = json.load(open(path))
    for place, text in enumerate(texts):
        # open_clip writes its marks <start_of_text> and <end_of_text>; Loam, as OpenAI's CLIP, with bars.
        # What ftfy guesses of text that was decoded in the wrong character set is not built.
        if "<|" in text or ftfy.fix_text(text) != ftfy.fix_text(text, AS_DECODED): continue
        assert list(ours["plain"][place]) == plain.encode(text), ("open_clip", text, ours["plain"][place], plain.encode(text))
    for rows, tokenizer in zip(ours["rows"], theirs):
        expected = tokenizer(texts, padding="max_length", max_length=77, truncation=True).input_ids
        for text, row, wanted in zip(texts, rows, expected): assert row == wanted, ("transformers", tokenizer.pad_token, text, row, wanted)
    compared += len(texts)


compare([chr(a) + chr(b) for a in range(128) for b in range(128)])
compare(["", " ", "a cat " * 100, "!" * 200, "x" * 500, "<|endoftext|> a <|startoftext|>", "a!b ! c", "&amp;amp; &lt;b&gt;", "na\u00efve caf\u00e9 \u212b \ufb01", "\u200b\u00ad\ufeff"])


@settings(max_examples=options.examples, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.text(st.characters(codec="utf-8", exclude_categories=("Cn", "Cs")), max_size=40), min_size=1, max_size=20))
def drawn(texts): compare(texts)


drawn()
process.stdin.close()
shutil.rmtree(folder)
print(f"token ids of {compared} texts equal open_clip's and transformers'")
