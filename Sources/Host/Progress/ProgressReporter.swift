#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Where progress is shown and what that place can do.
public struct ProgressOutput {
    /// Writes text as it is.
    public var write: (String) -> Void
    /// Whether one line may be rewritten in place.
    public var isLive: Bool
    /// Whether colours may be used.
    public var isColored: Bool
    /// Columns of the terminal, asked each time because windows are resized.
    public var width: () -> Int

    public init(isLive: Bool, isColored: Bool = false, width: @escaping () -> Int = { 80 }, write: @escaping (String) -> Void) {
        self.write = write
        self.isLive = isLive
        self.isColored = isColored
        self.width = width
    }

    /// Where progress is shown unless something else is asked for; a front end with displays of its own sets it.
    nonisolated(unsafe) public static var standard: () -> ProgressOutput = { .standardError() }

    /// The standard error stream: live if it is a terminal other than a dumb one, coloured unless `NO_COLOR` is set.
    public static func standardError() -> ProgressOutput {
        let kind = getenv("TERM").map { String(cString: $0) } ?? "dumb"
        let isLive = isatty(STDERR_FILENO) == 1 && kind != "dumb" && !kind.isEmpty
        let noColour = getenv("NO_COLOR").map { $0.pointee != 0 } ?? false
        return ProgressOutput(isLive: isLive, isColored: isLive && !noColour, width: {
            var size = winsize()
            guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
            return Int(size.ws_col)
        }, write: { text in
            fputs(text, stderr)
            fflush(stderr)
        })
    }
}

/// Shows how far a long job has come: one line that is rewritten on a terminal, a quiet line now and then elsewhere.
public final class ProgressReporter {
    private var state: ProgressState
    private let output: ProgressOutput
    private let clock: () -> Double
    private let start: Double
    private let firstDone: Int
    /// Seconds between two quiet lines.
    private let quietInterval: Double
    private var lastShown = -Double.infinity
    private var hasLine = false
    private var isFinished = false
    /// Times and counts of the recent past, for the rate.
    private var recent: [(time: Double, done: Int)] = []

    private static let liveInterval = 0.1
    private static let rateWindow = 20.0

    /// Begins to report.
    /// - Parameters:
    ///   - label: what is being done: "train".
    ///   - total: how many units there are; nil when that is not known.
    ///   - unit: what is counted, in the singular.
    ///   - done: how many were done before, when a killed job is continued.
    ///   - quietInterval: seconds between two lines where the output is not live, 10 by default.
    ///   - clock: seconds on a clock that never goes back.
    public init(
        label: String, total: Int?, unit: String = "step", done: Int = 0, output: ProgressOutput = ProgressOutput.standard(), quietInterval: Double = 10,
        clock: @escaping () -> Double = ProgressReporter.monotonicSeconds
    ) {
        state = ProgressState(label: label, unit: unit, done: done, total: total, elapsed: 0)
        self.output = output
        self.clock = clock
        self.quietInterval = quietInterval
        start = clock()
        firstDone = done
        recent = [(start, done)]
    }

    /// Seconds since an arbitrary moment.
    public static func monotonicSeconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }

    /// Tells how far the job is; cheap enough for every step.
    /// - Parameters:
    ///   - done: how many units are done in all.
    ///   - metrics: numbers to show; an empty list keeps the last ones.
    public func update(_ done: Int, metrics: [(name: String, value: Double)] = []) {
        guard !isFinished else { return }
        let now = clock()
        state.done = done
        if !metrics.isEmpty { state.metrics = metrics }
        state.elapsed = now - start
        measure(now)
        if now - lastShown >= (output.isLive ? Self.liveInterval : quietInterval) || state.total == done && output.isLive { show(now) }
    }

    private func measure(_ now: Double) {
        // Coarse marks suffice: the window is 20 s, a mark every half second keeps 40.
        if let last = recent.last, now - last.time >= 0.5 || recent.count == 1 { recent.append((now, state.done)) }
        while recent.count > 2, now - recent[1].time > Self.rateWindow { recent.removeFirst() }
        guard let first = recent.first, now > first.time, state.done > first.done else { return }
        state.rate = Double(state.done - first.done) / (now - first.time)
    }

    private func show(_ now: Double) {
        // The first quiet line waits: a job shorter than the interval leaves only its last line.
        if !output.isLive, lastShown == -.infinity, now - start < quietInterval { return }
        lastShown = now
        if output.isLive {
            output.write("\r" + ProgressLine.live(state, width: output.width(), colored: output.isColored) + "\u{1B}[K")
            hasLine = true
        } else {
            output.write(ProgressLine.quiet(state) + "\n")
        }
    }

    /// Writes a line of other text without disturbing the live line.
    public func note(_ text: String) {
        erase()
        output.write(text + "\n")
        if output.isLive, !isFinished {
            lastShown = -.infinity
            show(clock())
        }
    }

    /// Ends: the live line is erased, and one line says what was done and how fast.
    /// - Parameter summary: whether to write that line.
    public func finish(summary: Bool = true) {
        guard !isFinished else { return }
        isFinished = true
        erase()
        state.elapsed = clock() - start
        guard summary else { return }
        var final = state
        final.done = state.done - firstDone
        output.write(ProgressLine.final(final) + "\n")
    }

    private func erase() {
        if hasLine { output.write("\r\u{1B}[K") }
        hasLine = false
    }

    deinit { erase() }
}
