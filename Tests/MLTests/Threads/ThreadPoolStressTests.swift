import Testing

@testable import ML

@Suite(.serialized) struct ThreadPoolStressTests {
  @Test func `twenty thousand short loops neither lose an item nor keep a closure`() {
    ThreadPool.setThreadCount(8)  // more threads than cores makes late workers likely
    defer { ThreadPool.setThreadCount(ThreadPool.processorCount) }
    var lost = 0
    let marks = UnsafeMutablePointer<Int>.allocate(capacity: 8)
    defer { marks.deallocate() }
    marks.initialize(repeating: -1, count: 8)
    var sink = 0.0
    for round in 0..<20_000 {
      ThreadPool.parallelFor(8) { index in
        var x = 1.0
        for _ in 0..<(index == 0 ? 3000 : 300) { x = (x + 2 / x) * 0.5 }  // a tail long enough for the others to run dry
        marks[index] = x > 0 ? round : -1
      }
      if round % 64 == 0 { for k in 0..<20_000 { sink += Double(k).squareRoot() } }  // workers fall asleep and wake late
      for index in 0..<8 where marks[index] != round { lost += 1 }
    }
    #expect(lost == 0 && sink > 0)
  }
}
