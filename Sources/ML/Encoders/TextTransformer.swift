/// Everything that fixes the architecture of a text transformer.
public struct TextTransformerConfiguration: Codable, Sendable, Equatable {
  /// How many token ids there are.
  public var vocabulary: Int
  /// Longest caption in tokens, begin and end marks included.
  public var contextLength: Int
  public var width: Int
  public var depth: Int
  public var heads: Int
  public var mlpRatio: Double
  /// Whether a token sees only earlier ones (CLIP) or all real ones (the small generator's encoder).
  public var causal: Bool
  public var gelu: GeluKind
  public var epsilon: Double
  /// Width of the projected feature; nil for no `text_projection`.
  public var output: Int?

  /// Describes a text transformer; sizes suit short captions, the rest is CLIP's.
  public init(vocabulary: Int, contextLength: Int = 32, width: Int = 128, depth: Int = 3, heads: Int = 4, mlpRatio: Double = 4,
              causal: Bool = true, gelu: GeluKind = .quick, epsilon: Double = 1e-5, output: Int? = nil) {
    self.vocabulary = vocabulary
    self.contextLength = contextLength
    self.width = width
    self.depth = depth
    self.heads = heads
    self.mlpRatio = mlpRatio
    self.causal = causal
    self.gelu = gelu
    self.epsilon = epsilon
    self.output = output
  }

  /// The paper's text tower: CLIP's 12 layers of width 512 over 77 of 49,408 tokens.
  public static let clip = TextTransformerConfiguration(vocabulary: 49408, contextLength: 77, width: 512, depth: 12, heads: 8, output: 512)

  /// Refuses sizes that do not fit together.
  public func validate() throws {
    guard vocabulary > 0, contextLength > 0, width > 0, depth >= 0, heads > 0, mlpRatio > 0, epsilon > 0, (output ?? 1) > 0 else {
      throw ModelError("text transformer: sizes must be positive, got \(self)")
    }
    guard width % heads == 0 else { throw ModelError("text transformer: width \(width) cannot be cut into \(heads) equal heads") }
  }
}

/// Captions as token ids, padded to one length.
public struct PaddedCaptions: Sendable, Equatable {
  /// batch x length ids, row by row.
  public let ids: [Int]
  /// Real tokens of each caption, end mark included.
  public let lengths: [Int]
  /// Ids in a row.
  public let length: Int
  public var count: Int { lengths.count }

  /// Pads captions to the longest of them.
  ///
  /// - Parameters:
  ///   - captions: token ids of each caption, begin and end marks included; rows may already be padded.
  ///   - lengths: real tokens of each; nil means that the rows are not padded.
  ///   - contextLength: most tokens of a caption.
  ///   - padding: id that fills up, default 0; it is never attended to.
  /// - Throws: `ModelError` for an empty caption, or one longer than the context.
  public init(_ captions: [[Int]], lengths: [Int]? = nil, contextLength: Int, padding: Int = 0) throws {
    let real = lengths ?? captions.map(\.count)
    guard real.count == captions.count else {
      throw ModelError("tokens: \(captions.count) captions but \(real.count) lengths; give one length for each caption")
    }
    let longest = min(contextLength, real.max() ?? 1)
    var ids: [Int] = []
    ids.reserveCapacity(captions.count * longest)
    for (index, caption) in captions.enumerated() {
      let count = real[index]
      guard count >= 1, count <= caption.count else {
        throw ModelError("tokens: caption \(index) has \(caption.count) ids and a length of \(count); even an empty caption holds its end mark")
      }
      guard count <= contextLength else {
        throw ModelError("tokens: caption \(index) has \(count) tokens but the model reads at most \(contextLength); truncate it when tokenising")
      }
      ids.append(contentsOf: caption[..<count])
      ids.append(contentsOf: repeatElement(padding, count: longest - count))
    }
    self.ids = ids
    self.lengths = real
    self.length = longest
  }

  /// The captions with the given numbers.
  public func selecting(_ rows: some Sequence<Int>) -> PaddedCaptions {
    var ids: [Int] = []
    var lengths: [Int] = []
    for row in rows {
      ids.append(contentsOf: self.ids[row * length..<(row + 1) * length])
      lengths.append(self.lengths[row])
    }
    return PaddedCaptions(ids: ids, lengths: lengths, length: length)
  }

  private init(ids: [Int], lengths: [Int], length: Int) {
    self.ids = ids
    self.lengths = lengths
    self.length = length
  }
}

