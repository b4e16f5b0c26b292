"""Makes png.json and jpeg.json: small picture files and the RGB pixels that Pillow reads from them.

Run with: python make.py   (Pillow, numpy)
PNG of every colour type, bit depth and interlacing are packed here by hand, because Pillow writes only some of them; the expected pixels
come from Pillow's reader where it supports the case, and from the samples themselves where it does not (marked "samples").
"""
import base64, io, json, struct, zlib
import numpy as np
from PIL import Image

random = np.random.default_rng(7)
WIDTH, HEIGHT = 11, 7
PASSES = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def pack(samples, depth):
    """Filtered scan lines (filters 0, 1 and 2 in turn) of samples [rows, columns, channels]."""
    rows, step = [], max(1, samples.shape[2] * depth // 8)
    previous = None
    for y, row in enumerate(samples):
        if depth == 16:
            line = row.astype(">u2").tobytes()
        elif depth == 8:
            line = row.astype(np.uint8).tobytes()
        else:
            bits = ((row.reshape(-1, 1) >> np.arange(depth - 1, -1, -1)) & 1).reshape(-1)
            line = np.packbits(bits.astype(np.uint8)).tobytes()
        line = np.frombuffer(line, np.uint8).astype(int)
        kind = y % 3
        if kind == 1:
            left = np.concatenate([np.zeros(step, int), line])[: len(line)]
            filtered = (line - left) % 256
        elif kind == 2:
            filtered = (line - (previous if previous is not None else 0)) % 256
        else:
            filtered = line
        rows.append(bytes([kind]) + filtered.astype(np.uint8).tobytes())
        previous = line
    return b"".join(rows)


def png(samples, colour, depth, interlaced, before=b""):
    height, width = samples.shape[:2]
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, int(interlaced))
    if interlaced:
        parts = [samples[y::dy, x::dx] for x, y, dx, dy in PASSES]
        raw = b"".join(pack(part, depth) for part in parts if part.size)
    else:
        raw = pack(samples, depth)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + before + chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b"")


