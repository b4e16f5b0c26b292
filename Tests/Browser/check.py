"""What a browser makes of Loam's pages: everything of our own is shown without a network; what a stranger's notebook brings along does nothing.

    python3 check.py path/to/loam
"""
import base64
import http.server
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import time

from chromium import Chromium, Tab

LOAM = os.path.realpath(sys.argv[1])


class Canary(http.server.BaseHTTPRequestHandler):
    """Hears of every request that a page makes to a network."""

    heard = []

    def do_GET(self):
        Canary.heard.append(self.path)
        self.send_response(200)
        self.end_headers()

    do_POST = do_GET

    def log_message(self, *_):
        pass


SERVER = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Canary)
threading.Thread(target=SERVER.serve_forever, daemon=True).start()
CANARY = f"http://127.0.0.1:{SERVER.server_port}"
RUN = "document.title='PWNED';window.pwned=1;"

# What is known to run, load or lead somewhere when it stands in a page as it is.
PAYLOADS = [
    f"<script>{RUN}</script>", f"<img src=x onerror=\"{RUN}\">", f"<img src='{CANARY}/img'>", f"<svg onload=\"{RUN}\"><script>{RUN}</script></svg>",
    f"<body onload=\"{RUN}\">", f"<iframe src='{CANARY}/iframe'></iframe>", f"<iframe srcdoc=\"<script>parent.document.title='PWNED'</script>\"></iframe>",
    f"<link rel=stylesheet href='{CANARY}/css'>", f"<style>@import url({CANARY}/import); body {{ background: url({CANARY}/background) }}</style>",
    f"<div style=\"background:url({CANARY}/style)\">x</div>", f"<object data='{CANARY}/object'></object>", f"<embed src='{CANARY}/embed'>",
    f"<video src='{CANARY}/video' autoplay></video>", f"<audio src='{CANARY}/audio' autoplay></audio>", f"<input autofocus onfocus=\"{RUN}\">",
    f"<details open ontoggle=\"{RUN}\">x</details>", f"<meta http-equiv=refresh content='0;url={CANARY}/refresh'>", f"<base href='{CANARY}/'>",
    f"<form action='{CANARY}/form'><button>go</button></form>", f"<a href=\"javascript:{RUN}\">a</a>", f"<a href=\" &#106;avascript:{RUN}\">a</a>",
    f"<a href='data:text/html,<script>{RUN}</script>'>a</a>", f"<math><mtext><mglyph><style><img src=x onerror=\"{RUN}\"></style></mglyph></mtext></math>",
    f"<noscript><p title=\"</noscript><img src=x onerror={RUN}>\"></noscript>", f"</pre></code></div><script>{RUN}</script>", f"<!--><img src=x onerror=\"{RUN}\">-->",
    f"<marquee onstart=\"{RUN}\">x</marquee>", f"<template><script>{RUN}</script></template>", f"\"><script>{RUN}</script>", f"'-->]]></style></title><script>{RUN}</script>",
    f"<x-element onclick=\"{RUN}\" tabindex=1 onfocus=\"{RUN}\">x</x-element>", f"<script src='{CANARY}/script.js'></script>", f"<picture><source srcset='{CANARY}/source'><img></picture>",
]
MARKDOWN = [
    f"[a](javascript:{RUN})", f"[a]( jAvascript:{RUN})", f"[a](data:text/html,{RUN})", f"[a](vbscript:{RUN})", f"<javascript:{RUN}>", f"![a]({CANARY}/markdown)", f"![a](javascript:{RUN})",
    f"[r]: javascript:{RUN}\n\n[r]", f"# head {{onclick=\"{RUN}\"}}", f"[s]{{style=\"background:url({CANARY}/span)\" onclick=\"{RUN}\"}}", f"```{{=html}}\n<script>{RUN}</script>\n```",
    f"`<script>{RUN}</script>`{{=html}}", f"::: {{onmouseover=\"{RUN}\"}}\nx\n:::", f"$\\href{{javascript:{RUN}}}{{x}}$", f"[a]({CANARY}/link \"{RUN}\")", f"<{CANARY}/autolink>",
]


