"""A front end of bare ZeroMQ, without jupyter_client's own classes: the same demands are made of Loam and of ipykernel.

    python raw_client.py loam|python3
"""
import hashlib
import hmac
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
import uuid

import zmq
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_kernel_test.msgspec_v5 import schema_fragments, validate_message

CODE = {
    "loam": dict(
        assign="x = 3", value="x + 1", hello='print("hello")', fail='error("no")', sleep="local t = os.time() + 2 while os.time() < t do end",
        loop="while true do end", read="local s = io.read() ; 'got ' .. s", late='io.stderr:write("warned\\n")',
        expression="x * 2", wrong="nothing.at.all", unicode="x = '😀' .. string.rep", unicode_match="string.rep", unfinished="for i = 1, 2 do",
        indent="  ", swallow="while true do pcall(function() while true do end end) end",
    ),
    "python3": dict(
        assign="x = 3", value="x + 1", hello='print("hello")', fail='raise ValueError("no")', sleep="import time; time.sleep(2)",
        loop="while True: pass", read="s = input()\n'got ' + s", late='import sys; print("warned", file=sys.stderr)',
        expression="x * 2", wrong="nothing.at.all", unicode="y = '😀'; import os; os.getpi", unicode_match="os.getpid", unfinished="for i in range(2):",
        indent="    ", swallow="while True: pass",
    ),
}
SESSION = uuid.uuid4().hex
DELIMITER = b"<IDS|MSG>"


class Client:
    def __init__(self, name):
        self.name = name
        self.code = CODE[name]
        folder = tempfile.mkdtemp()
        self.path = os.path.join(folder, "connection.json")
        ports = []
        holders = []
        for _ in range(5):
            holder = socket.socket()
            holder.bind(("127.0.0.1", 0))
            ports.append(holder.getsockname()[1])
            holders.append(holder)
        for holder in holders:
            holder.close()
        self.key = uuid.uuid4().hex
        names = ["shell_port", "iopub_port", "stdin_port", "control_port", "hb_port"]
        self.connection = dict(zip(names, ports), transport="tcp", ip="127.0.0.1", key=self.key, signature_scheme="hmac-sha256")
        with open(os.open(self.path, os.O_CREAT | os.O_WRONLY, 0o600), "w") as file:
            json.dump(self.connection, file)
        spec = KernelSpecManager().get_kernel_spec(name)
        began = time.time()
        arguments = [part.replace("{connection_file}", self.path) for part in spec.argv]
        if arguments[0].startswith("python"):
            arguments[0] = sys.executable
        self.process = subprocess.Popen(arguments, env={**os.environ, **spec.env})
        self.context = zmq.Context()
        self.sockets = {}
        for channel, kind in [("iopub", zmq.SUB), ("shell", zmq.DEALER), ("control", zmq.DEALER), ("stdin", zmq.DEALER), ("hb", zmq.REQ)]:
            made = self.context.socket(kind)
            made.linger = 0
            if kind == zmq.SUB:
                made.subscribe(b"")
            if kind == zmq.DEALER:
                # A question of the kernel's goes to the front end of the same name.
                made.identity = SESSION.encode()
            made.connect(f"tcp://127.0.0.1:{self.connection[channel + '_port']}")
            self.sockets[channel] = made
        # Until a front end hears the broadcasts it asks again.
        while True:
            self.request("kernel_info_request", {})
            if self.sockets["iopub"].poll(200):
                break
        self.ready_seconds = time.time() - began
        self.drain()

    def sign(self, parts, key=None):
        code = hmac.new((key or self.key).encode(), digestmod=hashlib.sha256)
        for part in parts:
            code.update(part)
        return code.hexdigest().encode()

    def parts(self, kind, content):
        header = {"msg_id": uuid.uuid4().hex, "session": SESSION, "username": "u", "date": "2026-01-01T00:00:00Z", "msg_type": kind, "version": "5.4"}
        return header["msg_id"], [json.dumps(part).encode() for part in (header, {}, {}, content)]

    def send(self, kind, content, channel="shell", key=None):
        identifier, parts = self.parts(kind, content)
        self.sockets[channel].send_multipart([DELIMITER, self.sign(parts, key)] + parts)
        return identifier

    def receive(self, channel="shell", timeout=10.0):
        assert self.sockets[channel].poll(timeout * 1000), f"{self.name}: nothing came on {channel} within {timeout} s"
        frames = self.sockets[channel].recv_multipart()
        start = frames.index(DELIMITER)
        assert frames[start + 1] == self.sign(frames[start + 2 : start + 6]), "wrong signature"
        header, parent, metadata, content = (json.loads(frame) for frame in frames[start + 2 : start + 6])
        message = dict(header=header, msg_id=header["msg_id"], msg_type=header["msg_type"], parent_header=parent, metadata=metadata, content=content, buffers=[])
        # What the suite's schemas do not know: messages newer than they are, the status that kernels really use, flags that are booleans.
        if header["msg_type"] in schema_fragments and content.get("status") != "aborted":
            validate_message({**message, "content": {**content, "password": 0}} if "password" in content else message)
        return message

    def request(self, kind, content, channel="shell", timeout=10.0):
        identifier = self.send(kind, content, channel)
        while True:
            reply = self.receive(channel, timeout)
            if reply["parent_header"].get("msg_id") == identifier:
                return reply["content"]

    def drain(self):
        while self.sockets["iopub"].poll(300):
            self.sockets["iopub"].recv_multipart()

    def execute(self, code, **more):
        """The answer to a cell and what was broadcast of it."""
        content = dict(code=code, silent=False, store_history=True, user_expressions={}, allow_stdin=False, stop_on_error=True)
        content.update(more)
        identifier = self.send("execute_request", content)
        broadcast = self.broadcast(identifier)
        while True:
            reply = self.receive()
            if reply["parent_header"].get("msg_id") == identifier:
                return reply["content"], broadcast

    def broadcast(self, identifier, timeout=10.0):
        found = []
        while True:
            message = self.receive("iopub", timeout)
            if message["parent_header"].get("msg_id") != identifier:
                continue
            found.append((message["msg_type"], message["content"]))
            if found[-1] == ("status", {"execution_state": "idle"}):
                return found

    def memory(self):
        text = open(f"/proc/{self.process.pid}/status").read()
        return int(re.search(r"VmRSS:\s+(\d+)", text)[1]) // 1024

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.context.destroy(linger=0)


