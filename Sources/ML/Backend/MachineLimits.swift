#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// What this machine can do at most, measured on the spot.
public enum MachineLimits {
  /// Seconds of a clock that never jumps.
  public static func seconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }

  /// Floating-point operations per second of multiply-adds on registers, over all threads: the best of several short runs.
  public static func multiplyAddPeak() -> Double {
    let kernel = InstructionSet.chosen.product
    let threads = ThreadPool.threadCount
    // Some ten milliseconds: long enough that a thread that sleeps when it begins does not count.
    let rounds = 4_000_000
    var best = Double.infinity
    for _ in 0..<8 {
      withScratch(Float.self, threads) { sink in
        let start = seconds()
        ThreadPool.parallelFor(threads) { sink[$0] = kernel.spin(rounds) }
        best = min(best, seconds() - start)
      }
    }
    return Double(threads * rounds * kernel.spinOperations) / best
  }

  /// Operations per second of a single-precision product of the given size, the best of several runs.
  public static func productRate(size: Int) throws -> Double {
    var stream = RandomStream(seed: 1)
    let a = try Tensor.uniform([size, size], stream: &stream), b = try Tensor.uniform([size, size], stream: &stream)
    var best = Double.infinity
    for _ in 0..<8 {
      let start = seconds()
      _ = try a.matmul(b)
      best = min(best, seconds() - start)
    }
    return 2 * Double(size * size * size) / best
  }

  /// Operations per second of OpenBLAS's double-precision product on one thread.
  public static func doubleProductRate(size: Int) throws -> Double {
    let a = try Tensor.full([size, size], 0.5, dtype: .f64)
    var best = Double.infinity
    for _ in 0..<4 {
      let start = seconds()
      _ = try a.matmul(a)
      best = min(best, seconds() - start)
    }
    return 2 * Double(size * size * size) / best
  }

  /// Bytes per second of copying a block far larger than the caches, read and written bytes counted.
  public static func copyRate() throws -> Double {
    let a = try Tensor.ones([1 << 25])
    var best = Double.infinity
    for _ in 0..<4 {
      let start = seconds()
      _ = try a * 1
      best = min(best, seconds() - start)
    }
    return 2 * Double(a.byteCount) / best
  }
}
