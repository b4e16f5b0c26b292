import Host
import ML

/// Residual networks, and encoders from weights of other programs.
extension EncoderLibrary {
  private static let side = Argument.integer("size", "side of the square pictures in pixels", default: 32, in: 8...4096)
  private static let blocks = Argument.optional(.integers("blocks", "of the four stages; default {2, 2, 2, 2}, or {3, 4, 6, 3} with bottlenecks"))
  private static let bottleneck = Argument.boolean("bottleneck", "blocks of 1x1, 3x3, 1x1 convolutions, as in ResNet-50; otherwise two 3x3, as in ResNet-18", default: false)
  private static let stageWidth = Argument.integer("width", "of the first stage; each next one is twice as wide", default: 64, in: 1...4096)
  private static let residualStem = Argument<ResNetStem>.choice("stem", "a 7x7 convolution and a maximum, or one 3x3 for small pictures", of: ResNetStem.self, default: .small)

  static let resNet = Function(
    "resnet", "Makes a residual network with random weights and batch normalisation.",
    .options("settings", "the network; the defaults are ResNet-18 for small pictures", seed, side, blocks, bottleneck, stageWidth, residualStem),
    returns: .object("the encoder", EncoderHandle.self), source: "He et al. 2016, arXiv:1512.03385",
    example: ("return encoder.resnet{width = 8}", "Encoder of 32 x 32 pixels, residual network of 2-2-2-2 blocks, width 8, random")
  ) { s in
    var stream = RandomStream(seed: UInt64(bitPattern: Int64(s[seed])), purpose: "representation encoder")
    let configuration = ResNetConfiguration(
      imageSize: s[side], blocks: s[blocks] ?? (s[bottleneck] ? [3, 4, 6, 3] : [2, 2, 2, 2]), bottleneck: s[bottleneck], width: s[stageWidth], stem: s[residualStem])
    return EncoderHandle(try ResNet(configuration, stream: &stream), objective: "random")
  }

  private static let network = Argument.choice("network", "what the weights belong to", ["vit", "resnet"])
  private static let gelu = Argument<GeluKind?>.optional(.choice("gelu", "form of the activation (vit): files do not say, so you must", of: GeluKind.self))
  private static let headCount = Argument.optional(.integer("heads", "attention heads (vit); default one for each 64 of the width", in: 1...256))
  private static let epsilon = Argument.optional(.number("epsilon", "of layer norms (vit); default 1e-6 for timm's names, 1e-5 for CLIP's"))
  private static let importSize = Argument.optional(.integer("size", "side of the pictures; default that of the weights. Another side resamples the positions (vit)", in: 8...4096))
  private static let ignore = Argument.optional(.strings("ignore", "names of tensors in the file that are left out, such as \"head.weight\""))
  private static let mean = Argument.optional(.numbers("mean", "of red, green and blue, by which pictures are normalised; default ImageNet's"))
  private static let deviation = Argument.optional(.numbers("std", "of red, green and blue; default ImageNet's"))

  static let importing = Function(
    "import", """
      Reads an encoder from a safetensors file of timm (or torchvision, for resnet), open_clip, OpenAI's CLIP or the official code of StableRep; of a model with several parts, the \
      tower `visual.`. \
      Sizes follow from the tensors. Tensors that are missing or have no place are errors that name them.
      """,
    .string("path", "a safetensors file"),
    .options("settings", "what the file does not say", network, gelu, headCount, pooling, epsilon, importSize, ignore, mean, deviation),
    returns: .object("the encoder", EncoderHandle.self), source: "timm's vision_transformer.py and resnet.py",
    example: ("""
      local path = os.tmpname()
      encoder.random{width = 16, depth = 1, heads = 2}:save(path)
      local again = encoder.import(path, {network = "vit", gelu = "exact", heads = 2}); os.remove(path)
      return again
      """, "Encoder of 32 x 32 pixels, width 16, depth 1, imported")
  ) { path, s in
    let tensors = try TensorFile.read(path).tensors
    let ignored = Set(s[ignore] ?? [])
    if let unknown = ignored.subtracting(tensors.map(\.name)).min() { throw ArgumentFault.invalid("ignore names \"\(unknown)\", which is not in \(path)") }
    let pixels = PixelNormalization(mean: try channels(s[mean], "mean") ?? PixelNormalization.imageNet.mean,
                                    deviation: try channels(s[deviation], "std") ?? PixelNormalization.imageNet.deviation)
    if s[network] == "resnet" {
      return EncoderHandle(try EncoderImport.resNet(tensors, imageSize: s[importSize], ignored: ignored), normalization: pixels, objective: "imported")
    }
    guard let form = s[gelu] else {
      throw ArgumentFault.invalid("the file does not say which GELU its weights were trained with: give gelu = \"exact\" (timm), \"quick\" (OpenAI's CLIP) or \"tanh\" (big_vision)")
    }
    let width = tensors.first { $0.name.hasSuffix("pos_embed") || $0.name.hasSuffix("visual.positional_embedding") }?.tensor.shape.last ?? 64
    var options = EncoderImport.VisionOptions(gelu: form, heads: s[headCount] ?? max(1, width / 64))
    options.pooling = s[pooling]
    options.epsilon = s[epsilon]
    options.imageSize = s[importSize]
    options.ignored = ignored
    return EncoderHandle(try EncoderImport.visionTransformer(tensors, options: options), normalization: pixels, objective: "imported")
  }

  private static func channels(_ values: [Double]?, _ name: String) throws -> [Float]? {
    guard let values else { return nil }
    guard values.count == 3 else { throw ArgumentFault.invalid("\(name) needs 3 numbers, got \(values.count)") }
    return values.map { Float($0) }
  }
}
