/// One thing that came out of a cell.
public enum NotebookOutput: Sendable {
    /// What was printed.
    case stream(String)
    /// A value that was shown; `isResult` tells the trailing value of the cell from what was shown on the way.
    case display(NotebookDisplay, isResult: Bool)
    /// The error that ended the cell.
    case error(message: String, traceback: [String])
}

/// A value in the forms in which it can be shown.
public struct NotebookDisplay: Sendable {
    /// What kind of thing it is, with what its other forms are made from.
    public enum Form: Sendable {
        case text
        case table(Table)
        case plot(any Plot)
        /// Pictures with labels, and all of them in one PNG.
        case images(ImageGrid, png: [UInt8])
        /// One PNG.
        case picture([UInt8])
    }

    /// For a terminal.
    public var text: String
    public var form: Form
    /// The forms by media type, once they were made.
    private(set) var data: StoreValue?

    public init(_ text: String, form: Form = .text) {
        self.text = text
        self.form = form
    }
}

extension NotebookOutput {
    /// The output as `.ipynb` holds it.
    func stored(executionCount: Int) throws -> StoreValue {
        switch self {
        case .stream(let text): return ["name": "stdout", "output_type": "stream", "text": JupyterFile.lines(text)]
        case .error(let message, let traceback):
            return ["ename": "LuaError", "evalue": .string(message), "output_type": "error", "traceback": .list(traceback.map { .string($0) })]
        case .display(let display, let isResult):
            let data = try display.data ?? display.prepared().data ?? .null
            if isResult { return ["data": data, "execution_count": .integer(executionCount), "metadata": [:], "output_type": "execute_result"] }
            return ["data": data, "metadata": [:], "output_type": "display_data"]
        }
    }

    /// What of a stored output can be shown without trust: text and PNG pictures. HTML, scripts, SVG and Markdown of a stranger are left out.
    init?(untrusted value: StoreValue) {
        switch value["output_type"]?.text {
        case "stream": self = .stream(JupyterFile.text(value["text"]) ?? "")
        case "error":
            var traceback: [String] = []
            if case .list(let lines)? = value["traceback"] { traceback = lines.compactMap(\.text) }
            self = .error(message: value["evalue"]?.text ?? "", traceback: traceback)
        case "execute_result", "display_data":
            let isResult = value["output_type"]?.text == "execute_result"
            let text = JupyterFile.text(value["data"]?["text/plain"]) ?? ""
            let encoded = JupyterFile.text(value["data"]?["image/png"])?.filter { !$0.isWhitespace }
            if let png = encoded.flatMap(Base64.decode), (try? ImageGrid.size(ofPNG: png)) != nil {
                self = .display(NotebookDisplay(text, form: .picture(png)), isResult: isResult)
            } else {
                self = .display(NotebookDisplay(text), isResult: isResult)
            }
        default: return nil
        }
    }
}

extension NotebookDisplay {
    /// The same with all forms made, so that what cannot be drawn is an error of the cell.
    func prepared() throws -> NotebookDisplay {
        var bundle: [(type: StoreValue, data: StoreValue)] = [("text/plain", JupyterFile.lines(text))]
        switch form {
        case .text: break
        case .table(let table):
            bundle += [("text/html", JupyterFile.lines(table.html())), ("text/markdown", JupyterFile.lines(table.markdown())),
                       ("text/latex", JupyterFile.lines(table.latex()))]
        case .plot(let plot):
            bundle += [("image/svg+xml", JupyterFile.lines(try plot.svg())), ("image/png", .string(Base64.encode(try plot.drawn(.png))))]
        case .images(let grid, let png):
            bundle += [("text/html", JupyterFile.lines(try grid.html())), ("image/png", .string(Base64.encode(png)))]
        case .picture(let png): bundle.append(("image/png", .string(Base64.encode(png))))
        }
        var prepared = self
        prepared.data = .table(bundle.map { StoreEntry($0.type, $0.data) })
        return prepared
    }
}
