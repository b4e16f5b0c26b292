"""Makes shards.json: small tar archives and the samples that webdataset 1.0.2 reads from them, and archives as Python's tarfile writes them.

Run with: python make.py   (webdataset)
An archive that webdataset refuses has "error": true. "strict" marks archives that tarfile reads silently up to the damage and Loam refuses.
"""
import base64, io, json, tarfile, zlib
from webdataset.tariterators import group_by_keys, tar_file_expander


def archive(members, format=tarfile.USTAR_FORMAT, mode="w"):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode, format=format) as tar:
        for name, content in members:
            info = tarfile.TarInfo(name)
            if content is None:
                info.type = tarfile.DIRTYPE
                tar.addfile(info)
            elif isinstance(content, tuple):
                info.type, info.linkname = content
                tar.addfile(info)
            else:
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
    return out.getvalue()


def samples(data):
    try:
        files = tar_file_expander([dict(url="x", stream=io.BytesIO(data))])
        result = []
        for sample in group_by_keys(files):
            fields = [[k, len(v), zlib.crc32(v)] for k, v in sample.items() if not k.startswith("__")]
            result.append([sample["__key__"], fields])
        return result
    except Exception as error:
        return None


def cases():
    simple = [("a.jpg", b"A" * 700), ("a.txt", b"caption"), ("b.jpg", b"B"), ("b.cls", b"3")]
    plain = archive(simple)
    yield "simple", plain
    yield "dots in names", archive([("a.b.jpg", b"1"), ("a.b.txt", b"2"), ("a.c.jpg", b"3"), ("x.seg.PNG", b"4")])
    yield "dots in folders", archive([("v1.0/a.jpg", b"1"), ("v1.0/a.txt", b"2"), ("v2.0/a.jpg", b"3"), ("./c.jpg", b"4"), ("../d.e.f", b"5")])
    yield "folders and links", archive([("d", None), ("d/a.jpg", b"1"), ("d/e/a.jpg", b"2"), ("l.jpg", (tarfile.SYMTYPE, "d/a.jpg")), ("h.jpg", (tarfile.LNKTYPE, "d/a.jpg"))])
    yield "upper case", archive([("A.JPG", b"1"), ("A.Txt", b"2"), ("a.jpg", b"3"), ("b.ÄÖ", b"4")], tarfile.PAX_FORMAT)
    yield "meta", archive([("__info__", b"0"), ("__meta__/a.jpg", b"1"), ("a.jpg", b"2"), ("__x.jpg", b"3"), ("__y__.jpg", b"4"), ("____", b"5"), ("___", b"6"), ("d/__z__", b"7"), ("d/__z__.jpg", b"8")])
    yield "hidden names", archive([(".hidden", b"1"), ("a/.json", b"2"), ("a/.json.x", b"3"), ("a.b/.json", b"4"), ("c/d.e/f/.x", b"5"), ("noextension", b"6"), ("end.", b"7"), ("..", b"8"), ("a..b", b"9")])
    yield "duplicate extension", archive([("a.jpg", b"1"), ("a.jpg", b"2")])
    yield "duplicate by case", archive([("a.jpg", b"1"), ("a.JPG", b"2")])
    yield "key comes again", archive([("a.jpg", b"1"), ("b.jpg", b"2"), ("a.jpg", b"3")])
    yield "split by a nameless file", archive([("a.jpg", b"1"), ("README", b"x"), ("a.txt", b"2")])
    yield "empty members", archive([("a.jpg", b""), ("a.txt", b""), ("b.jpg", b"1")])
    yield "no members", archive([])
    yield "GNU long names", archive([("g" * 150 + "/" + "h" * 120 + ".jpg", b"1"), ("g" * 150 + "/" + "h" * 120 + ".txt", b"2")], tarfile.GNU_FORMAT)
    yield "PAX long names", archive([("g" * 150 + "/" + "h" * 120 + ".jpg", b"1"), ("k" * 101 + ".txt", b"2"), ("é画.jpg", b"3")], tarfile.PAX_FORMAT)
    yield "ustar prefix", archive([("p" * 90 + "/" + "q" * 90 + ".jpg", b"1")])
    yield "gzipped", archive(simple, mode="w:gz")
    yield "empty file", b""
    yield "cut in the contents", plain[:900]
    yield "cut in a header", plain[:1800]
    yield "no end mark", plain[:512 + 1024 + 512 + 512]
    yield "bytes after the end", plain + b"x" * 700
    yield "no tar", b"hello world " * 100
    damaged = bytearray(plain)
    damaged[1536 + 3] ^= 1
    yield "damaged second header", bytes(damaged)


STRICT = {"cut in a header", "damaged second header"}

if __name__ == "__main__":
    text = lambda data: base64.b64encode(zlib.compress(data, 9)).decode()
    read = []
    for name, data in cases():
        found = samples(data)
        read.append(dict(name=name, packed=text(data),
                         size=len(data), samples=found or [], error=found is None, strict=name in STRICT))
        print(name, "error" if found is None else len(found))
    written = [["a.jpg", "A" * 700], ["a.txt", ""], ["folder/" + "n" * 93, "x" * 512], ["l" * 180 + ".png", "y"], ["é画.jpg", "z"]]
    data = archive([(n, c.encode()) for n, c in written], tarfile.PAX_FORMAT)
    json.dump(dict(read=read, written=dict(members=written, packed=text(data))), open("shards.json", "w"), indent=0)
