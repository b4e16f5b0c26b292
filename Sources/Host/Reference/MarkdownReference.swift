/// Writes the reference of a library as Markdown.
public struct MarkdownReference {
    public init() {}

    public func text(_ library: Library, root: String = "loam") -> String {
        var blocks = ["# \(root).\(library.name)", library.doc]
        if !library.functions.isEmpty {
            blocks.append(table(["function", "what it does"], library.functions.map { ["[`\($0.name)`](#\(anchor($0.name)))", firstSentence($0.doc)] }))
        }
        blocks += library.functions.flatMap { function($0, title: library.name + "." + $0.signature, arguments: $0.arguments[...], anchorName: $0.name) }
        if !library.constants.isEmpty {
            blocks += ["## Values", table(["name", "meaning"], library.constants.map { ["`\($0.name)`", $0.doc] })]
        }
        for type in library.types { blocks += describe(type, listed: Set(library.functions.map(ObjectIdentifier.init))) }
        return blocks.joined(separator: "\n\n") + "\n"
    }

    private func describe(_ type: ObjectType, listed: Set<ObjectIdentifier>) -> [String] {
        var blocks = ["## Type \(type.name)", type.doc]
        if !type.properties.isEmpty {
            blocks.append(table(["field", "type", "meaning"], type.properties.map {
                ["`\($0.name)`", code($0.type), $0.doc + ($0.isWritable ? " Can be assigned." : "")]
            }))
        }
        if !type.operators.isEmpty {
            let rows = type.operators.sorted { $0.key.rawValue < $1.key.rawValue }.map { ["`\($0.key.symbol)`", firstSentence($0.value.doc)] }
            blocks.append(table(["operator", "what it does"], rows))
        }
        if !type.methods.isEmpty {
            blocks.append(table(["method", "what it does"], type.methods.map { ["`:\(methodSignature($0))`", firstSentence($0.doc)] }))
        }
        for method in type.methods where !listed.contains(ObjectIdentifier(method)) {
            blocks += function(method, title: type.name + ":" + methodSignature(method), arguments: method.arguments.dropFirst(), anchorName: method.name)
        }
        return blocks
    }

    private func function(_ function: Function, title: String, arguments: ArraySlice<ArgumentDescription>, anchorName: String) -> [String] {
        var blocks = ["<a id=\"\(anchor(anchorName))\"></a>", "### `\(title)`", function.doc]
        if !arguments.isEmpty { blocks.append(table(["argument", "type", "meaning", "default"], arguments.flatMap { rows($0, prefix: "") })) }
        let results = function.results.map { "Returns \(code($0.type)): \($0.doc)." }
        if !results.isEmpty { blocks.append(results.joined(separator: "\n")) }
        if let source = function.source { blocks.append("Source: \(source).") }
        if let example = function.example {
            let output = example.output.isEmpty ? "" : "\n" + example.output.split(separator: "\n", omittingEmptySubsequences: false).map { "--> " + $0 }.joined(separator: "\n")
            blocks.append("```lua\n\(example.code)\(output)\n```")
        }
        return blocks
    }

    private func rows(_ argument: ArgumentDescription, prefix: String) -> [[String]] {
        let name = prefix + (argument.isRest ? "..." : argument.name)
        let fallback = argument.defaultText.map(code) ?? (argument.isRest ? "" : argument.isOptional ? "optional" : "")
        return [["`\(name)`", code(argument.type), argument.doc, fallback]] + argument.fields.flatMap { rows($0, prefix: argument.name + ".") }
    }

    private func table(_ head: [String], _ rows: [[String]]) -> String {
        let lines = [head, head.map { _ in "---" }] + rows
        return lines.map { "| " + $0.map { $0.split(separator: "\n").joined(separator: " ") }.joined(separator: " | ") + " |" }.joined(separator: "\n")
    }

    /// Code in a table cell, where a bar must be escaped.
    private func code(_ text: String) -> String { "`" + text.split(separator: "|", omittingEmptySubsequences: false).joined(separator: "\\|") + "`" }

    private func anchor(_ name: String) -> String { name.lowercased() }
}
