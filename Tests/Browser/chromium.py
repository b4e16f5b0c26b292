"""Headless Chromium spoken to over a pipe: DevTools messages are JSON, each ended by a zero byte."""
import json
import os
import select
import shutil
import subprocess
import tempfile
import time


class Chromium:
    def __init__(self):
        program = next((path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None)
        if program is None:
            raise SystemExit("chromium is not installed: apt-get install --no-install-recommends chromium")
        self.folder = tempfile.mkdtemp(prefix="loam-browser-")
        to_browser, ours = os.pipe()
        theirs, from_browser = os.pipe()

        def place():
            # The browser reads at 3 and writes at 4.
            a, b = os.dup(to_browser), os.dup(from_browser)
            os.dup2(a, 3)
            os.dup2(b, 4)

        arguments = [program, "--headless=new", "--remote-debugging-pipe", "--no-first-run", "--disable-gpu", "--disable-background-networking",
                     "--disable-component-update", f"--user-data-dir={self.folder}", "about:blank"]
        if os.getuid() == 0:
            arguments.insert(1, "--no-sandbox")
        self.process = subprocess.Popen(arguments, close_fds=False, preexec_fn=place, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_browser)
        os.close(from_browser)
        self.write, self.read = ours, theirs
        self.buffer = b""
        self.number = 0
        self.events = []

    def call(self, method, session=None, **parameters):
        self.number += 1
        number = self.number
        message = dict(id=number, method=method, params=parameters)
        if session:
            message["sessionId"] = session
        os.write(self.write, json.dumps(message).encode() + b"\0")
        end = time.time() + 60
        while time.time() < end:
            message = self.receive(end - time.time())
            if message is None:
                break
            if message.get("id") == number:
                if "error" in message:
                    raise AssertionError(f"{method}: {message['error']}")
                return message["result"]
            self.events.append(message)
        raise AssertionError(f"the browser does not answer {method}")

    def receive(self, seconds):
        while b"\0" not in self.buffer:
            if not select.select([self.read], [], [], max(0, seconds))[0]:
                return None
            data = os.read(self.read, 1 << 20)
            if not data:
                return None
            self.buffer += data
        line, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(line)

    def listen(self, seconds):
        """Takes in what happens for a while."""
        end = time.time() + seconds
        while time.time() < end:
            message = self.receive(end - time.time())
            if message:
                self.events.append(message)

    def close(self):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


class Tab:
    """One page, with what it asked the network for, what it said on its console, and the dialogs that it opened."""

    def __init__(self, browser):
        self.browser = browser
        target = browser.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = browser.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Runtime", "Log"):
            browser.call(domain + ".enable", self.session)

    def open(self, address, seconds=1.5):
        self.browser.events.clear()
        self.browser.call("Page.navigate", self.session, url=address)
        self.browser.listen(seconds)
        for event in self.own("Page.javascriptDialogOpening"):
            self.browser.call("Page.handleJavaScriptDialog", self.session, accept=False)

    def own(self, method):
        return [event["params"] for event in self.browser.events if event.get("method") == method and event.get("sessionId") == self.session]

    def requests(self):
        return [event["request"]["url"] for event in self.own("Network.requestWillBeSent")]

    def complaints(self):
        said = [event["entry"]["text"] for event in self.own("Log.entryAdded") if event["entry"]["level"] == "error"]
        return said + [event["exceptionDetails"]["text"] for event in self.own("Runtime.exceptionThrown")]

    def value(self, expression):
        answer = self.browser.call("Runtime.evaluate", self.session, expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def until(self, expression, seconds=30):
        """Waits until an expression is true."""
        end = time.time() + seconds
        while time.time() < end:
            if self.value(expression):
                return
            self.browser.listen(0.1)
        raise AssertionError(f"this did not become true: {expression}")
