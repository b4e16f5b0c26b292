"""Front ends and runners of notebooks, each with a notebook in Lua; interrupts as a front end sends them."""
import io
import base64
import os
import subprocess
import sys
import tempfile
import time
import unittest

import nbformat
import numpy
import pexpect
from jupyter_client.manager import start_new_kernel
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from PIL import Image

SCRIPTS = os.path.dirname(sys.executable)


def notebook(*cells):
    made = nbformat.v4.new_notebook()
    made.metadata.kernelspec = {"name": "loam", "display_name": "Loam (Lua 5.4)", "language": "lua"}
    made.cells = [nbformat.v4.new_code_cell(cell) for cell in cells]
    return made


def saved(made):
    path = os.path.join(tempfile.mkdtemp(), "notebook.ipynb")
    nbformat.write(made, path)
    return path


def outputs(made):
    return ["".join(o.get("text", "") or o.get("data", {}).get("text/plain", "") for o in cell.outputs) for cell in made.cells]


class FrontEnds(unittest.TestCase):
    def test_nbclient_and_locals_that_live(self):
        # torch/iTorch issue 115.
        made = notebook("local a = 10", "print(a)", "local function f() a = a + 1 end", "f() f()", "a")
        NotebookClient(made, timeout=30).execute()
        nbformat.validate(made)
        self.assertEqual(outputs(made), ["", "10\n", "", "", "12"])

    def test_an_error_stops_nbclient_and_is_in_the_notebook(self):
        made = notebook("x = 1", "\nerror('no')", "x = 2")
        with self.assertRaises(CellExecutionError):
            NotebookClient(made, timeout=30).execute()
        self.assertEqual(made.cells[1].outputs[0].evalue, "In[2]:2: no")
        self.assertEqual(made.cells[2].outputs, [])

    def test_a_tensor_is_its_picture(self):
        made = notebook("local t = data.scenes{count = 1, size = 32}:image(1):resize(30, 20):tensor()", "t", "display.show(tensor.stack({t, t}))", "t:sum():item()")
        NotebookClient(made, timeout=30).execute()
        shown = Image.open(io.BytesIO(base64.b64decode(made.cells[1].outputs[0].data["image/png"])))
        self.assertEqual((shown.size, shown.mode), ((30, 20), "RGB"))
        mean = float(made.cells[3].outputs[0].data["text/plain"]) / (3 * 20 * 30)
        self.assertAlmostEqual(numpy.asarray(shown).mean() / 255, mean, delta=0.001)
        self.assertEqual(Image.open(io.BytesIO(base64.b64decode(made.cells[2].outputs[0].data["image/png"]))).size, (61, 20))

    def test_updates_and_clearing(self):
        made = notebook("display.show(1, {id = 'n'})", "display.update('n', 2)", "print('old') display.clear() print('new')")
        NotebookClient(made, timeout=30).execute()
        self.assertEqual(outputs(made), ["2", "", "new\n"])

    def test_much_output_comes_whole_and_in_order(self):
        made = notebook("for i = 1, 20000 do print(i) end", "io.stdout:write('a'); display.show('b'); os.execute('printf c');")
        NotebookClient(made, timeout=60).execute()
        self.assertEqual(outputs(made)[0], "".join(f"{i}\n" for i in range(1, 20001)))
        self.assertEqual(outputs(made)[1], "abc")

    def test_papermill_with_the_translator(self):
        folder = subprocess.check_output(["jupyter", "kernelspec", "list", "--json"], env={**os.environ, "PATH": SCRIPTS + ":" + os.environ["PATH"]})
        import json

        sys.path.insert(0, json.loads(folder)["kernelspecs"]["loam"]["resource_dir"])
        import loam_papermill
        import papermill

        made = notebook("local steps = 10 -- how many\nname = 'a'", "print(steps, name, list and list[2].x, #(text or ''), flag, math.type(rate))")
        made.cells[0].metadata.tags = ["parameters"]
        path = saved(made)
        text = 'q"\\\n\0001\x1f]] ä😀'
        parameters = dict(steps=30, name="b", list=[1, {"x": 5, "end": None, "1 a": True}], text=text, flag=False, rate=2.0)
        result = papermill.execute_notebook(path, path + ".out.ipynb", parameters, progress_bar=False)
        self.assertEqual(result.cells[2].outputs[0].text, f"30\tb\t5\t{len(text.encode())}\tfalse\tfloat\n")
        self.assertEqual(set(papermill.inspect_notebook(path)), {"steps", "name"})
        self.assertEqual(papermill.inspect_notebook(path)["steps"]["default"], "10")
        translate = loam_papermill.LuaTranslator.translate
        self.assertEqual([translate(v) for v in (float("inf"), -(2**63), 2**70, None, True)], ["math.huge", "math.mininteger", "1.1805916207174113e+21", "nil", "true"])
        with self.assertRaises(ValueError):
            papermill.execute_notebook(path, path + ".out.ipynb", {"end": 1}, progress_bar=False)
        # Loam's own runner makes the same notebook of it.
        made = notebook("local n = 1\nname = 'a'", "print(n, name)", "n * 2")
        made.cells[0].metadata.tags = ["parameters"]
        path = saved(made)
        theirs = papermill.execute_notebook(path, path + ".out.ipynb", dict(n=5, name="b c"), progress_bar=False)
        folder = os.path.dirname(path)
        subprocess.run([os.environ["LOAM"], "notebook", "run", path, "-p", "n=5", "-p", "name=b c", "--to", "none", "--out", folder + "/out"], check=True, capture_output=True, cwd=folder)
        ours = nbformat.read(folder + "/out/notebook.ipynb", 4)
        told = [[(c.source.rstrip(), c.metadata.get("tags") or [], c.execution_count, [(o.output_type, o.get("text") or o.data["text/plain"]) for o in c.outputs]) for c in made.cells] for made in (theirs, ours)]
        self.assertEqual(told[0], told[1])

    def test_nbconvert_executes(self):
        path = saved(notebook("1 + 1", "print('seen')"))
        subprocess.run([SCRIPTS + "/jupyter-nbconvert", "--to", "notebook", "--execute", "--inplace", path], check=True, capture_output=True)
        self.assertEqual(outputs(nbformat.read(path, 4)), ["2", "seen\n"])
        text = subprocess.run([SCRIPTS + "/jupyter-nbconvert", "--to", "script", "--stdout", path], check=True, capture_output=True, text=True).stdout
        self.assertIn("print('seen')", text)

    def test_jupytext_executes(self):
        folder = tempfile.mkdtemp()
        source = os.path.join(folder, "n.md")
        with open(source, "w") as file:
            file.write("---\njupyter:\n  kernelspec:\n    display_name: Loam\n    language: lua\n    name: loam\n---\n\n# Title\n\n```lua\nlocal a = 6\n```\n\n```lua\na * 7\n```\n")
        subprocess.run([SCRIPTS + "/jupytext", "--to", "ipynb", "--execute", source], check=True, capture_output=True, env={**os.environ, "PATH": SCRIPTS + ":" + os.environ["PATH"]})
        made = nbformat.read(os.path.join(folder, "n.ipynb"), 4)
        self.assertEqual([o for cell in made.cells if cell.cell_type == "code" for o in [c.get("data", {}).get("text/plain") for c in cell.outputs]], ["42"])

    def test_a_notebook_that_was_run_out_of_order_is_caught(self):
        # As somebody does it by hand: the last cell first, then the first, then all is saved with the outputs that were seen.
        made = notebook("x = 1", "x = x + 1", "x")
        client = NotebookClient(made, timeout=30)
        with client.setup_kernel():
            for place in (0, 1, 1, 2):
                client.execute_cell(made.cells[place], place)
        self.assertEqual(outputs(made), ["", "", "3"])
        said = subprocess.run([os.environ["LOAM"], "notebook", "verify", saved(made)], capture_output=True, text=True)
        self.assertEqual(said.returncode, 1, said)
        self.assertIn("out of order", said.stdout)
        self.assertRegex(said.stdout, r"cell 3.*\n?.*")
        made = notebook("x = 1", "x = x + 1", "x")
        NotebookClient(made, timeout=30).execute()
        said = subprocess.run([os.environ["LOAM"], "notebook", "verify", saved(made)], capture_output=True, text=True)
        self.assertEqual((said.returncode, said.stderr), (0, ""), said)

    def test_jupyter_console(self):
        console = pexpect.spawn(SCRIPTS + "/jupyter-console", ["--kernel", "loam", "--simple-prompt"], encoding="utf-8", timeout=30)
        console.expect(r"In \[1\]:")
        console.sendline("local a = 20 + 1")
        console.expect(r"In \[2\]:")
        console.sendline("a * 2")
        console.expect("42")
        console.expect(r"In \[3\]:")
        console.sendline("io.read()")
        time.sleep(0.5)
        console.sendline("typed")
        console.expect("typed")
        console.expect(r"In \[4\]:")
        console.sendeof()
        console.sendline("y")
        console.expect(pexpect.EOF)


