/// Why a stage has to run, or that it need not.
public struct StageExplanation: CustomStringConvertible, Sendable {
    /// The stage's name.
    public let name: String
    /// Its key.
    public let key: ContentHash
    /// Whether its result is stored (not verified).
    public let isStored: Bool
    /// One sentence for each reason; empty when the result is stored.
    public let reasons: [String]

    public var description: String {
        if isStored { return "stage \(name) (\(key.short)): its result is stored" }
        return "stage \(name) (\(key.short)) runs because:" + reasons.map { "\n  - " + $0 }.joined()
    }
}

extension StageStore {
    /// Says whether a stage would run, and why: which parts of its key differ from the nearest stored result of the same name.
    public func explain(_ key: StageKey) throws -> StageExplanation {
        guard let manifest = try? readManifest(entryFolder(key.hash), key: key.hash) else {
            return StageExplanation(name: key.name, key: key.hash, isStored: false, reasons: try reasons(for: key))
        }
        let faults = manifest.faults()
        return StageExplanation(name: key.name, key: key.hash, isStored: faults.isEmpty, reasons: faults)
    }

    /// The manifests of all stored results of a name, newest first; each says in ``StageManifest/reasons`` why it ran.
    public func history(of name: String) throws -> [StageManifest] {
        guard Folder.kind(of: storeFolder) == .folder else { return [] }
        // Reading a manifest is dear and most are of other stages: look for the name in the bytes first.
        let mark = Array("\"name\": \(StoreValue.string(name).json())".utf8)
        var found: [StageManifest] = []
        for entry in try Folder.names(in: storeFolder) {
            guard let key = ContentHash(hex: entry),
                  let bytes = try? Folder.contents(entryFolder(key) + "/" + StageManifest.fileName),
                  bytes.contains(mark), let manifest = try? StageManifest(json: bytes), manifest.name.utf8.elementsEqual(name.utf8)
            else { continue }
            found.append(manifest)
        }
        return found.sorted { $0.created > $1.created }
    }

    /// The differences between a key and the stored result nearest to it: the one with the fewest parts changed, of those the newest.
    ///
    /// Nearest, not last: after a sweep over guidance, an edit of the code is told as that, not as a change of guidance besides.
    func reasons(for key: StageKey) throws -> [String] {
        let nearest = try history(of: key.name).map { ($0, Self.differences(from: $0, to: key)) }.min { $0.1.count < $1.1.count }
        guard let (_, differences) = nearest else { return ["no result of this stage is stored yet"] }
        return differences.isEmpty ? ["its stored result is gone"] : differences.flatMap(\.sentences)
    }

    private struct Difference {
        let sentences: [String]
    }

    private static func differences(from old: StageManifest, to new: StageKey) -> [Difference] {
        var differences: [Difference] = []
        if old.version != new.version { differences.append(Difference(sentences: ["the version is \(new.version), was \(old.version)"])) }
        let before = Dictionary(old.parts.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        let after = Set(new.parts.map(\.name))
        for part in new.parts {
            guard let earlier = before[part.name] else {
                differences.append(Difference(sentences: ["\(part.name) is new (\(part.value.summary()))"]))
                continue
            }
            if earlier.hash == part.hash { continue }
            var sentences = ValueDifference.sentences(from: earlier.shown, to: part.value, at: part.name)
            if sentences.isEmpty { sentences = ["\(part.name) changed (\(earlier.hash.short) -> \(part.hash.short))"] }
            differences.append(Difference(sentences: sentences))
        }
        for part in old.parts where !after.contains(part.name) {
            differences.append(Difference(sentences: ["\(part.name) is gone (was \(part.shown.summary()))"]))
        }
        let inputsBefore = Dictionary(old.dependencies.map { ($0.role, $0) }, uniquingKeysWith: { first, _ in first })
        for input in new.dependencies {
            guard let earlier = inputsBefore[input.role] else {
                differences.append(Difference(sentences: ["the input \(input.role) (stage \(input.name)) is new"]))
                continue
            }
            if earlier.result == input.result { continue }
            let source = earlier.name == input.name ? "stage \(input.name)" : "stage \(input.name), was stage \(earlier.name)"
            differences.append(Difference(sentences: [
                "the input \(input.role) changed: the result of \(source) is \(input.result.short), was \(earlier.result.short)"
            ]))
        }
        for input in old.dependencies where !new.dependencies.contains(where: { $0.role == input.role }) {
            differences.append(Difference(sentences: ["the input \(input.role) (stage \(input.name)) is gone"]))
        }
        return differences
    }
}

/// The differences between two values in sentences.
enum ValueDifference {
    private static let most = 6

