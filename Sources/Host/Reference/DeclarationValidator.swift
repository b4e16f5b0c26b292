/// Looks for mistakes in declarations; a test demands that there are none.
public struct DeclarationValidator {
    public init() {}

    /// One sentence for each mistake, in the order of declaration.
    public func problems(in libraries: [Library]) -> [String] {
        duplicates(libraries.map(\.name), of: "library") + libraries.flatMap(problems)
    }

    private func problems(in library: Library) -> [String] {
        var found = checkDoc(library.doc, library.name)
        found += duplicates(library.functions.map(\.name) + library.constants.map(\.name), of: "name in \(library.name)")
        found += library.functions.flatMap { problems(in: $0, name: library.name + "." + $0.name) }
        found += library.constants.filter { $0.doc.isEmpty }.map { "\(library.name).\($0.name): the doc line is missing" }
        for type in library.types {
            found += checkDoc(type.doc, type.name)
            found += duplicates(type.methods.map(\.name) + type.properties.map(\.name), of: "field of \(type.name)")
            let listed = Set(library.functions.map(ObjectIdentifier.init))
            for method in type.methods {
                if method.arguments.first?.type.contains(type.name) != true {
                    found.append("\(type.name):\(method.name): the first argument of a method is the object, a \(type.name)")
                }
                if !listed.contains(ObjectIdentifier(method)) { found += problems(in: method, name: type.name + ":" + method.name) }
            }
            found += type.properties.flatMap { checkDoc($0.doc, type.name + "." + $0.name) }
        }
        return found
    }

    private func problems(in function: Function, name: String) -> [String] {
        var found = checkDoc(function.doc, name)
        if !isSnakeCase(function.name) { found.append("\(name): names are lower case with underscores") }
        if function.example == nil { found.append("\(name): the example is missing") }
        found += checkArguments(function.arguments, name, areOptions: false)
        return found
    }

    private func checkArguments(_ arguments: [ArgumentDescription], _ owner: String, areOptions: Bool) -> [String] {
        var found = duplicates(arguments.map(\.name), of: "\(areOptions ? "option" : "argument") of \(owner)")
        for (position, argument) in arguments.enumerated() {
            if argument.doc.isEmpty { found.append("\(owner): the doc line of '\(argument.name)' is missing") }
            if !isSnakeCase(argument.name) { found.append("\(owner): the name '\(argument.name)' is not lower case with underscores") }
            found += checkArguments(argument.fields, "\(owner).\(argument.name)", areOptions: true)
            guard !areOptions else { continue }
            if argument.isRest && position != arguments.count - 1 { found.append("\(owner): '\(argument.name)' takes all that is left, so it must be the last argument") }
            if !argument.isOptional, arguments[..<position].contains(where: \.isOptional), argument.type != "any" {
                found.append("\(owner): '\(argument.name)' is required but comes after an optional argument")
            }
        }
        return found
    }

    private func checkDoc(_ doc: String, _ name: String) -> [String] {
        if doc.isEmpty { return ["\(name): the doc line is missing"] }
        return doc.hasSuffix(".") || doc.hasSuffix("```") || doc.hasSuffix("|") ? [] : ["\(name): the doc does not end with a full stop"]
    }

    private func duplicates(_ names: [String], of kind: String) -> [String] {
        var seen = Set<String>()
        return names.filter { !seen.insert($0).inserted }.map { "duplicate \(kind): '\($0)'" }
    }

    private func isSnakeCase(_ name: String) -> Bool {
        guard let first = name.unicodeScalars.first, ("a"..."z").contains(first) else { return false }
        return name.unicodeScalars.allSatisfy { ("a"..."z").contains($0) || ("0"..."9").contains($0) || $0 == "_" }
    }
}
