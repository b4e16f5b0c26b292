import Host
import ML

/// The module loam.file.
enum FileLibrary {
  private static let metadata = Argument.optional(.table("metadata", "texts to keep in the file, by name", type: "table<string, string>"))
  private static let stored = Argument.optional(.choice("dtype", "type of real numbers in the file; default each tensor's own", ["f32", "f64", "f16", "bf16"]))

  private static let save = Function(
    "save", "Writes named tensors as safetensors, whole or not at all; the same tensors always give the same bytes.", .string("path", "the file"),
    .table("tensors", "tensors by name", type: "table<string, Tensor>"), .options("settings", "metadata and type", metadata, stored), returns: .none,
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
    let dtype = settings[stored].flatMap { name in DType.allCases.first { $0.name == name } }
    try SafetensorsFile.write(tensors, as: dtype, metadata: try texts(settings[metadata]), to: path)
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
    "load", "Reads all tensors of a safetensors file in the types they are stored in; types that tensors do not have become i64 or f32.", .string("path", "the file"),
    returns: .several(.value("tensors by name", type: "table<string, Tensor>"), .value("texts by name", type: "table<string, string>")),
    example: ("return pcall(file.load, \"no/such.safetensors\")", "false\texample:1: no/such.safetensors: file: cannot read: there is no such file or folder")
  ) { path in
    let file = try SafetensorsFile(path: path)
    let tensors = try file.entries.map { ($0.name, LuaValue.object(TensorHandle(try file.nearestTensor($0.name)))) }
    return (.record(tensors), .record(file.metadata.map { ($0.key, .string($0.value)) }))
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
