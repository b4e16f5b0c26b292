import Host
import ML

/// The module loam.file.
enum FileLibrary {
  private static let metadata = Argument.optional(.table("metadata", "texts to keep in the file, by name", type: "table<string, string>"))
  private static let precision = Argument.choice("precision", "type of real numbers in the file", ["f32", "f16"], default: "f32")

  private static let save = Function(
    "save", "Writes named tensors as safetensors, whole or not at all; the same tensors always give the same bytes.", .string("path", "the file"),
    .table("tensors", "tensors by name", type: "table<string, Tensor>"), .options("settings", "metadata and precision", metadata, precision), returns: .none,
    source: "https://huggingface.co/docs/safetensors",
    example: ("""
      local path = os.tmpname()
      file.save(path, {weight = tensor.new{1, 2}}, {metadata = {note = "trial"}})
      local tensors, metadata = file.load(path); os.remove(path)
      return tensors.weight, metadata.note
      """, "tensor({1, 2}, f32 [2])\ttrial")
  ) { path, table, settings in
    let tensors = try table.pairs().map { key, value -> (name: String, tensor: Tensor) in
      guard let name = key.asString, case .object(let object) = value, let handle = object as? TensorHandle else {
        throw ArgumentFault.invalid("tensors by name expected, got a \(value.typeName) under a \(key.typeName)")
      }
      return (name, handle.tensor.detached())
    }.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    try TensorFile.write(tensors, metadata: try texts(settings[metadata]), precision: settings[precision] == "f16" ? .f16 : .f32, to: path)
  }

  private static func texts(_ table: LuaTable?) throws -> [String: String] {
    var texts: [String: String] = [:]
    for (key, value) in try table?.pairs() ?? [] {
      guard let name = key.asString, let text = value.asString else { throw ArgumentFault.invalid("metadata are strings by name") }
      texts[name] = text
    }
    return texts
  }

  private static let load = Function(
    "load", "Reads all tensors of a safetensors file; f16 and bf16 become f32, integers i64.", .string("path", "the file"),
    returns: .several(.value("tensors by name", type: "table<string, Tensor>"), .value("texts by name", type: "table<string, string>")),
    example: ("return pcall(file.load, \"no/such.safetensors\")", "false\texample:1: no/such.safetensors: file: cannot read: there is no such file or folder")
  ) { path in
    let (tensors, metadata) = try TensorFile.read(path)
    return (.record(tensors.map { ($0.name, .object(TensorHandle($0.tensor))) }), .record(metadata.map { ($0.key, .string($0.value)) }))
  }

  private static let saveArray = Function(
    "save_npy", "Writes one tensor as a NumPy file of 32-bit floats.", .string("path", "the file"), .tensor("x", "the tensor"), returns: .none,
    example: ("""
      local path = os.tmpname()
      file.save_npy(path, tensor.new{{1, 2}, {3, 4}})
      local x = file.load_npy(path); os.remove(path)
      return x
      """, """
      tensor({{1, 2},
              {3, 4}}, f32 [2, 2])
      """)
  ) { path, x in try NumpyFile.write(try x.detached().cast(.f32).floats(), shape: x.shape, to: path) }

  private static let loadArray = Function(
    "load_npy", "Reads a NumPy file of numbers as f32.", .string("path", "the file"), returns: .tensor("the array"),
    example: ("return pcall(file.load_npy, \"no/such.npy\")", "false\texample:1: no/such.npy: file: cannot read: there is no such file or folder")
  ) { path in
    let array = try NumpyFile.read(path)
    return try Tensor(array.floats(), shape: array.shape)
  }

  static let library = Library("file", "Files of tensors: safetensors and NumPy.", functions: [save, load, saveArray, loadArray])
}