class Interrupts(unittest.TestCase):
    """Each is stopped by the front end's own means; the next cell works."""

    LOOPS = {
        "a tight loop": ("while true do end", 1.0),
        "a loop that catches errors": ("while true do pcall(function() while true do end end) end", 1.0),
        "a coroutine": ("coroutine.wrap(function() while true do end end)()", 1.0),
        "a pattern": ('("a"):rep(1e4):find(".-.-.-.-b$")', 1.0),
        "waiting for input": ("io.read()", 1.0),
        "products for half a minute": ("local a = tensor.full({2000, 2000}, 0.1) for i = 1, 1000 do a:matmul(a) end", 2.0),
        "a program": ("os.execute('sleep 30')", 1.0),
        "what a program says": ("io.popen('sleep 30'):read('a')", 1.0),
        "a long table in order": ("table.sort(numbers)", 1.0),
        "one product": ("big:matmul(big)", 2.0),
        "one convolution": ("pictures:conv2d(filters, nil, {padding = 1})", 2.0),
        "the gradients of one convolution": ("result:backward()", 2.0),
        "one attention": ("tensor.attention(tokens, tokens, tokens, {heads = 8})", 2.0),
        "one sort": ("list:sort()", 2.0),
        "a step of a sampler": ("generator:generate{captions = captions, steps = 20, batch = 2048}", 2.0),
        "a step of training that keeps a checkpoint": ("encoder.train{objective = 'simclr', data = set, steps = 100, crops = 4096, width = 256, depth = 6, checkpoint = folder}", 2.0),
    }
    SETUP = """
        big = tensor.ones{12000, 12000}
        pictures, filters = tensor.ones{32, 256, 128, 128}, tensor.ones{256, 256, 3, 3}
        local x = tensor.ones{8, 256, 64, 64}:track()
        result = x:conv2d(filters, nil, {padding = 1}):sum()
        tokens = tensor.ones{8, 16384, 512}
        list = tensor.uniform{30000000}
        numbers = {}
        for i = 1, 5000000 do numbers[i] = i * 7919 % 5000011 end
        generator, captions = diffusion.load(MODEL), {}
        for i = 1, 2048 do captions[i] = "a red square" end
        set, folder = data.scenes{count = 2048, seed = 1}, FOLDER
    """.replace("MODEL", repr(os.path.join(os.path.dirname(__file__), "../../../models/scenes.safetensors"))).replace("FOLDER", repr(tempfile.mkdtemp()))

    def test_interrupts(self):
        manager, client = start_new_kernel(kernel_name="loam")
        try:
            client.execute(self.SETUP)
            reply = client.get_shell_msg(timeout=120)
            self.assertEqual(reply["content"]["status"], "ok", reply["content"])
            for by in ("message", "signal"):
                for name, (code, limit) in self.LOOPS.items():
                    with self.subTest(name, by=by):
                        sent = client.execute(code, allow_stdin=True)
                        time.sleep(0.6)
                        began = time.time()
                        if by == "message":
                            manager.interrupt_kernel()
                        else:
                            manager.signal_kernel(2)
                        reply = client.get_shell_msg(timeout=10)
                        seconds = time.time() - began
                        self.assertEqual(reply["parent_header"]["msg_id"], sent)
                        self.assertEqual(reply["content"].get("ename"), "KeyboardInterrupt")
                        self.assertLess(seconds, limit)
                        client.execute("1 + 1")
                        self.assertEqual(client.get_shell_msg(timeout=10)["content"]["status"], "ok")
                        print(f"    {name} by {by}: {seconds:.2f} s")
            manager.restart_kernel()
            client.wait_for_ready(timeout=10)
            client.execute("assert(x == nil)")
        finally:
            client.stop_channels()
            manager.shutdown_kernel()


if __name__ == "__main__":
    unittest.main(verbosity=2)
