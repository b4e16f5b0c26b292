/// The values of an options table, by the keys that were declared: `options[steps]`.
public struct Options {
    fileprivate var values: [String: Any] = [:]
    fileprivate var given: Set<String> = []

    /// Whether the table has the key, as opposed to a default standing in for it.
    public func isGiven<Value>(_ field: Argument<Value>) -> Bool { given.contains(field.description.name) }

    /// The value of a declared key, or its default.
    public subscript<Value>(_ field: Argument<Value>) -> Value {
        guard let value = values[field.description.name] as? Value else {
            preconditionFailure("the option '\(field.description.name)' is not among the declared keys of this table")
        }
        return value
    }
}

extension Argument where Value == Options {
    /// A table with declared keys; an unknown key is an error that suggests the nearest name.
    ///
    /// Each key is an `Argument` of its own, kept in a constant, and looked up with it: `options[steps]`. The whole
    /// table may be left out if every key has a default or is optional.
    public static func options<each Field>(_ name: String, _ doc: String, _ fields: repeat Argument<each Field>) -> Argument {
        var descriptions: [ArgumentDescription] = []
        var readers: [(name: String, read: (Call, Int32) throws -> Any)] = []
        for field in repeat each fields {
            descriptions.append(field.description)
            readers.append((field.description.name, { call, slot in try field.read(call, slot) }))
        }
        let known = descriptions.map(\.name)
        let mayBeMissing = descriptions.allSatisfy(\.isOptional)
        let description = ArgumentDescription(name, "table", doc, isOptional: mayBeMissing, fields: descriptions)
        return Argument(description) { [readers] call, index in
            let isMissing = call.isAbsent(index) && mayBeMissing
            guard isMissing || call.kind(index) == .table else {
                throw ArgumentFault.wrongType(expected: "table of options", got: call.typeName(index))
            }
            if !isMissing { try refuseUnknownKeys(call, index, known) }
            var options = Options()
            for reader in readers {
                options.values[reader.name] = try call.withField(isMissing ? nil : index, reader.name) { slot in
                    if !call.isAbsent(slot) { options.given.insert(reader.name) }
                    do { return try reader.read(call, slot) } catch let fault as ArgumentFault { throw fault.inOption(reader.name) }
                }
            }
            return options
        }
    }
}

private func refuseUnknownKeys(_ call: Call, _ index: Int32, _ known: [String]) throws {
    try call.forEachKey(index) { slot in
        guard let key = call.string(slot) else {
            if call.integer(slot) != nil { throw ArgumentFault.invalid("options are named: write { \(known.first ?? "name") = value }") }
            throw ArgumentFault.invalid("option names are strings, got a \(call.typeName(slot)) as a key")
        }
        if !known.contains(key) { throw ArgumentFault.unknownOption(key, known: known) }
    }
}
