/// Progress as a display that is updated in place, for front ends that show displays rather than a terminal.
enum ProgressDisplay {
    /// How wide a live line may be in a notebook.
    private static let columns = 100

    /// An output of its own display; lines that are to stay go to standard error.
    static func output(_ display: DisplayOutput, identifier: String) -> ProgressOutput {
        var isShown = false
        let standardError = ProgressOutput.standardError()
        return ProgressOutput(isLive: true, width: { columns }) { text in
            guard text.hasPrefix("\r"), let handler = display.handler else { return standardError.write(text) }
            // The signs that a terminal needs to rewrite a line.
            let line = DisplayData(text.replacing("\r", with: "").replacing("\u{1B}[K", with: ""))
            if isShown { try? handler(.update(line, identifier: identifier)) } else { try? handler(.show(line, identifier: identifier)) }
            isShown = true
        }
    }
}
