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
    /// Whether the terminal is told to mark what is pasted, so that it is not taken for typing.
    private let marksPastes: Bool

    /// - Parameters:
    ///   - historyPath: the file that keeps the lines; nil keeps none.
    ///   - complete: the words that could stand in the place of the last word of a line.
    init(interrupt: Interrupt, historyPath: String?, complete: @escaping (_ line: String, _ word: String) -> [String]) {
        self.interrupt = interrupt
        self.historyPath = historyPath
        isTerminal = isatty(STDIN_FILENO) != 0
        marksPastes = isTerminal && (variable("TERM") ?? "dumb") != "dumb"
        guard isTerminal else { return }
        useWideCharacters()
        completionSource = complete
        editline_set_completion(completionEntry)
        editline_set_word_breaks(wordBreaks)
        editline_set_paste(insertPaste)
        using_history()
        stifle_history(historyLimit)
        if let historyPath { readHistory(historyPath) }
    }

    /// Reads the lines of earlier talks; a file that has grown far beyond what is kept is written anew.
    private func readHistory(_ path: String) {
        read_history(path)
        guard editline_history_length() == historyLimit, let bytes = try? Folder.contents(path),
              bytes.reduce(0, { $0 + ($1 == 10 ? 1 : 0) }) > Int(historyLimit) * 11 / 10 else { return }
        write_history(path)
    }

    /// Shows the prompt (on a terminal) and waits for a line.
    func read(prompt: String) -> Input {
        guard isTerminal else {
            fflush(stdout)
            return Swift.readLine(strippingNewline: true).map(Input.line) ?? (interrupt.isRaised ? .interrupted : .end)
        }
        if marksPastes { print("\u{1B}[?2004h", terminator: ""); fflush(stdout) }
        defer { if marksPastes { print("\u{1B}[?2004l", terminator: ""); fflush(stdout) } }
        loam_interrupt_waits_for_line(interrupt.handle, 1)
        let text = readline(prompt)
        loam_interrupt_waits_for_line(interrupt.handle, 0)
        guard let text else { return interrupt.isRaised ? .interrupted : .end }
        defer { free(text) }
        let line = String(cString: text)
        remember(line)
        return .line(line)
    }

    /// Adds a line to the history, once if it is repeated; it goes behind the file's lines at once, so that a kill loses nothing and talks that
    /// go on side by side keep each other's lines.
    private func remember(_ line: String) {
        guard !line.isEmpty, line != lastLine else { return }
        lastLine = line
        add_history(line)
        guard let historyPath else { return }
        let file = open(historyPath, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else { return }
        defer { close(file) }
        let bytes = (lseek(file, 0, SEEK_END) == 0 ? Array("_HiStOrY_V2_\n".utf8) : []) + historyBytes(line)
        // In one piece, so that two talks never mix their lines.
        _ = write(file, bytes, bytes.count)
    }
}

/// A line as libedit's files of history have it: spaces, control characters and backslashes as octal numbers.
func historyBytes(_ line: String) -> [UInt8] {
    line.utf8.flatMap { byte -> [UInt8] in
        guard byte <= 32 || byte == 127 || byte == UInt8(ascii: "\\") else { return [byte] }
        return [UInt8(ascii: "\\")] + [byte >> 6, byte >> 3 & 7, byte & 7].map { $0 + 48 }
    } + [10]
}

/// Lines that are kept.
private let historyLimit: Int32 = 100_000

/// Without a locale of UTF-8 libedit drops every character beyond ASCII. Classes of single bytes stay as they were, so
/// Lua's patterns do not change.
private func useWideCharacters() {
    setlocale(LC_CTYPE, "")
    guard let codeset = nl_langinfo(nl_item(CODESET)), String(cString: codeset) == "UTF-8" else {
        setlocale(LC_CTYPE, "C.UTF-8")
        return
    }
}

/// Kept for ever, since libedit keeps the pointer.
nonisolated(unsafe) private let wordBreaks = strdup(Completion.wordBreaks)

/// libedit calls a C function without a context, so there is one source of completions for the process.
nonisolated(unsafe) private var completionSource: (String, String) -> [String] = { _, _ in [] }

private let completionEntry: @convention(c) (UnsafePointer<CChar>?, Int32, Int32) -> UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = {
    word, start, end in
    guard let word, let buffer = editline_buffer() else { return nil }
    let line = String(decoding: UnsafeRawBufferPointer(start: buffer, count: Int(end)), as: UTF8.self)
    let matches = completionSource(line, String(cString: word))
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

// MARK: Pastes

/// Puts a pasted text into the line as it is, line ends and tabs included: nothing of it is run before the user presses Enter.
private let insertPaste: @convention(c) (Int32, Int32) -> Int32 = { _, _ in
    if let text = pastedText(), !text.isEmpty {
        _ = text.withCString { rl_insert_text($0) }
        rl_forced_update_display()
    }
    return 0
}

/// Reads what is pasted, up to the closing mark; nil if the mark does not come.
private func pastedText() -> String? {
    let mark = Array("\u{1B}[201~".utf8)
    var bytes: [UInt8] = []
    while !bytes.suffix(mark.count).elementsEqual(mark) {
        var waiting = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
        var byte: UInt8 = 0
        guard poll(&waiting, 1, pasteTimeout) == 1, Glibc.read(STDIN_FILENO, &byte, 1) == 1 else { return nil }
        bytes.append(byte)
    }
    return cleanPaste(String(decoding: bytes.dropLast(mark.count), as: UTF8.self))
}

/// Milliseconds without a byte after which a paste is given up.
private let pasteTimeout: Int32 = 2000

/// A pasted text with line ends of one kind, without those at its end, and without control characters.
func cleanPaste(_ text: String) -> String {
    var scalars: [Unicode.Scalar] = []
    var isAfterReturn = false
    for scalar in text.unicodeScalars {
        if scalar == "\r" || scalar == "\n" && !isAfterReturn { scalars.append("\n") } else if scalar == "\t" || scalar.value >= 32 && scalar.value != 127 { scalars.append(scalar) }
        isAfterReturn = scalar == "\r"
    }
    while scalars.last == "\n" { scalars.removeLast() }
    return String(String.UnicodeScalarView(scalars))
}
