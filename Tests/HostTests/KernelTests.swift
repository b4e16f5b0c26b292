import Testing
@testable import Host

/// A front end that writes down what the kernel says.
private final class RecordingLink: KernelLink {
    var published: [(type: String, content: StoreValue, parent: String?)] = []
    var replies: [(type: String, content: StoreValue)] = []
    var answers: [String] = []
    var abortCount = 0
    var interrupt: Interrupt?

    func reply(_ type: String, _ content: StoreValue, to request: KernelMessage) { replies.append((type, content)) }
    func publish(_ type: String, _ content: StoreValue, for request: KernelMessage?) { published.append((type, content, request?.header.identifier)) }
    func ask(_ prompt: String, password: Bool, for request: KernelMessage) throws -> String {
        guard !answers.isEmpty else {
            // As Ctrl-C does while the user is asked.
            interrupt?.raise()
            throw LuaError.interrupted
        }
        return answers.removeFirst()
    }
    func flushOutput(for request: KernelMessage?) {}
    func abortWaiting() { abortCount += 1 }
}

/// A kernel and its front end.
private final class Workplace {
    let link = RecordingLink()
    let state: LuaState
    let display = DisplayOutput()
    let kernel: Kernel
    private var number = 0

    init() throws {
        state = try LuaState(interrupt: Interrupt())
        try state.install([vectorLibrary, DisplayLibrary.library(display)], asGlobals: true)
        link.interrupt = state.interrupt
        kernel = try Kernel(state, description: KernelDescription(version: "1"), display: display, link: link)
    }

    /// Sends a request and returns the content of the answer.
    @discardableResult
    func ask(_ type: String, _ content: StoreValue, isAborted: Bool = false) -> StoreValue {
        number += 1
        link.published = []
        link.replies = []
        let header = KernelMessage.Header(type: type, session: "front", number: number)
        kernel.handle(KernelMessage(identities: [[7]], header: header, parent: [], content: content), isAborted: isAborted)
        return link.replies.first?.content ?? .null
    }

    @discardableResult
    func execute(_ code: String, _ more: KeyValuePairs<String, StoreValue> = [:]) -> StoreValue {
        ask("execute_request", .table([StoreEntry("code", .string(code))] + more.map { StoreEntry(.string($0.key), $0.value) }))
    }

    /// The types of all broadcast messages of the last request.
    var types: [String] { link.published.map(\.type) }
    /// The content of the first broadcast message of a type.
    func first(_ type: String) -> StoreValue? { link.published.first { $0.type == type }?.content }
}

@Suite struct KernelTests {
    @Test func `a cell is echoed, run and answered between busy and idle`() throws {
        let place = try Workplace()
        let reply = place.execute("1 + 1")
        #expect(place.types == ["status", "execute_input", "execute_result", "status"])
        #expect(place.link.published.map { $0.content["execution_state"]?.text } == ["busy", nil, nil, "idle"])
        #expect(place.link.published.allSatisfy { $0.parent == "front_1" })
        #expect(place.first("execute_result")?["data"]?["text/plain"]?.text == "2")
        #expect(reply["status"]?.text == "ok" && reply["execution_count"]?.integer == 1)
        #expect(place.execute("_ * 10;")["execution_count"]?.integer == 2)
        #expect(place.types == ["status", "execute_input", "status"])
        #expect(place.execute("_")["status"]?.text == "ok")
        #expect(place.first("execute_result")?["data"]?["text/plain"]?.text == "20")
    }

    @Test func `a silent cell shows nothing and does not count`() throws {
        let place = try Workplace()
        let reply = place.execute("x = 3\nx", ["silent": true])
        #expect(place.types == ["status", "status"])
        #expect(reply["execution_count"]?.integer == 0)
        place.execute("error 'x'", ["silent": true])
        #expect(place.types == ["status", "status"])
        #expect(place.execute("x", ["store_history": false])["execution_count"]?.integer == 0)
        #expect(place.types == ["status", "execute_input", "execute_result", "status"])
        #expect(place.execute("x")["execution_count"]?.integer == 1)
    }

    @Test func `an error names its cell and line, and later cells are dropped if so asked`() throws {
        let place = try Workplace()
        let reply = place.execute("\nerror 'no'")
        #expect(reply["status"]?.text == "error" && reply["evalue"]?.text == "In[1]:2: no" && reply["ename"]?.text == "LuaError")
        #expect(place.types == ["status", "execute_input", "error", "status"])
        #expect(place.link.abortCount == 1)
        place.execute("error 'no'", ["stop_on_error": false])
        #expect(place.link.abortCount == 1)
        #expect(place.execute("x = = 1")["evalue"]?.text == "In[3]:1: unexpected symbol near '='")
        #expect(place.execute("f(")["evalue"]?.text?.hasPrefix("In[4]:1: unexpected symbol near <eof>") == true)
        #expect(place.ask("execute_request", ["code": "1"], isAborted: true)["status"]?.text == "aborted")
        #expect(place.execute("5")["execution_count"]?.integer == 5)
    }

