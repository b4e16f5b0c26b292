/// The page around a previewed notebook: shows it in a frame without scripts, hears when it was built again, and keeps its place.
enum PreviewPage {
    /// The frame's content may run no scripts, whatever it holds; this page may run its own alone.
    static let policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; frame-src 'self'"

    /// - Parameter first: the path of the page that is shown first.
    static func html(first: String) -> String {
        """
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <title>Loam preview</title>
        <link rel="stylesheet" href="/preview.css">
        <script src="/preview.js" defer></script>
        </head>
        <body>
        <iframe id="page" title="the notebook" sandbox="allow-same-origin" src="\(HTML.escape(first))"></iframe>
        <p id="state" role="status"></p>
        </body>
        </html>

        """
    }

    static let css = """
        html, body { margin: 0; height: 100%; }
        iframe { border: none; width: 100%; height: 100%; display: block; }
        #state { position: fixed; right: 1rem; bottom: 1rem; margin: 0; padding: .3rem .8rem; border-radius: .3rem; font: .9rem system-ui, sans-serif;
                 background: #333; color: #fff; white-space: pre-wrap; max-width: 60rem; }
        #state:empty { display: none; }
        #state.failed { background: #a00; }

        """

    static let script = """
        "use strict";
        const frame = document.getElementById("page"), state = document.getElementById("state");
        function say(text, isFailure) { state.textContent = text; state.className = isFailure ? "failed" : ""; }
        function reload() {
          const place = frame.contentWindow.scrollY;
          frame.addEventListener("load", () => frame.contentWindow.scrollTo(0, place), { once: true });
          frame.contentWindow.location.reload();
        }
        frame.addEventListener("load", () => { document.title = frame.contentDocument.title; });
        const events = new EventSource("\(LocalServer.eventPath)");
        let wasLost = false;
        events.addEventListener("open", () => { if (wasLost) { wasLost = false; say("", false); reload(); } });
        events.addEventListener("running", () => say("running \\u2026", false));
        events.addEventListener("built", () => { say("", false); reload(); });
        events.addEventListener("failed", event => { say(event.data, true); reload(); });
        events.addEventListener("error", () => { wasLost = true; say("loam notebook preview has ended", true); });

        """
}
