extension Kernel {
    /// The words that could stand at the cursor, which counts code points.
    func complete(code: String, cursor: Int?) -> StoreValue {
        let scalars = Array(code.unicodeScalars)
        let end = min(max(0, cursor ?? scalars.count), scalars.count)
        let start = (scalars[..<end].lastIndex(of: "\n") ?? -1) + 1
        let line = Self.text(scalars[start..<end])
        let completion = Completion(state: state, scope: scope)
        let path = completion.openPath(line)
        let word = path.map(String.init) ?? Self.text(scalars[start..<end].suffix { !Self.breaksWord($0) })
        let words = path.map(completion.fileNames) ?? completion.words(line: line, word: word)
        return [
            "status": "ok", "matches": .list(words.map { .string($0) }), "cursor_start": .integer(end - word.unicodeScalars.count), "cursor_end": .integer(end),
            "metadata": [:],
        ]
    }

    private static func text(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
        var text = String.UnicodeScalarView()
        text.append(contentsOf: scalars)
        return String(text)
    }

    private static func breaksWord(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.isWhitespace || Completion.wordBreaks.unicodeScalars.contains(scalar)
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
