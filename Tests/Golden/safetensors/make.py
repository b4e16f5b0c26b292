"""Makes odd.json and files.json with safetensors 0.8.0 (the reference) and torch.

odd.json: files with one oddity each, and whether the reference reader takes them.
files.json: files that the reference wrote, with their values, to be read and to be written again byte for byte.
Run with: python make.py   (safetensors, torch, numpy)
"""
import base64, json, struct
import torch
import safetensors
from safetensors.torch import load, save


def text(data):
    return base64.b64encode(bytes(data)).decode()


def file(header, data=b"", length=None):
    header = header if isinstance(header, bytes) else header.encode()
    return struct.pack("<Q", len(header) if length is None else length) + header + data


def entry(dtype="F32", shape=(2,), offsets=(0, 8)):
    return json.dumps(dict(dtype=dtype, shape=list(shape), data_offsets=list(offsets)))


def odd():
    good = file('{"a":%s}' % entry(), bytes(8))
    two = '{"a":%s,"b":%s}'
    nested = "[" * 2000 + "]" * 2000
    yield "good", good
    yield "empty file", b""
    yield "seven bytes", b"\x02\0\0\0\0\0\0"
    yield "header length only, 0", struct.pack("<Q", 0)
    yield "empty object", file("{}")
    yield "header length 2^63", file("{}", length=2**63)
    yield "header length 100,000,001", file("{}", length=100_000_001)
    yield "header beyond the end", file("{}", length=3)
    yield "overlap", file(two % (entry(), entry(offsets=(4, 12))), bytes(12))
    yield "hole", file(two % (entry(), entry(offsets=(12, 20))), bytes(20))
    yield "bytes after the last tensor", good + b"\0"
    yield "truncated data", good[:-1]
    yield "shape not matching", file('{"a":%s}' % entry(shape=(3,)), bytes(8))
    yield "dtype not matching", file('{"a":%s}' % entry(dtype="F16"), bytes(8))
    yield "size overflow", file('{"a":%s}' % entry(shape=(2**32, 2**32, 2)), bytes(8))
    yield "bits overflow", file('{"a":%s}' % entry(shape=(2**60,)), bytes(8))
    yield "negative offset", file('{"a":%s}' % entry(offsets=(-8, 0)), bytes(8))
    yield "negative shape", file('{"a":%s}' % entry(shape=(-2,)), bytes(8))
    yield "fractional shape", file('{"a":{"dtype":"F32","shape":[2.0],"data_offsets":[0,8]}}', bytes(8))
    yield "exponent in shape", file('{"a":{"dtype":"F32","shape":[2e0],"data_offsets":[0,8]}}', bytes(8))
    yield "backward offsets", file('{"a":%s}' % entry(offsets=(8, 0)), bytes(8))
    yield "unknown dtype", file('{"a":%s}' % entry(dtype="F31"), bytes(8))
    yield "lower-case dtype", file('{"a":%s}' % entry(dtype="f32"), bytes(8))
    yield "duplicate key", file('{"a":%s,"a":%s}' % (entry(), entry(offsets=(8, 16))), bytes(16))
    yield "bad UTF-8 in a name", file(b'{"a\xff":' + entry().encode() + b"}", bytes(8))
    yield "overlong UTF-8", file(b'{"a\xc0\x80":' + entry().encode() + b"}", bytes(8))
    yield "surrogate in UTF-8", file(b'{"a\xed\xa0\x80":' + entry().encode() + b"}", bytes(8))
    yield "half a surrogate pair", file('{"a\\ud800":%s}' % entry(), bytes(8))
    yield "surrogate pair", file('{"a\\ud83d\\ude00":%s}' % entry(), bytes(8))
    yield "non-string metadata", file('{"__metadata__":{"k":1},"a":%s}' % entry(), bytes(8))
    yield "metadata no object", file('{"__metadata__":[],"a":%s}' % entry(), bytes(8))
    yield "metadata null", file('{"__metadata__":null,"a":%s}' % entry(), bytes(8))
    yield "metadata twice", file('{"__metadata__":{},"__metadata__":{},"a":%s}' % entry(), bytes(8))
    yield "metadata only", file('{"__metadata__":{"k":"v"}}')
    yield "nested 2,000 deep", file('{"a":%s}' % nested, bytes(8))
    yield "nested 2,000 deep beside good fields", file('{"a":{"x":%s,"dtype":"F32","shape":[2],"data_offsets":[0,8]}}' % nested, bytes(8))
    yield "unknown field", file('{"a":{"x":[1,{}],"dtype":"F32","shape":[2],"data_offsets":[0,8]}}', bytes(8))
    yield "field twice", file('{"a":{"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]}}', bytes(8))
    yield "field missing", file('{"a":{"dtype":"F32","shape":[2]}}', bytes(8))
    yield "three offsets", file('{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8,8]}}', bytes(8))
    yield "zero-size dimension", file('{"a":%s}' % entry(shape=(0, 3), offsets=(0, 0)))
    yield "zero-size between others", file('{"a":%s,"z":%s,"b":%s}' % (entry(), entry(shape=(0,), offsets=(8, 8)), entry(offsets=(8, 16))), bytes(16))
    yield "scalar", file('{"a":%s}' % entry(shape=(), offsets=(0, 4)), bytes(4))
    yield "BF16", file('{"a":%s}' % entry(dtype="BF16", offsets=(0, 4)), bytes(4))
    yield "F4 of odd count", file('{"a":%s}' % entry(dtype="F4", shape=(3,), offsets=(0, 2)), bytes(2))
    yield "F8_E4M3FNUZ", file('{"a":%s}' % entry(dtype="F8_E4M3FNUZ", offsets=(0, 2)), bytes(2))
    yield "C64", file('{"a":%s}' % entry(dtype="C64", offsets=(0, 16)), bytes(16))
    yield "leading spaces", file('   {"a":%s}' % entry(), bytes(8))
    yield "trailing spaces", file('{"a":%s}   ' % entry(), bytes(8))
    yield "text after the object", file('{"a":%s} x' % entry(), bytes(8))
    yield "NUL byte after the object", file('{"a":%s}\0' % entry(), bytes(8))
    yield "array as header", file("[]")
    yield "NUL inside a name", file('{"a\\u0000b":%s}' % entry(), bytes(8))
    yield "raw control character in a name", file('{"a\x01":%s}' % entry(), bytes(8))
    yield "trailing comma", file('{"a":%s,}' % entry(), bytes(8))
    yield "leading zero", file('{"a":{"dtype":"F32","shape":[02],"data_offsets":[0,8]}}', bytes(8))
    yield "byte order mark", file(b"\xef\xbb\xbf" + b'{"a":%s}' % entry().encode(), bytes(8))


