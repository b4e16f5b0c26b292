import Yams

/// YAML as values, and the head of a notebook.
enum FrontMatter {
    private static let mostNodes = 20_000
    /// Without dates: they stay the text that was written.
    private static let resolver = Resolver.default.removing(.timestamp)

    /// Reads YAML; an empty text is an empty table.
    ///
    /// - Parameter line: the line of the file on which the text begins, for messages.
    /// - Throws: ``NotebookError``.
    static func value(_ yaml: String, file: String, line: Int) throws -> StoreValue {
        do {
            guard let node = try Yams.compose(yaml: yaml, resolver) else { return .table([StoreEntry]()) }
            var left = mostNodes
            return try value(node, &left)
        } catch let error as YamlError {
            throw fault(error, file: file, line: line)
        } catch let error as StoreError {
            throw NotebookError(file, line: line, error.description)
        }
    }

    private static func fault(_ error: YamlError, file: String, line: Int) -> NotebookError {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _), .composer(_, let problem, let mark, _):
            return NotebookError(file, line: line + mark.line - 1, "the YAML cannot be read: \(problem)")
        case .duplicatedKeysInMapping(_, let context):
            return NotebookError(file, line: line + context.mark.line - 1, "a key comes twice in the YAML")
        default: return NotebookError(file, line: line, "the YAML cannot be read: \(error)")
        }
    }

    private static func value(_ node: Node, _ left: inout Int) throws -> StoreValue {
        left -= 1
        // References let a few lines stand for billions of values.
        guard left > 0 else { throw StoreError("the YAML has more than \(mostNodes) values") }
        switch node {
        case .scalar(let scalar):
            if node.tag.description == Tag.Name.null.rawValue { return .null }
            if node.tag.description == Tag.Name.bool.rawValue { return .bool(node.bool ?? false) }
            if node.tag.description == Tag.Name.int.rawValue, let integer = node.int { return .integer(integer) }
            if node.tag.description == Tag.Name.float.rawValue, let number = node.float { return .number(number) }
            return .string(scalar.string)
        case .sequence(let sequence): return .list(try sequence.map { try value($0, &left) })
        case .mapping(let mapping):
            return .table(try mapping.map { key, item in
                guard case .scalar(let name) = key else { throw StoreError("the YAML has a key that is not plain text") }
                return StoreEntry(.string(name.string), try value(item, &left))
            })
        case .alias: throw StoreError("the YAML has a reference to something that is not there")
        }
    }

    /// Takes the lines of the key `jupyter` out of a head: its value, and the text that is left.
    static func split(_ lines: [Substring], file: String, line: Int) throws -> (frontMatter: String, jupyter: StoreValue) {
        var kept: [Substring] = []
        var block: [Substring] = []
        var first = line
        var isInside = false
        for (index, text) in lines.enumerated() {
            if text.hasPrefix("jupyter:") {
                isInside = true
                first = line + index
            } else if isInside, !text.isEmpty, let start = text.first, start != " ", start != "\t" {
                isInside = false
            }
            if isInside { block.append(text) } else { kept.append(text) }
        }
        let frontMatter = kept.joined(separator: "\n")
        _ = try value(frontMatter, file: file, line: line)
        guard !block.isEmpty else { return (frontMatter, .table([StoreEntry]())) }
        let found = try value(block.joined(separator: "\n"), file: file, line: first)["jupyter"] ?? .null
        if case .table = found { return (frontMatter, JupyterFile.withoutDefaults(found)) }
        return (frontMatter, .table([StoreEntry]()))
    }

    /// The lines of a head: the front matter, and the metadata as JSON, which is YAML too. None if there is nothing to say.
    static func lines(_ notebook: Notebook) -> [String] {
        var lines = notebook.frontMatter.isEmpty ? [] : notebook.frontMatter.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        if case .table(let entries) = notebook.metadata, !entries.isEmpty { lines.append("jupyter: " + notebook.metadata.plainJSON()) }
        return lines.isEmpty ? [] : ["---"] + lines + ["---"]
    }
}
