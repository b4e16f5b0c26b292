#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif
import Testing
@testable import Host

private func temporaryFile(_ name: String) -> String {
    FileManager.default.temporaryDirectory.appendingPathComponent("loam-\(UInt64.random(in: 0 ... .max))-\(name)").path
}

@Suite struct ChunkTests {
    @Test(arguments: [
        ("load(string.dump(function() end))", "attempt to load a binary chunk (mode is 't')"),
        ("load(string.dump(function() end), 'x', 'bt')", "attempt to load a binary chunk (mode is 't')"),
        ("load(string.dump(function() end), 'x', 'b')", "load: binary chunks are not loaded here (mode is 'b'); load the source text instead"),
        ("load('return 1', 'x', 'b')", "attempt to load a text chunk (mode is 'b')"),
    ]) func `load refuses`(code: String, expected: String) throws {
        let state = try LuaState(interrupt: Interrupt())
        let values = try state.run("return \(code)")
        #expect(values.count == 2 && !values[0].isTrue)
        #expect(values[1].asString?.contains(expected) == true, "\(values)")
    }

    @Test func `no way to a file accepts bytecode`() throws {
        let state = try LuaState(interrupt: Interrupt())
        let path = temporaryFile("binary.lua")
        defer { try? FileManager.default.removeItem(atPath: path) }
        try state.setGlobal("path", .string(path))
        try state.run("local f = io.open(path, 'wb'); f:write(string.dump(function() return 1 end)); f:close()")
        #expect(try text(state, "return select(2, loadfile(path))").contains("attempt to load a binary chunk"))
        #expect(message(state, "dofile(path)").contains("attempt to load a binary chunk"))
        #expect(message(state, "package.path = path; require 'binary'").contains("attempt to load a binary chunk"))
        #expect(throws: LuaError.self) { try state.runFile(path) }
        #expect(throws: LuaError.self) { try state.load("\u{1B}Lua") }
    }

    @Test func `text loads as in Lua`() throws {
        let state = try LuaState(interrupt: Interrupt())
        let path = temporaryFile("module.lua")
        defer { try? FileManager.default.removeItem(atPath: path) }
        try "#!/usr/bin/env loam\nlocal name, file = ...\nvalue = 5\nreturn { name = name, file = file }".write(toFile: path, atomically: true, encoding: .utf8)
        try state.setGlobal("path", .string(path))
        #expect(try text(state, "return load('return ...', 'x')(1, 2)") == "1\t2")
        #expect(try text(state, "local n = 0; return load(function() n = n + 1; return ({ 'return ', '4', '2' })[n] end)()") == "42")
        #expect(try text(state, "return load('x = 1; return x', 'x', 't', {})(), x") == "1\tnil")
        #expect(try text(state, "return load('= 1')").contains("unexpected symbol"))
        #expect(try text(state, "package.path = path; local m = require 'my.module'; return m.name, m.file == path, value") == "my.module\ttrue\t5")
        #expect(try text(state, "return loadfile(path, 't', {})('a').name, dofile(path).name") == "a\tnil")
    }

    @Test func `a script gets its arguments as in lua`() throws {
        let state = try LuaState(interrupt: Interrupt())
        let path = temporaryFile("script.lua")
        defer { try? FileManager.default.removeItem(atPath: path) }
        try "return arg[-1], arg[0] == debug.getinfo(1).source:sub(2), #arg, arg[2], ...".write(toFile: path, atomically: true, encoding: .utf8)
        let values = try state.runFile(path, arguments: ["a", "b"])
        #expect(ValuePrinter(state).line(values) == "loam\ttrue\t2\tb\ta\tb")
    }

    @Test func `a missing file is named`() throws {
        let state = try LuaState(interrupt: Interrupt())
        #expect { try state.runFile("/nowhere/x.lua") } throws: { "\($0)" == "cannot open /nowhere/x.lua" || "\($0)".contains("/nowhere/x.lua") }
    }
}
