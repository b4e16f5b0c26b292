/// A counter-based stream of random numbers: Philox 4x32 with ten rounds.
///
/// The words of a stream are a pure function of (seed, stream, position), so any part of a stream can be produced
/// alone, in any order and on any thread. Streams of the same seed never overlap.
///
/// Salmon, Moraes, Dror & Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3".
public struct RandomStream: Sendable, Equatable {
  public let seed: UInt64
  public let stream: UInt64
  /// Index of the next 32-bit word.
  public var position: UInt64
  private var block = SIMD4<UInt32>()
  private var blockIndex = UInt64.max

  /// Creates the stream with the given address.
  ///
  /// - Parameters:
  ///   - seed: the experiment's seed.
  ///   - stream: which of the 2^64 independent streams of that seed.
  ///   - position: index of the first 32-bit word to hand out, default 0.
  public init(seed: UInt64, stream: UInt64 = 0, position: UInt64 = 0) {
    self.seed = seed
    self.stream = stream
    self.position = position
  }

  /// Creates a stream that belongs to a purpose and an index within it, such as ("image", 12).
  ///
  /// - Parameters:
  ///   - seed: the experiment's seed.
  ///   - purpose: a name; streams of different names do not collide in practice (64-bit hash).
  ///   - index: which item of that purpose, for example the number of an image.
  public init(seed: UInt64, purpose: String, index: UInt64 = 0) {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in purpose.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
    self.init(seed: seed, stream: RandomStream.mix(hash &+ 0x9e37_79b9_7f4a_7c15 &* (index &+ 1)))
  }

  public static func == (left: RandomStream, right: RandomStream) -> Bool {
    left.seed == right.seed && left.stream == right.stream && left.position == right.position
  }

  private static func mix(_ value: UInt64) -> UInt64 {
    var z = value
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  /// Four words of the Philox 4x32-10 function for a 128-bit counter and a 64-bit key.
  public static func philox(counter: SIMD4<UInt32>, key: SIMD2<UInt32>) -> SIMD4<UInt32> {
    var c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3]
    var k0 = key[0], k1 = key[1]
    for _ in 0..<10 {
      let first = UInt64(0xD251_1F53) &* UInt64(c0)
      let second = UInt64(0xCD9E_8D57) &* UInt64(c2)
      let n0 = UInt32(truncatingIfNeeded: second >> 32) ^ c1 ^ k0
      let n1 = UInt32(truncatingIfNeeded: second)
      let n2 = UInt32(truncatingIfNeeded: first >> 32) ^ c3 ^ k1
      let n3 = UInt32(truncatingIfNeeded: first)
      c0 = n0; c1 = n1; c2 = n2; c3 = n3
      k0 = k0 &+ 0x9E37_79B9
      k1 = k1 &+ 0xBB67_AE85
    }
    return SIMD4(c0, c1, c2, c3)
  }

  /// The next 32 random bits.
  public mutating func word() -> UInt32 {
    let index = position >> 2
    if index != blockIndex {
      block = RandomStream.philox(
        counter: SIMD4(UInt32(truncatingIfNeeded: index), UInt32(truncatingIfNeeded: index >> 32),
                       UInt32(truncatingIfNeeded: stream), UInt32(truncatingIfNeeded: stream >> 32)),
        key: SIMD2(UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32)))
      blockIndex = index
    }
    let lane = Int(position & 3)
    position &+= 1
    return block[lane]
  }

  /// A number in [0, 1) with 24 random bits.
  public mutating func uniform() -> Float { Float(word() >> 8) * 0x1p-24 }

  /// A number in [lower, upper).
  public mutating func uniform(_ lower: Float, _ upper: Float) -> Float { lower + (upper - lower) * uniform() }

  /// A standard normal number, by the Box-Muller transform; it uses two words.
  public mutating func normal() -> Float {
    let radius = (-2 * Double.logarithm((Double(word()) + 1) * 0x1p-32)).squareRoot()
    return Float(radius * Double.cosine(2 * Double.pi * Double(word()) * 0x1p-32))
  }

  /// An unbiased integer in 0..<bound; `bound` must be positive.
  public mutating func integer(below bound: Int) -> Int {
    precondition(bound > 0 && bound <= Int(UInt32.max), "bound of a random integer must lie in 1...2^32-1")
    let range = UInt64(bound)
    let limit = (UInt64(1) << 32) / range * range
    while true {
      let candidate = UInt64(word())
      if candidate < limit { return Int(candidate % range) }
    }
  }

  /// True with the given probability.
  public mutating func chance(_ probability: Float) -> Bool { uniform() < probability }

  /// The numbers 0..<count in random order (Fisher-Yates).
  public mutating func permutation(_ count: Int) -> [Int] {
    var order = Array(0..<count)
    var last = count - 1
    while last > 0 {
      order.swapAt(last, integer(below: last + 1))
      last -= 1
    }
    return order
  }
}
