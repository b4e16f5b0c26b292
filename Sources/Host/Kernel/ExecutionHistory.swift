/// The cells that were run in this session, as `history_request` asks for them.
struct ExecutionHistory {
    private struct Entry {
        let number: Int
        let input: String
        var output: String?
    }

    private var entries: [Entry] = []
    /// The number of this session; others are not kept.
    private static let session = 1

    mutating func add(_ input: String, number: Int) { entries.append(Entry(number: number, input: input)) }

    /// Notes what the last cell gave.
    mutating func setOutput(_ output: String) {
        guard !entries.isEmpty else { return }
        entries[entries.count - 1].output = output
    }

    /// The text of a cell; nil if it was not kept.
    func input(_ number: Int) -> String? { entries.last { $0.number == number }?.input }

    /// The entries that a request names.
    func answer(_ request: StoreValue) -> StoreValue {
        let withOutput = if case .bool(true)? = request["output"] { true } else { false }
        return .list(chosen(request).map { entry in
            let input = StoreValue.string(entry.input)
            return [.integer(Self.session), .integer(entry.number), withOutput ? [input, entry.output.map { .string($0) } ?? .null] : input]
        })
    }

    private func chosen(_ request: StoreValue) -> [Entry] {
        let limit = request["n"]?.integer.map { max(0, $0) }
        switch request["hist_access_type"]?.text {
        case "range":
            // 0 is the present session; there is none before it.
            guard [0, Self.session].contains(request["session"]?.integer ?? 0) else { return [] }
            let start = request["start"]?.integer ?? 1
            let stop = request["stop"]?.integer ?? .max
            return entries.filter { $0.number >= start && $0.number < stop }
        case "search":
            let pattern = Array((request["pattern"]?.text ?? "*").unicodeScalars)
            var found = entries.filter { Self.matches(Array($0.input.unicodeScalars)[...], pattern[...]) }
            if case .bool(true)? = request["unique"] {
                var seen = Set<String>()
                found = found.reversed().filter { seen.insert($0.input).inserted }.reversed()
            }
            return limit.map { Array(found.suffix($0)) } ?? found
        default: return limit.map { Array(entries.suffix($0)) } ?? entries
        }
    }

    /// Whether a text matches a pattern of `*` and `?`, in a time bounded by the product of their lengths.
    private static func matches(_ text: ArraySlice<Unicode.Scalar>, _ pattern: ArraySlice<Unicode.Scalar>) -> Bool {
        var (place, mark) = (text.startIndex, pattern.startIndex)
        var star: (mark: Int, place: Int)?
        while place < text.endIndex {
            if mark < pattern.endIndex, pattern[mark] == "*" {
                star = (mark, place)
                mark += 1
            } else if mark < pattern.endIndex, pattern[mark] == "?" || pattern[mark] == text[place] {
                place += 1
                mark += 1
            } else if let last = star {
                star = (last.mark, last.place + 1)
                (mark, place) = (last.mark + 1, last.place + 1)
            } else {
                return false
            }
        }
        return pattern[mark...].allSatisfy { $0 == "*" }
    }
}
