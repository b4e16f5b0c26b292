/// The tensors of one part of a diffusers folder, handed out by name over the mapped files; what is missing, misshapen or left over is reported
/// together.
///
/// Matrices and filters keep the type in which they are stored, vectors (biases, norms) become f32.
final class ComponentWeights {
  /// File and name in the file of every tensor that has not been taken.
  private var remaining: [String: (file: SafetensorsFile, stored: String)] = [:]
  private var missing: [String] = []
  private var misshapen: [(name: String, expected: [Int], found: [Int])] = []

  /// Opens the files of a folder.
  ///
  /// - Parameters:
  ///   - stem: "diffusion_pytorch_model" or "model".
  ///   - variant: the word in the file names of another precision, such as "fp16"; nil for none.
  /// - Throws: `FormatError` when there are no weights, when they are a pickle, or when a file is broken.
  init(folder: String, stem: String, variant: String?) throws {
    for file in try ComponentWeights.files(folder, stem, variant) {
      for entry in file.entries {
        guard remaining.updateValue((file, entry.name), forKey: entry.name) == nil else {
          throw FormatError(format: "safetensors", source: file.source, problem: "the tensor '\(entry.name)' is in another file of the model too")
        }
      }
    }
  }

  private static func files(_ folder: String, _ stem: String, _ variant: String?) throws -> [SafetensorsFile] {
    guard Folder.isFolder(folder) else { throw FormatError(format: "diffusers folder", source: folder, problem: "there is no such folder") }
    let names = try Folder.names(folder)
    let word = variant.map { ".\($0)" } ?? ""
    if names.contains("\(stem)\(word).safetensors") { return [try SafetensorsFile(path: "\(folder)/\(stem)\(word).safetensors")] }
    if let index = ["\(stem).safetensors.index\(word).json", "\(stem)\(word).safetensors.index.json"].first(where: names.contains) {
      return try shards(folder, index)
    }
    let expected = "\(stem)\(word).safetensors or its index of shards"
    if let pickle = names.first(where: { name in PickleRefusal.suffixes.contains { name.hasSuffix($0) } }) {
      throw PickleRefusal.error(folder + "/" + pickle)
    }
    let others = names.filter { $0.hasPrefix(stem) }
    let hint = others.isEmpty ? "" : "; it has \(others.joined(separator: ", ")): name their precision as the variant"
    throw FormatError(format: "diffusers folder", source: folder, problem: "there are no weights \(expected)\(hint)")
  }

  private static func shards(_ folder: String, _ index: String) throws -> [SafetensorsFile] {
    let path = "\(folder)/\(index)"
    func failure(_ problem: String) -> FormatError { FormatError(format: "safetensors index", source: path, problem: problem) }
    let content = try MappedFile(path: path)
    guard let members = try withExtendedLifetime(content, { try JSONParser.parse(content.bytes, source: path) })["weight_map"]?.members else {
      throw failure("expected an object with a 'weight_map' from names of tensors to files")
    }
    var files: [String: SafetensorsFile] = [:]
    for member in members {
      guard let name = member.value.string, !name.contains("/"), name.hasSuffix(".safetensors") else {
        throw failure("the file of '\(member.key)' must be the name of a safetensors file in the same folder, got \(member.value.text)")
      }
      let file: SafetensorsFile
      if let open = files[name] { file = open } else { file = try SafetensorsFile(path: "\(folder)/\(name)") }
      files[name] = file
      guard file.find(member.key) != nil else { throw failure("the tensor '\(member.key)' should be in \(name) but is not") }
    }
    return files.sorted { $0.key < $1.key }.map(\.value)
  }

  /// Whether there is a tensor of that name that has not been taken.
  func contains(_ name: String) -> Bool { remaining[name] != nil }

  /// The tensor of that name; of several shapes, the first that fits. When it is missing or misshapen, that is noted, and a tensor of zero
  /// elements stands in until `finish` throws.
  func take(_ name: String, _ shapes: [Int]...) throws -> Tensor {
    guard let (file, stored) = remaining.removeValue(forKey: name), let entry = file.find(stored) else {
      missing.append(name)
      return try Tensor.zeros([1]).expand(shapes[0])
    }
    guard shapes.contains(entry.shape) else {
      misshapen.append((name, shapes[0], entry.shape))
      return try Tensor.zeros([1]).expand(shapes[0])
    }
    switch entry.dtype {
    case .f32, .f16, .bf16:
      return entry.shape.count > 1 && entry.dtype != .f32 ? try file.mappedTensor(stored) : try file.mappedTensor(stored).cast(.f32)
    default: return try file.tensor(stored)
    }
  }

  /// Lets go of tensors that play no part.
  func ignore(where isIgnored: (String) -> Bool) { remaining = remaining.filter { !isIgnored($0.key) } }

  /// Gives tensors other names than those in the file.
  func rename(_ newName: (String) -> String) {
    remaining = Dictionary(remaining.map { (newName($0.key), $0.value) }) { first, _ in first }
  }

  /// - Throws: ``ModuleLoadError`` that lists every missing, extra and misshapen tensor.
  func finish() throws {
    guard missing.isEmpty, misshapen.isEmpty, remaining.isEmpty else {
      throw ModuleLoadError(missing: missing, unexpected: remaining.keys.sorted(), misshapen: misshapen)
    }
  }
}

/// Why files of pickled Python objects are not read.
enum PickleRefusal {
  static let suffixes = [".bin", ".ckpt", ".pt", ".pth", ".pkl"]

  static func error(_ path: String) -> FormatError {
    FormatError(
      format: "weights", source: path,
      problem: "this is a pickle: reading it would run whatever program its maker put into it, so Loam never does. Convert it once where diffusers is installed and the file is trusted: pipe = StableDiffusionPipeline.from_pretrained(folder) (or .from_single_file(file)), then pipe.save_pretrained(new_folder), which writes safetensors")
  }
}
