"""How long a user of Loam waits: for the program to start, for the kernel, for an echo, for the answer to Ctrl-C.

    python3 Benchmarks/responsiveness.py

LOAM names the program (default: .build/release/loam). The kernel's figure needs a Python with pyzmq and is left out without it. The status is 1 when a figure is
beyond its limit.
"""
import hashlib
import hmac
import json
import os
import pathlib
import pty
import select
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
LOAM = os.path.realpath(os.environ.get("LOAM", ROOT / ".build/release/loam"))
HISTORY_LINES = 100_000
FAILURES = []


def show(what, seconds, limit, note=""):
    ok = limit is None or seconds <= limit
    if not ok:
        FAILURES.append(what)
    bound = "" if limit is None else f"   limit {limit * 1000:6.0f} ms"
    print(f"{what:58} {seconds * 1000:8.1f} ms{bound}{'' if ok else '   MISSED'}{note}", flush=True)


class Terminal:
    def __init__(self, home, prompt=b"> "):
        environment = dict(HOME=str(home), PATH=os.environ["PATH"], TERM="xterm-256color", LANG="C.UTF-8", LOAM_GRAPHICS="none")
        began = time.perf_counter()
        self.process, self.file = pty.fork()
        if self.process == 0:
            os.chdir(home)
            os.execve(LOAM, ["loam"], environment)
        self.read(prompt)
        self.start_seconds = time.perf_counter() - began

    def read(self, wanted, seconds=60):
        got, end = b"", time.perf_counter() + seconds
        while wanted not in got:
            left = end - time.perf_counter()
            if left <= 0 or not select.select([self.file], [], [], left)[0]:
                raise AssertionError(f"{wanted!r} did not come, but {got[-200:]!r}")
            got += os.read(self.file, 65536)
        return got

    def type(self, text):
        os.write(self.file, text.encode())

    def close(self):
        os.kill(self.process, signal.SIGKILL)
        os.waitpid(self.process, 0)
        os.close(self.file)


