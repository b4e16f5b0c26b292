import Host
import ML

/// Reading and writing parts of a tensor: x[1], x[{2, 3}], item, totable.
enum TensorElements {
  /// The part of a tensor that an index stands for: one position of the first axis, or a list of positions.
  private static func part(_ call: Call, _ tensor: Tensor) throws -> Tensor {
    let positions: [Int]
    if let position = call.integer(2) { positions = [position] } else if call.kind(2) == .table, let list = call.list(2, { $0.integer($1) }) {
      positions = list
    } else {
      throw LuaError("a Tensor is indexed by a position or a list of positions, got a \(call.typeName(2))")
    }
    guard positions.count <= tensor.rank else {
      throw LuaError("\(positions.count) positions are too many for a tensor of rank \(tensor.rank), shape \(TensorElements.list(tensor.shape))")
    }
    var part = tensor
    for (axis, position) in positions.enumerated() {
      let index: Int
      do { index = try IndexArgument(position: position).resolved(count: part.shape[0]) } catch {
        throw LuaError("position \(position) lies outside axis \(luaPosition(axis)) of a tensor of shape \(TensorElements.list(tensor.shape))")
      }
      part = try part.select(axis: 0, index: index)
    }
    return part
  }

  static func list(_ shape: [Int]) -> String { "[" + shape.map(String.init).joined(separator: ", ") + "]" }

  static let get = Function(
    direct: "get", "Reads an element (a number) or a part (a view): x[i], x[{i, j}]. Positions count from 1, negative ones from the end.",
    [.init("self", "Tensor", "the tensor"), .init("position", "integer|integer[]", "one position, or one for each leading axis")],
    returns: [.init("number|boolean|Tensor", "a number when every axis is given")],
    example: ("local x = tensor.new{{1, 2}, {3, 4}}\nreturn x[2], x[{1, -1}]", "tensor({3, 4}, f32 [2])\t2.0")
  ) { call in
    guard let handle = try call.object(1, as: TensorHandle.self) else { throw LuaError("a Tensor is expected") }
    let part = try part(call, handle.tensor)
    if part.rank == 0 { try call.push(try luaElement(part)) } else { try call.push(TensorHandle(part)) }
    return 1
  }

  static let set = Function(
    direct: "set", "Writes an element or a part in place: x[i] = number, x[{i, j}] = number or tensor. Views of the same memory change too.",
    [.init("self", "Tensor", "the tensor"), .init("position", "integer|integer[]", "as in get"), .init("value", "number|boolean|Tensor", "what to write")],
    example: ("local x = tensor.zeros{2, 2}; x[{1, 2}] = 5; x[2] = tensor.new{7, 8}; return x", """
      tensor({{0, 5},
              {7, 8}}, f32 [2, 2])
      """)
  ) { call in
    guard let handle = try call.object(1, as: TensorHandle.self) else { throw LuaError("a Tensor is expected") }
    guard !handle.tensor.isTracked else {
      throw LuaError("a tracked tensor cannot be changed in place, since gradients may need its numbers; change it before track(), or a copy()")
    }
    let part = try part(call, handle.tensor)
    if let value = call.number(3) ?? call.boolean(3).map({ $0 ? 1 : 0 }) {
      try part.assign(try Tensor.full(part.shape, value, dtype: part.dtype))
    } else if let source = try call.object(3, as: TensorHandle.self)?.tensor {
      try part.assign(try source.detached().expand(part.shape))
    } else {
      throw LuaError("a number or a Tensor can be assigned, got a \(call.typeName(3))")
    }
    return 0
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
