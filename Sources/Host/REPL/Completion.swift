import CLuaBridge

/// Finds the words that could continue a line: from the declarations first, then from live tables.
struct Completion {
    let state: LuaState
    /// Where locals live on; nil knows global variables alone.
    var scope: CellScope?

    /// What ends a word: names with their dots and colons are one.
    static let wordBreaks = " \t\n\"\\'><=;|&{}()[]+-*/%^~,#?"

    /// The words that could stand in the place of `word`, the end of `line`; inside a string names of files.
    func words(line: String, word: String) -> [String] {
        let trimmed = line.drop(while: \.isWhitespace)
        if trimmed.hasPrefix("?") { return helpNames(word) }
        if let path = openPath(line) {
            // Only the path's last word is replaced.
            return path.hasSuffix(word) ? fileNames(path).map { String($0.dropFirst(path.count - word.count)) } : []
        }
        if openQuote(line) != nil { return helpNames(word) }
        if let options = optionNames(line: line, word: word) { return options }
        guard let separator = word.lastIndex(where: { $0 == "." || $0 == ":" }) else { return globalNames(word) }
        let base = word[...separator]
        let partial = word[word.index(after: separator)...]
        guard let value = value(ofPath: word[..<separator]) else { return [] }
        return names(in: value, methodsOnly: word[separator] == ":").filter { $0.hasPrefix(partial) && isName($0) }.map { base + $0 }
    }

    private func helpNames(_ word: String) -> [String] {
        DeclarationIndex(state.libraries).allNames.filter { $0.hasPrefix(word) }
    }

    private func globalNames(_ word: String) -> [String] {
        let globals = fieldNames(state.globals, methodsOnly: false).filter(isName)
        return Set(globals).union(luaKeywords).union(scope?.names ?? []).filter { $0.hasPrefix(word) }.sorted()
    }

    // MARK: Names of files

    /// The text behind the quote that is still open at the end of the line, if names of files may stand there.
    func openPath(_ line: String) -> Substring? {
        guard let quote = openQuote(line), !line[..<quote].contains("help") else { return nil }
        return line[line.index(after: quote)...]
    }

    /// The files and folders whose path begins so; folders end with a slash.
    func fileNames(_ path: Substring) -> [String] {
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
        let partial = path.dropFirst(folder.count)
        let found = ((try? Folder.names(in: folder.isEmpty ? "." : folder)) ?? []).filter { $0.hasPrefix(partial) && ($0.first != "." || partial.first == ".") }
        return found.map { folder + $0 + (Folder.kind(of: folder + $0) == .folder ? "/" : "") }
    }

    // MARK: Fields of a value

    /// The value of `a.b.c`, found without running any metamethod.
    func value(ofPath path: Substring) -> LuaValue? {
        var value: LuaValue?
        for name in path.split(whereSeparator: { $0 == "." || $0 == ":" }).map(String.init) {
            guard let current = value else {
                value = scope?.value(name) ?? state.global(name)
                continue
            }
            value = field(name, of: current)
        }
        return value
    }

    private func field(_ name: String, of value: LuaValue) -> LuaValue? {
        guard case .table(let table) = value else { return nil }
        if case .none = table[name] {
            // A module that was not used yet.
            guard isRoot(table), state.libraries.contains(where: { $0.name == name }) else { return nil }
            return try? state.requireModule("loam." + name)
        }
        return table[name]
    }

    private func names(in value: LuaValue, methodsOnly: Bool) -> [String] {
        switch value {
        case .table(let table):
            let modules = isRoot(table) ? state.libraries.map(\.name) : []
            return Set(fieldNames(table, methodsOnly: methodsOnly)).union(methodsOnly ? [] : modules).sorted()
        case .object:
            guard let type = state.objectType(of: value) else { return [] }
            return (type.methods.map(\.name) + (methodsOnly ? [] : type.properties.map(\.name))).sorted()
        case .string:
            guard case .table(let strings) = state.global("string") else { return [] }
            return fieldNames(strings, methodsOnly: true).sorted()
        default: return []
        }
    }

    private func isRoot(_ table: LuaTable) -> Bool {
        guard case .table(let package) = state.global("package"), case .table(let loaded) = package["loaded"],
              case .table(let root) = loaded["loam"] else { return false }
        return root.isSame(as: table)
    }

