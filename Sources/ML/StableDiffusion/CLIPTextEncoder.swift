/// The text encoder of Stable Diffusion, from the weights of transformers' `CLIPTextModel`. It keeps no history.
///
/// Radford et al. 2021, arXiv:2103.00020, section 2.4.
public final class CLIPTextEncoder {
  public let configuration: TextTransformerConfiguration
  private let transformer: TextTransformer

  /// Loads `config.json` and the weights of a folder; names with and without the older `text_model.` are understood.
  ///
  /// - Throws: `FormatError` for options or files that cannot be used, ``ModuleLoadError`` for tensors that do not fit.
  public init(folder: String, variant: String? = nil) throws {
    let file = try ComponentConfiguration(path: folder + "/config.json")
    let width = try file.size("hidden_size", default: 512), hidden = try file.size("intermediate_size", default: 2048)
    let gelu: GeluKind
    switch try file.string("hidden_act", default: "quick_gelu") {
    case "quick_gelu": gelu = .quick
    case "gelu": gelu = .exact
    case "gelu_new", "gelu_pytorch_tanh": gelu = .tanh
    case let other: throw file.failure("the activation \"\(other)\" of 'hidden_act' is not supported; supported are quick_gelu, gelu, gelu_new")
    }
    guard !(try file.boolean("use_attention_mask", default: false)) else {
      throw file.failure("'use_attention_mask' is true; supported is false, as in Stable Diffusion 1.x and 2.x: the UNet attends to padding")
    }
    let configuration = TextTransformerConfiguration(
      vocabulary: try file.size("vocab_size", default: 49408), contextLength: try file.size("max_position_embeddings", default: 77), width: width,
      depth: try file.size("num_hidden_layers", default: 12), heads: try file.size("num_attention_heads", default: 8),
      mlpRatio: Double(hidden) / Double(width), gelu: gelu, epsilon: try file.number("layer_norm_eps", default: 1e-5))
    try configuration.validate()
    self.configuration = configuration

    let weights = try ComponentWeights(folder: folder, stem: "model", variant: variant)
    weights.rename { $0.hasPrefix("text_model.") ? String($0.dropFirst("text_model.".count)) : $0 }
    weights.ignore { $0 == "embeddings.position_ids" }
    let root = WeightScope(weights)
    let blocks = try (0..<configuration.depth).map { index -> TransformerBlock in
      let layer = root["encoder"]["layers"][index], attention = layer["self_attn"]
      let parts = try ["q_proj", "k_proj", "v_proj"].map { try attention[$0].linear(width, width) }
      let packed = Linear(weight: try Tensor.concatenate(parts.map { $0.weight.value.detached() }, axis: 0),
                          bias: try Tensor.concatenate(parts.compactMap { $0.bias?.value.detached() }, axis: 0))
      return TransformerBlock(
        norm1: try layer["layer_norm1"].layerNorm(width, epsilon: configuration.epsilon),
        attention: SelfAttention(queryKeyValue: packed, output: try attention["out_proj"].linear(width, width), heads: configuration.heads, naming: .openCLIP),
        norm2: try layer["layer_norm2"].layerNorm(width, epsilon: configuration.epsilon),
        mlp: MLP(fc1: try layer["mlp"]["fc1"].linear(width, hidden), fc2: try layer["mlp"]["fc2"].linear(hidden, width), gelu: gelu, naming: .openCLIP),
        naming: .openCLIP)
    }
    let embeddings = root["embeddings"]
    transformer = TextTransformer(
      configuration, tokenEmbedding: Embedding(weight: try embeddings["token_embedding"].tensor("weight", [configuration.vocabulary, width])),
      positions: try embeddings["position_embedding"].tensor("weight", [configuration.contextLength, width]).cast(.f32), blocks: blocks,
      finalNorm: try root["final_layer_norm"].layerNorm(width, epsilon: configuration.epsilon))
    try weights.finish()
  }

  /// The states of all tokens, padding too, after the final norm: what the UNet attends to.
  ///
  /// Shapes: `ids` B rows of L → [B, L, D].
  ///
  /// - Parameter clipSkip: how many of the last blocks are left out, 0 (the default) or more, but not all.
  /// - Throws: `ModelError` for rows of different lengths, ids outside the vocabulary, or too large a skip.
  public func callAsFunction(_ ids: [[Int]], clipSkip: Int = 0) throws -> Tensor {
    guard (0..<configuration.depth).contains(clipSkip) else {
      throw ModelError("text encoder: clip skip must lie between 0 and \(configuration.depth - 1) for \(configuration.depth) blocks, got \(clipSkip)")
    }
    guard let length = ids.first?.count, ids.allSatisfy({ $0.count == length }) else {
      throw ModelError("text encoder: expected rows of ids of one length, got lengths \(ids.map(\.count))")
    }
    return try withoutTracking {
      try transformer(PaddedCaptions(ids, contextLength: configuration.contextLength), skippedBlocks: clipSkip).context
    }
  }
}
