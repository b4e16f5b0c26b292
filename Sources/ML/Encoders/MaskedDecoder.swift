/// The decoder of a masked autoencoder: it draws hidden patches from the tokens of visible ones.
///
/// Parameter names follow the official code (decoder_embed, mask_token, decoder_blocks, decoder_norm, decoder_pred); positions are fixed sines and cosines.
/// He et al. 2022, arXiv:2111.06377.
public final class MaskedDecoder: Module {
  public let embedding: Linear
  public let maskToken: Parameter
  public let blocks: ModuleList<TransformerBlock>
  public let norm: LayerNorm
  public let prediction: Linear
  private let positions: Tensor
  private let patchCount: Int

  /// Makes the decoder of an encoder.
  ///
  /// - Parameters:
  ///   - encoder: whose tokens are read and whose patches are drawn.
  ///   - width: of the decoder; a multiple of 4 and of `heads`.
  public init(for encoder: VisionTransformerConfiguration, width: Int, depth: Int, heads: Int, stream: inout RandomStream) throws {
    guard width > 0, width % 4 == 0 else { throw ModelError("masked decoder: the width must be a multiple of 4, got \(width)") }
    embedding = try Linear(encoder.width, width, stream: &stream)
    maskToken = Parameter(try Initialization.normal(0.02).draw([1, 1, width], fanIn: width, stream: &stream))
    blocks = ModuleList(try (0..<depth).map { _ in try TransformerBlock(width: width, heads: heads, hidden: 4 * width, epsilon: encoder.epsilon, stream: &stream) })
    norm = try LayerNorm(width, epsilon: encoder.epsilon)
    prediction = try Linear(width, encoder.patchSize * encoder.patchSize * encoder.channels, stream: &stream)
    patchCount = encoder.patchCount
    positions = try sineCosinePositions(side: encoder.imageSize / encoder.patchSize, width: width)
  }

  public var ownParameters: [(name: String, parameter: Parameter)] { [("mask_token", maskToken)] }

  public var parts: [(name: String, module: any Module)] {
    [("decoder_embed", embedding), ("decoder_blocks", blocks), ("decoder_norm", norm), ("decoder_pred", prediction)]
  }

  /// Pixels of every patch, [B, N, p² C].
  ///
  /// - Parameters:
  ///   - tokens: [B, 1 + V, D], the class token first.
  ///   - visible: which patches the V tokens of each picture stand for, ascending.
  public func callAsFunction(_ tokens: Tensor, visible: [[Int]]) throws -> Tensor {
    let embedded = try embedding(tokens)
    let (batch, seen, width) = (embedded.shape[0], embedded.shape[1], embedded.shape[2])
    // Rows of [tokens, one mask token]: each place takes its own token, or the mask token where the patch was hidden.
    let rows = try Tensor.concatenate([embedded.reshape([batch * seen, width]), maskToken.value.reshape([1, width])], axis: 0)
    var places = [Int]()
    places.reserveCapacity(batch * (patchCount + 1))
    for (sample, patches) in visible.enumerated() {
      var row = [Int](repeating: batch * seen, count: patchCount + 1)
      row[0] = sample * seen
      for (place, patch) in patches.enumerated() { row[1 + patch] = sample * seen + 1 + place }
      places += row
    }
    var hidden = try rows.indexSelect(axis: 0, indices: places).reshape([batch, patchCount + 1, width]) + positions
    for block in blocks.elements { hidden = try block(hidden) }
    return try prediction(norm(hidden).narrow(axis: 1, start: 1, count: patchCount))
  }
}

/// Fixed positions of a square of patches and, before them, zeros for the class token.
///
/// Shapes: [1 + side², width]. The first half of a row holds sines and cosines of the column's number, the second of the row's, at frequencies
/// 10000^(-4i / width), as MAE's code has them.
func sineCosinePositions(side: Int, width: Int) throws -> Tensor {
  let quarter = width / 4
  return try Tensor.build([1 + side * side, width]) { buffer in
    for index in buffer.indices { buffer[index] = 0 }
    for row in 0..<side {
      for column in 0..<side {
        let start = (1 + row * side + column) * width
        for i in 0..<quarter {
          let frequency = Double.power(10_000, -Double(i) / Double(quarter))
          for (half, place) in [column, row].enumerated() {
            let angle = Double(place) * frequency
            buffer[start + 2 * half * quarter + i] = Float(Double.sine(angle))
            buffer[start + (2 * half + 1) * quarter + i] = Float(Double.cosine(angle))
          }
        }
      }
    }
  }
}
