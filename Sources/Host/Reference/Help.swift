import CLuaBridge

/// The text that `help` shows, made from the declarations.
public struct Help {
    let libraries: [Library]
    let index: DeclarationIndex

    public init(_ libraries: [Library]) {
        self.libraries = libraries
        index = DeclarationIndex(libraries)
    }

    /// The list of all modules.
    public func overview() -> String {
        let rows = libraries.map { [$0.name, firstSentence($0.doc)] }
        return "Modules (help \"name\" tells more; help(f) explains a function or an object):\n\n" + columns(rows)
    }

    /// The text about a name, or a sentence that says that there is none.
    public func text(name: String) -> String {
        guard let entry = index.entry(name) else {
            return "There is no help on '\(name)'" + advice(for: name, among: index.allNames, plural: "names").replacingList()
        }
        switch entry {
        case .library(let library): return text(library)
        case .function(let function, let name): return text(function, name: name)
        case .type(let type): return text(type)
        case .property(let property, let type): return text(property, of: type)
        }
    }

    public func text(_ library: Library) -> String {
        var parts = ["module \(library.name)", library.doc]
        if !library.functions.isEmpty { parts.append(columns(library.functions.map { [$0.signature, firstSentence($0.doc)] })) }
        if !library.constants.isEmpty { parts.append("Values:\n" + columns(library.constants.map { [$0.name, $0.doc] })) }
        if !library.types.isEmpty { parts.append("Types:\n" + columns(library.types.map { [$0.name, firstSentence($0.doc)] })) }
        return parts.joined(separator: "\n\n")
    }

    public func text(_ type: ObjectType) -> String {
        var parts = ["type \(type.name)", type.doc]
        if !type.properties.isEmpty {
            parts.append("Fields:\n" + columns(type.properties.map { [$0.name, $0.type, $0.doc + ($0.isWritable ? " Can be assigned." : "")] }))
        }
        if !type.methods.isEmpty {
            parts.append("Methods:\n" + columns(type.methods.map { [":" + methodSignature($0), firstSentence($0.doc)] }))
        }
        if !type.operators.isEmpty {
            parts.append("Operators: " + type.operators.keys.map(\.symbol).sorted().joined(separator: "  "))
        }
        return parts.joined(separator: "\n\n")
    }

    public func text(_ property: Property, of type: ObjectType) -> String {
        "\(type.name).\(property.name)  \(property.type)\n\n\(property.doc)" + (property.isWritable ? " Can be assigned." : "")
    }

    public func text(_ function: Function, name: String? = nil) -> String {
        let qualified = name ?? index.qualifiedName(of: function)
        let isMethod = qualified.contains(":")
        let call = qualified.dropLast(function.name.count) + (isMethod ? methodSignature(function) : function.signature)
        let results = function.results.map(\.type).joined(separator: ", ")
        var parts = [call + (results.isEmpty ? "" : " -> " + results), function.doc]
        let arguments = isMethod ? function.arguments.dropFirst() : function.arguments[...]
        if !arguments.isEmpty { parts.append(columns(arguments.flatMap { rows($0, indent: "") })) }
        let returned = function.results.filter { !$0.doc.isEmpty }
        if !returned.isEmpty { parts.append(returned.map { "Returns \($0.type): \($0.doc)" }.joined(separator: "\n")) }
        if let source = function.source { parts.append("Source: " + source) }
        if let example = function.example { parts.append(text(example)) }
        return parts.joined(separator: "\n\n")
    }

    private func rows(_ argument: ArgumentDescription, indent: String) -> [[String]] {
        let name = argument.isRest ? "..." : argument.name
        var doc = argument.doc
        if let text = argument.defaultText { doc += " (default \(text))" } else if argument.isOptional && !argument.isRest { doc += " (optional)" }
        return [[indent + name, argument.type, doc]] + argument.fields.flatMap { rows($0, indent: indent + "  ") }
    }

    private func text(_ example: Example) -> String {
        let code = example.code.split(separator: "\n", omittingEmptySubsequences: false).map { "  " + $0 }
        let output = example.output.split(separator: "\n", omittingEmptySubsequences: false).map { "  --> " + $0 }
        return (["Example:"] + code + output).joined(separator: "\n")
    }
}

/// The signature without the object.
func methodSignature(_ function: Function) -> String {
    let full = function.signature
    guard let open = full.firstIndex(of: "("), !function.arguments.isEmpty else { return full }
    let rest = full[full.index(after: open)...]
    guard let comma = rest.firstIndex(of: ",") else { return String(full[...open]) + ")" }
    return String(full[...open] + rest[comma...].dropFirst(2))
}

/// The text up to the first full stop that ends a sentence.
func firstSentence(_ text: String) -> String {
    var previous: Character = " "
    for index in text.indices {
        if previous == ".", text[index].isWhitespace { return String(text[..<index]) }
        previous = text[index]
    }
    return text
}

/// Rows with aligned columns, indented by two spaces; the last column is not padded, and short rows are allowed.
func columns(_ rows: [[String]]) -> String {
    var widths: [Int] = []
    for row in rows {
        for (column, cell) in row.dropLast().enumerated() {
            if column == widths.count { widths.append(0) }
            widths[column] = max(widths[column], min(cell.count, 40))
        }
    }
    return rows.map { row in
        let cells = row.enumerated().map { column, cell in
            column == row.count - 1 ? cell : cell + String(repeating: " ", count: max(0, widths[column] - cell.count))
        }
        return "  " + cells.joined(separator: "  ")
    }.joined(separator: "\n")
}

extension String {
    /// The advice without the list of everything, which is too long for names of all libraries.
    fileprivate func replacingList() -> String { hasPrefix("; did you mean") ? self : "; help() lists the modules" }
}

extension Operator {
    /// How the operator is written.
    var symbol: String {
        switch self {
        case .add: return "a + b"
        case .subtract: return "a - b"
        case .multiply: return "a * b"
        case .divide: return "a / b"
        case .modulo: return "a % b"
        case .power: return "a ^ b"
        case .negate: return "-a"
        case .floorDivide: return "a // b"
        case .concatenate: return "a .. b"
        case .length: return "#a"
        case .equal: return "a == b"
        case .less: return "a < b"
        case .lessOrEqual: return "a <= b"
        case .bitAnd: return "a & b"
        case .bitOr: return "a | b"
        case .bitExclusiveOr: return "a ~ b"
        case .bitNot: return "~a"
        case .call: return "a(...)"
        case .close: return "local a <close>"
        case .pairs: return "pairs(a)"
        case .index: return "a[i]"
        case .newIndex: return "a[i] = x"
        }
    }
}