    @Test func `expressions of the front end are evaluated one by one`() throws {
        let place = try Workplace()
        let reply = place.execute("local a = 4", ["user_expressions": ["twice": "a * 2", "wrong": "a.b.c", "cut": "a +"]])["user_expressions"]
        #expect(reply?["twice"]?["data"]?["text/plain"]?.text == "8")
        #expect(reply?["wrong"]?["status"]?.text == "error" && reply?["cut"]?["status"]?.text != nil)
    }

    @Test func `help comes as a page`() throws {
        let reply = try Workplace().execute("?vector.sum")
        #expect(reply["payload"]?[0]?["source"]?.text == "page")
        #expect(reply["payload"]?[0]?["data"]?["text/plain"]?.text?.hasPrefix("vector.sum(self)") == true)
    }

    @Test func `display shows, updates and clears`() throws {
        let place = try Workplace()
        place.execute("display.html('<b>', {id = 'n'}) display.update('n', 2) display.clear{wait = true}")
        #expect(place.types == ["status", "execute_input", "display_data", "update_display_data", "clear_output", "status"])
        #expect(place.first("display_data")?["data"]?["text/html"]?.text == "<b>")
        #expect(place.first("display_data")?["transient"]?["display_id"]?.text == "n")
        #expect(place.first("update_display_data")?["data"]?["text/plain"]?.text == "2")
        place.execute("display.png('\\x89PNG\\r\\n\\x1a\\n')")
        #expect(place.first("display_data")?.plainJSON().contains("\"image/png\":\"iVBORw0KGgo=\"") == true)
    }

    @Test(arguments: [
        ("vector.su", ["vector.sum"], 0, 9), ("x = '😀' .. vector.su", ["vector.sum"], 11, 20), ("a = 1\nwhi", ["while"], 6, 9), ("räksmörgås.", [], 0, 11),
    ]) func `completion counts code points`(code: String, matches: [String], start: Int, end: Int) throws {
        let reply = try Workplace().ask("complete_request", ["code": .string(code), "cursor_pos": .integer(code.unicodeScalars.count)])
        guard case .list(let found)? = reply["matches"] else { throw LuaError("no list of matches") }
        #expect(found.compactMap(\.text) == matches)
        #expect(reply["cursor_start"]?.integer == start && reply["cursor_end"]?.integer == end)
    }

    @Test func `completion and inspection know locals of earlier cells`() throws {
        let place = try Workplace()
        place.execute("local colour = {red = 1}\nlocal function mix(a, b, ...)\n  return a\nend")
        #expect(place.ask("complete_request", ["code": "colo", "cursor_pos": 4])["matches"]?[0]?.text == "colour")
        #expect(place.ask("complete_request", ["code": "colour.r", "cursor_pos": 8])["matches"]?[0]?.text == "colour.red")
        let brief = place.ask("inspect_request", ["code": "mix(1, ", "cursor_pos": 7, "detail_level": 0])["data"]?["text/plain"]?.text
        #expect(brief == "mix(a, b, ...)\n\nIn[1]:2")
        let full = place.ask("inspect_request", ["code": "mix", "cursor_pos": 1, "detail_level": 1])["data"]?["text/plain"]?.text
        #expect(full == "mix(a, b, ...)\n\nIn[1]:2\n\nlocal function mix(a, b, ...)\n  return a\nend")
        #expect(place.ask("inspect_request", ["code": "vector.sum(", "cursor_pos": 11])["data"]?["text/plain"]?.text?.hasPrefix("vector.sum(self)") == true)
        #expect(place.ask("inspect_request", ["code": "nothing", "cursor_pos": 3])["found"]?.plainJSON() == "false")
        #expect(place.ask("inspect_request", ["code": "", "cursor_pos": 99])["found"]?.plainJSON() == "false")
    }

    @Test(arguments: [
        ("x = 1", "complete", nil), ("for i = 1, 2 do", "incomplete", "  "), ("f(function()\n  if x then", "incomplete", "      "), ("x = = 1", "invalid", nil), ("? x", "complete", nil),
    ] as [(String, String, String?)]) func `complete, incomplete and invalid`(code: String, status: String, indent: String?) throws {
        let reply = try Workplace().ask("is_complete_request", ["code": .string(code)])
        #expect(reply["status"]?.text == status && reply["indent"]?.text == indent)
    }