/// A text transformer with open_clip's structure and parameter names.
///
/// Radford et al. 2021, arXiv:2103.00020, section 2.4.
public final class TextTransformer: Module {
  public let configuration: TextTransformerConfiguration
  public let tokenEmbedding: Embedding
  public let positions: Parameter
  public let blocks: ModuleList<TransformerBlock>
  public let finalNorm: LayerNorm
  /// [width, output], applied as x P.
  public let projection: Parameter?

  /// Makes the encoder with CLIP's random start: tokens 0.02, positions 0.01, blocks by width and depth.
  public init(_ configuration: TextTransformerConfiguration, stream: inout RandomStream) throws {
    try configuration.validate()
    self.configuration = configuration
    let width = configuration.width
    tokenEmbedding = try Embedding(count: configuration.vocabulary, width: width, initialization: .normal(0.02), stream: &stream)
    positions = Parameter(try Initialization.normal(0.01).draw([configuration.contextLength, width], fanIn: width, stream: &stream))
    var layers: [TransformerBlock] = []
    for _ in 0..<configuration.depth {
      layers.append(try TransformerBlock(
        width: width, heads: configuration.heads, hidden: Int(Double(width) * configuration.mlpRatio),
        gelu: configuration.gelu, epsilon: configuration.epsilon, naming: .openCLIP,
        initialization: .clip(width: width, depth: max(1, configuration.depth)), stream: &stream))
    }
    blocks = ModuleList(layers)
    finalNorm = try LayerNorm(width, epsilon: configuration.epsilon)
    if let output = configuration.output {
      let deviation = 1 / Double(width).squareRoot()
      projection = Parameter(try Initialization.normal(deviation).draw([width, output], fanIn: width, stream: &stream))
    } else {
      projection = nil
    }
  }

  /// The encoder of given layers, without projection; they fit the configuration.
  init(_ configuration: TextTransformerConfiguration, tokenEmbedding: Embedding, positions: Tensor, blocks: [TransformerBlock], finalNorm: LayerNorm) {
    self.configuration = configuration
    self.tokenEmbedding = tokenEmbedding
    self.positions = Parameter(positions)
    self.blocks = ModuleList(blocks)
    self.finalNorm = finalNorm
    projection = nil
  }

  public var ownParameters: [(name: String, parameter: Parameter)] {
    [("positional_embedding", positions)] + (projection.map { [("text_projection", $0)] } ?? [])
  }

  public var parts: [(name: String, module: any Module)] {
    [("transformer.resblocks", blocks), ("token_embedding", tokenEmbedding), ("ln_final", finalNorm)]
  }

  /// Encodes captions.
  ///
  /// - Parameters:
  ///   - tokens: padded captions; at most `contextLength` ids in a row.
  ///   - skippedBlocks: how many of the last blocks are left out, default 0.
  /// - Returns: `context`, every token after the final norm [B, L, D], and `feature`, the one at the end mark, projected
  ///   if there is a projection, [B, output or D].
  /// - Throws: `ModelError` for too long rows or ids outside the vocabulary.
  public func callAsFunction(_ tokens: PaddedCaptions, skippedBlocks: Int = 0) throws -> (context: Tensor, feature: Tensor) {
    guard tokens.length <= configuration.contextLength else {
      throw ModelError("text transformer: rows hold \(tokens.length) tokens but the model reads at most \(configuration.contextLength)")
    }
    let width = configuration.width
    let places = try positions.value.narrow(axis: 0, start: 0, count: tokens.length)
    var hidden = try tokenEmbedding(tokens.ids).reshape([tokens.count, tokens.length, width]) + places
    for block in blocks.elements.dropLast(skippedBlocks) {
      // A causal block needs no lengths: the end mark precedes all padding and sees only what is before it.
      hidden = try block(hidden, causal: configuration.causal, lengths: configuration.causal ? nil : tokens.lengths)
    }
    let context = try finalNorm(hidden)
    let ends = tokens.lengths.enumerated().map { $0.offset * tokens.length + $0.element - 1 }
    var feature = try context.reshape([tokens.count * tokens.length, width]).indexSelect(axis: 0, indices: ends)
    if let projection { feature = try feature.matmul(projection.value) }
    return (context, feature)
  }
}

extension TokenBatch {
  /// The rows without their padding, as models and trainers take captions.
  public var captions: [[Int]] { zip(ids, lengths).map { Array($0.prefix($1)) } }
}
