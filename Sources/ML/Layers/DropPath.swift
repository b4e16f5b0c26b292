/// Leaves residual branches out of a transformer at random while it is trained, for each picture by itself (stochastic depth).
///
/// A branch of block i of n is left out with the chance rate · i / (n - 1), i from 0; one that stays is divided by the chance of staying. timm's
/// `drop_path_rate`. Huang et al. 2016, arXiv:1603.09382.
public struct DropPath: Sendable {
  /// Chance in the last block, in [0, 1); 0 leaves nothing out.
  public var rate: Double
  /// Decides; the same stream gives the same branches.
  public var stream: RandomStream

  public init(rate: Double, stream: RandomStream) {
    self.rate = rate
    self.stream = stream
  }

  /// The decisions for the part of a batch that starts at a sample: those of the whole batch for 0, others, as fixed, for the rest.
  func part(_ start: Int) -> DropPath { start == 0 ? self : DropPath(rate: rate, stream: RandomStream(seed: stream.seed, purpose: "part of batch \(stream.stream)", index: UInt64(start))) }

  /// Factors of the two branches of every block, each [batch, 1, 1]; nil where nothing is left out.
  func branches(batch: Int, depth: Int) throws -> [(attention: Tensor, mlp: Tensor)?] {
    guard rate > 0 else { return Array(repeating: nil, count: depth) }
    var stream = stream
    func factors(_ chance: Double) throws -> Tensor {
      let kept = Float(1 / (1 - chance))
      return try Tensor((0..<batch).map { _ in stream.chance(Float(chance)) ? 0 : kept }, shape: [batch, 1, 1])
    }
    return try (0..<depth).map { block in
      let chance = depth > 1 ? rate * Double(block) / Double(depth - 1) : rate
      return chance > 0 ? (try factors(chance), try factors(chance)) : nil
    }
  }
}
