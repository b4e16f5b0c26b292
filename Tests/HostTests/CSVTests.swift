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
}