def texts(broadcast, stream="stdout"):
    return "".join(content["text"] for kind, content in broadcast if kind == "stream" and content["name"] == stream)


def test_busy_idle_and_parents(c):
    reply, broadcast = c.execute(c.code["hello"])
    kinds = [kind for kind, _ in broadcast]
    assert kinds[0] == "status" and broadcast[0][1]["execution_state"] == "busy", kinds
    assert kinds[1] == "execute_input" and kinds[-1] == "status", kinds
    assert texts(broadcast) == "hello\n" and reply["status"] == "ok"
    assert texts(c.execute(c.code["late"])[1], "stderr") == "warned\n"


def test_counting(c):
    first = c.execute(c.code["assign"])[0]["execution_count"]
    reply, broadcast = c.execute(c.code["value"])
    assert reply["execution_count"] == first + 1
    results = [content for kind, content in broadcast if kind == "execute_result"]
    assert results[0]["data"]["text/plain"] == "4" and results[0]["execution_count"] == first + 1
    silent, broadcast = c.execute(c.code["value"], silent=True)
    assert [kind for kind, _ in broadcast] == ["status", "status"], broadcast
    c.execute(c.code["value"], store_history=False)
    assert c.execute(c.code["value"])[0]["execution_count"] == first + 2


def test_user_expressions(c):
    reply, _ = c.execute(c.code["assign"], user_expressions={"good": c.code["expression"], "bad": c.code["wrong"]})
    assert reply["user_expressions"]["good"]["data"]["text/plain"] == "6"
    assert reply["user_expressions"]["bad"]["status"] == "error"


