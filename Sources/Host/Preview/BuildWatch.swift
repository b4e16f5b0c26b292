import Foundation

/// Looks at the files of a preview while notebooks are built, and stops the build of one that is saved again meanwhile.
final class BuildWatch: @unchecked Sendable {
    /// The files beside each other, by name, with what tells one state of each from the next.
    typealias Snapshot = [String: String]

    private let interrupt: Interrupt
    private let lock = NSLock()
    private var current: String?
    private var isOver = false
    private var wasStopped = false
    private let ended = DispatchSemaphore(value: 0)

    /// Seconds between two looks at the files.
    static let pause = 0.15

    /// Begins to look, on a thread of its own.
    ///
    /// - Parameters:
    ///   - seen: the state that is being built.
    ///   - interrupt: that of the notebooks' states.
    ///   - snapshot: the present state; called on the watch's thread.
    init(seen: Snapshot, interrupt: Interrupt, snapshot: @escaping () -> Snapshot) {
        self.interrupt = interrupt
        let thread = Thread { [self] in
            while !lock.withLock({ isOver }) {
                let changed = Self.changes(from: seen, to: snapshot())
                lock.withLock {
                    // Other notebooks can wait, and files that are none may be what this one writes.
                    guard let current, !isOver, !wasStopped, changed.contains(current) else { return }
                    wasStopped = true
                    interrupt.raise()
                }
                Thread.sleep(forTimeInterval: Self.pause)
            }
            ended.signal()
        }
        thread.name = "build watch"
        thread.start()
    }

    /// The names whose files came, went or changed.
    static func changes(from old: Snapshot, to new: Snapshot) -> Set<String> { Set(new.keys).union(old.keys).filter { new[$0] != old[$0] } }

    /// Says which notebook is built from now on.
    func begin(_ name: String) { lock.withLock { current = name } }

    /// Whether the build was stopped because its file was saved again.
    var hasStopped: Bool { lock.withLock { wasStopped } }

    /// Ends the watch; an interrupt of its own that nobody has heard yet is forgotten.
    func end() {
        lock.withLock { isOver = true }
        ended.wait()
        if wasStopped { interrupt.clear() }
    }
}
