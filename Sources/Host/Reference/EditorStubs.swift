/// Writes LuaCATS files, from which editors (lua-language-server) complete, check types and show documentation.
public struct EditorStubs {
    public init() {}

    /// The file for one library: its text belongs into `<root>/<name>.lua` of a folder of stubs.
    public func text(_ library: Library, root: String = "loam") -> String {
        var blocks = ["---@meta \(root).\(library.name)"]
        blocks += library.types.map { typeBlock($0, module: library.name) }
        blocks += library.functions.flatMap { optionClasses($0, owner: library.name) }
        var head = comment(library.doc) + ["---@class \(root).\(library.name)"]
        head += library.constants.map { "---@field \($0.name) \(catsName($0.value)) \($0.doc)" }
        blocks.append((head + ["local \(library.name) = {}"]).joined(separator: "\n"))
        blocks += library.functions.map { functionBlock($0, owner: library.name, separator: ".", arguments: $0.arguments[...]) }
        return blocks.joined(separator: "\n\n") + "\n\nreturn \(library.name)\n"
    }

    /// The file for the module that holds all others.
    public func rootText(_ libraries: [Library], root: String = "loam") -> String {
        let fields = libraries.map { "---@field \($0.name) \(root).\($0.name) \(firstSentence($0.doc))" }
        return (["---@meta \(root)", "", "---@class \(root)"] + fields + ["local \(root) = {}", "", "return \(root)"]).joined(separator: "\n") + "\n"
    }

    private func typeBlock(_ type: ObjectType, module: String) -> String {
        var lines = comment(type.doc) + ["---@class \(type.name)"]
        lines += type.properties.map { "---@field \($0.name) \($0.type) \($0.doc)" }
        for (name, function) in type.operators.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            // LuaCATS has no words for index, comparison, closing and traversal.
            guard let word = name.catsWord else { continue }
            let result = function.results.first?.type ?? "nil"
            switch name {
            case .negate, .length: lines.append("---@operator \(word): \(result)")
            case .call: lines.append("---@operator call(\(function.arguments.dropFirst().map(\.type).joined(separator: ", "))): \(result)")
            default: lines.append("---@operator \(word)(\(function.arguments.last?.type ?? type.name)): \(result)")
            }
        }
        lines.append("local \(type.name) = {}")
        let options = type.methods.flatMap { optionClasses($0, owner: type.name) }
        let methods = type.methods.map { functionBlock($0, owner: type.name, separator: ":", arguments: $0.arguments.dropFirst()) }
        return (options + [lines.joined(separator: "\n")] + methods).joined(separator: "\n\n")
    }

    private func functionBlock(_ function: Function, owner: String, separator: String, arguments: ArraySlice<ArgumentDescription>) -> String {
        var lines = comment(function.doc)
        if let source = function.source { lines += ["---", "---Source: \(source)"] }
        if let example = function.example {
            lines += ["---", "---```lua"] + comment(example.code)
            lines += example.output.isEmpty ? [] : comment(example.output.split(separator: "\n").map { "--> " + $0 }.joined(separator: "\n"))
            lines.append("---```")
        }
        for argument in arguments {
            let type = argument.fields.isEmpty ? argument.type : optionClass(function, argument, owner: owner)
            let name = argument.isRest ? "..." : argument.name + (argument.isOptional && argument.type != "any" ? "?" : "")
            let fallback = argument.defaultText.map { " (default \($0))" } ?? ""
            lines.append("---@param \(name) \(type) \(argument.doc)\(fallback)")
        }
        lines += function.results.map { "---@return \($0.type) # \($0.doc)" }
        let names = arguments.map { $0.isRest ? "..." : $0.name }.joined(separator: ", ")
        return (lines + ["function \(owner)\(separator)\(function.name)(\(names)) end"]).joined(separator: "\n")
    }

    private func optionClass(_ function: Function, _ argument: ArgumentDescription, owner: String) -> String {
        "\(owner).\(function.name).\(argument.name)"
    }

    private func optionClasses(_ function: Function, owner: String) -> [String] {
        function.arguments.filter { !$0.fields.isEmpty }.map { argument in
            let fields = argument.fields.map { field in
                let fallback = field.defaultText.map { " (default \($0))" } ?? ""
                return "---@field \(field.name)\(field.isOptional ? "?" : "") \(field.type) \(field.doc)\(fallback)"
            }
            return (["---@class (exact) \(optionClass(function, argument, owner: owner))"] + fields).joined(separator: "\n")
        }
    }

    private func comment(_ text: String) -> [String] {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { "---" + $0 }
    }

    private func catsName(_ value: LuaValue) -> String {
        if case .integer = value { return "integer" }
        return value.typeName
    }
}

extension Operator {
    /// The name in an `@operator` line; nil when LuaCATS cannot express it.
    fileprivate var catsWord: String? {
        switch self {
        case .add: return "add"
        case .subtract: return "sub"
        case .multiply: return "mul"
        case .divide: return "div"
        case .modulo: return "mod"
        case .power: return "pow"
        case .negate: return "unm"
        case .floorDivide: return "idiv"
        case .concatenate: return "concat"
        case .length: return "len"
        case .call: return "call"
        case .bitAnd: return "band"
        case .bitOr: return "bor"
        case .bitExclusiveOr: return "bxor"
        case .bitNot: return "bnot"
        case .equal, .less, .lessOrEqual, .close, .pairs, .index, .newIndex: return nil
        }
    }
}
