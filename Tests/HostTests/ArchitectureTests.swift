#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif
import Testing

@Test func `the host has never heard of tensors: it imports neither ML nor Bindings`() throws {
    let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    let sources = package.appendingPathComponent("Sources/Host").path
    let files = try FileManager.default.subpathsOfDirectory(atPath: sources).filter { $0.hasSuffix(".swift") }
    #expect(files.count > 20)
    for file in files {
        let lines = try String(contentsOfFile: sources + "/" + file, encoding: .utf8).split(separator: "\n")
        for line in lines where line.contains("import ") {
            let words = line.split(separator: " ")
            #expect(!words.contains("ML") && !words.contains("Bindings"), "\(file): \(line)")
        }
    }
}

@Test func `no Swift file calls a Lua function that may raise`() throws {
    let raising = ["lua_error(", "luaL_error(", "luaL_check", "luaL_arg", "luaL_opt", "lua_call(", "lua_callk(", "lua_getfield(", "lua_setfield(",
        "lua_getglobal(", "lua_setglobal(", "lua_gettable(", "lua_settable(", "lua_geti(", "lua_seti(", "lua_concat(", "lua_compare(", "lua_arith(",
        "lua_len(", "luaL_len(", "lua_next(", "lua_toclose(", "lua_yield", "luaL_tolstring(", "luaL_requiref(", "lua_resume("]
    let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    let sources = package.appendingPathComponent("Sources").path
    for file in try FileManager.default.subpathsOfDirectory(atPath: sources) where file.hasSuffix(".swift") {
        let text = try String(contentsOfFile: sources + "/" + file, encoding: .utf8)
        for name in raising { #expect(!text.contains(name), "\(file) calls \(name)") }
    }
}
