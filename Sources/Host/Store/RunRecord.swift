/// How a run stands.
public enum RunStatus: String, Sendable, CaseIterable {
    case running, finished, failed, interrupted
    /// It was running when its process died.
    case killed
}

/// What is known about a run when it starts.
public struct RunDescription: Sendable {
    /// The script's path as the user gave it.
    public var script: String
    /// The hash of the script's text.
    public var scriptHash: ContentHash?
    /// "smoke", "laptop", "paper".
    public var preset: String?
    public var seed: Int?
    /// All parameters after defaults, preset and command line.
    public var parameters: StoreValue
    /// The version of the program.
    public var version: String
    /// CPU, cores, system: ``Machine/description``.
    public var machine: String

    public init(
        script: String, scriptHash: ContentHash? = nil, preset: String? = nil, seed: Int? = nil, parameters: StoreValue = [:],
        version: String, machine: String = Machine.description
    ) {
        self.script = script
        self.scriptHash = scriptHash
        self.preset = preset
        self.seed = seed
        self.parameters = parameters
        self.version = version
        self.machine = machine
    }
}

/// A recorded run.
public struct RunRecord: Sendable {
    public let id: Int
    public let description: RunDescription
    public let status: RunStatus
    /// In UTC: "2026-01-31T12:00:00.123Z".
    public let started: String
    /// Nil while it runs and when it was killed.
    public let finished: String?
    /// The error that ended it, when one did.
    public let message: String?

    /// The record as a table for JSON.
    public var value: StoreValue {
        [
            "id": .integer(id), "script": .string(description.script),
            "script_sha256": description.scriptHash.map { .string($0.hex) } ?? .null,
            "preset": description.preset.map { .string($0) } ?? .null, "seed": description.seed.map { .integer($0) } ?? .null,
            "parameters": description.parameters, "version": .string(description.version), "machine": .string(description.machine),
            "status": .string(status.rawValue), "started": .string(started), "finished": finished.map { .string($0) } ?? .null,
            "message": message.map { .string($0) } ?? .null,
        ]
    }
}

/// A number that a run recorded at a step.
public struct RunMetric: Sendable, Equatable {
    public let run: Int
    public let name: String
    public let step: Int
    public let value: Double
}

/// A file that a run made.
public struct RunArtifact: Sendable, Equatable {
    public let run: Int
    public let name: String
    public let path: String
    /// Size in bytes.
    public let size: Int
    public let hash: ContentHash
}

/// A stage that a run used.
public struct RunStage: Sendable, Equatable {
    public let run: Int
    public let name: String
    public let key: ContentHash
    public let result: ContentHash
    /// Whether the stored result was used.
    public let wasStored: Bool
    /// Seconds that the stage took when it ran.
    public let elapsed: Double
}
