/// PyTorch's random numbers on the CPU: the same bits as `torch.Generator().manual_seed(seed)` gives `rand`, `randn`, `randint` and
/// `randperm`, so that a run can be compared with one in PyTorch, latents included.
///
/// The words are those of the Mersenne twister MT19937. Unlike `RandomStream` a generator is used up: what comes depends on all that
/// was drawn before, and on in how large pieces, since `normals` works on 16 numbers at a time. PyTorch does not promise to keep its
/// streams; these are those of 2.13 on processors with AVX2.
///
/// Matsumoto & Nishimura 1998, "Mersenne twister".
public struct TorchGenerator: Sendable, Equatable {
  /// The seed it was made with.
  public let seed: UInt64
  private var state: [UInt32]
  private var place = 624
  /// The second number of a pair that Box and Muller's transform left over.
  private var leftOver: Double?

  /// - Parameter seed: only its low 32 bits matter, as in PyTorch.
  public init(seed: UInt64) {
    self.seed = seed
    state = [UInt32(truncatingIfNeeded: seed)]
    for index in 1..<624 {
      let last = state[index - 1]
      state.append(1_812_433_253 &* (last ^ (last >> 30)) &+ UInt32(index))
    }
  }

  /// The next 32 bits.
  public mutating func word() -> UInt32 {
    if place == 624 {
      for index in 0..<624 {
        let mixed = (state[index] & 0x8000_0000) | (state[(index + 1) % 624] & 0x7fff_ffff)
        state[index] = state[(index + 397) % 624] ^ (mixed >> 1) ^ (mixed & 1 == 0 ? 0 : 0x9908_b0df)
      }
      place = 0
    }
    var word = state[place]
    place += 1
    word ^= word >> 11
    word ^= (word << 7) & 0x9d2c_5680
    word ^= (word << 15) & 0xefc6_0000
    return word ^ (word >> 18)
  }

  /// The next 64 bits: the first word is the upper half.
  private mutating func doubleWord() -> UInt64 {
    let upper = UInt64(word())
    return upper << 32 | UInt64(word())
  }

  private mutating func uniform() -> Float { Float(word() & 0xff_ffff) * 0x1p-24 }

  private mutating func uniformDouble() -> Double { Double(doubleWord() & 0x1f_ffff_ffff_ffff) * 0x1p-53 }

  /// `torch.rand(count)`: numbers in [0, 1) with 24 random bits.
  public mutating func uniforms(_ count: Int) -> [Float] { (0..<count).map { _ in uniform() } }

  /// `torch.rand(count, dtype=float64)`: 53 random bits.
  public mutating func uniformDoubles(_ count: Int) -> [Double] { (0..<count).map { _ in uniformDouble() } }

  /// `torch.randn(count)`: standard normal numbers.
  public mutating func normals(_ count: Int) -> [Float] {
    guard count >= 16 else { return (0..<count).map { _ in Float(normal()) } }
    return blocks(uniforms(count), again: { $0.uniforms(16) }) { u1, u2 in
      let radius = (-2 * FastMathematics.logarithm(1 - u1)).squareRoot()
      let (sine, cosine) = FastMathematics.sineAndCosine(Float(2 * Double.pi) * u2)
      return (radius * cosine, radius * sine)
    }
  }

  /// `torch.randn(count, dtype=float64)`.
  public mutating func normalDoubles(_ count: Int) -> [Double] {
    guard count >= 16 else { return (0..<count).map { _ in normal() } }
    return blocks(uniformDoubles(count), again: { $0.uniformDoubles(16) }) { u1, u2 in
      let radius = (-2 * Double.logarithm(1 - u1)).squareRoot()
      return (radius * Double.cosine(2 * Double.pi * u2), radius * Double.sine(2 * Double.pi * u2))
    }
  }

  /// `torch.randint(bound, [count])`; `bound` must be positive. Bounds from 2^28 on take two words for a number.
  public mutating func integers(below bound: Int, count: Int) -> [Int] {
    (0..<count).map { _ in Int((bound < 1 << 28 ? UInt64(word()) : doubleWord()) % UInt64(bound)) }
  }