    /// The string keys of a table and of the tables that its `__index` leads to.
    private func fieldNames(_ table: LuaTable, methodsOnly: Bool) -> [String] {
        var names: [String] = []
        var current: LuaTable? = table
        for _ in 0..<8 {
            guard let table = current else { break }
            for (key, value) in (try? table.pairs()) ?? [] {
                guard let name = key.asString else { continue }
                if methodsOnly, case .function = value { names.append(name) } else if !methodsOnly { names.append(name) }
            }
            current = table.indexTable
        }
        return names
    }

    // MARK: Where the cursor stands

    /// Where the string begins that is still open at the end of the line.
    private func openQuote(_ line: String) -> String.Index? {
        var open: (quote: Character, index: String.Index)?
        var isEscaped = false
        for index in line.indices {
            let character = line[index]
            if isEscaped {
                isEscaped = false
            } else if let current = open {
                if character == "\\" { isEscaped = true } else if character == current.quote { open = nil }
            } else if character == "\"" || character == "'" {
                open = (character, index)
            }
        }
        return open?.index
    }

    /// The keys of the options table in which the cursor stands: `f{ st` or `f(x, { st`.
    private func optionNames(line: String, word: String) -> [String]? {
        guard !word.contains("."), !word.contains(":") else { return nil }
        let head = line.dropLast(word.count)
        guard let brace = unmatched("{", closing: "}", in: head), head[head.index(after: brace)...].last(where: { !$0.isWhitespace }) .map({ $0 == "," || $0 == ";" }) ?? true
        else { return nil }
        var before = head[..<brace]
        if let parenthesis = unmatched("(", closing: ")", in: before) { before = before[..<parenthesis] }
        while before.last?.isWhitespace == true { before.removeLast() }
        let name = before.suffix { $0.isLetter || $0.isNumber || "_.:".contains($0) }
        guard let function = function(named: name) else { return nil }
        let names = function.arguments.flatMap(\.fields).map(\.name).filter { $0.hasPrefix(word) }
        return names.isEmpty ? nil : names.map { $0 + " = " }
    }

    /// The declaration of a function by a path such as `v:descend`.
    func function(named path: Substring) -> Function? {
        guard let separator = path.lastIndex(where: { $0 == "." || $0 == ":" }) else { return value(ofPath: path).flatMap(state.declaration) }
        let name = String(path[path.index(after: separator)...])
        guard let owner = value(ofPath: path[..<separator]) else { return nil }
        if let type = state.objectType(of: owner) { return type.methods.first { $0.name == name } }
        return field(name, of: owner).flatMap(state.declaration)
    }

    /// The last bracket of a kind that is not closed.
    private func unmatched(_ opening: Character, closing: Character, in text: Substring) -> Substring.Index? {
        var depth = 0
        for index in text.indices.reversed() {
            if text[index] == closing { depth += 1 }
            if text[index] == opening {
                if depth == 0 { return index }
                depth -= 1
            }
        }
        return nil
    }
}

extension Substring {
    /// The longest end all of whose characters satisfy a condition.
    fileprivate func suffix(while condition: (Character) -> Bool) -> Substring {
        var start = endIndex
        while start > startIndex, condition(self[index(before: start)]) { start = index(before: start) }
        return self[start...]
    }
}

extension LuaTable {
    /// Whether two references mean one table.
    func isSame(as other: LuaTable) -> Bool { address != nil && address == other.address }

    private var address: UnsafeRawPointer? {
        guard let state = try? reference.state() else { return nil }
        reference.push(state.running)
        defer { loam_pop(state.running, 1) }
        return lua_topointer(state.running, -1).map { UnsafeRawPointer($0) }
    }

    /// The table in which missing fields are looked up.
    var indexTable: LuaTable? {
        guard let state = try? reference.state() else { return nil }
        let L = state.running
        let top = lua_gettop(L)
        defer { lua_settop(L, top) }
        reference.push(L)
        guard luaL_getmetafield(L, -1, "__index") == LUA_TTABLE else { return nil }
        return Call(state, L).table(-1)
    }
}
