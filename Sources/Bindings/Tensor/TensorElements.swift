import Host
import ML

/// Reading and writing parts of a tensor: x[1], x[{2, 3}], x[{{1, 3}, ":"}], x[flags], item, totable.
enum TensorElements {
  /// The part of a tensor that an index stands for.
  private static func part(_ call: Call, _ tensor: Tensor) throws -> Tensor {
    if let position = call.integer(2) { return try Selection.position(position).part(of: tensor, axis: 0, whole: tensor) }
    if let index = try call.object(2, as: TensorHandle.self)?.tensor {
      return index.dtype == .bool ? try tensor.masked(by: index) : try Selection.positions(index).part(of: tensor, axis: 0, whole: tensor)
    }
    guard call.kind(2) == .table, let selections = try call.list(2, Selection.read) else {
      throw LuaError("a Tensor is indexed by a position, flags, positions, or a list with one entry for each axis; got a \(call.typeName(2))")
    }
    return try part(of: tensor, selections)
  }

  private static func part(of tensor: Tensor, _ selections: [Selection]) throws -> Tensor {
    let named = selections.filter { !$0.isRest }.count
    guard named <= tensor.rank else {
      throw LuaError("\(named) positions are too many for a tensor of rank \(tensor.rank), shape \(list(tensor.shape))")
    }
    guard selections.count - named <= 1 else { throw LuaError("\"...\" may stand only once in an index") }
    var (part, axis) = (tensor, 0)
    for selection in selections {
      if selection.isRest { axis += tensor.rank - named } else {
        let rank = part.rank
        part = try selection.part(of: part, axis: axis, whole: tensor)
        axis += 1 + part.rank - rank
      }
    }
    return part
  }

  static func list(_ shape: [Int]) -> String { "[" + shape.map(String.init).joined(separator: ", ") + "]" }

  static let get = Function(
    direct: "get", """
      Reads an element (a number) or a part: x[i], x[{i, j}], x[{{1, 3}, ":"}]. Positions count from 1, negative ones from the end. In a list each \
      axis has a position, {first, last} or {first, last, step}, "first:last:step" with any of them left out, a tensor of positions, or "..." for \
      the axes in between. x[flags] takes the elements where flags hold.
      """,
    [.init("self", "Tensor", "the tensor"), .init("position", "integer|table|Tensor", "which part")],
    returns: [.init("number|boolean|Tensor", "a number when every axis has one position; else a view, or a copy where positions or flags are given")],
    example: ("local x = tensor.new{{1, 2, 3}, {4, 5, 6}}\nreturn x[{1, -1}], x[{\"...\", {2, 3}}], x[{\":\", \"::2\"}], x[x:gt(4)]", """
      3.0\ttensor({{2, 3},
              {5, 6}}, f32 [2, 2])\ttensor({{1, 3},
              {4, 6}}, f32 [2, 2])\ttensor({5, 6}, f32 [2])
      """)
  ) { call in
    guard let handle = try call.object(1, as: TensorHandle.self) else { throw LuaError("a Tensor is expected") }
    let part = try part(call, handle.tensor)
    if part.rank == 0 { try call.push(try luaElement(part)) } else { try call.push(TensorHandle(part)) }
    return 1
  }

  static let set = Function(
    direct: "set", "Writes an element or a part in place: x[i] = number, x[{i, {2, 3}}] = tensor, x[flags] = 0. Views of the same memory change too.",
    [.init("self", "Tensor", "the tensor"), .init("position", "integer|table|Tensor", "as in get"), .init("value", "number|boolean|Tensor", "what to write")],
    example: ("local x = tensor.zeros{2, 2}; x[{1, 2}] = 5; x[2] = tensor.new{7, 8}; return x", """
      tensor({{0, 5},
              {7, 8}}, f32 [2, 2])
      """)
  ) { call in
    guard let handle = try call.object(1, as: TensorHandle.self) else { throw LuaError("a Tensor is expected") }
    guard !handle.tensor.isTracked else {
      throw LuaError("a tracked tensor cannot be changed in place, since gradients may need its numbers; change it before track(), or a copy()")
    }
    let parts = try places(call, handle.tensor)
    if let value = call.number(3) ?? call.boolean(3).map({ $0 ? 1 : 0 }) {
      for part in parts { try part.assign(try Tensor.full(part.shape, value, dtype: part.dtype)) }
    } else if let source = try call.object(3, as: TensorHandle.self)?.tensor.detached() {
      if call.kind(2) == .userdata, source.rank > 0, source.shape[0] == parts.count {
        for (row, part) in parts.enumerated() { try part.assign(try source.select(axis: 0, index: row).expand(part.shape)) }
      } else {
        for part in parts { try part.assign(try source.expand(part.shape)) }
      }
    } else {
      throw LuaError("a number or a Tensor can be assigned, got a \(call.typeName(3))")
    }
    return 0
  }

