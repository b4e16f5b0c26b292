/// A value of a library that is not a function.
public struct Constant {
    public let name: String
    public let doc: String
    public let value: LuaValue

    public init(_ name: String, _ doc: String, _ value: LuaValue) {
        self.name = name
        self.doc = doc
        self.value = value
    }
}

/// A Lua module: `require "loam.tensor"`, or `loam.tensor` after `require "loam"`.
public final class Library {
    public let name: String
    /// What the module is for, in Markdown; the first sentence stands in overviews.
    public let doc: String
    public let functions: [Function]
    public let types: [ObjectType]
    public let constants: [Constant]
    /// What calling the module itself does; it gets the module as its first argument.
    let call: Function?

    public init(
        _ name: String, _ doc: String, functions: [Function], types: [ObjectType] = [], constants: [Constant] = [], call: Function? = nil
    ) {
        self.name = name
        self.doc = doc
        self.functions = functions
        self.types = types
        self.constants = constants
        self.call = call
    }
}
