import Host
import ML

/// A layer or a chain of layers in Lua's hands.
final class NetworkHandle: LuaObject {
  static let luaName = "Network"
  let module: any Module
  let summary: String
  private let forward: (Input) throws -> Tensor

  /// What a layer is given: numbers, or ids for a table of vectors.
  enum Input {
    case tensor(Tensor)
    case ids([Int])
  }

  init(_ module: any Module, _ summary: String, forward: @escaping (Input) throws -> Tensor) {
    self.module = module
    self.summary = summary
    self.forward = forward
  }

  /// A layer that maps a tensor to a tensor.
  convenience init(_ module: any Module, _ summary: String, map: @escaping (Tensor) throws -> Tensor) {
    self.init(module, summary, forward: { input in
      guard case .tensor(let tensor) = input else { throw LuaError("\(summary) takes a Tensor, got a list") }
      return try map(tensor)
    })
  }

  func callAsFunction(_ input: Input) throws -> Tensor { try forward(input) }
}

/// Layers one after the other, named by their positions from 0 as PyTorch names them.
final class Chain: Module {
  let layers: [NetworkHandle]
  init(_ layers: [NetworkHandle]) { self.layers = layers }
  var parts: [(name: String, module: any Module)] { layers.enumerated().map { ("\($0.offset)", $0.element.module) } }
}

/// A layer without parameters.
final class PlainFunction: Module {}

extension Argument where Value == NetworkHandle.Input {
  /// A tensor, or a list of ids.
  static func networkInput(_ name: String, _ doc: String) -> Argument {
    Argument(name, "Tensor|integer[]", doc) { call, index in
      if call.kind(index) == .table { return call.list(index) { $0.integer($1) }.map { .ids($0) } }
      return try call.object(index, as: TensorHandle.self).map { .tensor($0.tensor) }
    }
  }
}

extension Argument where Value == [NetworkHandle] {
  /// Layers of a chain: networks, and activations by name.
  static func layers(_ name: String, _ doc: String) -> Argument {
    Argument(name, "(Network|string)[]", doc, expected: "list of networks and names of activations") { call, index in
      guard call.kind(index) == .table else { return nil }
      return try call.list(index) { call, slot in
        if let word = call.string(slot) { return try activationLayer(word) }
        return try call.object(slot, as: NetworkHandle.self)
      }
    }
  }
}

private func activationLayer(_ name: String) throws -> NetworkHandle {
  let functions: [String: (Tensor) throws -> Tensor] = [
    "relu": { try $0.relu() }, "gelu": { try $0.gelu() }, "quick_gelu": { try $0.quickGelu() }, "silu": { try $0.silu() },
    "tanh": { try $0.tanh() }, "sigmoid": { try $0.sigmoid() }, "softmax": { try $0.softmax() }, "l2_normalize": { try $0.l2Normalize() },
    "flatten": { try $0.reshape([$0.shape.first ?? 1, -1]) },
  ]
  guard let function = functions[name] else {
    let near = nearestName(to: name, among: Array(functions.keys)).map { "; did you mean \"\($0)\"?" } ?? ""
    throw ArgumentFault.invalid("one of \(functions.keys.sorted().joined(separator: ", ")) expected, got \"\(name)\"\(near)")
  }
  return NetworkHandle(PlainFunction(), name, map: function)
}
