"""Makes tokens.json: texts with what Python, the regex module and open_clip 3.3.0 make of them.

Run with: python make.py PATH_OF_bpe_simple_vocab_16e6.txt.gz   (open_clip_torch, regex)
The ids need CLIP's vocabulary file, which is not part of this repository; tests that use them are skipped where it is absent.
"""
import html, json, random, sys, zlib
import regex
from open_clip.tokenizer import SimpleTokenizer

path = sys.argv[1]
tokenizer = SimpleTokenizer(path)
random.seed(11)

entities = ["AT&amp;T", "&lt;b&gt;", "&amp;amp;lt;", "&copy 2020", "&notit;", "&notin;", "&#65;&#x42;&#67", "&#0;&#128;&#x9f;&#xd800;&#x110000;",
            "&#1;&#11;&#xfffe;&#x1ffff;", "&", "&;", "&#;", "&#x;", "&unknown;", "&frac12 &frac34;", "&NotEqualTilde;", "a&nbsp;b", "&ampamp;",
            "&" + "a" * 40 + ";", "&eacute;t&eacute", "&#999999999999999999;", "&Aacute&aacute;", "&#xAbC;", "&lt &gt; &quot"]
lower = ["ΟΔΥΣΣΕΥΣ ΣΑΣ Σ", "ΑΣ'Α ΑΣ. Σα", "İI ıi", "ǅ Ǆ ﬀ", "ẞß", "ÀÉÎ", "ԱԲ", "𐐀𐐨"]
spaces = ["  a \t b\n\nc  ", "\x1ca\x1d\x1eb\x1f", "a\u00a0\u2003b\u3000", "\u200ba\u200b", "", " \n ", "a\x85b\u2028c"]


def unicode_samples():
    ranges = [(0x20, 0x7F), (0xA0, 0x250), (0x370, 0x400), (0x400, 0x460), (0x5D0, 0x5EB), (0x620, 0x650), (0x900, 0x970), (0x2000, 0x2070), (0x2150, 0x2190),
              (0x2200, 0x2240), (0x3040, 0x30FF), (0x4E00, 0x4F00), (0xAC00, 0xAC80), (0x1F300, 0x1F350), (0x300, 0x330)]
    for _ in range(150):
        text = "".join(chr(random.randrange(*random.choice(ranges))) for _ in range(random.randrange(1, 14)))
        yield "".join(c for c in text if not (0xD800 <= ord(c) < 0xE000))


def plain(text):
    """Ids of a text after this cleaning: HTML unescaping twice, white space folded, lower case (no ftfy)."""
    text = " ".join(html.unescape(html.unescape(text)).split()).lower()
    ids = []
    for word in regex.findall(pattern, text):
        symbols = "".join(tokenizer.byte_encoder[b] for b in word.encode())
        ids += [tokenizer.encoder[s] for s in tokenizer.bpe(symbols).split(" ")]
    return ids


# open_clip spells the special texts in another way than OpenAI's own tokenizer: they are left out here.
pattern = regex.compile(r"""'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+""", regex.IGNORECASE)

pairs = 0
for first in range(32, 127):
    for second in range(32, 127):
        pairs = zlib.crc32((" ".join(map(str, plain(chr(first) + chr(second)))) + "\n").encode(), pairs)

long_text = " ".join(random.choice(["a", "photograph", "of", "dogs,", "running!", "1234"]) for _ in range(200))
rows = tokenizer(["a cat", "", long_text], 77).tolist()

json.dump(dict(
    entities=[[t, html.unescape(t)] for t in entities], lower=[[t, t.lower()] for t in lower],
    spaces=[[t, " ".join(t.split())] for t in spaces], plain=[[t, plain(t)] for t in list(unicode_samples()) + entities + spaces],
    ascii_pairs_crc32=pairs, long=[[w, plain(w)] for w in ["ab" * 300, "the" * 200, "z" * 501, "éa" * 99]],
    long_text=long_text, rows=rows), open("tokens.json", "w"), indent=0)
