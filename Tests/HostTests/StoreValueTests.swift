import Foundation
import Testing
@testable import Host

@Suite struct StoreValueTests {
    @Test func `hashes equal those of an encoder written from the documentation`() throws {
        let golden = try StoreValue(json: Golden.text("store/encoding.json"))
        let folder = try TestFolder()
        try folder.write("f/b.txt", "two")
        try folder.write("f/a.txt", "one")
        try folder.write("f/c/d.txt", "")
        let mixed: StoreValue = [
            "guidance": 2.0, "steps": 50, "captions": ["a red disc", "na\u{ef}ve"], "flag": true, "none": nil, "code": .bytes([0, 255, 10]),
            7: -1,
        ]
        let cases: [(String, StoreValue)] = [
            ("null", .null), ("negative zero", -0.0), ("nested empty", [[], [:]]), ("mixed", mixed), ("file", .file(folder.file("f/a.txt"))),
            ("folder", .file(folder.file("f"))),
        ]
        for (name, value) in cases { #expect(try ContentHash(of: value).hex == golden[name]?.text, "\(name)") }
    }

    @Test func `values that differ in kind, bytes or nesting have different encodings`() throws {
        let values: [StoreValue] = [
            .null, false, true, 0, 1, 0.0, -0.0, 1.0, "", "1", .bytes([]), .bytes(Array("1".utf8)), [], [:], [[]], [1, 2], [[1], 2], [1, [2]],
            ["a": 1], [1: "a"], ["1": 1], [1: 1], "\u{e9}", "e\u{301}", .number(.nan), .number(.infinity), .integer(.min), ["ab", "c"], ["a", "bc"],
        ]
        #expect(Set(try values.map { try $0.encoded() }).count == values.count)
        #expect(["b": 2, "a": 1] as StoreValue == ["a": 1, "b": 2])
        #expect(StoreValue.number(.nan) == .number(-.nan))
        #expect(["\u{e9}": 1, "e\u{301}": 2] as StoreValue == ["e\u{301}": 2, "\u{e9}": 1])
    }

    @Test func `a repeated key and a bottomless nesting are refused`() throws {
        #expect { _ = try (["a": 1, "a": 2] as StoreValue).encoded() } throws: {
            "\($0)" == "a table to be stored has the key \"a\" twice"
        }
        var deep: StoreValue = 1
        for _ in 0..<300 { deep = [deep] }
        #expect { _ = try deep.encoded() } throws: { "\($0)".contains("nested more than 200 levels deep") }
        #expect { _ = try StoreValue(json: String(repeating: "[", count: 100_000)) } throws: { "\($0)".contains("nested more than 200") }
    }

    @Test func `JSON gives back every value and the same bytes`() throws {
        let value: StoreValue = [
            "integer": .integer(.min), "whole": 3.0, "tenth": 0.1, "tiny": .number(.leastNonzeroMagnitude), "large": 1e300, "nan": .number(.nan), "inf": .number(-.infinity),
            "text": "a \"quote\", a \\ and a \u{1F600}\n\u{1}", "bytes": .bytes([0, 1, 254, 255]), "$mark": ["$bytes": "no"], "list": [1, [2, []], [:]],
            "mixed": [1: "one", "two": 2, 2.5: nil], "none": nil, "": false,
        ]
        for pretty in [false, true] {
            let text = value.json(pretty: pretty)
            let back = try StoreValue(json: text)
            #expect(back == value)
            #expect(back.json(pretty: pretty) == text)
            #expect(try JSONSerialization.jsonObject(with: Data(text.utf8)) is [String: Any])
        }
    }

    @Test func `content survives JSON`() throws {
        let folder = try TestFolder()
        try folder.write("x/a", "1")
        try folder.write("x/b", "22")
        let read = try StoreValue.file(folder.file("x")).reading()
        #expect(try StoreValue(json: read.json()) == read)
    }

    @Test(arguments: [
        ("", "line 1, column 1: expected a value, found the end of the text"), ("[1,]", "line 1, column 4: expected a value"),
        ("{\"a\":1\n\"b\":2}", "line 2, column 1: expected a comma or }"), ("[1] 2", "column 5: expected the end"), ("01", "must not start with 0"),
        ("\"\\ud800\"", "half of a surrogate pair"), ("\"a", "not closed"), ("{\"a\":1,\"a\":2}", "the key \"a\" comes twice"), ("nul", "expected a value"),
        ("{\"$bytes\":\"?\"}", "has a value that it cannot have"), ("1.", "digits after the point"), ("\"\u{1}\"", "must be escaped"),
        ("\"\\u+123\"", "four hexadecimal digits"),
    ]) func `broken JSON is refused with its place`(text: String, message: String) {
        #expect { _ = try StoreValue(json: text) } throws: { "\($0)".contains(message) }
    }

    @Test func `a large file is hashed as sha256sum does it`() throws {
        let folder = try TestFolder()
        let bytes = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        try AtomicFile.write(bytes, to: folder.file("large"))
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/sha256sum")
        process.arguments = [folder.file("large")]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let said = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        let read = try ContentHash.ofFile(folder.file("large"))
        #expect(said.hasPrefix(read.hash.hex))
        #expect(read.size == 3_000_000)
        #expect { _ = try ContentHash.ofFile(folder.file("none")) } throws: { "\($0)".contains("no such file") }
        #expect { _ = try ContentHash.ofFile("/dev/zero") } throws: { "\($0)".contains("not a regular file") }
    }

    @Test(arguments: [0, 1, 2, 3, 4, 255, 256, 257]) func `base64 equals Foundation's and comes back`(count: Int) {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ 3) }
        #expect(Base64.encode(bytes) == Data(bytes).base64EncodedString())
        #expect(Base64.decode(Base64.encode(bytes)) == bytes)
        for wrong in ["A", "====", "A===", "=AAA", "AA=A", "AA\n="] { #expect(Base64.decode(wrong) == nil, "\(wrong)") }
    }
}
