import Foundation
import Testing
@testable import Host

@Suite struct ExecutionHistoryTests {
    private func ask(_ history: ExecutionHistory, _ request: StoreValue) -> String { history.answer(request).plainJSON() }

    @Test func `cells of earlier sessions are found by tail, range and search`() throws {
        let folder = try TestFolder()
        let path = folder.file("data/history.sqlite")
        for inputs in [["a = 1", "print(a)"], ["b = 'é'"]] {
            let history = try ExecutionHistory(path: path)
            for (index, input) in inputs.enumerated() { history.add(input, number: index + 1) }
            if inputs.count == 1 { history.setOutput("out") }
        }
        let history = try ExecutionHistory(path: path)
        #expect(ask(history, ["hist_access_type": "tail", "n": 2, "output": true]) == #"[[1,2,["print(a)",null]],[2,1,["b = 'é'","out"]]]"#)
        #expect(ask(history, ["hist_access_type": "range", "session": -1]) == #"[[2,1,"b = 'é'"]]"#)
        #expect(ask(history, ["hist_access_type": "range", "session": 0]) == "[]")
        history.add("c", number: 1)
        #expect(ask(history, ["hist_access_type": "range", "session": 0]) == #"[[3,1,"c"]]"#)
        #expect(ask(history, ["hist_access_type": "range", "session": -2, "start": 2, "stop": 9]) == #"[[1,2,"print(a)"]]"#)
        #expect(ask(history, ["hist_access_type": "range", "session": 1, "start": 1, "stop": 2]) == #"[[1,1,"a = 1"]]"#)
        #expect(ask(history, ["hist_access_type": "search", "pattern": "* = *"]) == #"[[1,1,"a = 1"],[2,1,"b = 'é'"]]"#)
        #expect(history.input(1) == "c" && history.input(2) == nil)
        #expect(ask(history, ["hist_access_type": "range", "session": .integer(.min)]) == "[]")
    }

    @Test func `the file is the user's alone, and two kernels write into it side by side`() throws {
        let folder = try TestFolder()
        let path = folder.file("history.sqlite")
        let first = try ExecutionHistory(path: path), second = try ExecutionHistory(path: path)
        for number in 1...20 {
            first.add("first \(number)", number: number)
            second.add("second \(number)", number: number)
        }
        #expect(ask(first, ["hist_access_type": "range", "session": 0, "start": 20]) == #"[[1,20,"first 20"]]"#)
        #expect(ask(second, ["hist_access_type": "range", "session": 0, "start": 20]) == #"[[2,20,"second 20"]]"#)
        for name in try Folder.names(in: folder.path) {
            #expect(try FileManager.default.attributesOfItem(atPath: folder.file(name))[.posixPermissions] as? Int == 0o600, "\(name)")
        }
    }

    @Test func `without a file that can be used, cells are kept in memory`() throws {
        let folder = try TestFolder()
        try folder.write("damaged.sqlite", "this is no database, however long it is made to be, and whatever it says in it")
        for path in ["/dev/null/history.sqlite", folder.file("damaged.sqlite")] {
            let history = try ExecutionHistory(path: path)
            history.add("x", number: 1)
            #expect(ask(history, ["hist_access_type": "tail", "n": 5]) == #"[[1,1,"x"]]"#)
        }
    }
}
