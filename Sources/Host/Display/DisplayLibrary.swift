/// The module loam.display: shows values in the richest form that the place of work can show.
public enum DisplayLibrary {
    private static let identifier = Argument.optional(.string("id", "a name under which display.update finds it again"))
    private static let waits = Argument.boolean("wait", "whether the old output stays until there is new one", default: false)

    /// The library of one state.
    public static func library(_ output: DisplayOutput) -> Library {
        Library(
            "display", "Shows values: in a notebook as pictures, tables and formatted text, in a terminal as text.",
            functions: [show(output), update(output), clear(output)] + markups.map { markup(output, $0) } + [png(output), json(output)])
    }

    private static func deliver(_ request: DisplayOutput.Request, _ output: DisplayOutput, _ state: LuaState) throws {
        if let handler = output.handler { return try handler(request) }
        switch request {
        case .show(let data, _), .update(let data, _):
            guard case .function(let print) = state.global("print") else { throw LuaError("the global function 'print' is gone") }
            try print.call(.string(data.summary))
        case .clear: break
        }
    }

    private static func show(_ output: DisplayOutput) -> Function {
        Function(
            "show", "Shows a value: a picture as a picture, a table as a table, everything else as text; in a notebook among the outputs of the cell.", .state(), .any("value", "what to show"),
            .options("settings", "its name", identifier), returns: .none, example: ("display.show({1, 2})", "{1, 2}")
        ) { state, value, settings in
            if let handler = output.valueHandler { return try handler(value) }
            try deliver(.show(DisplayData(value, printer: ValuePrinter(state)), identifier: settings[identifier]), output, state)
        }
    }

    private static func update(_ output: DisplayOutput) -> Function {
        Function(
            "update", "Replaces what was shown under a name.", .state(), .string("id", "as given to display.show"), .any("value", "what to show instead"),
            returns: .none, example: ("display.show(1, {id = \"n\"})\ndisplay.update(\"n\", 2)", "1\n2")
        ) { state, id, value in
            try deliver(.update(DisplayData(value, printer: ValuePrinter(state)), identifier: id), output, state)
        }
    }

    private static func clear(_ output: DisplayOutput) -> Function {
        Function(
            "clear", "Removes what the running cell has shown so far; a terminal keeps it.", .state(), .options("settings", "when", waits), returns: .none,
            example: ("display.clear{wait = true}", "")
        ) { state, settings in try deliver(.clear(waits: settings[waits]), output, state) }
    }

    private static let markups = [
        (name: "html", type: "text/html", what: "HTML", sample: "<b>bold</b>"), (name: "markdown", type: "text/markdown", what: "Markdown", sample: "**bold**"),
        (name: "latex", type: "text/latex", what: "LaTeX", sample: "$x^2$"), (name: "svg", type: "image/svg+xml", what: "an SVG drawing", sample: "<svg/>"),
    ]

    private static func markup(_ output: DisplayOutput, _ form: (name: String, type: String, what: String, sample: String)) -> Function {
        Function(
            form.name, "Shows text as \(form.what).", .state(), .string("text", "the source"), .options("settings", "its name", identifier), returns: .none,
            example: ("display.\(form.name)(\"\(form.sample)\")", form.sample)
        ) { state, text, settings in
            var data = DisplayData(text)
            data.add(form.type, .text(text))
            try deliver(.show(data, identifier: settings[identifier]), output, state)
        }
    }

    private static func png(_ output: DisplayOutput) -> Function {
        Function(
            "png", "Shows the bytes of a PNG file.", .state(), .bytes("bytes", "the file's bytes"), .options("settings", "its name", identifier), returns: .none,
            example: ("display.png(\"\\x89PNG\\r\\n\\x1a\\n...\")", "PNG picture of 11 bytes")
        ) { state, bytes, settings in
            guard bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 13, 10, 26, 10]) else { throw ArgumentFault.invalid("the bytes are not those of a PNG file") }
            var data = DisplayData("PNG picture of \(bytes.count) bytes")
            data.add("image/png", .bytes(bytes))
            try deliver(.show(data, identifier: settings[identifier]), output, state)
        }
    }

    private static func json(_ output: DisplayOutput) -> Function {
        Function(
            "json", "Shows JSON text as a tree.", .state(), .string("text", "the JSON"), .options("settings", "its name", identifier), returns: .none,
            example: ("display.json('{\"a\": 1}')", "{\"a\": 1}")
        ) { state, text, settings in
            var data = DisplayData(text)
            do { data.add("application/json", .json(try StoreValue(json: text))) } catch { throw ArgumentFault.invalid("\(error)") }
            try deliver(.show(data, identifier: settings[identifier]), output, state)
        }
    }
}
