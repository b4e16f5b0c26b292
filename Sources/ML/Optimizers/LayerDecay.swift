/// Learning rates that shrink from the top of a transformer to its bottom, for fine-tuning.
///
/// With L blocks, what stands before the first block is layer 0, block i (from 0) layer i + 1, and everything behind the last block layer L + 1; the rate
/// of layer l is that of the step times decay^(L + 1 - l). Clark et al. 2020, arXiv:2003.10555, section 3.2; as Bao et al. 2022, arXiv:2106.08254, use it.
public struct LayerDecay: Sendable, Equatable {
  /// In (0, 1]; 1 leaves all rates alike.
  public let decay: Double
  /// L.
  public let depth: Int

  private static let lowest: Set<Substring> = ["cls_token", "pos_embed", "patch_embed", "stem", "norm_pre"]

  /// Counts the blocks of an encoder by the names of its parameters, `encoder.blocks.3.norm1.weight`.
  ///
  /// - Throws: `ModelError` for a decay outside (0, 1], or below 1 where there are no blocks.
  public init(decay: Double, names: [String]) throws {
    guard decay > 0, decay <= 1 else { throw ModelError("the layer decay must lie in (0, 1], got \(decay)") }
    depth = (names.compactMap(LayerDecay.block).max() ?? -1) + 1
    guard depth > 0 || decay == 1 else { throw ModelError("a layer decay needs a transformer: no parameter is named encoder.blocks.…; leave it at 1") }
    self.decay = decay
  }

  /// The number of a parameter's block; nil outside of blocks.
  private static func block(_ name: String) -> Int? {
    let parts = name.split(separator: ".")
    return parts.count > 2 && parts[0] == "encoder" && parts[1] == "blocks" ? Int(parts[2]) : nil
  }

  /// What the step's rate is multiplied by for a parameter.
  public func factor(_ name: String) -> Double {
    guard decay < 1 else { return 1 }
    let parts = name.split(separator: ".")
    let layer = LayerDecay.block(name).map { $0 + 1 } ?? (parts.count > 1 && parts[0] == "encoder" && LayerDecay.lowest.contains(parts[1]) ? 0 : depth + 1)
    return Double.power(decay, Double(depth + 1 - layer))
  }
}
