import Testing
@testable import Host

@Suite struct TerminalGraphicsTests {
    @Test(arguments: [
        (["TERM": "xterm"], "\u{1B}_Gi=31;OK\u{1B}\\\u{1B}[?62;4c", TerminalGraphics.kitty), (["TERM": "xterm"], "\u{1B}[?64;1;4;22c", .sixel), (["TERM": "xterm"], "\u{1B}[?64;14c", nil),
        (["TERM": "xterm"], nil, nil), (["TERM": "dumb"], "\u{1B}[?4c", nil), ([:], "\u{1B}[?4c", nil), (["TERM": "xterm", "TERM_PROGRAM": "iTerm.app"], nil, .iterm),
        (["TERM": "xterm", "LOAM_GRAPHICS": "sixel"], nil, .sixel), (["TERM": "xterm", "LOAM_GRAPHICS": "none"], "\u{1B}[?4c", nil),
    ] as [([String: String], String?, TerminalGraphics?)]) func `a terminal shows pictures in the way that it says`(_ variables: [String: String], _ answer: String?, _ expected: TerminalGraphics?) {
        #expect(TerminalGraphics(environment: { variables[$0] }, ask: { _ in answer }) == expected)
    }

    @Test func `sixels give every pixel the nearest colour of the palette`() throws {
        // Red, black and white are in the palette, so that nothing is handed on to the neighbours.
        let row: [UInt8] = [255, 0, 0, 255, 0, 0, 255, 0, 0, 255, 0, 0, 0, 0, 0, 255, 255, 255]
        let text = Sixel.text(width: 6, height: 7, pixels: Array(repeating: row, count: 7).flatMap { $0 })
        #expect(text == "\u{1B}P0;1;0q\"1;1;6;7#0;2;0;0;0#210;2;100;0;0#251;2;100;100;100"
            + "#0!4?~?$#210!4~??$#251!5?~$-#0!4?@?$#210!4@??$#251!5?@$-\u{1B}\\")
    }

    @Test func `kitty gets a picture in pieces of 4096 characters`() throws {
        let text = try TerminalGraphics.kitty.text(png: [UInt8](repeating: 7, count: 5000)) { _ in (0, 0, []) }
        let pieces = text.split(separator: "\u{1B}_G")
        #expect(pieces.count == 2 && pieces[0].hasPrefix("a=T,f=100,q=2,m=1;") && pieces[1].hasPrefix("m=0;"))
        #expect(pieces[0].utf8.count == "a=T,f=100,q=2,m=1;".utf8.count + 4096 + 2)
    }

    @Test func `a line of history is spelled as libedit reads it`() {
        #expect(historyBytes("a b\n\tc\\é") == Array("a\\040b\\012\\011c\\134é\n".utf8))
    }

    @Test(arguments: [("a\r\nb\rc\nd\n\n", "a\nb\nc\nd"), ("\tx\u{1B}[31m\u{7}", "\tx[31m"), ("", ""), ("é\u{7F}日", "é日")])
    func `a paste keeps its lines and tabs and loses other control characters`(_ text: String, _ clean: String) {
        #expect(cleanPaste(text) == clean)
    }
}
