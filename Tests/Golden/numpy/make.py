"""Makes arrays.json: .npy and .npz files written by NumPy with their values, and files that must be refused.

Run with: python make.py   (numpy)
"""
import base64, io, json
import numpy as np


def file(array, version=None):
    out = io.BytesIO()
    np.lib.format.write_array(out, array, version=version)
    return out.getvalue()


values = np.array([[0, 1, 2], [100, 101, 127]])
cases = []
for kind in "f2 f4 f8 i1 i2 i4 i8 u1 u2 u4 u8 b1 >f4 >i2 >f8".split():
    cases.append((kind, values.astype(kind)))
cases += [("scalar", np.array(2.5)), ("one axis", np.arange(4.0)), ("empty", np.zeros((0, 3), "f4")), ("column-major", np.asfortranarray(np.arange(24.0).reshape(2, 3, 4))),
          ("four axes", np.arange(16, dtype="f4").reshape(2, 2, 2, 2))]
bad = [np.array([1j]), np.array(["a"]), np.zeros(2, [("a", "f4")]), np.array([1], "M8[s]")]
text = lambda data: base64.b64encode(data).decode()
items = [dict(name=name, file=text(file(array)), shape=list(array.shape), values=array.astype("f8").reshape(-1).tolist()) for name, array in cases]
items += [dict(name=f"version {v}", file=text(file(values.astype("f4"), v)), shape=[2, 3], values=values.astype("f8").reshape(-1).tolist()) for v in [(2, 0), (3, 0)]]
written = [dict(shape=list(s), file=text(file(np.arange(int(np.prod(s)), dtype="f4").reshape(s)))) for s in [(), (3,), (2, 3), (0,), (1, 1, 5), (100, 2)]]
archives = []
for save in (np.savez, np.savez_compressed):
    out = io.BytesIO()
    save(out, first=np.arange(3), second=np.arange(4.0).reshape(2, 2) + 0.5)
    archives.append(text(out.getvalue()))
json.dump(dict(archives=archives, read=items, refused=[text(file(array)) for array in bad], written=written), open("arrays.json", "w"), indent=0)
