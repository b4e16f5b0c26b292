"""What Loam prints, read by others: tensors by numpy within the printed precision, columns of tables by wcwidth.

    python printing.py LOAM        (numpy, wcwidth)
"""
import ast, pathlib, random, re, subprocess, sys, tempfile

import numpy
from wcwidth import wcswidth

LOAM = str(pathlib.Path(sys.argv[1]).resolve())
random.seed(7)
generator = numpy.random.default_rng(7)


def shown(folder, names):
    """The text of each array, one after the other, through a marker line."""
    lines = "".join(f'print(file.load_npy("{name}")) print("=====")\n' for name in names)
    (folder / "show.lua").write_text('local file = require("loam").file\n' + lines)
    out = subprocess.run([LOAM, "show.lua"], cwd=folder, capture_output=True, text=True, check=True).stdout
    return out.split("=====\n")[:-1]


def tensors(folder):
    arrays = []
    for trial in range(300):
        shape = tuple(random.randint(1, 5) for _ in range(random.randint(0, 4)))
        kind = random.choice(["unit", "large", "small", "mixed", "whole", "i64", "bool", "f64"])
        x = generator.standard_normal(shape)
        if kind == "large":
            x = x * 10.0 ** random.randint(4, 20)
        elif kind == "small":
            x = x * 10.0 ** -random.randint(4, 20)
        elif kind == "mixed":
            x = x * 10.0 ** generator.integers(-6, 6, shape)
        elif kind == "whole":
            x = numpy.round(x * 100)
        elif kind == "i64":
            x = (x * 1e6).astype(numpy.int64)
        elif kind == "bool":
            x = x > 0
        x = numpy.asarray(x, dtype=x.dtype if kind in ("i64", "bool", "f64") else numpy.float32)
        if kind == "mixed" and x.size > 2:
            x.flat[0], x.flat[1] = numpy.nan, -numpy.inf
        numpy.save(folder / f"{trial}.npy", x)
        arrays.append((kind, x))
    worst = 0.0
    for (kind, x), text in zip(arrays, shown(folder, [f"{i}.npy" for i in range(len(arrays))])):
        body = re.fullmatch(r"tensor\((.*), \w+ \[[\d, ]*\]\)\s*", text, re.S)
        assert body, text
        words = body.group(1).replace("{", "[").replace("}", "]").replace("true", "True").replace("false", "False")
        words = re.sub(r"-?nan", "None", re.sub(r"inf", "1e999", words))
        back = numpy.array(ast.literal_eval(words), dtype=float)
        assert back.shape == x.shape, (back.shape, x.shape, text)
        assert (numpy.isnan(back) == numpy.isnan(x.astype(float))).all(), text
        finite = numpy.isfinite(x.astype(float))
        assert (back[~finite & ~numpy.isnan(back)] == x[~finite & ~numpy.isnan(x.astype(float))]).all(), text
        numbers = re.findall(r"-?\d+(?:\.\d+)?(?:e[+-]?\d+)?", words)
        for value, read, printed in zip(x[finite].ravel().astype(float), back[finite].ravel(), [n for n in numbers if n != "1e999" and n != "-1e999"]):
            mantissa, _, exponent = printed.partition("e")
            step = 10.0 ** (int(exponent or 0) - len(mantissa.partition(".")[2]))
            allowed = 0 if kind in ("i64", "bool") else 0.5 * step * (1 + 1e-6) + abs(value) * 1e-7
            assert abs(value - read) <= allowed, (kind, value, printed)
            worst = max(worst, abs(value - read) / step)
        rows = [line for line in re.sub(r", \w+ \[[\d, ]*\]\)\s*$", "", text).split("\n") if line.strip()]
        if x.ndim >= 2 and x.shape[-2] > 1:
            inner = [wcswidth(row.rstrip(",}")) for row in rows]
            assert len(set(inner)) == 1, text
    print(f"  300 tensors read back by numpy; the worst differs by {worst:.2f} of the last printed place")


def tables(folder):
    words = ["a", "größe", "漢字かな", "é", "e\u0301", "😀", "λ→∞", "ﾊﾝｶｸ", "العربية", "x" * 12]
    lines = ['local report = require("loam").report']
    for trial in range(40):
        columns = [random.choice(words) + str(i) for i in range(random.randint(1, 4))]
        rows = [[random.choice(words) if random.random() < 0.7 else round(random.uniform(-1000, 1000), 2) for _ in columns] for _ in range(4)]
        lua = lambda v: repr(v) if isinstance(v, (int, float)) else '"' + v + '"'
        lines.append("print(report.table{columns = {%s}, rows = {%s}}) print('=====')" % (", ".join(map(lua, columns)), ", ".join("{" + ", ".join(map(lua, row)) + "}" for row in rows)))
    (folder / "tables.lua").write_text("\n".join(lines))
    out = subprocess.run([LOAM, "tables.lua"], cwd=folder, capture_output=True, text=True, check=True).stdout
    count = 0
    for text in out.split("=====\n")[:-1]:
        lines = [line for line in text.split("\n") if line.strip()]
        rule = next(i for i, line in enumerate(lines) if set(line.strip()) <= {"─", " "})
        # Where a column ends, every line has a blank or its own end.
        starts = [match.start() for match in re.finditer("─+", lines[rule])]
        for line in lines[:rule] + lines[rule + 1:]:
            cells, place = [], 0
            for character in re.findall(r".[\u0300-\u036f]*", line):
                cells += [character] + [""] * (wcswidth(character) - 1)
            for start in starts[1:]:
                assert start >= len(cells) or (cells[start - 1] == " " and (start < 2 or cells[start - 2] == " ")), (text, line, start)
            count += 1
    print(f"  {count} lines of tables whose columns stand where wcwidth sees them")


failed = 0
for check in (tensors, tables):
    with tempfile.TemporaryDirectory() as place:
        try:
            check(pathlib.Path(place))
            print(f"{check.__name__}: agrees")
        except (AssertionError, subprocess.CalledProcessError) as error:
            failed += 1
            print(f"{check.__name__} (line {error.__traceback__.tb_lineno}): {error} {getattr(error, 'stderr', '')}")
sys.exit(failed > 0)
