/// A finished stage: what it returned and the folder of what it wrote, read-only and verified; a kept result's files may be missing.
public final class StageResult {
    public let manifest: StageManifest
    /// The folder with the stage's files; change nothing in it.
    public let folder: String
    private let hold: EntryHold?

    public var name: String { manifest.name }
    public var key: ContentHash { manifest.key }
    /// Hash of the value and the files: what a stage that takes this one in depends on.
    public var hash: ContentHash { manifest.result }
    public var value: StoreValue { manifest.value }
    public var printed: String { manifest.printed }
    /// Seconds that making it took.
    public var elapsed: Double { manifest.elapsed }

    init(manifest: StageManifest, folder: String, hold: EntryHold?) {
        self.manifest = manifest
        self.folder = folder
        self.hold = hold
    }

    /// The path of one of the stage's files.
    /// - Throws: ``StoreError`` listing the files there are.
    public func path(of output: String) throws -> String {
        guard manifest.outputs.contains(where: { $0.path == output }) else {
            let names = manifest.outputs.prefix(8).map(\.path).joined(separator: ", ")
            let more = manifest.outputs.count > 8 ? ", ... (\(manifest.outputs.count) in all)" : ""
            throw StoreError("stage \"\(name)\" has no output \"\(output)\"; it has \(names.isEmpty ? "none" : names + more)")
        }
        return folder + "/" + output
    }

    /// A stand-in for the result of a stage that is only planned: two of them are alike only when their keys are.
    public static func planned(_ key: StageKey, value: StoreValue) throws -> StageResult {
        let mark = StageManifest.Output(path: "planned", size: 0, hash: key.hash)
        let manifest = try StageManifest(key: key, outputs: [mark], value: value, printed: "", reasons: ["planned"], created: Timestamp.now(), elapsed: 0)
        return StageResult(manifest: manifest, folder: "(planned)", hold: nil)
    }
}