  /// The views that an index stands for when it is written to: one, or one for each position or flag.
  private static func places(_ call: Call, _ tensor: Tensor) throws -> [Tensor] {
    if let index = try call.object(2, as: TensorHandle.self)?.tensor {
      if index.dtype != .bool {
        return try TensorLookup.indices(index).integers().map { try Selection.position($0 < 0 ? $0 : $0 + 1).part(of: tensor, axis: 0, whole: tensor) }
      }
      guard index.rank <= tensor.rank, Array(tensor.shape.prefix(index.rank)) == index.shape else {
        throw LuaError("flags of shape \(list(index.shape)) do not fit the leading axes of a tensor of shape \(list(tensor.shape))")
      }
      let found = try index.nonzero()
      let places = try found.integers()
      return try (0..<found.shape[0]).map { row in
        try places[row * index.rank..<(row + 1) * index.rank].reduce(tensor) { try $0.select(axis: 0, index: $1) }
      }
    }
    if call.kind(2) == .table, let selections = try call.list(2, Selection.read), selections.contains(where: \.copies) {
      throw LuaError("positions given as a tensor inside a list can be read but not written to; write x[positions] = value along the first axis")
    }
    return [try part(call, tensor)]
  }

  static let item = Function(
    direct: "item", "Gives the only element as a Lua number (or boolean).", [.init("x", "Tensor", "a tensor of one element")],
    returns: [.init("number|boolean", "the element")], example: ("return tensor.new{{2.5}}:item()", "2.5")
  ) { call in
    guard let handle = try call.object(1, as: TensorHandle.self) else { throw LuaError("a Tensor is expected, got a \(call.typeName(1))") }
    guard handle.tensor.count == 1 else {
      throw LuaError("item needs a tensor of one element, got shape \(list(handle.tensor.shape))")
    }
    try call.push(try luaElement(handle.tensor))
    return 1
  }

  static let toTable = Function(
    "totable", "Gives the elements as nested Lua tables; a tensor without axes gives a number.", .tensor("x", "the tensor"),
    returns: .value("the elements", type: "table|number"), example: ("return tensor.new{{1, 2}, {3, 4}}:totable()", "{{1.0, 2.0}, {3.0, 4.0}}")
  ) { x in
    let isWhole = !x.dtype.isFloating
    let isFlag = x.dtype == .bool
    let doubles = isWhole ? [] : try x.doubles()
    let integers = isWhole ? try x.integers() : []
    func value(_ axis: Int, _ start: Int, _ size: Int) -> LuaValue {
      guard axis < x.rank else {
        if isFlag { return .boolean(integers[start] != 0) }
        return isWhole ? .integer(integers[start]) : .number(doubles[start])
      }
      let count = x.shape[axis]
      let step = count == 0 ? 0 : size / count
      return .list((0..<count).map { value(axis + 1, start + $0 * step, step) })
    }
    return value(0, 0, x.count)
  }

  static let length = Function(
    direct: "length", "Gives the size of the first axis.", [.init("x", "Tensor", "the tensor")], returns: [.init("integer", "the size")],
    example: ("return #tensor.zeros{4, 2}", "4")
  ) { call in
    guard let handle = try call.object(1, as: TensorHandle.self) else { throw LuaError("a Tensor is expected") }
    guard let size = handle.tensor.shape.first else { throw LuaError("a tensor without axes has no length") }
    call.push(size)
    return 1
  }
}
