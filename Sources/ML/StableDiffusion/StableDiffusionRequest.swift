/// What a pipeline is asked to make.
public struct StableDiffusionRequest {
  /// One for each picture.
  public var prompts: [String]
  /// What guidance leads away from: one for each picture, or one for all; default "".
  public var negativePrompts: [String] = [""]
  /// w in out = u + w (c - u): 1 is the prompt alone, 0 the negative prompt alone; at both only one half is computed. Default 7.5.
  public var guidance: Double = 7.5
  /// Share of the output whose deviation is brought back to that of the prompt's half, in [0, 1]; default 0. As ``Guidance/rescale``.
  public var guidanceRescale: Double = 0
  /// Training steps, both ends included, at which there is guidance; nil for all. As ``Guidance/interval``.
  public var guidanceInterval: ClosedRange<Double>?
  /// Steps of the scheduler, default 50.
  public var steps = 50
  /// Sides of the pictures in pixels, multiples of 8; nil for those of the model.
  public var width: Int?
  public var height: Int?
  /// How many of the text encoder's last blocks are left out, default 0.
  public var clipSkip = 0
  /// One stream for each picture: start noise is drawn from it, then the noise of steps that want some.
  public var streams: [RandomStream]
  /// Start noise to use in place of the streams', standard normal, [N, C, h, w].
  public var latents: Tensor?
  /// Pictures to start from, [N or 1, 3, H, W] in [-1, 1], instead of noise alone.
  public var image: Tensor?
  /// How much of the way from noise is gone with a given picture: 1 keeps nothing of it, 0 all; default 0.8.
  public var strength: Double = 0.8
  /// Standard normal noise for the draw of the picture's latents from their distribution, [N, C, h, w]; nil draws it from the streams first.
  public var posteriorNoise: Tensor?
  /// Pictures computed together, default 1.
  public var batchSize = 1

  /// Asks for a picture of each prompt.
  public init(prompts: [String], streams: [RandomStream]) {
    self.prompts = prompts
    self.streams = streams
  }
}

/// One step of a batch, as a look at work in progress shows it.
public struct StableDiffusionStep {
  /// Pictures of the batch, counted over the whole request.
  public let images: Range<Int>
  /// Pictures of the whole request.
  public let total: Int
  /// Model call just finished, from 1, and their number.
  public let step: Int
  public let steps: Int
  /// The call's time on the scale of the training steps.
  public let time: Double
  /// Scaled latents after the step, and the clean ones as the step foresees them, [B, C, h, w].
  public let latents: Tensor
  public let clean: Tensor
}

/// The end of a generation that a step's callback asked for.
public struct GenerationCancelled: Error, CustomStringConvertible, Equatable {
  /// Model calls that were finished.
  public let step: Int
  public var description: String { "the generation was cancelled after step \(step)" }
}
