"""Jupyter's own test suite, with every optional field filled."""
import os
import tempfile
import unittest

import jupyter_kernel_test

# Completion of file names is tested in a folder with known files.
FOLDER = tempfile.mkdtemp()
open(os.path.join(FOLDER, "measurements.csv"), "w").close()


class LoamKernel(jupyter_kernel_test.KernelTests):
    kernel_name = "loam"
    language_name = "lua"
    file_extension = ".lua"
    code_hello_world = 'print("hello, world")'
    code_stderr = 'io.stderr:write("to standard error\\n")'
    completion_samples = [
        {"text": "string.rep", "matches": {"string.rep"}},
        {"text": "string.re", "matches": {"string.rep", "string.reverse"}},
        {"text": "whi", "matches": {"while"}},
        {"text": "tensor.zer", "matches": {"tensor.zeros"}},
        {"text": 'x = "😀" .. string.rever', "matches": {"string.reverse"}},
        {"text": f'io.open("{FOLDER}/meas', "matches": {f"{FOLDER}/measurements.csv"}},
    ]
    complete_code_samples = ["x = 1", "1 + 1", "for i = 1, 3 do print(i) end", "-- a comment", "?string", ""]
    incomplete_code_samples = ["function f(", "for i = 1, 3 do", "x = {1,", "s = [[several", "if x then\n  y = 1", "1 +"]
    invalid_code_samples = ["x = = 1", "end", "local 3 = x", "for for"]
    code_page_something = "?help"
    code_generate_error = 'error("as asked")'
    code_execute_result = [
        {"code": "1 + 2", "result": "3"},
        {"code": "local a = 3\na * 2", "result": "6"},
        {"code": "'häß' .. '😀'", "result": "häß😀"},
        {"code": "{1, 2, x = 3}", "result": "{1, 2, x = 3}"},
        {"code": "tensor.full({3, 4, 4}, 0.5)", "mime": "image/png"},
        {"code": 'report.table{columns = {"a"}, rows = {{1}}}', "mime": "text/html"},
        {"code": 'report.table{columns = {"a"}, rows = {{1}}}', "mime": "text/markdown"},
        {"code": 'plot.lines{x = "a", y = "b", series = {{y = {1, 2}}}}', "mime": "image/svg+xml"},
    ]
    code_display_data = [
        {"code": 'display.html("<b>x</b>")', "mime": "text/html"},
        {"code": "display.show(tensor.full({3, 4, 4}, 0.5))", "mime": "image/png"},
        {"code": "display.show(data.scenes{count = 1, size = 16}:image(1))", "mime": "image/png"},
        {"code": 'display.markdown("*x*")', "mime": "text/markdown"},
        {"code": 'display.latex("$x$")', "mime": "text/latex"},
        {"code": "display.json('{\"a\": [1, 2]}')", "mime": "application/json"},
        {"code": 'display.show(plot.lines{x = "a", y = "b", series = {{y = {1, 2}}}})', "mime": "image/png"},
    ]
    code_history_pattern = "1 ?*2*"
    supported_history_operations = ("tail", "range", "search")
    code_inspect_sample = "tensor.zeros"
    code_clear_output = "display.clear()"


class LoamWelcome(jupyter_kernel_test.IopubWelcomeTests):
    kernel_name = "loam"
    support_iopub_welcome = True


if __name__ == "__main__":
    unittest.main(verbosity=2)