    @Test func `history by tail, range and search`() throws {
        let place = try Workplace()
        for code in ["x = 1", "x + 1", "y = 2", "x + 1"] { place.execute(code) }
        func history(_ more: KeyValuePairs<String, StoreValue>) -> String {
            place.ask("history_request", .table(more.map { StoreEntry(.string($0.key), $0.value) }))["history"]?.plainJSON() ?? ""
        }
        #expect(history(["hist_access_type": "tail", "n": 2]) == #"[[1,3,"y = 2"],[1,4,"x + 1"]]"#)
        #expect(history(["hist_access_type": "tail", "n": 2, "output": true]) == #"[[1,3,["y = 2",null]],[1,4,["x + 1","2"]]]"#)
        #expect(history(["hist_access_type": "range", "session": 0, "start": 2, "stop": 4]) == #"[[1,2,"x + 1"],[1,3,"y = 2"]]"#)
        #expect(history(["hist_access_type": "range", "session": -1]) == "[]")
        #expect(history(["hist_access_type": "search", "pattern": "x *"]) == #"[[1,1,"x = 1"],[1,2,"x + 1"],[1,4,"x + 1"]]"#)
        #expect(history(["hist_access_type": "search", "pattern": "x ?*", "unique": true]) == #"[[1,1,"x = 1"],[1,4,"x + 1"]]"#)
        #expect(history(["hist_access_type": "search", "pattern": "*=*", "n": 1]) == #"[[1,3,"y = 2"]]"#)
    }

    @Test func `io.read asks the front end`() throws {
        let place = try Workplace()
        place.link.answers = ["one", "42", "two"]
        place.execute("a, b, c = io.read(), io.read('n'), io.read('L')", ["allow_stdin": true])
        place.execute("a, b + 1, c")
        #expect(place.first("execute_result")?["data"]?["text/plain"]?.text == "one\t43\ttwo\n")
        #expect(place.execute("io.read()", ["allow_stdin": false])["evalue"]?.text?.contains("does not take input") == true)
        #expect(place.execute("io.read()", ["allow_stdin": true])["ename"]?.text == "KeyboardInterrupt")
    }

    @Test func `an interrupt ends its own cell only`() throws {
        let place = try Workplace()
        place.state.interrupt.raise()
        #expect(place.execute("1")["status"]?.text == "ok")
        try place.state.setGlobal("stop", place.state.value(of: Function("stop", "Stops.", returns: .none) { place.state.interrupt.raise() }))
        #expect(place.execute("stop() while true do pcall(function() while true do end end) end")["ename"]?.text == "KeyboardInterrupt")
        #expect(place.execute("2")["status"]?.text == "ok")
    }

    @Test func `comms are closed, unknown requests only keep the kernel busy for a moment`() throws {
        let place = try Workplace()
        place.ask("comm_open", ["comm_id": "c", "target_name": "t", "data": [:]])
        #expect(place.types == ["status", "comm_close", "status"] && place.first("comm_close")?["comm_id"]?.text == "c")
        #expect(place.ask("comm_info_request", [:])["comms"]?.plainJSON() == "{}")
        place.ask("no_such_request", [:])
        #expect(place.types == ["status", "status"] && place.link.replies.isEmpty)
    }

    @Test func `requests that lack everything are answered`() throws {
        let place = try Workplace()
        for type in ["execute_request", "complete_request", "inspect_request", "is_complete_request", "history_request", "kernel_info_request"] {
            #expect(place.ask(type, [:])["status"]?.text != nil)
            #expect(place.ask(type, ["code": 3, "cursor_pos": "x", "user_expressions": [1], "n": -5, "start": "a"])["status"]?.text != nil)
        }
    }

    @Test func `progress is one display that is updated`() throws {
        let place = try Workplace()
        place.execute("")
        place.link.published = []
        var time = 0.0
        let reporter = ProgressReporter(label: "train", total: 3, output: ProgressDisplay.output(place.display, identifier: "p"), clock: { time })
        for step in 1...3 {
            time += 1
            reporter.update(step)
        }
        reporter.finish(summary: false)
        #expect(place.types == ["display_data", "update_display_data", "update_display_data", "update_display_data"])
        #expect(place.first("display_data")?["data"]?["text/plain"]?.text?.contains("1/3") == true)
        #expect(place.link.published.allSatisfy { $0.content["transient"]?["display_id"]?.text == "p" })
    }
}