    /// One sentence for each difference, the first six and a count of the rest; empty when none can be shown.
    static func sentences(from old: StoreValue, to new: StoreValue, at path: String) -> [String] {
        var found: [String] = []
        compare(old, new, path, into: &found)
        if found.count <= most { return found }
        return Array(found[..<most]) + ["\(found.count - most) more differences in \(path)"]
    }

    private static func compare(_ old: StoreValue, _ new: StoreValue, _ path: String, into found: inout [String]) {
        if old == new { return }
        switch (old, new) {
        case (.table(let before), .table(let after)): compareTables(before, after, path, into: &found)
        case (.list(let before), .list(let after)):
            if before.count != after.count { found.append("\(path) has \(after.count) elements, had \(before.count)") }
            for index in 0..<min(before.count, after.count) {
                compare(before[index], after[index], "\(path)[\(index + 1)]", into: &found)
            }
        case (.content(let before), .content(let after)): found.append(compareContents(before, after, path))
        case (.string(let before), .string(let after)): found.append(compareTexts(before, after, path))
        case (.bytes(let before), .bytes(let after)):
            guard let first = String(validating: before, as: UTF8.self), let second = String(validating: after, as: UTF8.self) else { fallthrough }
            found.append(compareTexts(first, second, path))
        default: found.append("\(path) is \(new.summary()), was \(old.summary())")
        }
    }

    private static func compareTables(_ before: [StoreEntry], _ after: [StoreEntry], _ path: String, into found: inout [String]) {
        func index(_ entries: [StoreEntry]) -> [[UInt8]: StoreEntry] {
            Dictionary(entries.map { ((try? $0.key.encoded()) ?? [], $0) }, uniquingKeysWith: { first, _ in first })
        }
        let old = index(before)
        let new = index(after)
        for key in Set(old.keys).union(new.keys).sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            guard let entry = new[key] ?? old[key] else { continue }
            let place = path + (entry.key.text.map { "." + $0 } ?? "[\(entry.key.summary())]")
            switch (old[key], new[key]) {
            case (let earlier?, let later?): compare(earlier.value, later.value, place, into: &found)
            case (nil, let later?): found.append("\(place) is new (\(later.value.summary()))")
            case (let earlier?, nil): found.append("\(place) is gone (was \(earlier.value.summary()))")
            case (nil, nil): break
            }
        }
    }

    private static func compareTexts(_ before: String, _ after: String, _ path: String) -> String {
        let old = before.split(separator: "\n", omittingEmptySubsequences: false)
        let new = after.split(separator: "\n", omittingEmptySubsequences: false)
        guard old.count > 1 || new.count > 1 else {
            return "\(path) is \(StoreValue.string(after).summary()), was \(StoreValue.string(before).summary())"
        }
        let line = zip(old, new).enumerated().first { $0.element.0 != $0.element.1 }?.offset ?? min(old.count, new.count)
        func shown(_ lines: [Substring]) -> String {
            line < lines.count ? "`\(StoreValue.string(String(lines[line])).summary(limit: 70).dropFirst().dropLast())`" : "missing"
        }
        return "\(path) changed: line \(line + 1) is \(shown(new)), was \(shown(old))"
    }

    private static func compareContents(_ before: FileContent, _ after: FileContent, _ path: String) -> String {
        guard let old = before.members, let new = after.members else {
            let name = before.path == after.path ? after.path : "\(after.path) (was \(before.path))"
            return "\(path): the content of \(name) changed (\(after.size) bytes, \(before.size) before)"
        }
        let earlier = Dictionary(old.map { ($0.path, $0.hash) }, uniquingKeysWith: { first, _ in first })
        let later = Set(new.map(\.path))
        let groups = [
            ("added", new.filter { earlier[$0.path] == nil }.map(\.path)),
            ("changed", new.filter { earlier[$0.path] != nil && earlier[$0.path] != $0.hash }.map(\.path)),
            ("removed", old.filter { !later.contains($0.path) }.map(\.path)),
        ]
        let told = groups.filter { !$0.1.isEmpty }.map { label, names in
            "\(names.count) \(label) (\(names.prefix(3).joined(separator: ", "))\(names.count > 3 ? ", ..." : ""))"
        }
        return "\(path): in the folder \(after.path), files: \(told.joined(separator: ", "))"
    }
}

extension Array where Element == UInt8 {
    /// Whether `mark` occurs in the bytes.
    fileprivate func contains(_ mark: [UInt8]) -> Bool {
        guard let first = mark.first, count >= mark.count else { return false }
        return withUnsafeBufferPointer { bytes in
            for start in 0...(bytes.count - mark.count) where bytes[start] == first {
                if bytes[start..<(start + mark.count)].elementsEqual(mark) { return true }
            }
            return false
        }
    }
}
