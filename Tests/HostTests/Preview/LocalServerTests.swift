import Foundation
import Testing
@testable import Host

@Suite struct LocalServerTests {
    private func server() throws -> LocalServer {
        try LocalServer(port: 0) { $0 == "/page é" ? HTTPResponse(Array("hello".utf8), type: "text/html; charset=utf-8") : nil }
    }

    @Test func `a page is served to who names this server, and nothing else is`() throws {
        let server = try server()
        defer { server.close() }
        func ask(_ request: String) throws -> String { try RawClient.answer(port: server.port, request.replacing("PORT", with: "\(server.port)")) }
        let page = try ask("GET /page%20%C3%A9?v=1 HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\n\r\n")
        #expect(page.hasPrefix("HTTP/1.1 200 OK\r\n") && page.hasSuffix("\r\n\r\nhello"))
        for header in ["Content-Type: text/html; charset=utf-8", "Content-Length: 5", "Cache-Control: no-store", "X-Content-Type-Options: nosniff", "Connection: close"] {
            #expect(page.contains(header + "\r\n"))
        }
        let head = try ask("HEAD /page%20%C3%A9 HTTP/1.1\r\nHost: localhost:PORT\r\n\r\n")
        #expect(head.contains("Content-Length: 5\r\n") && head.hasSuffix("\r\n\r\n"))
        #expect(try ask("GET /other HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\n\r\n").hasPrefix("HTTP/1.1 404 "))
        #expect(try ask("POST /page HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\n\r\n").hasPrefix("HTTP/1.1 405 "))
        // A foreign page whose name leads to this machine.
        #expect(try ask("GET /page%20%C3%A9 HTTP/1.1\r\nHost: evil.example:PORT\r\n\r\n").hasPrefix("HTTP/1.1 421 "))
        #expect(try ask("GET /page%20%C3%A9 HTTP/1.1\r\n\r\n").hasPrefix("HTTP/1.1 421 "))
        for junk in ["\0\u{1}\u{2}\r\n\r\n", "GET\r\n\r\n", "GET x HTTP/1.1\r\n\r\n", "GET /%zz HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "GET / HTTP/1.1\r\nno colon\r\n\r\n"] {
            #expect(try ask(junk).hasPrefix("HTTP/1.1 400 "), "\(junk.debugDescription)")
        }
        #expect(try ask("GET /" + String(repeating: "a", count: 40_000)).hasPrefix("HTTP/1.1 400 "))
    }

    @Test func `a request may come byte by byte, and many may wait at once`() throws {
        let server = try server()
        defer { server.close() }
        let slow = try RawClient(port: server.port)
        let idle = try (0..<40).map { _ in try RawClient(port: server.port) }
        for byte in "GET /page%20%C3%A9 HTTP/1.1\r\nHost: 127.0.0.1:\(server.port)\r\n\r\n".utf8 {
            slow.send([byte])
            usleep(200)
        }
        #expect(slow.readToEnd().hasSuffix("hello"))
        withExtendedLifetime(idle) {}
    }

