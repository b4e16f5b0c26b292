/// How far a long job has come.
public struct ProgressState: Sendable {
    /// What is being done: "train".
    public var label: String
    /// What is counted: "step", "image".
    public var unit: String
    /// How many are done.
    public var done: Int
    /// How many there are; nil when that is not known.
    public var total: Int?
    /// Numbers to show, in this order, such as the loss.
    public var metrics: [(name: String, value: Double)]
    /// Seconds since the start, of this process's part.
    public var elapsed: Double
    /// Units a second over the recent past; nil before it can be told.
    public var rate: Double?

    public init(
        label: String, unit: String = "step", done: Int, total: Int? = nil, metrics: [(name: String, value: Double)] = [], elapsed: Double,
        rate: Double? = nil
    ) {
        self.label = label
        self.unit = unit
        self.done = done
        self.total = total
        self.metrics = metrics
        self.elapsed = elapsed
        self.rate = rate
    }

    /// Seconds until the end at the present rate.
    var timeLeft: Double? {
        guard let total, let rate, rate > 0, done < total else { return nil }
        return Double(total - done) / rate
    }
}

/// Progress as one line of text.
public enum ProgressLine {
    /// The line for a terminal: label, bar, count, rate, metrics, time left; what does not fit is left out from the right, the bar first made shorter.
    /// - Parameters:
    ///   - width: columns of the terminal; the line takes at most one fewer, so that it never wraps.
    ///   - colored: whether escape sequences for colours may be used.
    public static func live(_ state: ProgressState, width: Int, colored: Bool = false) -> String {
        let room = max(1, width - 1)
        var pieces = ["\(DisplayWidth.oneLine(state.label))  \(count(state))"]
        pieces += details(state)
        // The longest tail that leaves room for a bar, else the longest that fits at all.
        func joined(_ kept: Int) -> String { pieces[..<kept].joined(separator: "  ") }
        let least = state.total == nil ? 0 : 10
        let kept = (1...pieces.count).last { DisplayWidth.of(joined($0)) + (least > 0 ? least + 2 : 0) <= room }
        guard let kept, let total = state.total, total > 0 else {
            let fitting = (1...pieces.count).last { DisplayWidth.of(joined($0)) <= room } ?? 1
            return DisplayWidth.cut(joined(fitting), to: room)
        }
        let length = min(28, room - DisplayWidth.of(joined(kept)) - 2)
        let bar = self.bar(done: state.done, total: total, length: length, colored: colored)
        let label = DisplayWidth.oneLine(state.label)
        return "\(label)  \(bar)  " + joined(kept).dropFirst(label.count + 2)
    }

    /// The line for a log: everything, no bar.
    public static func quiet(_ state: ProgressState) -> String {
        ([DisplayWidth.oneLine(state.label) + ": " + count(state)] + details(state)).joined(separator: ", ")
    }

    /// The line at the end of the job.
    public static func final(_ state: ProgressState) -> String {
        var text = "\(DisplayWidth.oneLine(state.label)): \(state.done) \(plural(state.unit, state.done)) in \(ElapsedTime.text(seconds: state.elapsed))"
        if state.elapsed > 0, state.done > 0 { text += " (\(rate(Double(state.done) / state.elapsed, state.unit)))" }
        return ([text] + metrics(state)).joined(separator: ", ")
    }

    private static func count(_ state: ProgressState) -> String {
        guard let total = state.total else { return "\(state.done) \(plural(state.unit, state.done))" }
        let digits = String(total)
        return DisplayWidth.pad(String(state.done), to: digits.count, right: true) + "/\(digits)"
    }

    private static func details(_ state: ProgressState) -> [String] {
        var pieces: [String] = []
        if let rate = state.rate { pieces.append(self.rate(rate, state.unit)) }
        pieces += metrics(state)
        if let left = state.timeLeft {
            pieces.append("\(ElapsedTime.text(seconds: left)) left")
        } else if state.total == nil || state.done < state.total ?? 0 {
            pieces.append(ElapsedTime.text(seconds: state.elapsed))
        }
        return pieces
    }

    private static func metrics(_ state: ProgressState) -> [String] {
        state.metrics.map { "\(DisplayWidth.oneLine($0.name)) \(Decimals.text($0.value, digits: 4))" }
    }

    /// "3.1 steps/s", or "4.2 s/step" below one in a second.
    static func rate(_ rate: Double, _ unit: String) -> String {
        guard rate.isFinite, rate > 0 else { return "0 \(unit)s/s" }
        if rate < 0.95 { return "\(Decimals.text(1 / rate, digits: 3)) s/\(unit)" }
        return "\(rate >= 999.5 ? Decimals.text(rate, places: 0) : Decimals.text(rate, digits: 3)) \(unit)s/s"
    }

    private static func plural(_ unit: String, _ count: Int) -> String { count == 1 ? unit : unit + "s" }

    /// A bar of `length` columns, in eighths of a column.
    static func bar(done: Int, total: Int, length: Int, colored: Bool) -> String {
        let fraction = min(1, max(0, Double(done) / Double(total)))
        let eighths = Int(fraction * Double(length * 8))
        var filled = String(repeating: "█", count: eighths / 8)
        if eighths % 8 > 0 { filled.append(Array(" ▏▎▍▌▋▊▉")[eighths % 8]) }
        let empty = String(repeating: "░", count: length - filled.count)
        return colored ? "\u{1B}[36m\(filled)\u{1B}[2m\(empty)\u{1B}[0m" : filled + empty
    }
}