def over(rgba, background):
    rgba = rgba.astype(int)
    alpha = rgba[..., 3:]
    return ((rgba[..., :3] * alpha + np.array(background) * (255 - alpha) + 127) // 255).astype(np.uint8)


def by_pillow(data, background):
    picture = Image.open(io.BytesIO(data))
    if picture.mode.startswith("I"):
        grey = (np.array(picture).astype(int) >> 8).astype(np.uint8)
        return np.stack([grey] * 3, -1)
    rgba = picture.convert("RGBA")
    base = Image.new("RGB", picture.size, tuple(background))
    base.paste(rgba, mask=rgba.getchannel("A"))
    return np.array(base)


def by_samples(samples, colour, depth, transparent, background):
    full = samples.astype(int)
    scaled = full >> 8 if depth == 16 else full * (255 // (2**depth - 1))
    rgb = np.repeat(scaled[..., :1], 3, -1) if colour in (0, 4) else scaled[..., :3]
    if colour in (4, 6):
        alpha = scaled[..., -1:]
    else:
        alpha = np.where((full == np.array(transparent)).all(-1, keepdims=True), 0, 255)
    return over(np.concatenate([rgb, alpha], -1), background)


def text(data):
    return base64.b64encode(bytes(data)).decode()


def png_cases():
    cases = []

    def add(name, data, pixels, background, origin):
        cases.append(dict(name=name, file=text(data), width=pixels.shape[1], height=pixels.shape[0],
                          background=list(background), rgb=text(pixels.tobytes()), origin=origin))

    for colour, depths in {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}.items():
        for depth in depths:
            for interlaced in (False, True):
                samples = random.integers(0, 2**depth, (HEIGHT, WIDTH, CHANNELS[colour]))
                before = b""
                if colour == 3:
                    before = chunk(b"PLTE", random.integers(0, 256, 3 * 2**depth, np.uint8).tobytes())
                data = png(samples, colour, depth, interlaced, before)
                background = [int(v) for v in random.integers(0, 256, 3)]
                name = f"colour {colour}, {depth} bits" + (", interlaced" if interlaced else "")
                add(name, data, by_pillow(data, background), background, "Pillow")
    for depth in (1, 2, 4, 8):
        samples = random.integers(0, 2**depth, (HEIGHT, WIDTH, 1))
        before = chunk(b"PLTE", random.integers(0, 256, 3 * 2**depth, np.uint8).tobytes())
        before += chunk(b"tRNS", random.integers(0, 256, 2 ** (depth - 1), np.uint8).tobytes())
        data = png(samples, 3, depth, False, before)
        add(f"palette with transparency, {depth} bits", data, by_pillow(data, (10, 200, 90)), (10, 200, 90), "Pillow")
    for colour, depth in ((0, 1), (0, 2), (0, 4), (0, 8), (0, 16), (2, 8), (2, 16)):
        samples = random.integers(0, 2**depth, (HEIGHT, WIDTH, CHANNELS[colour]))
        transparent = samples[2, 3]
        samples[4, 5] = transparent
        data = png(samples, colour, depth, False, chunk(b"tRNS", transparent.astype(">u2").tobytes()))
        pixels = by_samples(samples, colour, depth, transparent, (255, 0, 77))
        if depth == 8:
            assert (pixels == by_pillow(data, (255, 0, 77))).all()
        add(f"colour {colour} with a transparent colour, {depth} bits", data, pixels, (255, 0, 77), "samples")
    for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"):
        source = Image.fromarray(random.integers(0, 256, (9, 5, 4), np.uint8), "RGBA")
        if mode == "I;16":
            picture = Image.fromarray(random.integers(0, 65536, (9, 5), np.uint16))
        else:
            picture = source.convert(mode)
        out = io.BytesIO()
        picture.save(out, "PNG")
        add(f"written by Pillow from mode {mode}", out.getvalue(), by_pillow(out.getvalue(), (255, 255, 255)), (255, 255, 255), "Pillow")
    return cases


def jpeg_cases():
    cases = []
    y, x = np.mgrid[0:19, 0:26]
    waves = np.stack([128 + 100 * np.sin(x / 5 + c) * np.cos(y / (4 + c)) for c in range(4)], -1)
    smooth = np.clip(waves, 0, 255).astype(np.uint8)
    rgb, grey = Image.fromarray(smooth[..., :3]), Image.fromarray(smooth[..., 0])
    exif = Image.Exif()
    exif[274] = 6
    options = {
        "4:4:4": (rgb, dict(quality=95, subsampling=0)), "4:2:2": (rgb, dict(quality=90, subsampling=1)),
        "4:2:0": (rgb, dict(quality=75, subsampling=2)), "progressive": (rgb, dict(quality=85, progressive=True)),
        "optimised": (rgb, dict(quality=60, optimize=True)), "grey": (grey, dict(quality=90)),
        "grey progressive": (grey, dict(quality=50, progressive=True)),
        "CMYK": (Image.fromarray(smooth, "CMYK"), dict(quality=95)),
        "restart markers": (rgb, dict(quality=80, restart_marker_blocks=2)),
        "turned by EXIF": (rgb, dict(quality=90, exif=exif.tobytes())),
        "one pixel": (rgb.crop((3, 3, 4, 4)), dict(quality=90)), "one row": (rgb.crop((0, 4, 26, 5)), dict(quality=90)),
        "kept as RGB": (rgb, dict(quality=90, keep_rgb=True)),
    }
    for name, (picture, how) in options.items():
        out = io.BytesIO()
        picture.save(out, "JPEG", **how)
        pixels = np.array(Image.open(io.BytesIO(out.getvalue())).convert("RGB"))
        cases.append(dict(name=name, file=text(out.getvalue()), width=pixels.shape[1], height=pixels.shape[0],
                          background=[255, 255, 255], rgb=text(pixels.tobytes()), origin="Pillow"))
    return cases


def text_case():
    from PIL.PngImagePlugin import PngInfo
    info = PngInfo()
    info.add_text("caption", "a red cube")
    info.add_text("packed", "blue " * 50, zip=True)
    info.add_itxt("author", "Zoë 画", lang="en", tkey="Autor")
    info.add_itxt("long", "é" * 300, zip=True)
    out = io.BytesIO()
    Image.new("RGB", (3, 2), (1, 2, 3)).save(out, "PNG", pnginfo=info)
    entries = [[key, str(value)] for key, value in Image.open(io.BytesIO(out.getvalue())).text.items()]
    return dict(file=text(out.getvalue()), entries=entries)


if __name__ == "__main__":
    json.dump(dict(cases=png_cases(), text=text_case()), open("png.json", "w"), indent=0)
    json.dump(dict(cases=jpeg_cases()), open("jpeg.json", "w"), indent=0)
