import CEditLine
import CLuaBridge
#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Reads lines from the user: with editing, history and completion on a terminal, plainly from a pipe.
final class LineEditor {
    enum Input: Equatable {
        case line(String)
        /// Ctrl-C at the prompt.
        case interrupted
        /// Ctrl-D, or the end of the pipe.
        case end
    }

    let isTerminal: Bool
    private let interrupt: Interrupt
    private let historyPath: String?
    private var lastLine = ""

    /// - Parameters:
    ///   - historyPath: the file that keeps the lines; nil keeps none.
    ///   - complete: the words that could stand in the place of the last word of a line; nil leaves it to file names.
    init(interrupt: Interrupt, historyPath: String?, complete: @escaping (_ line: String, _ word: String) -> [String]?) {
        self.interrupt = interrupt
        self.historyPath = historyPath
        isTerminal = isatty(STDIN_FILENO) != 0
        guard isTerminal else { return }
        useWideCharacters()
        completionSource = complete
        editline_set_completion(completionEntry)
        editline_set_word_breaks(wordBreaks)
        using_history()
        stifle_history(historyLimit)
        if let historyPath { read_history(historyPath) }
    }

    /// Shows the prompt (on a terminal) and waits for a line.
    func read(prompt: String) -> Input {
        guard isTerminal else {
            fflush(stdout)
            return Swift.readLine(strippingNewline: true).map(Input.line) ?? (interrupt.isRaised ? .interrupted : .end)
        }
        guard let text = readline(prompt) else { return interrupt.isRaised ? .interrupted : .end }
        defer { free(text) }
        let line = String(cString: text)
        remember(line)
        return .line(line)
    }

    /// Adds a line to the history, once if it is repeated; the file is rewritten at once, so that a kill loses nothing.
    private func remember(_ line: String) {
        guard !line.isEmpty, line != lastLine else { return }
        lastLine = line
        add_history(line)
        if let historyPath { write_history(historyPath) }
    }
}

private let historyLimit: Int32 = 2000

/// Without a locale of UTF-8 libedit drops every character beyond ASCII. Classes of single bytes stay as they were, so
/// Lua's patterns do not change.
private func useWideCharacters() {
    setlocale(LC_CTYPE, "")
    guard let codeset = nl_langinfo(nl_item(CODESET)), String(cString: codeset) == "UTF-8" else {
        setlocale(LC_CTYPE, "C.UTF-8")
        return
    }
}

/// Names with their dots and colons are one word. Kept for ever, since libedit keeps the pointer.
nonisolated(unsafe) private let wordBreaks = strdup(" \t\n\"\\'><=;|&{}()[]+-*/%^~,#?")

/// libedit calls a C function without a context, so there is one source of completions for the process.
nonisolated(unsafe) private var completionSource: (String, String) -> [String]? = { _, _ in nil }

private let completionEntry: @convention(c) (UnsafePointer<CChar>?, Int32, Int32) -> UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = {
    word, start, end in
    guard let word, let buffer = editline_buffer() else { return nil }
    let line = String(decoding: UnsafeRawBufferPointer(start: buffer, count: Int(end)), as: UTF8.self)
    guard let matches = completionSource(line, String(cString: word)) else { return nil }
    editline_end_completion_without_space()
    guard !matches.isEmpty else { return nil }
    // What all have in common comes first, then all of them, then NULL; the caller frees everything.
    let rows = [commonPrefix(matches)] + matches
    let result = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>.allocate(capacity: rows.count + 1)
    for (index, row) in rows.enumerated() { result[index] = strdup(row) }
    result[rows.count] = nil
    return result
}

/// The longest text with which all words begin.
func commonPrefix(_ words: [String]) -> String {
    guard var prefix = words.first else { return "" }
    for word in words.dropFirst() {
        while !word.hasPrefix(prefix) { prefix.removeLast() }
    }
    return prefix
}
