"""What img2dataset downloads, read by the webdataset library and by Loam: the same pictures with the same captions.

    python img2dataset.py LOAM        (img2dataset, webdataset, pandas, pyarrow, numpy, Pillow)

Pictures are served on 127.0.0.1; some are missing or broken, which img2dataset leaves out and writes into its records. Loam takes the lines of a
text for wordings of one caption and white space between words for one space; all else has to be the same, pixels included.
"""
import functools, http.server, io, json, pathlib, random, subprocess, sys, tempfile, threading

# This file has the name of the library that it judges.
sys.path = [entry for entry in sys.path if pathlib.Path(entry or ".").resolve() != pathlib.Path(__file__).resolve().parent]
import img2dataset
import numpy
import pandas
import webdataset
from PIL import Image

LOAM = str(pathlib.Path(sys.argv[1]).resolve())
SIDE = 48
CAPTIONS = [
    "a red square", "two words, and a comma", 'he said "hello"', "日本語の説明", "un café à côté", "line one\nline two", "a\ttab", "x" * 600, "emoji 🐈 cat", "100 % of <b>it</b> & more",
    "  spaces around  ", "back\\slash", "'single'", "a.b.c with dots", "0", "null",
]
random.seed(3)


class Pictures(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def serve(folder):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Pictures, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def write_pictures(folder):
    """Pictures of many sizes and kinds, and some that cannot be had; the list of (address, caption)."""
    rows = []
    for number, caption in enumerate(CAPTIONS * 2):
        width, height = random.randint(20, 120), random.randint(20, 120)
        pixels = numpy.add.outer(numpy.arange(height) * 3 + number * 7, numpy.arange(width) * 2)[:, :, None] + numpy.array([0, 40, 90])
        picture = Image.fromarray((pixels % 256).astype(numpy.uint8))
        if number % 5 == 3:
            picture = picture.convert("L")
        name = f"{number}.{['jpg', 'png', 'webp'][number % 3]}"
        picture.save(f"{folder}/{name}")
        rows.append((name, f"{caption} {number}" if number >= len(CAPTIONS) else caption))
    pathlib.Path(folder, "broken.jpg").write_bytes(pathlib.Path(folder, "0.jpg").read_bytes()[:90])
    pathlib.Path(folder, "text.jpg").write_text("this is no picture")
    pathlib.Path(folder, "empty.png").write_bytes(b"")
    for place, name in [(4, "missing.jpg"), (9, "broken.jpg"), (15, "text.jpg"), (20, "empty.png")]:
        rows.insert(place, (name, "cannot be had"))
    return rows


def loam(folder, path, on_demand):
    (folder / "read.lua").write_text(f"""
        local data, file = require("loam").data, require("loam").file
        local d = data.load("{path}", {{size = {SIDE}, on_demand = {str(on_demand).lower()}}})
        local captions = {{}}
        for k = 1, #d do captions[k] = d:captions(k) end
        file.write_json("{folder}/read.json", {{captions = captions, skipped = #d.skipped}})
        file.save_npy("{folder}/read.npy", d:tensor())
    """)
    subprocess.run([LOAM, folder / "read.lua"], check=True, stdout=subprocess.DEVNULL)
    read = json.loads((folder / "read.json").read_text())
    return read["captions"], read["skipped"], numpy.round(numpy.load(folder / "read.npy") * 255).astype(int)


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "web").mkdir()
        rows = write_pictures(folder / "web")
        server = serve(folder / "web")
        address = f"http://127.0.0.1:{server.server_port}/"
        (folder / "list.json").write_text(json.dumps([{"url": address + picture, "caption": caption} for picture, caption in rows]))
        faults = 0
        for form in ["webdataset", "files"]:
            img2dataset.download(
                url_list=str(folder / "list.json"), input_format="json", url_col="url", caption_col="caption", output_folder=str(folder / form), output_format=form,
                image_size=SIDE, resize_mode="center_crop", resize_only_if_bigger=False, processes_count=1, thread_count=4, number_sample_per_shard=7, retries=0, timeout=5,
                enable_wandb=False)
            samples = []
            if form == "webdataset":
                shards = sorted(str(path) for path in (folder / form).glob("*.tar"))
                for sample in webdataset.WebDataset(shards, shardshuffle=False):
                    samples.append((sample["__key__"], sample["txt"].decode(), sample["jpg"]))
            else:
                for path in sorted((folder / form).glob("*/*.jpg")):
                    samples.append((path.stem, path.with_suffix(".txt").read_text(), path.read_bytes()))
            pixels = numpy.stack([numpy.asarray(Image.open(io.BytesIO(bytes)).convert("RGB")).transpose(2, 0, 1) for _, _, bytes in samples])
            expected = sorted(caption for _, caption in rows if caption != "cannot be had")
            if sorted(text for _, text, _ in samples) != expected:
                print(f"FAIL  {form}: img2dataset itself did not keep the captions")
                faults += 1
            records = pandas.concat(pandas.read_parquet(path) for path in (folder / form).glob("*.parquet"))
            wins = int((records.status == "success").sum())
            counted = sum(json.loads(path.read_text())["successes"] for path in (folder / form).glob("*_stats.json"))
            if not wins == counted == len(samples) == len(CAPTIONS) * 2 or len(records) != len(rows):
                print(f"FAIL  {form}: its records count {wins} of {len(records)}, its statistics {counted}, its files {len(samples)}")
                faults += 1
            for on_demand in [False, True]:
                captions, skipped, found = loam(folder, folder / form, on_demand)
                texts = [[" ".join(line.split()) for line in text.split("\n")] for _, text, _ in samples]
                same_text = captions == texts
                apart = int(abs(found - pixels).max()) if found.shape == pixels.shape else -1
                ok = same_text and apart == 0 and skipped == 0
                faults += not ok
                print(f"{'ok  ' if ok else 'FAIL'}  {form}{', on demand' if on_demand else ''}: {len(captions)} pictures of {len(samples)}, captions {'equal' if same_text else 'differ'}, "
                      f"pixels at most {apart} apart, {skipped} skipped")
                if not same_text:
                    for mine, text in zip(captions, texts):
                        if mine != text:
                            print("   ", repr(mine), repr(text))
        server.shutdown()
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