    @Test func `who listens hears what is told, until the server ends`() throws {
        let server = try server()
        let clients = try (0..<2).map { _ in try RawClient(port: server.port) }
        for client in clients {
            client.send("GET /events HTTP/1.1\r\nHost: 127.0.0.1:\(server.port)\r\n\r\n")
            #expect(client.read(upTo: ": welcome\n\n").contains("Content-Type: text/event-stream\r\n"))
        }
        server.tell("failed", "two\nlines")
        for client in clients { #expect(client.read(upTo: "lines\n\n") == "event: failed\ndata: two\ndata: lines\n\n") }
        server.close()
        for client in clients { #expect(client.readToEnd() == "") }
    }

    @Test func `a port that is taken is told`() throws {
        let server = try server()
        defer { server.close() }
        #expect(fault { _ = try LocalServer(port: server.port) { _ in nil } }.contains("port \(server.port) of 127.0.0.1 cannot be used"))
    }
}

@Suite struct NotebookPreviewTests {
    /// A preview of a folder on a thread of its own, and who listens to its events.
    private func preview(_ path: String, output: String, _ body: (_ port: Int, _ events: RawClient) throws -> Void) throws {
        let interrupt = Interrupt()
        let running = Interrupt()
        let builder = NotebookBuilder(output: output, formats: [], announce: { _ in }) { _ in
            NotebookEnvironment(state: try LuaState(interrupt: running), version: "test", display: { _ in nil }, receive: { _ in })
        }
        let preview = try NotebookPreview(path, builder: builder, parameters: NotebookParameters(), port: 0, interrupt: running)
        let port = Int(preview.address.split(separator: ":").last!.dropLast())!
        let events = try RawClient(port: port)
        events.send("GET /events HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\n\r\n")
        _ = events.read(upTo: ": welcome\n\n")
        let ended = DispatchSemaphore(value: 0)
        let thread = Thread {
            preview.run { interrupt.isRaised }
            ended.signal()
        }
        thread.stackSize = 8 << 20
        thread.start()
        defer {
            interrupt.raise()
            ended.wait()
        }
        try body(port, events)
    }

    private func get(_ path: String, _ port: Int) throws -> String { try RawClient.answer(port: port, "GET \(path) HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\n\r\n") }

    @Test func `a saved notebook is built again, and the browser is told`() throws {
        try inNotebookFolder { folder in
            try AtomicFile.write("```lua\nprint('first')\n```\n", to: folder + "/n.md")
            try AtomicFile.write("secret", to: folder + "/secret.html")
            try preview(folder + "/n.md", output: folder + "/out") { port, events in
                #expect(events.read(upTo: "event: built\ndata: \n\n").contains("event: running"))
                let outer = try get("/", port)
                #expect(outer.contains("sandbox=\"allow-same-origin\" src=\"/results/n.html\"") && outer.contains("script-src 'self'"))
                #expect(try get("/results/n.html", port).contains("first"))
                #expect(try get("/results/n.ipynb", port).contains("application/json"))
                for outside in ["/results/../secret.html", "/results/%2e%2e/secret.html", "/secret.html", "/results//etc/passwd", "/results/"] {
                    #expect(try get(outside, port).hasPrefix("HTTP/1.1 404 "), "\(outside)")
                }
                try AtomicFile.write("```lua\nprint('second')\n```\n", to: folder + "/n.md")
                _ = events.read(upTo: "event: built\ndata: \n\n")
                #expect(try get("/results/n.html", port).contains("second"))
                try AtomicFile.write("```lua\nerror('broken')\n```\n", to: folder + "/n.md")
                #expect(events.read(upTo: "broken\n\n").contains("event: failed\n"))
                #expect(try get("/results/n.html", port).contains("broken"))
                try AtomicFile.write("```lua\n--| nonsense: 1\n```\n", to: folder + "/n.md")
                #expect(events.read(upTo: "\n\nevent: failed").contains("event: running"))
                #expect(events.read(upTo: "\n\n").contains("a cell has no option 'nonsense'"))
                try AtomicFile.write("```lua\nprint('third')\n```\n", to: folder + "/n.md")
                _ = events.read(upTo: "event: built\ndata: \n\n")
                #expect(try get("/results/n.html", port).contains("third"))
            }
        }
    }

    @Test func `of a folder only the notebook that was saved is built again, and a new one joins the index`() throws {
        try inNotebookFolder { folder in
            // A hidden file: others beside the notebooks are taken for what these read.
            try AtomicFile.write("```lua\nlocal f = io.open('\(folder)/.count', 'a') f:write('a') f:close()\n```\n", to: folder + "/a.md")
            try AtomicFile.write("```lua\nprint(1)\n```\n", to: folder + "/b.md")
            try preview(folder, output: folder + "/out") { port, events in
                _ = events.read(upTo: "event: built\ndata: \n\n")
                #expect(try get("/results/index.html", port).contains("b.html"))
                try AtomicFile.write("```lua\nprint(2)\n```\n", to: folder + "/b.md")
                _ = events.read(upTo: "event: built\ndata: \n\n")
                #expect(try String(contentsOfFile: folder + "/.count", encoding: .utf8) == "a")
                try AtomicFile.write("# Third\n", to: folder + "/c.md")
                _ = events.read(upTo: "event: built\ndata: \n\n")
                #expect(try get("/results/index.html", port).contains("c.html"))
            }
        }
    }

    @Test func `a build whose notebook is saved again is stopped, and nothing is told of it`() throws {
        try inNotebookFolder { folder in
            try AtomicFile.write("```lua\nio.open('\(folder)/.began', 'w'):close()\nwhile true do end\n```\n", to: folder + "/n.md")
            try preview(folder + "/n.md", output: folder + "/out") { port, events in
                while Folder.kind(of: folder + "/.began") == .missing { usleep(10_000) }
                try AtomicFile.write("```lua\nprint('ended')\n```\n", to: folder + "/n.md")
                let told = events.read(upTo: "event: built\ndata: \n\n")
                #expect(told.components(separatedBy: "event: running").count == 3 && !told.contains("failed"))
                #expect(try get("/results/n.html", port).contains("ended"))
            }
        }
    }

    @Test func `in a folder a saved notebook waits for the one that runs, and one that is stopped is built again with those behind it`() throws {
        try inNotebookFolder { folder in
            try AtomicFile.write("```lua\nio.open('\(folder)/.began', 'w'):close()\nwhile not io.open('\(folder)/.go') do end\nprint('first')\n```\n", to: folder + "/a.md")
            try AtomicFile.write("```lua\nprint('old')\n```\n", to: folder + "/b.md")
            try preview(folder, output: folder + "/out") { port, events in
                while Folder.kind(of: folder + "/.began") == .missing { usleep(10_000) }
                try AtomicFile.write("```lua\nprint('new')\n```\n", to: folder + "/b.md")
                usleep(500_000)
                try AtomicFile.write("", to: folder + "/.go")
                _ = events.read(upTo: "event: built\ndata: \n\n")
                #expect(try get("/results/a.html", port).contains("first"))
                #expect(try get("/results/b.html", port).contains("new"))
                try AtomicFile.write("```lua\nio.open('\(folder)/.again', 'w'):close()\nwhile true do end\n```\n", to: folder + "/a.md")
                while Folder.kind(of: folder + "/.again") == .missing { usleep(10_000) }
                try AtomicFile.write("```lua\nprint('newest')\n```\n", to: folder + "/b.md")
                try AtomicFile.write("```lua\nprint('last')\n```\n", to: folder + "/a.md")
                while !(try get("/results/b.html", port).contains("newest")) { usleep(50_000) }
                #expect(try get("/results/a.html", port).contains("last"))
            }
        }
    }

    @Test func `a file that the notebook itself writes does not have it built for ever`() throws {
        try inNotebookFolder { folder in
            try AtomicFile.write("```lua\nlocal f = io.open('\(folder)/.runs', 'a') f:write('a') f:close()\nf = io.open('\(folder)/own.csv', 'w') f:write(os.clock()) f:close()\n```\n", to: folder + "/n.md")
            try preview(folder + "/n.md", output: folder + "/out") { port, events in
                usleep(4_000_000)
                let runs = try String(contentsOfFile: folder + "/.runs", encoding: .utf8)
                #expect(runs.count <= 3, "\(runs)")
                try AtomicFile.write("title", to: folder + "/own.csv")
                while try String(contentsOfFile: folder + "/.runs", encoding: .utf8) == runs { usleep(50_000) }
            }
        }
    }
}
