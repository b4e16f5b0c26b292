#if os(Linux)
import Foundation
import Testing

@testable import Host

/// The REPL as a user meets it.
@Suite struct TerminalTests {
  @Test func `values are shown and kept, a semicolon hides, locals live on, and Ctrl-D leaves`() throws {
    let terminal = try PseudoTerminal()
    #expect(terminal.read(upTo: "\n> ").hasPrefix("Loam "))
    #expect(terminal.enter("1 + 1") == "1 + 1\n2\n> ")
    #expect(terminal.enter("_ * 21;") == "_ * 21;\n> ")
    #expect(terminal.enter("_") == "_\n42\n> ")
    #expect(terminal.enter("local a = 5") == "local a = 5\n> ")
    #expect(terminal.enter("a, tensor.ones{2}") == "a, tensor.ones{2}\n5\ttensor({1, 1}, f32 [2])\n> ")
    #expect(terminal.enter("error 'no'") == "error 'no'\nstdin:1: no\n> ")
    #expect(terminal.enter("('日本語 é'):upper()") == "('日本語 é'):upper()\n日本語 é\n> ")
    terminal.type("\u{4}")
    _ = terminal.readToEnd()
    #expect(terminal.status() == 0)
  }

  @Test func `a statement goes on over lines until it is whole, and Ctrl-C drops it`() throws {
    let terminal = try PseudoTerminal()
    _ = terminal.read(upTo: "\n> ")
    terminal.type("for i = 1, 2 do\r")
    _ = terminal.read(upTo: "\n>> ")
    terminal.type("print(i)\r")
    _ = terminal.read(upTo: "\n>> ")
    #expect(terminal.enter("end") == "end\n1\n2\n> ")
    terminal.type("x = {\r")
    _ = terminal.read(upTo: "\n>> ")
    terminal.type("\u{3}")
    _ = terminal.read(upTo: "\n> ")
    #expect(terminal.enter("x") == "x\nnil\n> ")
  }

  @Test func `a paste is one input: tabs and line ends are text, and nothing runs before Enter`() throws {
    let terminal = try PseudoTerminal()
    #expect(terminal.readRaw(upTo: "\n\u{1B}[?2004h> ").contains("\u{1B}[?2004h"))
    terminal.type("\u{1B}[200~local total = 0\r\rfor i = 1, 3 do\r\ttotal = total + i\rend\rtotal, '\u{9}'\r\u{1B}[201~")
    _ = terminal.read(upTo: "total, '")
    let answer = terminal.enter("")
    #expect(answer.hasSuffix("\n6\t\t\n> "), "\(answer.debugDescription)")
    #expect(terminal.enter("total") == "total\n6\n> ")
  }

  @Test func `lines are kept from talk to talk, for the user alone`() throws {
    let terminal = try PseudoTerminal()
    _ = terminal.read(upTo: "\n> ")
    for line in ["x = 'first ü'", "y = 2", "y = 2"] { _ = terminal.enter(line) }
    terminal.type("\u{4}")
    _ = terminal.readToEnd()
    let path = terminal.home + "/.loam_history"
    #expect(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int == 0o600)
    try terminal.restart()
    _ = terminal.read(upTo: "\n> ")
    terminal.type("\u{1B}[A\u{1B}[A\r")  // Twice up.
    #expect(terminal.read(upTo: "\n> ").contains("x = 'first ü'"))
    #expect(terminal.enter("x") == "x\nfirst ü\n> ")
    #expect(try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").count == 5)
  }

  @Test(arguments: [
    ("string.for", "string.format"), ("greet", "greeting"), ("greeting:upp", "greeting:upper"), ("t.inner.va", "t.inner.value"), ("x:matm", "x:matmul"),
    ("tensor.zeros(2, {dty", "tensor.zeros(2, {dtype = "), ("io.open('some-fi", "io.open('some-file.txt"), ("loam.enc", "loam.encoder"), ("?tensor.eins", "?tensor.einsum"), ("1+tensor.eins", "1+tensor.einsum"),
  ]) func `the tab key completes`(_ typed: String, _ completed: String) throws {
    let terminal = try PseudoTerminal(files: ["some-file.txt": ""])
    _ = terminal.read(upTo: "\n> ")
    _ = terminal.enter("greeting, t, x = 'hello', {inner = {value = 1}}, tensor.ones{2, 2};")
    // Ctrl-A and a comment show what the line holds by the error that follows.
    terminal.type(typed + "\t")
    terminal.type("\u{1}seen = [=[\u{5}]=]\r")
    _ = terminal.read(upTo: "\n> ")
    #expect(terminal.enter("seen").hasPrefix("seen\n\(completed)"))
  }

