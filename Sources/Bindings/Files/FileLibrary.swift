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
    let tensors = try named(table)
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

  private static let names = Argument.optional(.strings("names", "the tensors wanted; default all. The others' bytes are not read"))

  private static let load = Function(
    "load", "Reads tensors of a safetensors file in the types they are stored in; types that tensors do not have become i64 or f32.", .string("path", "the file"),
    .options("settings", "which ones", names),
    returns: .several(.value("tensors by name", type: "table<string, Tensor>"), .value("texts by name", type: "table<string, string>")),
    example: ("return pcall(file.load, \"no/such.safetensors\")", "false\texample:1: no/such.safetensors: file: cannot read: there is no such file or folder")
  ) { path, settings in
    let file = try SafetensorsFile(path: path)
    let tensors = try (settings[names] ?? file.entries.map(\.name)).map { ($0, LuaValue.object(TensorHandle(try file.nearestTensor($0)))) }
    return (.record(tensors), .record(file.metadata.map { ($0.key, .string($0.value)) }))
  }

  private static let list = Function(
    "list", "Tells what a safetensors file holds, from its header alone.", .string("path", "the file"),
    returns: .several(
      .value("one entry for each tensor, in the order of the file", type: "{name: string, dtype: string, shape: integer[]}[]"),
      .value("texts by name", type: "table<string, string>")),
    example: ("""
      local path = os.tmpname()
      file.save(path, {weight = tensor.zeros{2, 3}, bias = tensor.zeros{3}})
      local found = file.list(path)
      local bias = file.load(path, {names = {"bias"}}).bias; os.remove(path)
      return found[1].name, found[2].name, #found[2].shape, bias
      """, "bias\tweight\t2\ttensor({0, 0, 0}, f32 [3])")
  ) { path in
    let file = try SafetensorsFile(path: path)
    let entries = file.entries.map { entry in
      LuaValue.record([
        ("name", .string(entry.name)), ("dtype", .string(entry.dtype.rawValue.lowercased())), ("shape", .list(entry.shape.map { .integer($0) })),
      ])
    }
    return (.list(entries), .record(file.metadata.map { ($0.key, .string($0.value)) }))
  }

  private static let saveArray = Function(
    "save_npy", "Writes one tensor as a NumPy file of its own type; bf16, which NumPy lacks, becomes f32.", .string("path", "the file"), .tensor("x", "the tensor"), returns: .none,
    example: ("""
      local path = os.tmpname()
      file.save_npy(path, tensor.new({{1, 2}, {3, 4}}, {dtype = "i32"}))
      local x = file.load_npy(path); os.remove(path)
      return x
      """, """
      tensor({{1, 2},
              {3, 4}}, i32 [2, 2])
      """)
  ) { path, x in try AtomicFile.write(try NumpyFile.encode(x.detached()), to: path) }

  private static let loadArray = Function(
    "load_npy", "Reads a NumPy file of numbers in its own type; whole numbers of types that tensors do not have become i64.", .string("path", "the file"),
    returns: .tensor("the array"),
    example: ("return pcall(file.load_npy, \"no/such.npy\")", "false\texample:1: no/such.npy: file: cannot read: there is no such file or folder")
  ) { path in try NumpyFile.read(path).tensor() }

  private static let saveArchive = Function(
    "save_npz", "Writes named tensors as an archive of NumPy files, whole or not at all; the same tensors always give the same bytes.", .string("path", "the file"),
    .table("tensors", "tensors by name", type: "table<string, Tensor>"), returns: .none,
    example: ("""
      local path = os.tmpname()
      file.save_npz(path, {a = tensor.ones(2), b = tensor.new(7)})
      local arrays = file.load_npz(path); os.remove(path)
      return arrays.a, arrays.b
      """, "tensor({1, 1}, f32 [2])\ttensor(7, f32 [])")
  ) { path, table in try AtomicFile.write(try NumpyArchive.encode(try named(table)), to: path) }

  private static let loadArchive = Function(
    "load_npz", "Reads all arrays of a NumPy archive.", .string("path", "the file"), returns: .value("tensors by name", type: "table<string, Tensor>"),
    example: ("return pcall(file.load_npz, \"no/such.npz\")", "false\texample:1: no/such.npz: file: cannot read: there is no such file or folder")
  ) { path in
    .record(try NumpyArchive.decode(try MappedFile.read(path), source: path).map { ($0.name, .object(TensorHandle(try $0.array.tensor()))) })
  }

  /// Tensors by name, in the order of their names.
  private static func named(_ table: LuaTable) throws -> [(name: String, tensor: Tensor)] {
    try table.pairs().map { key, value -> (name: String, tensor: Tensor) in
      guard let name = key.asString, case .object(let object) = value, let handle = object as? TensorHandle else {
        throw ArgumentFault.invalid("tensors by name expected, got a \(value.typeName) under a \(key.typeName)")
      }
      return (name, handle.tensor.detached())
    }.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
  }

  private static let copy = Function(
    "copy", "Copies a file, whole or not at all; missing folders are made.", .string("from", "the file"), .string("to", "the path of the copy"), returns: .none,
    example: ("""
      local path = os.tmpname()
      io.open(path, "w"):write("abc"):close()
      file.copy(path, path .. ".copy")
      local text = io.open(path .. ".copy"):read("a"); os.remove(path); os.remove(path .. ".copy")
      return text
      """, "abc")
  ) { from, to in
    let bytes = try MappedFile.read(from)
    try Host.Folder.create(Host.Folder.parent(of: to))
    try Host.AtomicFile.write(bytes, to: to)
  }

  private static let lines = Argument.boolean("lines", "whether each line is a value of its own (JSON lines); the result is a list", default: false)

  private static let readJSON = Function(
    "read_json", "Reads a JSON file as plain values; null becomes nil.", .string("path", "the file"), .options("settings", "what it holds", lines), returns: .value("what it says"),
    example: ("""
      local path = os.tmpname()
      file.write_json(path, {steps = 3, names = {"a", "b"}})
      local told = file.read_json(path); os.remove(path)
      return told.steps, told.names[2]
      """, "3\tb")
  ) { path, settings in
    let bytes = try MappedFile.read(path)
    guard settings[lines] else {
      do { return LuaConversion.lua(try StoreValue(json: bytes)) } catch { throw LuaError("\(path) is no JSON: \(error)") }
    }
    let rows = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated().filter { !$0.element.allSatisfy { $0 <= 32 } }
    return .list(try rows.map { row in
      do { return LuaConversion.lua(try StoreValue(json: Array(row.element))) } catch { throw LuaError("\(path), line \(row.offset + 1), is no JSON: \(error)") }
    })
  }

  private static let separator = Argument.optional(.string("separator", "one byte between fields; default a tab for names that end in .tsv, else a comma"))

  private static let readCSV = Function(
    "read_csv", """
      Reads a table of comma-separated values whose first line names the columns; fields stay text. What counts as a field is what Python's csv \
      module and pandas say.
      """, .string("path", "the file"), .options("settings", "how it is written", separator),
    returns: .several(.value("a table for each row, fields by column", type: "table<string, string>[]"), .list(of: .string("name of a column"))),
    example: ("""
      local path = os.tmpname()
      local f = io.open(path, "w"); f:write('file,caption\\n1.png,"red, round"\\n'); f:close()
      local rows, columns = file.read_csv(path); os.remove(path)
      return rows[1].caption, columns
      """, "red, round\t{\"file\", \"caption\"}")
  ) { path, settings in
    let given = settings[separator].map { Array($0.utf8) }
    if let given, given.count != 1 || [0x0A, 0x0D, 0x22].contains(given[0]) {
      throw ArgumentFault.invalid("separator should be one byte, and no quote or line break, got \(given.count) bytes")
    }
    let table = try CSV.table(MappedFile.read(path), separator: given?[0], source: path)
    return (.list(table.rows.map { row in .record(zip(table.columns, row.fields).map { ($0, .string($1)) }) }), table.columns)
  }

  private static let writeJSON = Function(
    "write_json", "Writes plain values (numbers, strings, booleans, tables of these) as JSON, whole or not at all; missing folders are made. Equal values give equal bytes.",
    .string("path", "the file"), .any("value", "what to write"), returns: .none,
    example: ("""
      local path = os.tmpname()
      file.write_json(path, {b = 1.5, a = {true, false}})
      local text = io.open(path):read("a"):gsub("%s", ""); os.remove(path)
      return text
      """, "{\"a\":[true,false],\"b\":1.5}")
  ) { (path: String, value: LuaValue) in
    let text = try LuaConversion.stored(value, place: "the value").plainJSON(pretty: true) + "\n"
    try Host.Folder.create(Host.Folder.parent(of: path))
    try Host.AtomicFile.write(text, to: path)
  }

  static let library = Library("file", "Files of tensors (safetensors, NumPy) and of plain values (JSON, CSV).", functions: [save, load, list, saveArray, loadArray, saveArchive, loadArchive, readJSON, writeJSON, readCSV, copy])
}
