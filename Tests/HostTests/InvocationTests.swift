import Foundation
import Testing
@testable import Host

@Suite struct InvocationTests {
    private func place() throws -> String {
        let folder = NSTemporaryDirectory() + "/loam-invocation-" + UUID().uuidString
        try Folder.create(folder)
        return folder
    }

    @Test func `options, script and arguments are told apart as lua tells them`() throws {
        let full = try Invocation(["-e", "x = 1", "-lmath", "-W", "script.lua", "-e", "b"])
        #expect(full.steps == [.run("x = 1"), .require("math"), .warn])
        #expect(full.script == "script.lua" && full.arguments == ["-e", "b"] && full.options == ["-e", "x = 1", "-lmath", "-W"])
        #expect(try Invocation(["-", "a"]).script == "-")
        #expect(try Invocation(["--", "-x.lua"]).script == "-x.lua")
        #expect(try Invocation(["-ex = 1"]).steps == [.run("x = 1")])
        #expect(try Invocation(["-i"]).isInteractive && Invocation(["-E"]).ignoresEnvironment && Invocation([]).isTyped)
    }

    @Test(arguments: [(["-x"], "unrecognized option '-x'"), (["-e"], "'-e' needs argument"), (["-l", "-i"], "'-l' needs argument"), (["--long"], "unrecognized option '--long'")])
    func `an unknown or incomplete option is a fault`(words: [String], message: String) {
        #expect(performing: { try Invocation(words) }, throws: { "\($0)" == message })
    }

    @Test func `a script sees arg and its varargs, and requires what lies beside it`() throws {
        let folder = try place()
        defer { try? Folder.remove(folder) }
        try AtomicFile.write("return {value = 42}", to: folder + "/beside.lua")
        try AtomicFile.write("""
            seen = {arg[-3], arg[-2], arg[-1], arg[0]:match('[^/]+$'), arg[1], arg[2], #arg, require('beside').value, ...}
            """, to: folder + "/script.lua")
        let state = try LuaState(interrupt: Interrupt())
        #expect(Program(state).run(try Invocation(["-e", "y = 2", folder + "/script.lua", "a", "b"]), banner: "") == 0)
        #expect(try text(state, "return table.concat(seen, ' '), y") == "loam -e y = 2 script.lua a b 2 42 a b\t2")
    }

    @Test func `exit statuses`() throws {
        let folder = try place()
        defer { try? Folder.remove(folder) }
        try AtomicFile.write("error({})", to: folder + "/fails.lua")
        func status(_ words: String...) throws -> Int32 { Program(try LuaState(interrupt: Interrupt())).run(try Invocation(words), banner: "") }
        #expect(try status("-e", "x = 1") == 0)
        #expect(try status(folder + "/fails.lua") == 1)
        #expect(try status(folder + "/missing.lua") == 1)
        #expect(try status("-l", "no.such.module", "-e", "x = 1") == 1)
    }

    @Test func `-l makes the module a global, under another name if given`() throws {
        let state = try LuaState(interrupt: Interrupt())
        #expect(Program(state).run(try Invocation(["-lm=math", "-l", "string", "-e", "x = m.type(1)"]), banner: "") == 0)
        #expect(state.global("x").asString == "integer")
    }

    @Test func `binary chunks are loaded only where they are allowed`() throws {
        let code = "return load(string.dump(function() return 7 end))"
        let state = try LuaState(interrupt: Interrupt())
        #expect(try text(state, code).contains("attempt to load a binary chunk"))
        state.allowBinaryChunks()
        #expect(try text(state, "return \(code.dropFirst(7))()") == "7")
        #expect(try text(state, "return load('return 1', '=x', 'b')").contains("attempt to load a text chunk"))
    }

    @Test func `the message of a module that is missing begins where it was required`() throws {
        let state = try LuaState(interrupt: Interrupt())
        try state.install([vectorLibrary], version: "9")
        #expect(message(state, "\nrequire 'no.such'").hasPrefix("test.lua:2: module 'no.such' not found:"))
        #expect(try text(state, "return require('loam').version") == "9")
    }

    // Debian's packages for Lua 5.4; where they are not installed there is nothing to try.
    @Test(arguments: [("lpeg", "return require('lpeg').match(require('lpeg').C(require('lpeg').R('az')^1), 'abc1')", "abc"), ("cjson", "return require('cjson').encode({1, 2})", "[1,2]")])
    func `modules in C work`(name: String, code: String, result: String) throws {
        let state = try LuaState(interrupt: Interrupt())
        guard case .boolean(true)? = try state.run("return (package.searchpath('\(name)', package.cpath)) ~= nil").first else { return }
        #expect(try text(state, code) == result)
    }
}