  @Test func `help, who, times and the file that is run first`() throws {
    let terminal = try PseudoTerminal(files: [".loamrc.lua": "local mine = 7\nfunction double(x) return 2 * x end\nprint('ready')\n"])
    #expect(terminal.read(upTo: "\n> ").hasSuffix("ready\n> "))
    #expect(terminal.enter("double(mine)") == "double(mine)\n14\n> ")
    #expect(terminal.enter("?tensor.ones").contains("tensor.ones(shape, settings?) -> Tensor"))
    _ = terminal.enter("w = tensor.ones{2, 3}; name = 'a\\tb';")
    let list = terminal.enter("who()")
    #expect(list.contains("double  function") && list.contains("mine    local number  7") && list.contains("name    string        a b"), "\(list)")
    #expect(list.contains("w       Tensor        tensor({{1, 1, 1}, {1, 1, 1}}, f32 [2, 3])") && !list.contains("print"))
    _ = terminal.enter("timing(0)")
    #expect(terminal.enter("1").contains(#/1\n\([0-9.]+ m?s\)\n> /#))
    #expect(terminal.enter("timing(false)") == "timing(false)\n> ")
    #expect(terminal.enter("timing('x')").contains("bad argument to 'timing' (a number of seconds or false is expected)"))
    try terminal.restart(environment: ["LOAM_RC": ""])
    #expect(terminal.read(upTo: "\n> ").hasSuffix("leaves.\n> "))
    try AtomicFile.write("nothing.at.all()\n", to: terminal.home + "/.loamrc.lua")
    try terminal.restart()
    #expect(terminal.read(upTo: "\n> ").contains(".loamrc.lua:1: attempt to index a nil value"))
    #expect(terminal.enter("1") == "1\n1\n> ")
  }

  @Test(arguments: [
    "while true do end", "while true do pcall(function() while true do end end) end", "coroutine.wrap(function() while true do end end)()",
    "('a'):rep(1e4):find('.-.-.-.-b$')", "while true do x = a:matmul(a) end", "x = b:matmul(b)", "while true do os.execute('sleep 30') end",
    "x = tensor.ones{64, 128, 128, 128}:conv2d(tensor.ones{128, 128, 3, 3}, nil, {padding = 1})",
  ]) func `Ctrl-C stops`(_ code: String) throws {
    let terminal = try PseudoTerminal()
    _ = terminal.read(upTo: "\n> ")
    _ = terminal.enter("a, b = tensor.ones{200, 200}, tensor.ones{6000, 6000};")
    terminal.type("print('going'); \(code)\r")
    _ = terminal.read(upTo: "\ngoing\n")
    terminal.type("\u{3}", atPrompt: false)
    #expect(terminal.read(upTo: "\n> ").contains("interrupted\n> "))
    #expect(terminal.enter("1 + 1") == "1 + 1\n2\n> ")
  }

  @Test func `Ctrl-C at the prompt drops the line`() throws {
    let terminal = try PseudoTerminal()
    _ = terminal.read(upTo: "\n> ")
    terminal.type("half a li")
    _ = terminal.read(upTo: "half a li")
    terminal.type("\u{3}")
    _ = terminal.read(upTo: "\n> ")
    #expect(terminal.enter("3") == "3\n3\n> ")
  }

  @Test func `a terminal that can nothing, and NO_COLOR, get plain text`() throws {
    let terminal = try PseudoTerminal(environment: ["TERM": "dumb", "NO_COLOR": "1", "LOAM_GRAPHICS": ""])
    _ = terminal.readRaw(upTo: "\n> ")
    terminal.type("tensor.ones{1, 2, 2}:sum(), 40 + 2\r")
    let answer = terminal.readRaw(upTo: "42\r\n> ")
    #expect(answer.contains("42\r\n> ") && !answer.contains("\u{1B}"), "\(answer.debugDescription)")
  }

  @Test(arguments: [
    ("kitty", "\u{1B}_Gi=31;OK\u{1B}\\\u{1B}[?62c", "\u{1B}_Ga=T,f=100,q=2,m=0;iVBOR"), ("sixel", "\u{1B}[?62;4;6c", "\u{1B}P0;1;0q\"1;1;4;6"),
    ("iterm", nil, "\u{1B}]1337;File=inline=1;size="), ("none", "\u{1B}[?62c", nil), ("silent", "", nil),
  ] as [(String, String?, String?)]) func `pictures are shown where the terminal says that it shows them`(_ kind: String, _ answer: String?, _ picture: String?) throws {
    let terminal = try PseudoTerminal(environment: ["LOAM_GRAPHICS": ""].merging(kind == "iterm" ? ["TERM_PROGRAM": "iTerm.app"] : [:]) { $1 })
    _ = terminal.readRaw(upTo: "> ")
    terminal.type("tensor.ones{3, 6, 4}\r")
    if let answer {
      #expect(terminal.readRaw(upTo: TerminalGraphics.question).contains(TerminalGraphics.question))
      terminal.type(answer, atPrompt: false)
    }
    let shown = picture.map { terminal.readRaw(upTo: $0) } ?? terminal.readRaw(upTo: "> ")
    if let picture { #expect(shown.contains(picture), "\(shown.debugDescription)") } else { #expect(!shown.contains("\u{1B}P") && !shown.contains("\u{1B}_G")) }
    terminal.type("\r7 * 6\r")
    #expect(terminal.readRaw(upTo: "42\r\n").contains("42\r\n"))
  }
}
#endif
