"""Hashes of values under the encoding documented in StoreValue+Encoding.swift, by an encoder written from that table alone.

python3 make_encoding.py > encoding.json
"""
import hashlib
import json
import struct


def count(number):
    return struct.pack("<Q", number)


def encode(value):
    if value is None:
        return b"n"
    if isinstance(value, bool):
        return b"t" if value else b"f"
    if isinstance(value, int):
        return b"i" + struct.pack("<q", value)
    if isinstance(value, float):
        return b"d" + struct.pack("<d", value)
    if isinstance(value, str):
        return b"s" + count(len(value.encode())) + value.encode()
    if isinstance(value, bytes):
        return b"b" + count(len(value)) + value
    if isinstance(value, list):
        return b"l" + count(len(value)) + b"".join(map(encode, value))
    items = sorted((encode(key), encode(item)) for key, item in value.items())
    return b"m" + count(len(items)) + b"".join(key + item for key, item in items)


def file(content):
    return b"F" + count(len(content)) + hashlib.sha256(content).digest()


def folder(members):
    inner = b"".join(encode(path) + file(content) for path, content in sorted(members.items(), key=lambda m: m[0].encode()))
    return b"D" + count(sum(map(len, members.values()))) + hashlib.sha256(inner).digest()


mixed = {"guidance": 2.0, "steps": 50, "captions": ["a red disc", "na\u00efve"], "flag": True, "none": None,
         "code": bytes([0, 255, 10]), 7: -1}
members = {"b.txt": b"two", "a.txt": b"one", "c/d.txt": b""}
cases = {
    "null": encode(None),
    "negative zero": encode(-0.0),
    "nested empty": encode([[], {}]),
    "mixed": encode(mixed),
    "file": file(b"one"),
    "folder": folder(members),
}
print(json.dumps({name: hashlib.sha256(data).hexdigest() for name, data in cases.items()}, indent=1))
