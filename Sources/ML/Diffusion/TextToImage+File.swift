extension TextToImage {
  /// The key under which a file holds the configuration.
  public static let configurationKey = "loam.text_to_image"

  /// Writes weights and configuration as one safetensors file, whole or not at all.
  ///
  /// - Parameters:
  ///   - precision: f16 halves the file, default f32.
  ///   - metadata: further texts to keep in the file, such as the tokeniser's vocabulary, the seed and the training script.
  public func save(to path: String, precision: TensorFile.Precision = .f32, metadata: [String: String] = [:]) throws {
    var texts = metadata
    texts[TextToImage.configurationKey] = try configuration.json()
    try TensorFile.write(namedTensors(), metadata: texts, precision: precision, to: path)
  }

  /// Reads a model that `save` wrote.
  ///
  /// - Returns: the model, and the file's texts.
  /// - Throws: `FormatError` for a broken file, `ModelError` if it holds no configuration, `ModuleLoadError` if tensors do not fit.
  public static func load(from path: String) throws -> (model: TextToImage, metadata: [String: String]) {
    let (tensors, metadata) = try TensorFile.read(path)
    guard let json = metadata[configurationKey] else {
      throw ModelError("\(path) holds no text-to-image model: the metadata lack \"\(configurationKey)\"")
    }
    var stream = RandomStream(seed: 0)
    let model = try TextToImage(TextToImageConfiguration(json: json), stream: &stream)
    try model.load(tensors)
    return (model, metadata)
  }
}
