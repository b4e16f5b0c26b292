"""Judges notebooks with programs of others: nbformat, jupytext, pandas, lxml, Pillow, pandoc and lua5.4.

    LOAM_PYTHON -m pip install nbformat jupytext pandas lxml pillow
    python notebooks.py LOAM [NAME ...]

Run from anywhere; the tutorial is built at its smoke preset in a temporary folder.
"""
import os, pathlib, random, re, signal, subprocess, sys, tempfile, time

import jupytext, nbformat

ROOT = pathlib.Path(__file__).resolve().parents[2]
LOAM = str(pathlib.Path(sys.argv[1]).resolve())


def loam(*arguments, **options):
    return subprocess.run([LOAM, "notebook", *map(str, arguments)], capture_output=True, text=True, cwd=options.pop("cwd", ROOT), check=True, **options)


def told(cell):
    """What a reader sees of a cell. jupytext takes spaces and empty lines at the ends of Markdown away."""
    source = cell.source.strip() if cell.cell_type != "code" else cell.source.rstrip("\n")
    return cell.cell_type, source, sorted(cell.metadata.get("tags", []))


def spellings(folder):
    """jupytext and Loam write the same cells, and read each other's files."""
    notebook = nbformat.v4.new_notebook(metadata={"kernelspec": {"name": "loam", "display_name": "Lua (Loam)", "language": "lua"}})
    notebook.cells = [
        nbformat.v4.new_markdown_cell("# Title\n\nText with `code` and\n\n```lua\nan_example()\n```"), nbformat.v4.new_code_cell("local x = 1", metadata={"tags": ["parameters"]}),
        nbformat.v4.new_code_cell("--| label: tbl-a\nfor i = 1, 2 do\n\n\n  print(i)\nend\nx"), nbformat.v4.new_markdown_cell("one"),
        nbformat.v4.new_markdown_cell("two", metadata={"tags": ["a b", "c"]}), nbformat.v4.new_code_cell("print('é 漢 \U0001F600')", metadata={"tags": ["x"], "name": "n"}),
        nbformat.v4.new_raw_cell("raw <b>text</b>"),
    ]
    expected = [told(cell) for cell in notebook.cells]
    nbformat.write(notebook, folder / "a.ipynb")
    for ending, form in [("md", "md"), ("lua", "lua:percent")]:
        loam("convert", folder / "a.ipynb", folder / f"ours.{ending}")
        assert [told(cell) for cell in jupytext.read(folder / f"ours.{ending}", fmt=form).cells] == expected, f"jupytext reads our .{ending} otherwise"
        jupytext.write(notebook, folder / f"theirs.{ending}", fmt=form)
        loam("convert", folder / f"theirs.{ending}", folder / f"back-{ending}.ipynb")
        back = nbformat.read(folder / f"back-{ending}.ipynb", as_version=4)
        nbformat.validate(back)
        found = [told(cell) for cell in back.cells]
        assert found == expected, f"we read jupytext's .{ending} otherwise: {[pair for pair in zip(found, expected) if pair[0] != pair[1]]}"
        loam("convert", folder / f"ours.{ending}", folder / f"again-{ending}.ipynb")
        again = nbformat.read(folder / f"again-{ending}.ipynb", as_version=4)
        assert [(cell.id, cell.source, cell.metadata) for cell in again.cells] == [(cell.id, cell.source, cell.metadata) for cell in notebook.cells]


