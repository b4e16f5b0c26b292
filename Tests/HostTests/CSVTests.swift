import Foundation
import Testing

@testable import Host

struct CSVTests {
    @Test func `odd texts have the fields that Python's csv module finds, and an open quote is refused as by pandas`() throws {
        guard case .list(let cases) = try StoreValue(json: Golden.text("csv/csv.json")) else { return }
        #expect(cases.count > 300)
        for one in cases {
            let text = try #require(one["text"]?.text)
            guard case .list(let expected)? = one["rows"] else {
                #expect(throws: LuaError.self, "\(text.debugDescription)") { try CSV.rows(Array(text.utf8), source: "list.csv") }
                continue
            }
            let wanted = expected.map { row -> [String] in if case .list(let fields) = row { fields.compactMap(\.text) } else { [] } }
            #expect(try CSV.rows(Array(text.utf8), source: "list.csv").map(\.fields) == wanted, "\(text.debugDescription)")
        }
    }

    @Test func `what was written is read back, and lines are counted through quoted breaks`() throws {
        let rows = [["a", "b"], ["one\ntwo", "say \"x\", y"], [" ", ""], ["é", "1"]]
        let read = try CSV.rows(Array(CSV.text(rows).utf8), source: "list.csv")
        #expect(read.map(\.fields) == rows && read.map(\.line) == [1, 2, 4, 5])
        #expect(try CSV.rows(Array("a\tb,c".utf8), separator: 9, source: "list.tsv").map(\.fields) == [["a", "b,c"]])
    }

    @Test func `an open quote and text that is not UTF-8 are errors that name the line`() {
        func problem(_ bytes: [UInt8]) -> String {
            do { return "\(try CSV.rows(bytes, source: "list.csv"))" } catch { return "\(error)" }
        }
        #expect(problem(Array("a\n\"b\nc".utf8)) == "list.csv, line 2: a quoted field does not end; close it with a quote, and write a quote within it as two")
        #expect(problem([0x61, 0x0A, 0xFF, 0x0A]) == "list.csv, line 2: a field is not UTF-8; save the list as UTF-8")
    }

    /// LOAM_FUZZ in the environment multiplies the rounds, which `make soak` uses.
    @Test func `mutated lists are read or refused, with every byte in some field or between them`() throws {
        let start = Array("filepath,title\r\n\"a, b\".png,\"say \"\"x\"\"\"\nü.png,\"two\nlines\"\n\n,\n".utf8)
        let odd: [UInt8] = [0, 0x0A, 0x0D, 0x22, 0x2C, 0x41, 0x80, 0xC3, 0xEF, 0xFF]
        var state: UInt64 = 5
        func draw(below bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        let factor = ProcessInfo.processInfo.environment["LOAM_FUZZ"].flatMap { Int($0) } ?? 1
        for _ in 0..<2000 * factor {
            var bytes = start
            for _ in 0...draw(below: 6) {
                switch draw(below: 3) {
                case 0: bytes[draw(below: bytes.count)] = odd[draw(below: odd.count)]
                case 1: bytes.insert(odd[draw(below: odd.count)], at: draw(below: bytes.count + 1))
                default: bytes.remove(at: draw(below: bytes.count))
                }
            }
            guard let rows = try? CSV.rows(bytes, source: "list.csv") else { continue }
            let kept = rows.flatMap(\.fields).reduce(0) { $0 + $1.utf8.count }, marks = bytes.filter { [0x0A, 0x0D, 0x22, 0x2C, 0xEF, 0xBB, 0xBF].contains($0) }.count
            #expect(kept <= bytes.count && bytes.count <= kept + marks && rows.map(\.line) == rows.map(\.line).sorted())
        }
    }
}
