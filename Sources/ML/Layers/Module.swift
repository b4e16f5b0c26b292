/// A part of a model: it holds parameters and other modules under the names that timm, open_clip or diffusers use.
///
/// A module lists what it holds itself (`ownParameters`, `ownBuffers`) and its `parts`; full names ("blocks.0.attn.qkv.weight")
/// follow from these, own tensors first, then the parts in order, as PyTorch's `state_dict` has them.
public protocol Module: AnyObject {
  var ownParameters: [(name: String, parameter: Parameter)] { get }
  var ownBuffers: [(name: String, buffer: StateBuffer)] { get }
  var parts: [(name: String, module: any Module)] { get }
  /// All parameters with their full names, in a fixed order.
  func namedParameters() -> [(name: String, parameter: Parameter)]
}

/// What is wrong with named tensors that should fill a module.
public struct ModuleLoadError: Error, CustomStringConvertible {
  public let missing: [String]
  public let unexpected: [String]
  public let misshapen: [(name: String, expected: [Int], found: [Int])]

  public var description: String {
    var lines: [String] = []
    if !missing.isEmpty { lines.append("missing: \(ModuleLoadError.listed(missing))") }
    if !unexpected.isEmpty { lines.append("not part of the model: \(ModuleLoadError.listed(unexpected))") }
    if !misshapen.isEmpty {
      let shapes = misshapen.map { "\($0.name) should be \($0.expected) but is \($0.found)" }
      lines.append("wrong shape: \(ModuleLoadError.listed(shapes))")
    }
    return "the tensors do not fit the model; " + lines.joined(separator: "; ")
      + ". Check that the model was built with the options that the file was saved with."
  }

  private static func listed(_ names: [String]) -> String {
    let shown = names.prefix(8).joined(separator: ", ")
    return names.count > 8 ? "\(shown) and \(names.count - 8) more" : shown
  }
}

extension Module {
  public var ownParameters: [(name: String, parameter: Parameter)] { [] }
  public var ownBuffers: [(name: String, buffer: StateBuffer)] { [] }
  public var parts: [(name: String, module: any Module)] { [] }

  public func namedParameters() -> [(name: String, parameter: Parameter)] {
    var all = ownParameters
    for part in parts {
      for (name, parameter) in part.module.namedParameters() { all.append(("\(part.name).\(name)", parameter)) }
    }
    return all
  }

  /// All buffers with their full names, in a fixed order.
  public func namedBuffers() -> [(name: String, buffer: StateBuffer)] {
    var all = ownBuffers
    for part in parts {
      for (name, buffer) in part.module.namedBuffers() { all.append(("\(part.name).\(name)", buffer)) }
    }
    return all
  }

  /// How many numbers the parameters hold.
  public var parameterCount: Int { namedParameters().reduce(0) { $0 + $1.parameter.value.count } }

  /// Every tensor to save: parameters, then buffers.
  ///
  /// - Parameter prefix: put before each name, default "".
  /// - Returns: the values themselves (not copies), detached.
  public func namedTensors(prefix: String = "") -> [(name: String, tensor: Tensor)] {
    namedParameters().map { ("\(prefix)\($0.name)", $0.parameter.value.detached()) }
      + namedBuffers().map { ("\(prefix)\($0.name)", $0.buffer.value) }
  }

  /// Fills parameters and buffers from named tensors; either all of them or, on error, none.
  ///
  /// - Parameters:
  ///   - tensors: values of any float type; they are cast to f32.
  ///   - prefix: only names that start with it are looked at, and it is cut off; default "".
  ///   - ignoring: names (after the prefix) for which true is returned are skipped when the model lacks them; default none.
  /// - Throws: `ModuleLoadError` that lists every missing, extra and misshapen tensor.
  public func load(_ tensors: [(name: String, tensor: Tensor)], prefix: String = "",
                   ignoring: (String) -> Bool = { _ in false }) throws {
    var given: [String: Tensor] = [:]
    for (name, tensor) in tensors where name.hasPrefix(prefix) { given[String(name.dropFirst(prefix.count))] = tensor }
    let parameters = namedParameters()
    let buffers = namedBuffers()
    var missing: [String] = []
    var misshapen: [(name: String, expected: [Int], found: [Int])] = []
    func check(_ name: String, _ expected: [Int]) {
      guard let found = given.removeValue(forKey: name) else { return missing.append(name) }
      if found.shape != expected { misshapen.append((name, expected, found.shape)) }
    }
    let kept = given
    for (name, parameter) in parameters { check(name, parameter.value.shape) }
    for (name, buffer) in buffers { check(name, buffer.value.shape) }
    let unexpected = given.keys.filter { !ignoring($0) }.sorted()
    guard missing.isEmpty, unexpected.isEmpty, misshapen.isEmpty else {
      throw ModuleLoadError(missing: missing, unexpected: unexpected, misshapen: misshapen)
    }
    for (name, parameter) in parameters {
      if let tensor = kept[name] { parameter.value = try tensor.detached().cast(.f32).copy() }
    }
    for (name, buffer) in buffers {
      if let tensor = kept[name] { buffer.value = try tensor.detached().cast(.f32).copy() }
    }
  }
}

/// An ordered list of modules, named by their numbers.
public final class ModuleList<Element: Module>: Module {
  public let elements: [Element]
  public init(_ elements: [Element]) { self.elements = elements }
  public var parts: [(name: String, module: any Module)] { elements.enumerated().map { ("\($0.offset)", $0.element) } }
}