def test_stop_on_error(c):
    sent = [c.send("execute_request", dict(code=code, silent=False, store_history=True, user_expressions={}, allow_stdin=False, stop_on_error=True))
            for code in (c.code["fail"], c.code["value"], c.code["value"])]
    replies = {}
    while len(replies) < 3:
        reply = c.receive()
        replies[reply["parent_header"]["msg_id"]] = reply["content"]["status"]
    assert [replies[identifier] for identifier in sent] == ["error", "aborted", "aborted"], replies
    c.drain()
    time.sleep(0.2)
    reply, broadcast = c.execute(c.code["fail"], stop_on_error=False)
    assert reply["status"] == "error" and reply["traceback"] and [kind for kind, _ in broadcast].count("error") == 1
    assert c.execute(c.code["value"])[0]["status"] == "ok"


def test_input(c):
    identifier = c.send("execute_request", dict(code=c.code["read"], silent=False, store_history=True, user_expressions={}, allow_stdin=True))
    question = c.receive("stdin")
    assert question["msg_type"] == "input_request" and question["parent_header"]["msg_id"] == identifier
    c.send("input_reply", dict(value="räk 😀", status="ok"), "stdin")
    broadcast = c.broadcast(identifier)
    result = [content for kind, content in broadcast if kind == "execute_result"]
    assert "got räk 😀" in result[0]["data"]["text/plain"], broadcast
    c.receive()
    assert c.execute(c.code["read"], allow_stdin=False)[0]["status"] == "error"


def test_completion_in_code_points(c):
    code = c.code["unicode"]
    reply = c.request("complete_request", dict(code=code, cursor_pos=len(code)))
    names = [code[: reply["cursor_start"]] + match for match in reply["matches"]]
    assert any(name.endswith(c.code["unicode_match"]) for name in names), reply
    assert reply["cursor_end"] == len(code)


def test_is_complete(c):
    reply = c.request("is_complete_request", dict(code=c.code["unfinished"]))
    assert reply["status"] == "incomplete" and reply["indent"] == c.code["indent"], reply


def test_history(c):
    c.execute(c.code["value"])
    reply = c.request("history_request", dict(hist_access_type="tail", n=1, output=False, raw=True))
    assert reply["history"][-1][2] == c.code["value"], reply


def test_heartbeat(c):
    identifier = c.send("execute_request", dict(code=c.code["sleep"], silent=False))
    c.sockets["hb"].send(b"ping")
    assert c.sockets["hb"].poll(500) and c.sockets["hb"].recv() == b"ping"
    began = time.time()
    assert c.request("kernel_info_request", {}, "control", 1.0)["status"] == "ok"
    assert time.time() - began < 1
    c.broadcast(identifier)
    c.receive()


def test_interrupt(c):
    for code in (c.code["loop"], c.code["swallow"]):
        identifier = c.send("execute_request", dict(code=code, silent=False))
        time.sleep(0.5)
        began = time.time()
        if c.name == "loam":
            assert c.request("interrupt_request", {}, "control", 2.0) == {"status": "ok"}
        else:
            c.process.send_signal(2)  # its specification asks for signals
        reply = c.receive(timeout=2.0)
        assert reply["parent_header"]["msg_id"] == identifier and reply["content"]["ename"] == "KeyboardInterrupt"
        assert time.time() - began < 1
        c.drain()
        time.sleep(0.2)
        assert c.execute(c.code["value"])[0]["status"] == "ok"
    identifier = c.send("execute_request", dict(code=c.code["loop"], silent=False))
    time.sleep(0.5)
    c.process.send_signal(2)
    assert c.receive(timeout=2.0)["content"]["ename"] == "KeyboardInterrupt"
    c.drain()


def test_unknown_messages(c):
    c.send("no_such_request", {})
    c.send("comm_msg", dict(comm_id="none", data={}))
    c.send("comm_close", dict(comm_id="none", data={}))
    c.send("no_such_request", {}, "control")
    identifier = c.send("comm_open", dict(comm_id="mine", target_name="no target", data={}))
    closed = [content for kind, content in c.broadcast(identifier) if kind == "comm_close"]
    assert closed and closed[0]["comm_id"] == "mine"
    assert c.request("comm_info_request", {})["comms"] == {}
    assert c.execute(c.code["value"])[0]["status"] == "ok"


