import Testing
@testable import Host

@Suite struct ProgressTests {
    private let state = ProgressState(
        label: "train", done: 120, total: 400, metrics: [("loss", 1.23456), ("rate", 0.00025)], elapsed: 40, rate: 3.04)

    @Test func `the live line gives up its pieces from the right as the terminal narrows`() {
        #expect(ProgressLine.live(state, width: 100)
            == "train  ███████▊░░░░░░░░░░░░░░░░░░  120/400  3.04 steps/s  loss 1.235  rate 0.00025  1 min 32 s left")
        #expect(ProgressLine.live(state, width: 80) == "train  ██████▉░░░░░░░░░░░░░░░░  120/400  3.04 steps/s  loss 1.235  rate 0.00025")
        #expect(ProgressLine.live(state, width: 40) == "train  ██████▉░░░░░░░░░░░░░░░░  120/400")
        #expect(ProgressLine.live(state, width: 16) == "train  120/400")
        #expect(ProgressLine.live(state, width: 8) == "train …")
        for width in 1...120 { #expect(DisplayWidth.of(ProgressLine.live(state, width: width)) <= max(1, width - 1), "\(width)") }
    }

    @Test func `without a total there is no bar`() {
        let open = ProgressState(label: "画像", unit: "image", done: 1, elapsed: 75)
        #expect(ProgressLine.live(open, width: 80) == "画像  1 image  1 min 15 s")
        #expect(ProgressLine.quiet(open) == "画像: 1 image, 1 min 15 s")
        let none = ProgressState(label: "load", done: 0, total: 0, elapsed: 0)
        #expect(ProgressLine.live(none, width: 80) == "load  0/0")
    }

    @Test func `quiet and last lines carry the same facts`() {
        #expect(ProgressLine.quiet(state) == "train: 120/400, 3.04 steps/s, loss 1.235, rate 0.00025, 1 min 32 s left")
        #expect(ProgressLine.final(state) == "train: 120 steps in 40 s (3 steps/s), loss 1.235, rate 0.00025")
    }

    @Test(arguments: [(0.25, "4 s/step"), (0.94, "1.06 s/step"), (1.0, "1 steps/s"), (12.34, "12.3 steps/s"), (1234.5, "1234 steps/s"), (0, "0 steps/s")])
    func `slow rates are told as time for each`(rate: Double, text: String) {
        #expect(ProgressLine.rate(rate, "step") == text)
    }

    @Test(arguments: [(0, "░░░░"), (1, "▎░░░"), (8, "██░░"), (16, "████"), (99, "████"), (-5, "░░░░")])
    func `the bar fills in eighths`(done: Int, bar: String) {
        #expect(ProgressLine.bar(done: done, total: 16, length: 4, colored: false) == bar)
    }

    @Test func `on a terminal one line is rewritten at most ten times a second and erased at the end`() {
        var written: [String] = []
        var time = 0.0
        let reporter = ProgressReporter(
            label: "train", total: 100, output: ProgressOutput(isLive: true, width: { 60 }, write: { written.append($0) }), clock: { time })
        for step in 1...100 {
            time += 0.02
            reporter.update(step, metrics: [("loss", 1)])
        }
        #expect(written.count > 15 && written.count <= 23)
        #expect(written.allSatisfy { $0.hasPrefix("\rtrain  ") && $0.hasSuffix("\u{1B}[K") && !$0.contains("\n") })
        #expect(written.last?.contains("100/100") == true)
        reporter.note("stage probe: stored result")
        #expect(written.suffix(3).first == "\r\u{1B}[K")
        #expect(written.suffix(2).first == "stage probe: stored result\n")
        reporter.finish()
        #expect(written.suffix(2) == ["\r\u{1B}[K", "train: 100 steps in 2.0 s (50 steps/s), loss 1\n"])
        reporter.update(101)
        reporter.finish()
        #expect(written.last?.hasPrefix("train: 100 steps") == true)
    }

    @Test func `elsewhere a line comes every ten seconds, and a short job leaves one`() {
        var written: [String] = []
        var time = 0.0
        let output = ProgressOutput(isLive: false, write: { written.append($0) })
        let reporter = ProgressReporter(label: "train", total: 60, output: output, clock: { time })
        for step in 1...60 {
            time += 0.5
            reporter.update(step)
        }
        reporter.finish()
        #expect(written == [
            "train: 20/60, 2 steps/s, 20 s left\n", "train: 40/60, 2 steps/s, 10 s left\n", "train: 60/60, 2 steps/s\n",
            "train: 60 steps in 30 s (2 steps/s)\n",
        ])
        written = []
        let short = ProgressReporter(label: "load", total: 1, unit: "file", output: output, clock: { time })
        short.update(1)
        short.finish()
        #expect(written == ["load: 1 file in 0.0 s\n"])
    }

    @Test func `the rate follows the recent past and a continued job counts only its own part`() {
        var written: [String] = []
        var time = 0.0
        let reporter = ProgressReporter(
            label: "train", total: 1000, done: 500, output: ProgressOutput(isLive: false, write: { written.append($0) }), clock: { time })
        for step in 501...510 {
            time += 10
            reporter.update(step)
        }
        #expect(written.last == "train:  510/1000, 10 s/step, 1 h 22 min left\n")
        for step in 511...600 {
            time += 0.5
            reporter.update(step)
        }
        #expect(written.last?.contains("2 steps/s") == true)
        reporter.finish()
        #expect(written.last?.hasPrefix("train: 100 steps in 2 min 25 s") == true)
    }
}