def odd_cases():
    for name, data in odd():
        try:
            safetensors.deserialize(data)
            verdict, message = True, ""
        except Exception as error:
            verdict, message = False, str(error)
        yield dict(name=name, file=text(data), accepted=verdict, reference=message)


def written():
    values = torch.tensor([0.0, -0.0, 1.0, -2.5, 65504.0, 6e-8, 3.14159274, 1e-3])
    yield "floats", {name: values.to(kind) for name, kind in dict(
        single=torch.float32, double=torch.float64, half=torch.float16, brain=torch.bfloat16).items()}, {"format": "pt"}
    whole = torch.tensor([[0, 1, 2], [100, 101, 127]])
    yield "integers", {f"n{bits}.{i}": whole.to(kind) for i, (bits, kind) in enumerate([
        (8, torch.int8), (8, torch.uint8), (16, torch.int16), (32, torch.int32), (64, torch.int64), (1, torch.bool)])}, None
    yield "shapes", dict(scalar=torch.tensor(7.5), empty=torch.zeros(0, 3), z=torch.ones(1, 1, 2)), {"caption": 'quotes " \\ tab\t é \x01'}
    yield "order", {name: torch.full((2,), float(i)).to(torch.float16 if i % 2 else torch.float32)
                    for i, name in enumerate(["b", "a.10", "a.2", "Z", "é", "z"])}, None
    yield "nothing", {}, None


def written_cases():
    for name, tensors, metadata in written():
        data = save(tensors, metadata=metadata)
        back = load(data)
        yield dict(name=name, file=text(data), metadata=metadata or {}, tensors=[
            dict(name=key, shape=list(value.shape), values=value.to(torch.float64).reshape(-1).tolist()) for key, value in back.items()])


def half_cases():
    """f32 bits with the f16 and bf16 bits that torch rounds them to."""
    generator = torch.Generator().manual_seed(3)
    bits = torch.randint(-2**31, 2**31, (400,), generator=generator, dtype=torch.int64).to(torch.int32)
    near = torch.randn(400, generator=generator) * 10.0 ** torch.randint(-9, 6, (400,), generator=generator)
    ties = torch.tensor([1 + 2**-11, 1 + 3 * 2**-11, 65519.0, 65520.0, 2**-25, 3 * 2**-25, 2**-24, 2**-14, 1 + 2**-8, 1 + 3 * 2**-8, float("inf"), -0.0])
    values = torch.cat([bits.view(torch.float32), near, ties])
    values = values[~values.isnan()]
    as_list = lambda t, kind: (t.view(kind).to(torch.int64) & (0xffffffff if kind == torch.int32 else 0xffff)).tolist()
    return dict(single=as_list(values, torch.int32), half=as_list(values.to(torch.float16), torch.int16),
                brain=as_list(values.to(torch.bfloat16), torch.int16))


if __name__ == "__main__":
    json.dump(list(odd_cases()), open("odd.json", "w"), indent=0)
    json.dump(dict(files=list(written_cases()), half=half_cases()), open("files.json", "w"))
