"""Golden pictures and parameter draws of Pillow and torchvision for the resize and augmentation tests.

Run with Pillow, torch and torchvision installed; writes pillow.json and draws.json beside this file. Pictures are base64 of
interleaved RGB. The source picture is a formula that the test repeats.
"""
import base64, json, math, pathlib
import numpy, PIL, torch, torchvision
from PIL import Image, ImageFilter
from torchvision import transforms
from torchvision.transforms import InterpolationMode
from torchvision.transforms import functional as F

here = pathlib.Path(__file__).parent


def source(width, height):
    y, x, c = numpy.mgrid[0:height, 0:width, 0:3]
    smooth = (x * x * (c + 1) + 3 * y * y + x * y * (4 - c) + 40 * c) // 3
    rough = (x * 7919 + y * 104729 + c * 1299709) % 61
    return Image.fromarray(((smooth + rough) % 256).astype(numpy.uint8))


def entry(name, image, **more):
    image = image.convert("RGB")
    return dict(name=name, width=image.width, height=image.height,
                pixels=base64.b64encode(image.tobytes()).decode(), **more)


filters = dict(nearest=Image.NEAREST, bilinear=Image.BILINEAR, bicubic=Image.BICUBIC)
picture = source(23, 17)

resizes = []
for name, filter in filters.items():
    for size in [(11, 9), (40, 31), (23, 5), (7, 17)]:
        resizes.append(entry(name, picture.resize(size, filter), antialias=True))
planar = torch.from_numpy(numpy.array(picture)).permute(2, 0, 1)[None].float()
for name in ["bilinear", "bicubic"]:
    for size in [(11, 9), (40, 31)]:
        out = torch.nn.functional.interpolate(planar, size=(size[1], size[0]), mode=name, align_corners=False)
        out = out.round().clamp(0, 255).byte()[0].permute(1, 2, 0).numpy()
        resizes.append(entry(name, Image.fromarray(out), antialias=False))

changes = []
for factor in [0.0, 0.6, 0.93, 1.0, 1.4, 2.5]:
    changes.append(entry("brightness", F.adjust_brightness(picture, factor), value=factor))
    changes.append(entry("contrast", F.adjust_contrast(picture, factor), value=factor))
    changes.append(entry("saturation", F.adjust_saturation(picture, factor), value=factor))
for turn in [0.0, 0.1, -0.1, 0.5, -0.37]:
    changes.append(entry("hue", F.adjust_hue(picture, turn), value=turn))
changes.append(entry("greyscale", F.to_grayscale(picture, 3), value=0))
for radius in [0.1, 0.5, 1.0, 1.73, 2.0, 3.7, 12.0]:
    changes.append(entry("blur", picture.filter(ImageFilter.GaussianBlur(radius)), value=radius))

adjust = dict(brightness=F.adjust_brightness, contrast=F.adjust_contrast, saturation=F.adjust_saturation, hue=F.adjust_hue)


def chain(side, downsampled, restored, crop, colours, grey, blur, flip):
    image = picture
    if downsampled:
        image = F.resize(F.resize(image, downsampled, InterpolationMode.BILINEAR), restored, InterpolationMode.BILINEAR)
    if crop:
        left, top, width, height = crop
        image = F.resized_crop(image, top, left, height, width, [side, side], InterpolationMode.BILINEAR)
    else:
        image = F.center_crop(F.resize(image, side, InterpolationMode.BILINEAR), [side, side])
    for name, value in colours:
        image = adjust[name](image, value)
    if grey:
        image = F.to_grayscale(image, 3)
    if blur:
        image = image.filter(ImageFilter.GaussianBlur(blur))
    if flip:
        image = F.hflip(image)
    return entry("chain", image, side=side, downsampled=downsampled, restored=restored, crop=crop,
                 colours=[dict(name=n, value=v) for n, v in colours], grey=grey, blur=blur, flip=flip)


chains = [
    chain(16, 0, 0, [3, 2, 14, 12], [("brightness", 1.31), ("hue", -0.07), ("contrast", 0.74), ("saturation", 1.22)], False, 0.8, True),
    chain(16, 0, 0, [0, 0, 23, 17], [("saturation", 0.65), ("contrast", 1.38), ("hue", 0.09), ("brightness", 0.7)], False, 0.0, False),
    chain(24, 0, 0, [10, 5, 7, 8], [("hue", 0.03)], True, 1.9, True),
    chain(16, 9, 20, [2, 1, 20, 18], [], False, 0.0, True),
    chain(12, 0, 0, None, [("contrast", 0.6)], False, 0.1, False),
]
normalised = F.normalize(F.to_tensor(F.resized_crop(picture, 2, 3, 12, 14, [4, 4], InterpolationMode.BILINEAR)),
                         (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)).flatten().tolist()
json.dump(dict(made_with=f"Pillow {PIL.__version__}, torchvision {torchvision.__version__}, torch {torch.__version__}",
               source=entry("source", picture), resizes=resizes, changes=changes, chains=chains,
               normalised=[round(v, 6) for v in normalised]), open(here / "pillow.json", "w"), indent=0)

torch.manual_seed(0)
draws = dict(area=[], aspect=[], left=[], top=[], brightness=[], contrast=[], saturation=[], hue=[], first=[])
wide = Image.new("RGB", (300, 200))
jitter = transforms.ColorJitter(0.4, 0.4, 0.4, 0.1)
for _ in range(500):
    top, left, height, width = transforms.RandomResizedCrop.get_params(wide, (0.08, 1.0), (3 / 4, 4 / 3))
    draws["area"].append(round(width * height / 60000, 4))
    draws["aspect"].append(round(math.log(width / height), 4))
    draws["left"].append(round(left / max(1, 300 - width), 4))
    draws["top"].append(round(top / max(1, 200 - height), 4))
    order, *factors = transforms.ColorJitter.get_params(jitter.brightness, jitter.contrast, jitter.saturation, jitter.hue)
    for name, factor in zip(["brightness", "contrast", "saturation", "hue"], factors):
        draws[name].append(round(factor, 4))
    draws["first"].append(int(order[0]))
json.dump(draws, open(here / "draws.json", "w"))
