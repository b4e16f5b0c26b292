/// A copy of an encoder and its head that gradients do not reach and that follows them as a moving average.
///
/// After step k of K: teacher = m teacher + (1 - m) student, with m rising from its start to 1 as 1 - (1 - m₀) (cos(π k / K) + 1) / 2.
/// Its weights are buffers of the model, so that checkpoints hold them and optimisers do not see them.
public final class MomentumTeacher: Module {
  public let encoder: any ImageEncoder
  public let head: any FeatureHead
  public let momentum: Double
  private let followed: [(name: String, student: Parameter, own: Parameter, buffer: StateBuffer)]

  /// Starts from the student as it is.
  ///
  /// - Parameters:
  ///   - encoder, head: modules of the student's structure; their weights are replaced.
  ///   - student: the encoder and the head that are followed.
  ///   - momentum: m₀ in [0, 1].
  public init(encoder: any ImageEncoder, head: any FeatureHead, student: (encoder: any ImageEncoder, head: any FeatureHead), momentum: Double) throws {
    guard (0...1).contains(momentum) else { throw ModelError("teacher: the momentum must lie in [0, 1], got \(momentum)") }
    self.encoder = encoder
    self.head = head
    self.momentum = momentum
    let pairs: [(String, any Module, any Module)] = [("encoder", student.encoder, encoder), ("head", student.head, head)]
    followed = pairs.flatMap { part, theirs, ours in
      zip(theirs.namedParameters(), ours.namedParameters()).map { ("\(part).\($0.name)", $0.parameter, $1.parameter, StateBuffer($0.parameter.value.detached())) }
    }
  }

  /// The averaged weights, and the running statistics of a residual network, which are the teacher's own.
  public var ownBuffers: [(name: String, buffer: StateBuffer)] {
    followed.map { ($0.name, $0.buffer) } + (encoder is ResNet ? encoder.namedBuffers().map { ("encoder.\($0.name)", $0.buffer) } : [])
  }

  /// Projections of crops [C, 3, S, S], view-major, without history.
  ///
  /// - Parameter microBatch: crops that the encoder sees together; 0 for all.
  public func project(_ images: Tensor, views: Int, microBatch: Int = 0) throws -> Tensor {
    try settle()
    let count = images.shape[0], size = microBatch > 0 ? microBatch : count
    return try withoutTracking {
      let parts = try stride(from: 0, to: count, by: size).map { start in
        try encoder(images.narrow(axis: 0, start: start, count: min(size, count - start)), training: TrainingPass(views: views))
      }
      return try head.project(Tensor.concatenate(parts, axis: 0), views: views)
    }
  }

  /// Puts the averaged weights into the encoder and the head.
  public func settle() throws { for part in followed { part.own.value = part.buffer.value } }

  /// Follows the student after step `step`, counted from 0, of `steps`.
  public func follow(step: Int, steps: Int) throws {
    let present = 1 - (1 - momentum) * (Double.cosine(Double.pi * Double(step) / Double(max(1, steps))) + 1) / 2
    // All weights of the teacher follow or, when that is interrupted, none.
    let moved = try followed.map { try $0.buffer.value * present + $0.student.value.detached() * (1 - present) }
    for (part, value) in zip(followed, moved) { part.buffer.value = value }
  }
}
