extension Kernel {
    /// The words that could stand at the cursor, which counts code points.
    func complete(code: String, cursor: Int?) -> StoreValue {
        let scalars = Array(code.unicodeScalars)
        let end = min(max(0, cursor ?? scalars.count), scalars.count)
        let start = (scalars[..<end].lastIndex(of: "\n") ?? -1) + 1
        let line = Self.text(scalars[start..<end])
        let word = Self.text(scalars[start..<end].suffix { !Self.breaksWord($0) })
        if let words = Completion(state: state, scope: scope).words(line: line, word: word) {
            return answer(words, from: end - word.unicodeScalars.count, to: end)
        }
        let path = Self.text(scalars[start..<end].suffix { $0 != "\"" && $0 != "'" })
        return answer(fileNames(path), from: end - path.unicodeScalars.count, to: end)
    }

    private func answer(_ words: [String], from start: Int, to end: Int) -> StoreValue {
        ["status": "ok", "matches": .list(words.map { .string($0) }), "cursor_start": .integer(start), "cursor_end": .integer(end), "metadata": [:]]
    }

    private static func text(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
        var text = String.UnicodeScalarView()
        text.append(contentsOf: scalars)
        return String(text)
    }

    private static func breaksWord(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.isWhitespace || " \t\n\"\\'><=;|&{}()[]+-*/%^~,#?".unicodeScalars.contains(scalar)
    }

    /// The files and folders whose path begins so; folders end with a slash.
    private func fileNames(_ path: String) -> [String] {
        let slash = path.lastIndex(of: "/")
        let folder = slash.map { String(path[...$0]) } ?? ""
        let start = slash.map { path[path.index(after: $0)...] } ?? path[...]
        let names = (try? Folder.names(in: folder.isEmpty ? "." : folder)) ?? []
        return names.filter { $0.hasPrefix(start) && (start.hasPrefix(".") || !$0.hasPrefix(".")) }.map { name in
            folder + name + (Folder.kind(of: folder + name) == .folder ? "/" : "")
        }
    }
}

extension ArraySlice {
    /// The longest end all of whose elements satisfy a condition.
    fileprivate func suffix(while condition: (Element) -> Bool) -> ArraySlice {
        var start = endIndex
        while start > startIndex, condition(self[index(before: start)]) { start = index(before: start) }
        return self[start...]
    }
}