def foreign(path):
    """A notebook with every payload in every place where a stranger can put one."""
    cells = []

    def markdown(source, **more):
        cells.append(dict(cell_type="markdown", id=f"m{len(cells)}", metadata={}, source=source, **more))

    for payload in PAYLOADS + MARKDOWN:
        markdown(payload)
    markdown("![a](attachment:x.png)", attachments={"x.png": {"image/svg+xml": f"<svg onload=\"{RUN}\"/>", "image/png": "AAAA"}})
    for payload in PAYLOADS:
        encoded = base64.b64encode(payload.encode()).decode()
        bundle = {"text/html": payload, "text/plain": payload, "text/markdown": payload, "text/latex": payload, "image/svg+xml": f"<svg xmlns='http://www.w3.org/2000/svg'>{payload}</svg>",
                  "application/javascript": RUN, "application/json": {"a": payload}, "image/png": encoded, "application/vnd.jupyter.widget-view+json": {"model_id": payload}}
        outputs = [dict(output_type="display_data", metadata={"text/html": {"isolated": True}}, data=dict(bundle)), dict(output_type="stream", name="stdout", text=payload),
                   dict(output_type="error", ename=payload, evalue=payload, traceback=["\x1b[31m" + payload]),
                   dict(output_type="execute_result", execution_count=1, metadata={}, data={"text/html": payload}),
                   dict(output_type="execute_result", execution_count=1, metadata={}, data={"image/png": encoded, "text/plain": payload})]
        cells.append(dict(cell_type="code", id=f"c{len(cells)}", execution_count=1, metadata={"tags": [payload]}, source=f"-- {payload}\nos.execute('touch ran')", outputs=outputs))
        cells.append(dict(cell_type="raw", id=f"r{len(cells)}", metadata={"format": "text/html", "raw_mimetype": "text/html"}, source=payload))
    head = dict(cell_type="raw", id="head", metadata={}, source=f"---\ntitle: \"{PAYLOADS[0].replace(chr(34), chr(39))}\"\nauthor: '<img src=x onerror=document.title=1>'\nheader-includes: <script>{RUN}</script>\n---")
    path.write_text(json.dumps(dict(nbformat=4, nbformat_minor=5, metadata={"title": PAYLOADS[0], "kernelspec": {"name": "python3", "display_name": PAYLOADS[1], "language": "python"}}, cells=[head] + cells)))


def links(tab):
    return tab.value("[...document.querySelectorAll('[href],[src],[action],[srcset],[data]')].map(e => ['href','src','action','srcset','data'].map(a => e.getAttribute(a)).filter(Boolean)).flat()")


def test_the_payloads_do_run_in_a_page_of_their_own(tab, folder):
    """Without this the tests below could not fail."""
    page = folder / "control.html"
    page.write_text("<!DOCTYPE html><title>calm</title>" + "".join(PAYLOADS[:3]))
    tab.open(page.as_uri())
    assert tab.value("window.pwned") == 1 and Canary.heard, "the payloads are harmless by themselves"


def test_a_foreign_notebook_is_inert(tab, folder):
    foreign(folder / "foreign.ipynb")
    subprocess.run([LOAM, "notebook", "convert", "foreign.ipynb", "foreign.html"], cwd=folder, check=True)
    Canary.heard.clear()
    tab.open((folder / "foreign.html").as_uri(), 3)
    # The title is text of the notebook's, shown as it is; a script would have made it that one word.
    assert tab.value("document.title") != "PWNED"
    assert tab.value("window.pwned") is None
    assert Canary.heard == [], Canary.heard
    asked = [address for address in tab.requests() if not address.startswith(("file:", "data:image/"))]
    assert asked == [], asked
    assert not tab.own("Page.javascriptDialogOpening")
    assert tab.value("document.querySelectorAll('script,iframe,object,embed,link,form,base,video,audio,svg,input,template').length") == 0
    assert tab.value("[...document.querySelectorAll('*')].filter(e => [...e.attributes].some(a => a.name.startsWith('on'))).length") == 0
    for link in links(tab):
        clean = re.sub(r"[\x00-\x20]", "", link).lower()
        assert clean.startswith(("#", "http://", "https://", "mailto:", "data:image/png;base64,", "data:image/jpeg;base64,", "data:image/gif;base64,")) or not re.match(r"[a-z][a-z0-9+.-]*:", clean), link
    # Every link that can be followed, followed by a script: none of them runs one here.
    tab.value("document.querySelectorAll('a').forEach(a => { if (!a.href.startsWith('http')) a.click() })")
    tab.browser.listen(0.5)
    assert tab.value("window.pwned") is None
    # What was hidden is still to be read.
    assert tab.value("document.body.textContent.includes('onerror')") is True
    assert not (folder / "ran").exists(), "converting ran a cell"


