import Synchronization

/// A count that several threads may change.
final class Counter: Sendable {
    private let count = Atomic<Int>(0)
    var value: Int { count.load(ordering: .sequentiallyConsistent) }
    func add(_ amount: Int) { count.add(amount, ordering: .sequentiallyConsistent) }
}
