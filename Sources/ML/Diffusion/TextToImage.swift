#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Which feature of a caption joins the time embedding.
public enum CaptionPooling: String, Codable, Sendable, CaseIterable {
  /// The token at the end mark, as in CLIP. It must first learn to gather the words.
  case endMark = "end_mark"
  /// The mean over the caption's tokens: every word is in it from the first step on.
  case mean
}

/// Everything that fixes a text-to-image model but its weights and its tokeniser.
public struct TextToImageConfiguration: Codable, Sendable, Equatable {
  public var text: TextTransformerConfiguration
  public var unet: UNetConfiguration
  public var schedule: NoiseSchedule
  public var prediction: Prediction
  /// Nil in files that were written before there was a choice, which means the end mark.
  public var captionPooling: CaptionPooling?
  /// Token ids of the empty caption, which the unconditional half sees.
  public var emptyCaption: [Int]

  /// Describes a model; sizes that must agree are checked by `validate`.
  public init(text: TextTransformerConfiguration, unet: UNetConfiguration, schedule: NoiseSchedule, prediction: Prediction = .velocity,
              captionPooling: CaptionPooling = .endMark, emptyCaption: [Int]) {
    self.text = text
    self.unet = unet
    self.schedule = schedule
    self.prediction = prediction
    self.captionPooling = captionPooling
    self.emptyCaption = emptyCaption
  }

  /// The small generator of 32-pixel scenes: at most four million parameters.
  ///
  /// - Parameters:
  ///   - vocabulary: token ids of the tokeniser.
  ///   - emptyCaption: what the tokeniser makes of "".
  public static func scenes(vocabulary: Int, emptyCaption: [Int], contextLength: Int = 32) throws -> TextToImageConfiguration {
    TextToImageConfiguration(
      text: TextTransformerConfiguration(vocabulary: vocabulary, contextLength: contextLength, width: 128, depth: 2, heads: 4, causal: false,
                                         gelu: .exact),
      unet: UNetConfiguration(), schedule: try NoiseSchedule(.cosine), prediction: .velocity, captionPooling: .mean,
      emptyCaption: emptyCaption)
  }

  /// Refuses sizes that do not fit together.
  public func validate() throws {
    try text.validate()
    try unet.validate()
    guard unet.contextWidth == text.width else {
      throw ModelError("text to image: the UNet reads caption tokens of width \(unet.contextWidth), the text encoder makes \(text.width)")
    }
    let feature = captionPooling == .mean ? text.width : text.output ?? text.width
    guard unet.pooledWidth == nil || unet.pooledWidth == feature else {
      throw ModelError("text to image: the UNet reads a pooled caption of width \(unet.pooledWidth ?? 0), the text encoder makes \(feature)")
    }
    guard !emptyCaption.isEmpty, emptyCaption.count <= text.contextLength, emptyCaption.allSatisfy({ $0 >= 0 && $0 < text.vocabulary }) else {
      throw ModelError("text to image: the empty caption must hold 1 to \(text.contextLength) ids below \(text.vocabulary), got \(emptyCaption)")
    }
  }

  /// The configuration as JSON with sorted keys.
  public func json() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    return String(decoding: try encoder.encode(self), as: UTF8.self)
  }

  /// Reads a configuration from JSON.
  ///
  /// - Throws: `ModelError` that names what is missing or wrong.
  public init(json: String) throws {
    do {
      self = try JSONDecoder().decode(TextToImageConfiguration.self, from: Data(json.utf8))
    } catch let error as DecodingError {
      throw ModelError("text to image: the configuration in the file cannot be read: \(error)")
    }
  }
}

/// Encoded captions, ready to steer a UNet.
public struct EncodedCaptions {
  /// [B, L, D]
  public let context: Tensor
  public let lengths: [Int]
  /// [B, P]; nil if the network takes none.
  public let pooled: Tensor?
}

/// A text-to-image diffusion model over pixels: a text transformer, a UNet and a noise schedule. Token ids in, pictures out.
public final class TextToImage: Module {
  public let configuration: TextToImageConfiguration
  public let textEncoder: TextTransformer
  public let unet: UNet

  /// Makes the model with random weights, drawn in a fixed order from the stream.
  public init(_ configuration: TextToImageConfiguration, stream: inout RandomStream) throws {
    try configuration.validate()
    self.configuration = configuration
    textEncoder = try TextTransformer(configuration.text, stream: &stream)
    unet = try UNet(configuration.unet, stream: &stream)
  }

  public var parts: [(name: String, module: any Module)] { [("text_encoder", textEncoder), ("unet", unet)] }

  /// Encodes captions. Nothing attends to padding, so a caption's code never depends on its company.
  public func encode(_ captions: [[Int]], lengths: [Int]? = nil) throws -> EncodedCaptions {
    try encode(PaddedCaptions(captions, lengths: lengths, contextLength: configuration.text.contextLength))
  }

  func encode(_ tokens: PaddedCaptions) throws -> EncodedCaptions {
    let (context, feature) = try textEncoder(tokens)
    let pooled = configuration.unet.pooledWidth == nil ? nil : configuration.captionPooling == .mean ? try mean(context, lengths: tokens.lengths) : feature
    return EncodedCaptions(context: context, lengths: tokens.lengths, pooled: pooled)
  }

  /// The mean over real tokens: [B, L, D] → [B, D].
  private func mean(_ context: Tensor, lengths: [Int]) throws -> Tensor {
    let (batch, length) = (context.shape[0], context.shape[1])
    let shares = lengths.flatMap { count in (0..<length).map { $0 < count ? 1 / Float(count) : 0 } }
    return try (context * Tensor(shares, shape: [batch, length, 1])).sum(axes: [1])
  }

  /// The UNet's output for noisy pictures.
  ///
  /// - Parameters:
  ///   - images: [B, C, S, S] with noise.
  ///   - times: training step of each; samplers may ask between two steps.
  public func predict(_ images: Tensor, times: [Double], captions: EncodedCaptions) throws -> Tensor {
    try unet(images, times: times, context: captions.context, lengths: captions.lengths, pooled: captions.pooled)
  }
}