def start_up():
    def once(arguments):
        began = time.perf_counter()
        subprocess.run(arguments, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        return time.perf_counter() - began

    once([LOAM, "-e", ""])
    show('loam -e "", median of 30', statistics.median(once([LOAM, "-e", ""]) for _ in range(30)), 0.060)
    if lua := shutil.which("lua5.4"):
        show('lua5.4 -e "", median of 30', statistics.median(once([lua, "-e", ""]) for _ in range(30)), None)


def echo(home):
    with open(home / ".loam_history", "w") as file:
        file.write("_HiStOrY_V2_\n")
        for number in range(HISTORY_LINES):
            file.write(f"local\\040x{number}\\040=\\040tensor.ones{{{number}}}\n")
    terminal = Terminal(home)
    show(f"prompt of the REPL, {HISTORY_LINES} lines of history", terminal.start_seconds, None)
    times = []
    for index in range(200):
        letter = "abcdefghij"[index % 10]
        began = time.perf_counter()
        terminal.type(letter)
        terminal.read(letter.encode())
        times.append(time.perf_counter() - began)
        if index % 50 == 49:
            terminal.type("\x15")  # Ctrl-U empties the line.
            time.sleep(0.05)
            terminal.read(b"\x1b[K")
    show("keystroke to echo, median of 200", statistics.median(times), 0.005)
    show("keystroke to echo, worst of 200", max(times), None)
    began = time.perf_counter()
    terminal.type("x = 1;\r")
    terminal.read(b"\x1b[?2004h> ")
    show("Enter to the next prompt", time.perf_counter() - began, 0.050)
    terminal.close()


INTERRUPTED = [
    ("tight loop", "while true do end", 1), ("loop of pcall", "while true do pcall(function() while true do end end) end", 1),
    ("coroutine", "coroutine.wrap(function() while true do end end)()", 1), ("pattern", "('a'):rep(1e4):find('.-.-.-.-b$')", 1),
    ("many products", "local a = tensor.ones{500, 500}; while true do x = a:matmul(a) end", 1),
    ("one product of 12000 x 12000 x 12000", "x = big:matmul(big)", 1), ("one product in double precision, 3500^3", "x = double:matmul(double)", 1),
    ("one convolution", "x = pictures:conv2d(filters, nil, {padding = 1})", 1), ("its gradients", "result:backward()", 1),
    ("one attention", "x = tensor.attention(tokens, tokens, tokens, {heads = 8})", 1), ("one sort", "x = list:sort()", 1),
    ("a step of a sampler", "generator:generate{captions = captions, steps = 20, batch = 2048}", 1),
    ("a long step of training, with a checkpoint", "encoder.train{objective = 'simclr', data = set, steps = 100, crops = 4096, width = 256, depth = 6, checkpoint = 'run'}", 1),
    ("training of an encoder", "encoder.train{objective = 'simclr', data = data.scenes{count = 256, seed = 1}, steps = 1000, seed = 1}", 2),
]


PREPARED = [
    "big, double = tensor.ones{12000, 12000}, tensor.ones({3500, 3500}, {dtype = 'f64'});",
    "pictures, filters, tokens = tensor.ones{32, 256, 128, 128}, tensor.ones{256, 256, 3, 3}, tensor.ones{8, 16384, 512};",
    "result = tensor.ones{8, 256, 64, 64}:track():conv2d(filters, nil, {padding = 1}):sum();", "list = tensor.uniform{30000000};",
    f"generator, captions = diffusion.load('{ROOT}/models/scenes.safetensors'), {{}}; for i = 1, 2048 do captions[i] = 'a red square' end",
    "set = data.scenes{count = 2048, seed = 1};",
]


def interrupts(home):
    terminal = Terminal(home)
    for line in PREPARED:
        terminal.type(line + "\r")
        terminal.read(b"\x1b[?2004h> ")
    for name, code, limit in INTERRUPTED:
        terminal.type(f"print('go' .. 'ing'); {code}\r")
        terminal.read(b"going")
        time.sleep(0.5)
        began = time.perf_counter()
        terminal.type("\x03")
        answer = terminal.read(b"\x1b[?2004h> ")
        seconds = time.perf_counter() - began
        if b"interrupted" not in answer:
            FAILURES.append(name)
            print(f"Ctrl-C in {name}: it had ended, or failed: {answer[-200:]!r}")
            continue
        show(f"Ctrl-C in {name}", seconds, limit)
    terminal.close()


def kernel(home):
    try:
        import zmq
    except ImportError:
        print("kernel ready: left out, this Python has no pyzmq")
        return
    import socket

    def once():
        holders = [socket.socket() for _ in range(5)]
        for holder in holders:
            holder.bind(("127.0.0.1", 0))
        ports = [holder.getsockname()[1] for holder in holders]
        for holder in holders:
            holder.close()
        key = "0123456789abcdef" * 4
        path = home / "connection.json"
        names = ["shell_port", "iopub_port", "stdin_port", "control_port", "hb_port"]
        path.write_text(json.dumps(dict(zip(names, ports), transport="tcp", ip="127.0.0.1", key=key, signature_scheme="hmac-sha256")))
        context = zmq.Context()
        shell = context.socket(zmq.DEALER)
        shell.linger = 0
        shell.setsockopt(zmq.RECONNECT_IVL, 1)
        began = time.perf_counter()
        process = subprocess.Popen([LOAM, "kernel", "run", "-f", str(path)], env={**os.environ, "LOAM_KERNEL_HISTORY": ""})
        shell.connect(f"tcp://127.0.0.1:{ports[0]}")
        header = dict(msg_id="1", session="s", username="u", date="2026-01-01T00:00:00Z", msg_type="kernel_info_request", version="5.4")
        parts = [json.dumps(part).encode() for part in (header, {}, {}, {})]
        code = hmac.new(key.encode(), digestmod=hashlib.sha256)
        for part in parts:
            code.update(part)
        shell.send_multipart([b"<IDS|MSG>", code.hexdigest().encode()] + parts)
        assert shell.poll(10_000), "the kernel does not answer"
        seconds = time.perf_counter() - began
        process.kill()
        process.wait()
        context.destroy(linger=0)
        return seconds

    once()
    show("kernel ready: start to kernel_info_reply, median of 10", statistics.median(once() for _ in range(10)), 0.300)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        home = pathlib.Path(place)
        start_up()
        kernel(home)
        echo(home)
        interrupts(home)
    sys.exit(bool(FAILURES))
