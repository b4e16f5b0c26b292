import CPlatform
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The one pool of threads that everything in Loam shares.
///
/// Work is a count of independent items; the caller works too. Items are handed out in an order that varies, so an item
/// must write only to places of its own, and sums over items are taken afterwards in item order.
public enum ThreadPool {
  private static let shared = Pool()

  /// Number of threads that work on a loop, the caller included; at least 1.
  public static var threadCount: Int { shared.threadCount }

  /// Chooses the number of threads, before or between loops.
  ///
  /// - Parameter count: 1 or more; the machine's number of processors is the default.
  public static func setThreadCount(_ count: Int) { shared.resize(max(1, count)) }

  /// The number of processors this process may run on.
  public static var processorCount: Int { Int(loam_processor_count()) }

  /// Runs `body` for every index in 0..<count, several at a time, and returns when all have run.
  ///
  /// A loop started inside another loop runs on the calling thread alone.
  ///
  /// - Parameters:
  ///   - count: number of items.
  ///   - grain: how many consecutive items a thread takes at once, default 1.
  public static func parallelFor(_ count: Int, grain: Int = 1, _ body: (Int) -> Void) {
    if count <= grain || shared.threadCount == 1 || !shared.tryEnter() {
      for index in 0..<max(0, count) { body(index) }
      return
    }
    defer { shared.leave() }
    withoutActuallyEscaping(body) { shared.run(count: count, grain: grain, body: $0) }
  }
}

/// One loop in progress. Workers keep it alive, so a late one finds no work instead of freed memory.
private final class Loop: @unchecked Sendable {
  let count: Int
  let grain: Int
  /// Read only while holding an unfinished item; the caller clears it at the end, when nobody does.
  var body: ((Int) -> Void)?
  let next = Atomic<Int>(0)
  let finished = Atomic<Int>(0)
  let active = Atomic<Int>(0)

  init(count: Int, grain: Int, body: @escaping (Int) -> Void) {
    self.count = count
    self.grain = grain
    self.body = body
  }

  func work() {
    active.wrappingAdd(1, ordering: .acquiringAndReleasing)
    takeItems()
    active.wrappingSubtract(1, ordering: .acquiringAndReleasing)
  }

  @inline(never) private func takeItems() {
    while true {
      let start = next.wrappingAdd(grain, ordering: .relaxed).oldValue
      if start >= count { return }
      let end = min(count, start + grain)
      if let body { for index in start..<end { body(index) } }
      finished.wrappingAdd(end - start, ordering: .acquiringAndReleasing)
    }
  }

  /// Waits until every item has run and no worker holds the body any more.
  func wait() {
    var spins = 0
    while finished.load(ordering: .acquiring) < count || active.load(ordering: .acquiring) > 0 {
      // A worker that lost its processor to another program is waited for without taking another processor from it.
      if spins < 4000 { loam_spin_hint() } else { sched_yield() }
      spins += 1
    }
    body = nil
  }
}

private final class Pool: @unchecked Sendable {
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let wake = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private var loop: Loop?
  private let generation = Atomic<Int>(0)
  private let busy = Atomic<Bool>(false)
  private var started = 0
  private let threads: Atomic<Int>
  var threadCount: Int { threads.load(ordering: .relaxed) }

  init() {
    threads = Atomic(ThreadPool.processorCount)
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(wake, nil)
  }

  func resize(_ count: Int) { threads.store(count, ordering: .relaxed) }

  func tryEnter() -> Bool { busy.compareExchange(expected: false, desired: true, ordering: .acquiring).exchanged }
  func leave() { busy.store(false, ordering: .releasing) }

  /// Only one thread is inside at a time (`tryEnter`).
  func run(count: Int, grain: Int, body: @escaping (Int) -> Void) {
    let job = Loop(count: count, grain: grain, body: body)
    while started < threadCount - 1 { start() }
    pthread_mutex_lock(mutex)
    loop = job
    generation.wrappingAdd(1, ordering: .releasing)
    pthread_cond_broadcast(wake)
    pthread_mutex_unlock(mutex)
    job.work()
    pthread_mutex_lock(mutex)
    loop = nil
    pthread_mutex_unlock(mutex)
    job.wait()
  }

  private func start() {
    let number = started + 1
    started = number
    var thread = pthread_t()
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    pthread_attr_setstacksize(&attributes, 8 << 20)
    let argument = Unmanaged.passRetained(Worker(pool: self, number: number))
    let status = pthread_create(&thread, &attributes, { raw in
      let worker = Unmanaged<Worker>.fromOpaque(raw!).takeRetainedValue()
      worker.pool.serve(number: worker.number)
      return nil
    }, argument.toOpaque())
    pthread_attr_destroy(&attributes)
    // With no thread to be had the caller does the work alone: slower, same result.
    if status != 0 { argument.release() } else { pthread_detach(thread) }
  }

  private func serve(number: Int) {
    // Signals belong to the main thread, which decides what an interrupt means.
    var all = sigset_t()
    sigfillset(&all)
    pthread_sigmask(SIG_BLOCK, &all, nil)
    var seen = 0
    while true {
      var spins = 0
      while generation.load(ordering: .acquiring) == seen && spins < 2000 {
        loam_spin_hint()
        spins += 1
      }
      pthread_mutex_lock(mutex)
      while generation.load(ordering: .acquiring) == seen { pthread_cond_wait(wake, mutex) }
      seen = generation.load(ordering: .acquiring)
      let job = number < threadCount ? loop : nil
      pthread_mutex_unlock(mutex)
      job?.work()
    }
  }
}

private final class Worker {
  let pool: Pool
  let number: Int

  init(pool: Pool, number: Int) {
    self.pool = pool
    self.number = number
  }
}