  /// `torch.randperm(count)`, for counts below 2^32 / 20.
  public mutating func permutation(_ count: Int) -> [Int] {
    var order = Array(0..<count)
    for index in 0..<max(0, count - 1) { order.swapAt(index, index + Int(word() % UInt32(count - index))) }
    return order
  }

  /// One number of a short draw, from pairs in double precision.
  private mutating func normal() -> Double {
    if let leftOver {
      self.leftOver = nil
      return leftOver
    }
    let turn = uniformDouble(), share = uniformDouble()
    let radius = (-2 * Double.logarithmOfOnePlus(-share)).squareRoot()
    leftOver = radius * Double.sine(2 * Double.pi * turn)
    return radius * Double.cosine(2 * Double.pi * turn)
  }

  /// Blocks of 16: number j and number j + 8 make a pair. A rest is not made of a shorter block: the last 16 are drawn once more.
  private mutating func blocks<Number>(
    _ uniforms: [Number], again: (inout TorchGenerator) -> [Number], pair: (Number, Number) -> (Number, Number)
  ) -> [Number] {
    var values = uniforms
    func fill(_ start: Int) {
      for index in start..<start + 8 { (values[index], values[index + 8]) = pair(values[index], values[index + 8]) }
    }
    for start in stride(from: 0, through: values.count - 16, by: 16) { fill(start) }
    if values.count % 16 != 0 {
      values.replaceSubrange(values.count - 16..<values.count, with: again(&self))
      fill(values.count - 16)
    }
    return values
  }
}

/// Logarithm, sine and cosine of 32 bits by the Cephes polynomials, each product and sum that can be fused being fused: what PyTorch's
/// normal numbers are made of, to the last bit.
///
/// Moshier 1992, Cephes mathematical library (single precision).
private enum FastMathematics {
  static func logarithm(_ x: Float) -> Float {
    let bits = max(x, .leastNormalMagnitude).bitPattern
    var exponent = Float(Int32(bits >> 23) - 0x7e)
    var mantissa = Float(bitPattern: bits & 0x807f_ffff | 0x3f00_0000)
    if mantissa < 0.707106781186547524 {
      exponent -= 1
      mantissa = mantissa - 1 + mantissa
    } else {
      mantissa -= 1
    }
    let square = mantissa * mantissa
    let coefficients: [Float] = [
      -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1, -1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1,
    ]
    let series = coefficients.reduce(Float(7.0376836292e-2)) { $1.addingProduct($0, mantissa) } * mantissa
    let rest = (exponent * -2.12194440e-4).addingProduct(series, square).addingProduct(-square, 0.5)
    return (mantissa + rest).addingProduct(exponent, 0.693359375)
  }

  /// For angles from 0 to a few turns.
  static func sineAndCosine(_ angle: Float) -> (sine: Float, cosine: Float) {
    // The octant, made even; then the angle's distance from it, in three pieces of π/4.
    let octant = (Int32(angle * 1.27323954473516) + 1) & ~1
    let turns = Float(octant)
    let x = angle.addingProduct(turns, -0.78515625).addingProduct(turns, -2.4187564849853515625e-4).addingProduct(turns, -3.77489497744594108e-8)
    let square = x * x
    let even = Float(4.166664568298827e-2).addingProduct(Float(-1.388731625493765e-3).addingProduct(2.443315711809948e-5, square), square) * square
    let cosine = (-(square * 0.5)).addingProduct(even, square) + 1
    let odd = Float(-1.6666654611e-1).addingProduct(Float(8.3321608736e-3).addingProduct(-1.9515295891e-4, square), square) * square
    let sine = x.addingProduct(odd, x)
    let swapped = octant & 2 != 0
    return (octant & 4 != 0 ? -(swapped ? cosine : sine) : swapped ? cosine : sine,
            (octant - 2) & 4 == 0 ? -(swapped ? sine : cosine) : swapped ? sine : cosine)
  }
}