def test_strangers(c):
    c.execute("0")
    c.execute("0")
    identifier, parts = c.parts("execute_request", dict(code=c.code["hello"], silent=False))
    right = [DELIMITER, c.sign(parts)] + parts
    c.send("execute_request", dict(code=c.code["hello"]), key="wrong")
    for frames in ([b""], [DELIMITER], [b"x", b"y"], [DELIMITER, b"", b"{}", b"{}", b"{}", b"{}"], [DELIMITER, b"\xff" * 64] + parts, [os.urandom(1000)]):
        for channel in ("shell", "control", "stdin"):
            c.sockets[channel].send_multipart(frames)
    c.drain()
    before = c.memory()
    for _ in range(2000):
        c.sockets["shell"].send_multipart([DELIMITER, b"0" * 64] + [os.urandom(1000)] * 4)
    c.sockets["shell"].send_multipart(right)
    assert c.receive()["parent_header"]["msg_id"] == identifier
    c.broadcast(identifier)
    c.sockets["shell"].send_multipart(right)  # once more
    time.sleep(0.3)
    if c.name == "loam":
        assert not c.sockets["shell"].poll(500), "a repeated message was answered"
    for _ in range(20):
        c.sockets["control"].send_multipart([DELIMITER, b"0" * 64, os.urandom(4 << 20), b"{}", b"{}", b"{}"])
    assert c.request("kernel_info_request", {}, "control")["status"] == "ok"
    # Bare TCP, no ZeroMQ at all.
    for port in ("shell_port", "control_port", "iopub_port", "hb_port"):
        with socket.create_connection(("127.0.0.1", c.connection[port])) as raw:
            raw.sendall(os.urandom(1 << 16))
    assert c.execute(c.code["value"])[0]["status"] == "ok"
    growth = c.memory() - before
    print(f"    memory grew by {growth} MiB over 2,000 wrong messages and 20 of 4 MiB")
    if c.name == "loam":
        assert growth < 40
        other = c.context.socket(zmq.DEALER)
        other.linger = 0
        other.connect(f"tcp://127.0.0.1:{c.connection['shell_port']}")
        other.send_multipart([DELIMITER, b"0" * 64, bytes(200 << 20), b"{}", b"{}", b"{}"])
        time.sleep(0.5)
        assert c.memory() - before < 60, c.memory() - before
        other.close()
        assert c.execute(c.code["value"])[0]["status"] == "ok"


def test_shutdown(c):
    assert c.request("shutdown_request", dict(restart=False), "control") == dict(status="ok", restart=False)
    c.process.wait(5)


def test_history_of_earlier_sessions(c):
    """After the kernel has ended; ipykernel writes its history late, so that only Loam is asked."""
    if c.name != "loam":
        return
    later = Client(c.name)
    try:
        later.execute("later = 1")
        found = later.request("history_request", dict(hist_access_type="range", session=-1, start=1, stop=1000, output=False, raw=True))["history"]
        assert c.code["hello"] in [source for _, _, source in found], found
        assert all(session < later.request("history_request", dict(hist_access_type="tail", n=1))["history"][0][0] for session, _, _ in found)
        found = later.request("history_request", dict(hist_access_type="search", pattern="later*", n=5))["history"]
        assert found[-1][2] == "later = 1", found
        path = os.environ["LOAM_KERNEL_HISTORY"]
        assert os.stat(path).st_mode & 0o77 == 0 and os.stat(later.path).st_mode & 0o77 == 0
    finally:
        later.close()


TESTS = [value for name, value in list(globals().items()) if name.startswith("test_")]

if __name__ == "__main__":
    client = Client(sys.argv[1])
    print(f"{client.name}: ready after {client.ready_seconds * 1000:.0f} ms")
    failures = 0
    try:
        for test in TESTS:
            try:
                client.drain()
                test(client)
                print(f"  ok    {test.__name__}")
            except Exception as error:
                failures += 1
                print(f"  FAILS {test.__name__}: {type(error).__name__}: {error}")
    finally:
        client.close()
    sys.exit(failures > 0)
