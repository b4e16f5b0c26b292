import CPlatform

/// A wish to stop that long operations look for between their pieces of work: a number that somebody else makes other than zero.
///
/// Each thread that calls operations names the number that it watches. An operation that can be given up leaves out the rest of its work and throws
/// `TensorError.interrupted`; operations that change what exists already are never left half done.
public struct Cancellation {
  private let flag: UnsafePointer<Int32>

  /// Lets operations that this thread calls from now on watch a number; nil lets them run to their end.
  ///
  /// - Parameter flag: lives as long as the thread, or until it watches another one.
  public static func watch(_ flag: UnsafePointer<Int32>?) { loam_watch_flag(flag) }

  /// What the calling thread watches.
  static var current: Cancellation? { loam_watched_flag().map(Cancellation.init) }

  /// Runs work that must not be left half done, such as an update of weights.
  static func deferred<Result>(_ body: () throws -> Result) rethrows -> Result {
    let watched = loam_watched_flag()
    loam_watch_flag(nil)
    defer { loam_watch_flag(watched) }
    return try body()
  }

  /// Whether somebody wishes the operation to stop. One load.
  @inline(__always) var isRequested: Bool { loam_flag_is_raised(flag) != 0 }

  /// - Throws: `TensorError.interrupted` if so.
  func check() throws {
    if isRequested { throw TensorError.interrupted }
  }

  /// Looks at what the calling thread watches, if anything.
  ///
  /// - Throws: `TensorError.interrupted` if somebody wishes the work to stop.
  static func check() throws { try current?.check() }
}

extension ThreadPool {
  /// `parallelFor` for work that makes something new and may be given up: items that have not begun when somebody wishes it to stop are left out.
  ///
  /// - Throws: `TensorError.interrupted` after a wish to stop, whether or not items were left out.
  static func interruptibleFor(_ count: Int, grain: Int = 1, _ body: (Int) -> Void) throws {
    guard let cancellation = Cancellation.current else { return parallelFor(count, grain: grain, body) }
    parallelFor(count, grain: grain) { index in
      if !cancellation.isRequested { body(index) }
    }
    try cancellation.check()
  }
}
