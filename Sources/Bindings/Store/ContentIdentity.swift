import Host
import ML

/// An object whose content can be part of a stage's key.
protocol ContentIdentified: LuaObject {
  /// Equal texts mean equal content.
  func contentIdentity() throws -> String
}

/// Names the content of objects.
enum ContentIdentity {
  /// The content's name; objects that only show or record (progress, reports) count by their type alone.
  static func text(of object: any LuaObject) throws -> String {
    if let identified = object as? any ContentIdentified { return try identified.contentIdentity() }
    return "a \(type(of: object).luaName)"
  }

  /// A hash over named tensors: names, types, shapes and bytes.
  static func hash(_ tensors: [(name: String, tensor: Tensor)]) throws -> String {
    let entries = try tensors.map { entry -> StoreEntry in
      let bytes = try entry.tensor.withBytes { ContentHash(of: Array($0)) }
      return StoreEntry(.string(entry.name), .list([
        .string(entry.tensor.dtype.name), .list(entry.tensor.shape.map { .integer($0) }), .string(bytes.hex),
      ]))
    }
    return try ContentHash(of: .table(entries)).hex
  }
}

extension TensorHandle: ContentIdentified {
  func contentIdentity() throws -> String { "tensor " + (try ContentIdentity.hash([("", tensor)])) }
}

extension NetworkHandle: ContentIdentified {
  func contentIdentity() throws -> String { "network \(summary) " + (try ContentIdentity.hash(module.namedTensors())) }
}

extension OptimizerHandle: ContentIdentified {
  func contentIdentity() throws -> String {
    switch kind {
    case .adamW(let optimizer): return "adamw \(optimizer.learningRate) \(optimizer.beta1) \(optimizer.beta2) \(optimizer.epsilon) \(optimizer.weightDecay) "
      + (try ContentIdentity.hash(optimizer.state()))
    case .sgd(let optimizer): return "\(optimizer.trust.map { "lars \($0)" } ?? "sgd") \(optimizer.learningRate) \(optimizer.momentum) \(optimizer.weightDecay) " + (try ContentIdentity.hash(optimizer.state()))
    case .muon(let optimizer): return "muon \(optimizer.learningRate) \(optimizer.momentum) \(optimizer.weightDecay) " + (try ContentIdentity.hash(optimizer.state()))
    }
  }
}

extension StreamHandle: ContentIdentified {
  func contentIdentity() -> String { "stream \(stream.seed) \(stream.stream) \(stream.position)" }
}

extension Dataset: ContentIdentified {
  func contentIdentity() throws -> String { try "dataset " + digest.hex }
}

extension ImageHandle: ContentIdentified {
  func contentIdentity() -> String { "image \(image.width) x \(image.height) " + ContentHash(of: image.pixels).hex }
}

extension ScheduleHandle: ContentIdentified {
  func contentIdentity() -> String { "schedule \(schedule.base) \(schedule.warmupSteps) \(schedule.totalSteps) \(schedule.final)" }
}

extension FileReference: ContentIdentified {
  func contentIdentity() throws -> String { "file " + (try FileContent(reading: path).hash.hex) }
}

extension StageReference: ContentIdentified {
  func contentIdentity() -> String { "stage " + result.hash.hex }
}
