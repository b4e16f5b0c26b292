/// One thing to show in several forms, of which a front end takes the richest that it knows.
public struct DisplayData {
    /// A form's content.
    public enum Content {
        case text(String)
        case bytes([UInt8])
        case json(StoreValue)
    }

    /// One form: its media type and content.
    public struct Form {
        public let type: String
        public let content: Content
        /// Pixels of a picture, where they are known.
        public let size: (width: Int, height: Int)?
    }

    /// The forms, each media type once.
    public private(set) var forms: [Form] = []

    /// Makes the plain form.
    public init(_ text: String) { add("text/plain", .text(text)) }

    /// Makes one without any form.
    public init() {}

    /// Adds a form, or replaces the one of the same type.
    public mutating func add(_ type: String, _ content: Content, size: (width: Int, height: Int)? = nil) {
        forms.removeAll { $0.type == type }
        forms.append(Form(type: type, content: content, size: size))
    }

    /// The plain form's text.
    public var plainText: String? {
        for form in forms where form.type == "text/plain" {
            if case .text(let text) = form.content { return text }
        }
        return nil
    }

    /// What is shown where there is only text: the plain form, else the names of those that there are.
    var summary: String { plainText ?? "(\(forms.map(\.type).joined(separator: ", ")))" }

    /// The content of a form that is bytes.
    func bytes(_ type: String) -> [UInt8]? {
        for form in forms where form.type == type {
            if case .bytes(let bytes) = form.content { return bytes }
        }
        return nil
    }

    /// The forms as Jupyter's `data`: bytes in base64.
    var data: StoreValue {
        .table(forms.map { form in
            switch form.content {
            case .text(let text): return StoreEntry(.string(form.type), .string(text))
            case .bytes(let bytes): return StoreEntry(.string(form.type), .bytes(bytes))
            case .json(let value): return StoreEntry(.string(form.type), value)
            }
        })
    }

    /// Sizes of pictures as Jupyter's `metadata`.
    var metadata: StoreValue {
        .table(forms.compactMap { form in
            form.size.map { StoreEntry(.string(form.type), ["width": .integer($0.width), "height": .integer($0.height)]) }
        })
    }
}

/// A Lua object that can be shown as more than text.
public protocol Displayable: LuaObject {
    /// The richer forms; the plain one is what `tostring` gives and is added by the host.
    ///
    /// - Returns: nil where this very object has no richer form.
    func richForms() throws -> DisplayData?
}

extension DisplayData {
    /// A Lua value in all forms it has.
    ///
    /// A form that cannot be made (a plot without gnuplot) is left out; the plain one is always there.
    init(_ value: LuaValue, printer: ValuePrinter) {
        self.init(printer.text(value))
        guard case .object(let object) = value, let displayable = object as? any Displayable else { return }
        do {
            for form in try displayable.richForms()?.forms ?? [] { add(form.type, form.content, size: form.size) }
        } catch { add("text/plain", .text((plainText ?? "") + "\n(\(error))")) }
    }

    /// Several values, as a REPL shows them: one value in all its forms, more as text.
    init(_ values: [LuaValue], printer: ValuePrinter) {
        if values.count == 1 { self.init(values[0], printer: printer) } else { self.init(printer.line(values)) }
    }
}
