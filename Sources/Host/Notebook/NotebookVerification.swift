/// Compares the outputs that a notebook brings along with those of a fresh run from top to bottom.
public struct NotebookVerification: CustomStringConvertible, Sendable {
    /// A cell whose stored outputs are not what comes out.
    public struct Difference: Sendable {
        /// The cell's position among all cells, from 0.
        public let cell: Int
        public let what: String
    }

    public let file: String
    public private(set) var differences: [Difference] = []
    /// What is worth knowing but no difference.
    public private(set) var notes: [String] = []

    public var isEqual: Bool { differences.isEmpty }

    /// - Parameters:
    ///   - stored: the notebook with its outputs.
    ///   - run: the same notebook, run afresh.
    public init(stored: Notebook, run: NotebookRun) throws {
        file = run.file
        let fresh = try run.executed()
        func code(_ notebook: Notebook) -> [(index: Int, cell: Notebook.Cell)] {
            notebook.cells.enumerated().filter { $1.kind == .code && !$1.tags.contains("injected-parameters") }.map { ($0, $1) }
        }
        let before = code(stored), now = code(fresh)
        let counts = before.compactMap(\.cell.executionCount)
        if zip(counts, counts.dropFirst()).contains(where: { $0 >= $1 }) {
            notes.append("the stored outputs come from cells run out of order: " + counts.map(String.init).joined(separator: ", "))
        }
        for (position, pair) in now.enumerated() {
            guard position < before.count else {
                differences.append(Difference(cell: pair.index, what: "the cell has no stored outputs: it was added since"))
                continue
            }
            let old = before[position].cell
            if old.source != pair.cell.source {
                differences.append(Difference(cell: pair.index, what: "the code was changed since its outputs were stored"))
            } else if let what = Self.difference(old.outputs, pair.cell.outputs) {
                differences.append(Difference(cell: pair.index, what: what))
            }
        }
        for extra in before.dropFirst(now.count) { differences.append(Difference(cell: extra.index, what: "the cell has stored outputs, but is gone")) }
    }

    /// The first thing in which two lists of outputs differ; nil if in nothing that can be compared.
    private static func difference(_ old: [StoreValue], _ new: [StoreValue]) -> String? {
        let old = merged(old), new = merged(new)
        for (before, now) in zip(old, new) {
            if before.kind != now.kind { return "stored: \(before.kind) \(short(before.text)); now: \(now.kind) \(short(now.text))" }
            if before.text != now.text { return lines(before.text, now.text) }
            for (type, data) in now.pictures where before.pictures[type] != nil && before.pictures[type] != data { return "the picture (\(type)) came out otherwise" }
        }
        if old.count > new.count { return "stored but not made now: \(old[new.count].kind) \(short(old[new.count].text))" }
        if new.count > old.count { return "made now but not stored: \(new[old.count].kind) \(short(new[old.count].text))" }
        return nil
    }

    private struct Comparable {
        var kind: String
        var text: String
        var pictures: [String: String] = [:]
    }

    /// Outputs as they are compared: streams joined, addresses in memory alike.
    private static func merged(_ outputs: [StoreValue]) -> [Comparable] {
        var merged: [Comparable] = []
        for output in outputs {
            switch output["output_type"]?.text {
            case "stream":
                // Standard error holds progress, which counts seconds.
                guard output["name"]?.text != "stderr" else { continue }
                let text = JupyterFile.text(output["text"]) ?? ""
                if merged.last?.kind == "text" { merged[merged.count - 1].text += text } else { merged.append(Comparable(kind: "text", text: text)) }
            case "error": 
                // The same cell may stand in a file of another name or spelling.
                let text = (output["evalue"]?.text ?? "").replacing(#/^[^\n:]*:(cell [0-9]+:)?[0-9]+: /#, with: "")
                merged.append(Comparable(kind: "error", text: text))
            case "display_data", "execute_result":
                var pictures: [String: String] = [:]
                for type in ["image/png", "image/svg+xml"] { pictures[type] = JupyterFile.text(output["data"]?[type])?.filter { !$0.isWhitespace } }
                merged.append(Comparable(kind: "value", text: JupyterFile.text(output["data"]?["text/plain"]) ?? "", pictures: pictures))
            default: break
            }
        }
        return merged.map { item in
            var item = item
            item.text = item.text.replacing(#/0x[0-9a-fA-F]{6,}/#, with: "0x...")
            while item.text.last?.isWhitespace == true { item.text.removeLast() }
            return item
        }
    }

    private static func lines(_ old: String, _ new: String) -> String {
        let before = old.split(separator: "\n", omittingEmptySubsequences: false), now = new.split(separator: "\n", omittingEmptySubsequences: false)
        let place = zip(before, now).enumerated().first { $1.0 != $1.1 }?.offset ?? min(before.count, now.count)
        return "line \(place + 1) of its output: stored \(short(String(place < before.count ? before[place] : "(nothing)"))), "
            + "now \(short(String(place < now.count ? now[place] : "(nothing)")))"
    }

    private static func short(_ text: String) -> String { "\"" + DisplayWidth.cut(DisplayWidth.oneLine(text), to: 80) + "\"" }

    public var description: String {
        let lines = differences.map { "\(file): cell \($0.cell + 1): \($0.what)" } + notes.map { "\(file): \($0)" }
        return (isEqual ? ["\(file): the stored outputs are those of a fresh run"] : []).joined() + (isEqual && !lines.isEmpty ? "\n" : "") + lines.joined(separator: "\n")
    }
}
