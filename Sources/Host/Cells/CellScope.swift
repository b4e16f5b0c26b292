import CLuaBridge

/// Compiles pieces of a program that is given bit by bit, such as cells of a notebook and lines of a REPL. Top-level locals live on:
/// a later piece uses the very variable, and so do functions that earlier pieces made.
///
/// Each piece becomes a function whose free variables are joined to those of earlier pieces. What a piece declares before it fails is kept
/// as far as its statements can be told apart.
public final class CellScope {
    /// A compiled piece.
    public struct Cell {
        let function: LuaFunction
        /// Whether a semicolon at the end says that its values are not to be shown.
        fileprivate(set) var isSilent = false

        /// Runs it and returns its values.
        @discardableResult
        public func run() throws -> [LuaValue] { try function.call() }
    }

    /// A local variable of an earlier piece.
    private struct Variable {
        /// A function that has the variable as its first upvalue.
        let holder: LuaReference
        let isConstant: Bool
    }

    private let state: LuaState
    private var variables: [String: Variable] = [:]
    private var keep: LuaValue = .none

    public init(_ state: LuaState) {
        self.state = state
        let arguments = [
            ArgumentDescription("name", "string", "of the variable"), ArgumentDescription("constant", "boolean", "whether it cannot be assigned"),
            ArgumentDescription("holder", "function", "returns it"),
        ]
        keep = state.value(of: Function(direct: "keep", "Takes a local variable over.", arguments) { [weak self] call in
            if let name = call.string(1), let constant = call.boolean(2) { try self?.adopt(name, isConstant: constant, call.reference(3)) }
            return 0
        })
    }

    /// The names of locals that live, in order.
    public var names: [String] { variables.keys.sorted() }

    /// The value of a local; nil if there is none of that name.
    public func value(_ name: String) -> LuaValue? {
        guard let variable = variables[name] else { return nil }
        let L = state.running
        let top = lua_gettop(L)
        defer { lua_settop(L, top) }
        variable.holder.push(L)
        guard lua_getupvalue(L, -1, 1) != nil else { return nil }
        return state.read(L, -1)
    }

    // MARK: Compiling

    /// Compiles a piece: an expression gives its values, and so does an expression or a call that stands last.
    ///
    /// - Returns: nil if the text comes to its end before the piece does.
    /// - Throws: `LuaError` with the fault that the parser found.
    public func compile(_ text: String, chunkName: String) throws -> Cell? {
        let source = CellSource(text)
        var compiled = try compiled(source, chunkName)
        compiled?.isSilent = source.finalSemicolon != nil
        return compiled
    }

    private func compiled(_ source: CellSource, _ chunkName: String) throws -> Cell? {
        var isUnfinished = false
        for start in source.likelyStarts {
            do { return try cell(source.returning(from: start), chunkName) } catch let error as LuaError { isUnfinished = isUnfinished || stopsAtEnd(error) }
        }
        do { return try cell(source.text, chunkName) } catch let error as LuaError {
            if isUnfinished || stopsAtEnd(error) { return nil }
            for start in source.lineStarts {
                do { return try cell(source.returning(from: start), chunkName) } catch {}
            }
            throw error
        }
    }

    /// Whether the parser found no fault before the text came to its end.
    private func stopsAtEnd(_ error: LuaError) -> Bool { error.message.hasSuffix("<eof>") }

    private func cell(_ text: String, _ chunkName: String) throws -> Cell {
        let plain = try state.load(text, chunkName: chunkName)
        let source = CellSource(text)
        let used = variables.keys.filter { source.names.contains($0) || $0 == "_ENV" }.sorted()
        if used.isEmpty && source.locals.isEmpty { return Cell(function: plain) }
        // A goto over a local, or more names than a function can have: then this piece keeps its locals to itself.
        let forms = [source.keepingLocals(Self.keepName), text]
        var failure: (any Error)?
        for form in forms {
            do { return try Cell(function: wrapped(form, using: used, chunkName)) } catch { failure = error }
        }
        throw failure!
    }

    private static let keepName = "__keep_local__"

    /// The text inside a function that sees the given variables.
    private func wrapped(_ text: String, using names: [String], _ chunkName: String) throws -> LuaFunction {
        let declared = names.map { variables[$0]!.isConstant ? $0 + " <const>" : $0 }
        // One line, so that lines keep their numbers; `...` keeps constants from being folded.
        let head = "local \(([Self.keepName] + declared).joined(separator: ", ")) = ... ; return function(...) "
        let wrapper = try state.load(head + text + "\nend", chunkName: chunkName)
        guard case .function(let function)? = try wrapper.call(keep).first else { throw LuaError("a cell could not be compiled") }
        join(function)
        return function
    }

    /// Makes the variables of a function those of earlier pieces.
    private func join(_ function: LuaFunction) {
        let L = state.running
        let top = lua_gettop(L)
        defer { lua_settop(L, top) }
        function.reference.push(L)
        var index: Int32 = 1
        while let name = lua_getupvalue(L, top + 1, index) {
            loam_pop(L, 1)
            if let variable = variables[String(cString: name)] {
                variable.holder.push(L)
                lua_upvaluejoin(L, top + 1, index, -1, 1)
                loam_pop(L, 1)
            }
            index += 1
        }
    }

    /// Takes over the variable that a function returns.
    private func adopt(_ name: String, isConstant: Bool, _ holder: LuaReference) throws {
        let L = state.running
        holder.push(L)
        let hasVariable = lua_getupvalue(L, -1, 1) != nil
        loam_pop(L, hasVariable ? 2 : 1)
        if hasVariable {
            variables[name] = Variable(holder: holder, isConstant: isConstant)
        } else {
            // A constant that the compiler put into the code: it gets a variable of its own.
            let value = try LuaFunction(reference: holder).call().first ?? .none
            guard case .function(let function)? = try state.load("local value = ... ; return function() return value end").call(value).first else { return }
            variables[name] = Variable(holder: function.reference, isConstant: isConstant)
        }
    }
}