def test_an_own_notebook_shows_everything_without_a_network(tab, folder):
    books = folder / "books"
    books.mkdir()
    (books / "own.md").write_text(
        "---\ntitle: Own & whole\n---\n\nA formula $x^2$, and @tbl-a and @fig-a.\n\n```lua\n--| label: tbl-a\nreport.table{caption = \"T\", columns = {\"a\", \"b\"}, rows = {{\"x\", 1.5}}}\n```\n\n"
        "```lua\n--| label: fig-a\nplot.lines{caption = \"F\", x = \"n\", y = \"square\", series = {{label = \"a\", y = {1, 4, 9}}}}\n```\n\n```lua\ntensor.ones{3, 8, 8}\n```\n")
    subprocess.run([LOAM, "notebook", "build", "books"], cwd=folder, check=True, capture_output=True)
    Canary.heard.clear()
    tab.open((books / "output" / "own.html").as_uri(), 2)
    assert tab.value("document.title") == "Own & whole"
    assert [address for address in tab.requests() if not address.startswith(("file:", "data:"))] == []
    assert tab.complaints() == [], tab.complaints()
    sizes = tab.value("[...document.images].map(i => i.complete && i.naturalWidth)")
    assert len(sizes) >= 2 and all(sizes), sizes
    assert tab.value("document.querySelectorAll('table').length >= 1 && document.querySelectorAll('math').length == 1")
    assert tab.value("[...document.querySelectorAll('a[href^=\"#\"]')].every(a => document.getElementById(a.getAttribute('href').slice(1)))")
    tab.open((books / "output" / "index.html").as_uri(), 1)
    assert tab.complaints() == [] and tab.value("document.querySelector('a').textContent") == "Own & whole"


def test_the_preview_reloads_on_save_and_keeps_its_place(tab, folder):
    live = folder / "live"
    live.mkdir()
    filler = "\n\n".join(f"Paragraph {number}." for number in range(200))
    text = "---\ntitle: Live\n---\n\n```lua\nprint('WORD')\n```\n\n" + filler + "\n"

    def save(word):
        # As editors do: a new file under the old name.
        (live / "draft").write_text(text.replace("WORD", word))
        (live / "draft").replace(live / "n.md")

    save("first")
    process = subprocess.Popen([LOAM, "notebook", "preview", "n.md"], cwd=live, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        address = process.stdout.readline().split()[0]
        assert address.startswith("http://127.0.0.1:"), address
        tab.open(address)
        shown = "document.getElementById('page').contentDocument.body.textContent"
        tab.until(f"{shown}.includes('first')")
        tab.until("document.title == 'Live'")
        tab.value("document.getElementById('page').contentWindow.scrollTo(0, 1500)")
        save("second")
        tab.until(f"{shown}.includes('second')")
        tab.until("document.getElementById('page').contentWindow.scrollY == 1500")
        (live / "n.md").write_text(text.replace("print('WORD')", "error('it broke')"))
        tab.until("document.getElementById('state').className == 'failed' && document.getElementById('state').textContent.includes('it broke')")
        tab.until(f"{shown}.includes('it broke')")
        save("third")
        tab.until(f"{shown}.includes('third') && document.getElementById('state').textContent == ''")
        # A build that would go on for ever gives way to the next save; its finished stage is not made again.
        stage = "```lua\nlocal r = store.stage{name = 's', code = function() io.stderr:write('made') return {x = 42} end}\nr.x\n```\n\n```lua\nSLOW\n```\n"
        (live / "n.md").write_text(text.replace("WORD", "fourth") + "\n" + stage.replace("SLOW", "io.open('.began', 'w'):close()\nwhile true do end"))
        tab.until("document.getElementById('state').textContent.startsWith('running')")
        while not (live / ".began").exists():
            time.sleep(0.05)
        (live / "n.md").write_text(text.replace("WORD", "fifth") + "\n" + stage.replace("SLOW", "print('over')"))
        tab.until(f"{shown}.includes('fifth') && {shown}.includes('over') && document.getElementById('state').textContent == ''")
        explained = subprocess.run([LOAM, "notebook", "explain", "n.md"], cwd=live, capture_output=True, text=True, check=True).stdout
        assert "loaded" in explained and "computed" not in explained, explained
        assert tab.complaints() == [], tab.complaints()
        others = [other for other in tab.requests() if not other.startswith((address, "data:"))]
        assert others == [], others
        # Even a script that got into the page could not run in the frame, nor be loaded by it.
        tab.value("{ const d = document.getElementById('page').contentDocument, s = d.createElement('script'); s.textContent = 'parent.pwned = 1'; d.body.append(s); }")
        assert tab.value("window.pwned") is None
    finally:
        process.send_signal(2)
        status = process.wait(10)
    assert status == 0, f"the preview ended with {status}"
    tab.until("document.getElementById('state').textContent.includes('has ended')")


if __name__ == "__main__":
    failures = 0
    browser = Chromium()
    try:
        with tempfile.TemporaryDirectory() as place:
            for name, test in [(name, value) for name, value in list(globals().items()) if name.startswith("test_")]:
                folder = pathlib.Path(place) / name[:40]
                folder.mkdir()
                try:
                    test(Tab(browser), folder)
                    print(f"  ok    {name}")
                except Exception as error:
                    failures += 1
                    print(f"  FAILS {name}: {type(error).__name__}: {error}")
    finally:
        browser.close()
    sys.exit(failures > 0)
