#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Shows the pictures of values in the terminal, if it says that it can; it is asked when the first picture comes.
final class TerminalPictures {
    private let decode: TerminalGraphics.Decoder
    /// nil until the terminal was asked.
    private var graphics: TerminalGraphics??

    /// nil where standard output is no terminal.
    init?(decode: @escaping TerminalGraphics.Decoder) {
        guard isatty(STDOUT_FILENO) != 0 else { return nil }
        self.decode = decode
    }

    /// Shows a value's picture; does nothing for values that have none.
    func show(_ value: LuaValue) {
        // Where nothing can be shown nothing is drawn.
        if case .some(.none) = graphics { return }
        guard case .object(let object) = value, let displayable = object as? any Displayable else { return }
        if let data = try? displayable.richForms() { show(data) }
    }

    /// Shows what a script asked to be shown.
    func show(_ request: DisplayOutput.Request) {
        switch request {
        case .show(let data, _), .update(let data, _):
            print(data.summary)
            show(data)
        case .clear: break
        }
    }

    private func show(_ data: DisplayData) {
        guard let png = data.bytes("image/png") else { return }
        if graphics == nil { graphics = .some(TerminalGraphics()) }
        guard let text = try? graphics??.text(png: png, decode: decode) else { return }
        print(text, terminator: "")
        fflush(stdout)
    }
}