def tutorial(folder):
    """Every file of a built notebook is what its ending says, and every reference leads somewhere."""
    import lxml.html, pandas
    from PIL import Image

    began = time.monotonic()
    build = [ROOT / "notebooks/tutorial.md", "--preset", "smoke", "--store", folder / "store", "--out", folder / "out", "--to", "html,tex"]
    loam("run", *build)
    print(f"  tutorial at smoke: {time.monotonic() - began:.1f} s")
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.glob("out/**/*") if path.is_file()}
    began = time.monotonic()
    again = loam("run", *build)
    print(f"  built again: {time.monotonic() - began:.1f} s, {again.stderr.count('stored result')} stages loaded, {again.stderr.count(' runs: ')} run")
    assert " runs: " not in again.stderr
    after = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.glob("out/**/*") if path.is_file()}
    assert after == before, [str(path) for path in {*before, *after} if before.get(path) != after.get(path)]

    notebook = nbformat.read(folder / "out/tutorial.ipynb", as_version=4)
    nbformat.validate(notebook)
    source = nbformat.read(str(convert(ROOT / "notebooks/tutorial.md", folder / "source.ipynb")), as_version=4)
    assert [cell.id for cell in source.cells] == [cell.id for cell in notebook.cells], "ids change when the notebook is run"

    table = pandas.read_csv(folder / "out/tutorial_files/tbl-sweep.csv")
    assert list(table.columns) == ["guidance", "accuracy", "accuracy lower", "accuracy upper"] and list(table.guidance) == [0, 1, 3, 6]
    assert (table["accuracy lower"] <= table.accuracy).all() and (table.accuracy <= table["accuracy upper"]).all()
    markdown = (folder / "out/tutorial.md").read_text()
    for value in table.accuracy:
        assert f"{value:.3f} \\[" in markdown
    for path in folder.glob("out/**/*.csv"):
        assert len(pandas.read_csv(path)) > 0
    for path in folder.glob("out/**/*.png"):
        Image.open(path).load()

    page = lxml.html.parse(str(folder / "out/tutorial.html")).getroot()
    ids = {element.get("id") for element in page.iter() if element.get("id")}
    captions = [element.text_content() for element in page.iter("caption", "figcaption", "p") if re.match(r"(Figure|Table) \d+\.", element.text_content())]
    for kind in ["Figure", "Table"]:
        numbers = [int(text.split()[1].rstrip(".")) for text in captions if text.startswith(kind)]
        assert numbers == list(range(1, len(numbers) + 1)) and numbers, (kind, numbers)
    references = [link for link in page.iter("a") if re.fullmatch(r"(Figure|Table) \d+", link.text_content())]
    assert len(references) >= 4
    for link in references:
        name = link.get("href")[1:]
        assert name in ids, name
        around = page.get_element_by_id(name)
        around = around.getparent() if around.tag == "img" else around
        assert link.text_content() + "." in around.text_content(), (link.text_content(), around.text_content()[:80])
    assert all(image.get("src").startswith("data:image/") for image in page.iter("img")) and not list(page.iter("script", "link", "iframe"))
    subprocess.run(["pandoc", "-f", "markdown", "-t", "json", folder / "out/tutorial.md", "-o", os.devnull], check=True)


def convert(path, result):
    loam("convert", path, result)
    return result


def kills(folder):
    """A killed run leaves a valid file with all finished cells; the next one ends with the bytes of an unbroken run."""
    cells = 8
    text = "".join(f'```lua\nlocal t = os.clock() while os.clock() - t < 0.05 do end\nprint("cell", {number})\n```\n\n' for number in range(cells))
    (folder / "n.md").write_text(text)
    arguments = ["run", "n.md", "--to", "none", "--store", "store"]
    loam(*arguments, "--out", "whole", cwd=folder)
    whole = (folder / "whole/n.ipynb").read_bytes()
    random.seed(1)
    counts = []
    for trial in range(20):
        out = folder / f"out{trial}"
        process = subprocess.Popen([LOAM, "notebook", *arguments, "--out", str(out)], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        wanted = random.randrange(cells)
        shown = 0
        while shown <= wanted and process.stdout.readline():
            shown += 1
        time.sleep(random.random() * 0.05)
        process.send_signal(signal.SIGKILL)
        process.wait()
        done = 0
        if (out / "n.ipynb").exists():
            notebook = nbformat.read(out / "n.ipynb", as_version=4)
            nbformat.validate(notebook)
            done = sum(bool(cell.outputs) for cell in notebook.cells)
            for number, cell in enumerate(notebook.cells[:done]):
                assert cell.outputs[0].text == f"cell\t{number}\n"
        # What cell n prints is seen while it runs: those before it are finished.
        assert done >= shown - 1, (done, shown)
        counts.append(done)
        loam(*arguments, "--out", out, cwd=folder)
        assert (out / "n.ipynb").read_bytes() == whole
    print(f"  20 kills, finished cells found: {counts}")


def tangle(folder):
    """The script that a notebook is tangled to prints in lua5.4 what the notebook prints."""
    (folder / "n.md").write_text('---\ntitle: t\n---\n```lua tags=["parameters"]\nlocal n = 3\n```\n\nText.\n\n```lua\nlocal s = 0\nfor i = 1, n do s = s + i end\ns -- sum\n```\n```lua\nprint("end", n)\n```\n')
    loam("tangle", "n.md", "n.lua", "-p", "n=4", cwd=folder)
    plain = subprocess.run(["lua5.4", "n.lua"], capture_output=True, text=True, cwd=folder, check=True).stdout
    assert plain == loam("run", "n.md", "-p", "n=4", "--to", "none", "--store", "store", cwd=folder).stdout == "10\nend\t4\n", plain


failed = 0
for check in [spellings, tangle, kills, tutorial]:
    if sys.argv[2:] and check.__name__ not in sys.argv[2:]:
        continue
    with tempfile.TemporaryDirectory() as place:
        try:
            check(pathlib.Path(place))
            print(f"{check.__name__}: agrees")
        except (AssertionError, subprocess.CalledProcessError) as error:
            failed += 1
            print(f"{check.__name__} (line {error.__traceback__.tb_next.tb_lineno if error.__traceback__.tb_next else 0}): {error} {getattr(error, 'stderr', '')}")
sys.exit(failed > 0)
