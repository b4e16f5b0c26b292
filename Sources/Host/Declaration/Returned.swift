/// What a function gives back, for help and stubs.
public struct ResultDescription {
    /// The type as LuaCATS writes it.
    public let type: String
    public let doc: String

    public init(_ type: String, _ doc: String) {
        self.type = type
        self.doc = doc
    }
}

/// The typed result of a declared function.
public struct Returned<Value> {
    public let descriptions: [ResultDescription]

    /// Pushes the result and returns how many Lua values it is.
    let push: (Call, Value) throws -> Int32

    /// Makes a kind of result that is one Lua value.
    public init(_ type: String, _ doc: String, push: @escaping (Call, Value) throws -> Void) {
        self.init([ResultDescription(type, doc)]) { call, value in
            try push(call, value)
            return 1
        }
    }

    init(_ descriptions: [ResultDescription], push: @escaping (Call, Value) throws -> Int32) {
        self.descriptions = descriptions
        self.push = push
    }
}

extension Returned where Value == Void {
    /// No result.
    public static var none: Returned { Returned([]) { _, _ in 0 } }
}

extension Returned where Value == Double {
    public static func number(_ doc: String) -> Returned { Returned("number", doc) { $0.push($1) } }
}

extension Returned where Value == Int {
    public static func integer(_ doc: String) -> Returned { Returned("integer", doc) { $0.push($1) } }
}

extension Returned where Value == String {
    public static func string(_ doc: String) -> Returned { Returned("string", doc) { $0.push($1) } }
}

extension Returned where Value == [UInt8] {
    /// A string of bytes that need not be UTF-8.
    public static func bytes(_ doc: String) -> Returned { Returned("string", doc) { try $0.push(.bytes($1)) } }
}

extension Returned where Value == Bool {
    public static func boolean(_ doc: String) -> Returned { Returned("boolean", doc) { $0.push($1) } }
}

extension Returned where Value: LuaObject {
    /// A new handle of an object of a declared type.
    public static func object(_ doc: String, _ type: Value.Type = Value.self) -> Returned {
        Returned(Value.luaName, doc) { try $0.push($1) }
    }
}

extension Returned where Value == LuaValue {
    /// A value or table made by the body.
    ///
    /// - Parameter type: as LuaCATS writes it, e.g. "table<string, number>".
    public static func value(_ doc: String, type: String = "any") -> Returned { Returned(type, doc) { try $0.push($1) } }

    /// A table made by the body.
    public static func table(_ doc: String, type: String = "table") -> Returned { .value(doc, type: type) }
}

extension Returned where Value == [LuaValue] {
    /// As many results as the body gives.
    public static func values(_ doc: String, type: String = "any") -> Returned {
        Returned([ResultDescription(type + " ...", doc)]) { call, values in
            try call.reserve(values.count)
            for value in values { try call.push(value) }
            return Int32(values.count)
        }
    }
}

extension Returned {
    /// nil, or what `result` describes.
    public static func optional<Wrapped>(_ result: Returned<Wrapped>) -> Returned where Value == Wrapped? {
        Returned(result.descriptions.map { ResultDescription($0.type + "?", $0.doc) }) { call, value in
            guard let value else {
                call.pushNone()
                return 1
            }
            return try result.push(call, value)
        }
    }

    /// A new table with one element for each of the array's.
    public static func list<Element>(of element: Returned<Element>) -> Returned where Value == [Element] {
        let inner = element.descriptions.first ?? ResultDescription("nil", "")
        return Returned(inner.type + "[]", inner.doc) { call, values in
            try call.pushList(values) { call, value in _ = try element.push(call, value) }
        }
    }

    /// Several results, each of its own kind.
    public static func several<each Part>(_ parts: repeat Returned<each Part>) -> Returned where Value == (repeat each Part) {
        var descriptions: [ResultDescription] = []
        for part in repeat each parts { descriptions += part.descriptions }
        return Returned(descriptions) { call, value in
            var count: Int32 = 0
            for (part, value) in repeat (each parts, each value) { count += try part.push(call, value) }
            return count
        }
    }
}
