"""The options of cells, as knitr has them: the same cells in R and in Lua show and hide the same parts.

    python cell_options.py LOAM        (Rscript with the package knitr: Debian's r-cran-knitr)
"""
import itertools, pathlib, subprocess, sys, tempfile

LOAM = str(pathlib.Path(sys.argv[1]).resolve())
# What is called output here is called results in knitr.
OPTIONS = [dict(zip(("echo", "eval", "output", "include"), values)) for values in itertools.product([True, False], repeat=4)]
CASES = OPTIONS + [{"error": True}, {"error": True, "echo": False}, {"error": True, "output": False}, {}]


def cell(language, number, options, mark):
    lines = []
    for name, value in options.items():
        if language == "r" and name == "output":
            lines.append(f'{mark} results: "{"markup" if value else "hide"}"')
        else:
            lines.append(f"{mark} {name}: {str(value).lower()}")
    fails = "error" in options
    if language == "r":
        code = f'print("printed{number}")  # code{number}\n' + (f'stop("fault{number}")\n' if fails else f'"value{number}"\n')
    else:
        code = f'print("printed{number}");  -- code{number}\n' + (f'error("fault{number}")\n' if fails else f'"value{number}"\n')
    fence = "```{r}" if language == "r" else "```lua"
    return f"{fence}\n" + "".join(line + "\n" for line in lines) + code + "```\n"


def seen(text, number):
    """Which parts of a cell a reader sees; a comment stands for its code, and names in quotes are output only where the code is not."""
    parts = set()
    if f"code{number}\n" in text:
        parts.add("code")
    outputs = "\n".join(line for line in text.splitlines() if "code" not in line and not line.startswith(("stop(", "error(", '"value', '## "value')))
    for part in ("printed", "value", "fault"):
        plain = [line for line in outputs.splitlines() if f"{part}{number}" in line.replace('"', " ").replace(":", " ").split() or line.endswith(f"{part}{number}") or line.endswith(f'{part}{number}"')]
        if plain:
            parts.add(part)
    return parts


with tempfile.TemporaryDirectory() as place:
    folder = pathlib.Path(place)
    (folder / "a.Rmd").write_text("\n".join(cell("r", number, options, "#|") for number, options in enumerate(CASES, 100)))
    (folder / "a.md").write_text("\n".join(cell("lua", number, options, "--|") for number, options in enumerate(CASES, 100)))
    subprocess.run(["Rscript", "-e", 'knitr::knit("a.Rmd", "theirs.md", quiet = TRUE)'], cwd=folder, check=True, capture_output=True)
    subprocess.run([LOAM, "notebook", "run", "a.md", "--to", "none", "--out", "out"], cwd=folder, check=True, capture_output=True)
    theirs, ours = (folder / "theirs.md").read_text(), (folder / "out/a.md").read_text()
    failures = 0
    for number, options in enumerate(CASES, 100):
        left, right = seen(theirs, number), seen(ours, number)
        if left != right:
            failures += 1
            print(f"{options}: knitr shows {sorted(left)}, Loam {sorted(right)}")
    print(f"cell options: {len(CASES) - failures} of {len(CASES)} cells show what knitr shows")
    sys.exit(failures > 0)
