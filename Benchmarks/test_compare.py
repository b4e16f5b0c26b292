"""Checks compare.py with stand-ins for Loam and for the peers. Run: python3 -m unittest discover Benchmarks"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
LOAM = """import json, sys
case = sys.argv[3]
if case == "gelu": sys.exit("no such case: gelu")
times = {"fma-peak": [0.5, 0.6], "probe": [0.1, 0.2, 0.3]}.get(case, [0.02])
print("noise"); print(json.dumps({"case": case, "times": times, "unit": "GFLOP/s", "work": 1e11}))
"""
PEER = """import json, os
slow = 1 if "libtcmalloc" in os.environ.get("LD_PRELOAD", "") else 2
print(json.dumps({"cases": {"fit": {"times": [0.4 * slow]}, "nn 1024x1024x1024": {"times": [0.01 * slow]}}}))
"""


class Compare(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.peers = pathlib.Path(self.folder.name) / "peers"
        (self.peers / "torch").mkdir(parents=True)  # found as a module by the check for torch, through PYTHONPATH
        (self.peers / "torch/__init__.py").write_text("__version__ = '0'\n")
        for name, text in {"common.py": "", "gemm.py": PEER, "probe.py": PEER, "ops.py": "raise SystemExit('no torch here')"}.items():
            (self.peers / name).write_text(text)
        self.loam = pathlib.Path(self.folder.name) / "loam.py"
        self.loam.write_text(LOAM)

    def run_compare(self, *arguments, **environment):
        settings = {"LOAM": f"{sys.executable} {self.loam}", "LOAM_PEERS": str(self.peers), "LOAM_PYTHON": sys.executable, "PYTHONPATH": str(self.peers)}
        return subprocess.run([sys.executable, str(HERE / "compare.py"), "--rounds", "2", "--threads", "1", *arguments],
                              capture_output=True, text=True, env={**os.environ, **settings, **environment})

    def test_medians_ratio_and_share_of_peak(self):
        out = pathlib.Path(self.folder.name) / "out.json"
        done = self.run_compare("--cases", "probe,matmul-nn-1024x1024x1024", "--json", str(out))
        self.assertEqual(done.returncode, 0, done.stderr)
        probe = next(line for line in done.stdout.splitlines() if line.startswith("probe"))
        self.assertIn("200 ms", probe)
        product = next(line for line in done.stdout.splitlines() if line.startswith("matmul"))
        self.assertIn("54 %", product)  # 2 x 1024^3 in 20 ms against 1e11 in 0.5 s
        self.assertIn("Peak 200 GFLOP/s", done.stdout)
        data = json.loads(out.read_text())["cases"]["probe"]
        self.assertEqual(data["loam"]["times"], [0.1, 0.2, 0.3] * 2)
        self.assertEqual(data["eager"]["times"], [0.8, 0.8])

    def test_absent_peers_leave_a_sentence(self):
        done = self.run_compare("--cases", "probe", LOAM_PEERS="/nowhere")
        self.assertEqual(done.returncode, 0)
        self.assertIn("PyTorch is not timed: no peers' scripts in /nowhere. Set LOAM_PEERS", done.stdout)
        done = self.run_compare("--cases", "probe", LOAM_PYTHON="/nowhere/python")
        self.assertEqual(done.returncode, 0)
        self.assertIn("/nowhere/python cannot be started", done.stdout)

    def test_a_failing_loam_case_is_named_and_fails_the_run(self):
        done = self.run_compare("--cases", "gelu,probe")
        self.assertEqual(done.returncode, 1)
        self.assertIn("gelu, Loam: no such case: gelu", done.stdout)
        self.assertIn("gelu, PyTorch: no torch here", done.stdout)
        self.assertIn("200 ms", done.stdout)

    def test_an_unknown_case_names_the_known(self):
        done = self.run_compare("--cases", "prob")
        self.assertEqual(done.returncode, 2)
        self.assertIn("no case called prob; known are", done.stderr)


if __name__ == "__main__":
    unittest.main()
