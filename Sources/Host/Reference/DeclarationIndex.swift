/// Names and declarations of a set of libraries, both ways.
public struct DeclarationIndex {
    /// A declared thing that help can be asked about.
    public enum Entry {
        case library(Library)
        case function(Function, qualifiedName: String)
        case type(ObjectType)
        case property(Property, of: ObjectType)
    }

    private var entries: [String: Entry] = [:]
    private var names: [ObjectIdentifier: String] = [:]

    public init(_ libraries: [Library]) {
        for library in libraries {
            add(library.name, .library(library))
            for function in library.functions {
                let name = library.name + "." + function.name
                names[ObjectIdentifier(function)] = names[ObjectIdentifier(function)] ?? name
                add(name, .function(function, qualifiedName: name))
            }
            for type in library.types { add(type) }
        }
    }

    private mutating func add(_ type: ObjectType) {
        add(type.name, .type(type))
        for method in type.methods {
            let name = type.name + ":" + method.name
            names[ObjectIdentifier(method)] = names[ObjectIdentifier(method)] ?? name
            add(name, .function(method, qualifiedName: name))
        }
        for property in type.properties { add(type.name + "." + property.name, .property(property, of: type)) }
    }

    private mutating func add(_ name: String, _ entry: Entry) {
        if entries[name] == nil { entries[name] = entry }
    }

    /// All names: "tensor", "tensor.zeros", "Tensor", "Tensor:sum", "Tensor.shape".
    public var allNames: [String] { entries.keys.sorted() }

    /// The entry of a name; "loam." before it is allowed, and so is "." for ":".
    public func entry(_ name: String) -> Entry? {
        let short = name.hasPrefix("loam.") ? String(name.dropFirst(5)) : name
        if let entry = entries[short] { return entry }
        guard let dot = short.lastIndex(of: ".") else { return nil }
        return entries[short[..<dot] + ":" + short[short.index(after: dot)...]]
    }

    /// The name under which a function is documented: the first library that lists it, else its type.
    public func qualifiedName(of function: Function) -> String { names[ObjectIdentifier(function)] ?? function.name }
}
