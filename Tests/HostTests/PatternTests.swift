#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif
import Testing
@testable import Host

@Suite struct PatternTests {
    /// The script walks some thousands of subjects and patterns; the golden file is what Lua's own engine makes of them.
    @Test func `the pattern engine gives what Lua's own gives, messages included`() throws {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Golden/patterns")
        let state = try LuaState(interrupt: Interrupt())
        var lines = ""
        try state.redirectOutput { lines += $0 }
        try state.runFile(folder.appendingPathComponent("patterns.lua").path)
        let golden = try String(contentsOf: folder.appendingPathComponent("patterns.txt"), encoding: .utf8)
        #expect(lines.split(separator: "\n").count > 20)
        for (ours, theirs) in zip(lines.split(separator: "\n"), golden.split(separator: "\n")) { #expect(ours == theirs) }
        #expect(lines == golden)
    }

    @Test(arguments: [
        ("string.find('a', '[a')", "malformed pattern (missing ']')"), ("string.find('a', '%')", "malformed pattern (ends with '%')"),
        ("string.find('a', '(a')", "unfinished capture"), ("string.match('a', 'a)')", "invalid pattern capture"),
        ("string.find('a', '%1')", "invalid capture index %1"), ("string.find('a', '%f')", "missing '[' after '%f' in pattern"),
        ("string.find('a', '%b')", "malformed pattern (missing arguments to '%b')"), ("string.rep('(a)', 33):find(string.rep('(a)', 33))", "no error"),
        ("string.find(string.rep('a', 40), string.rep('(a)', 33))", "too many captures"),
        ("string.find(string.rep('a', 300), string.rep('a?', 300))", "pattern too complex"),
        ("string.gsub('a', 'a', '%2')", "invalid capture index %2"), ("string.gsub('a', 'a', '%x')", "invalid use of '%' in replacement string"),
        ("string.gsub('a', 'a', function() return {} end)", "invalid replacement value (a table)"),
    ]) func `faults in patterns`(code: String, expected: String) throws {
        let result = message(try LuaState(interrupt: Interrupt()), "local x = " + code)
        #expect(result.contains(expected), "\(result)")
    }
}
