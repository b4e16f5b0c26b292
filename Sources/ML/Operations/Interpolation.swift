// Change of size, as a product with one matrix for each axis.
extension Tensor {
  /// The last axes of [.., n] or [.., H, W] at another size.
  ///
  /// - Parameters:
  ///   - size: one number for each axis.
  ///   - filter: nearest takes element ⌊i n / m⌋; bilinear and bicubic (a = -0.75; -0.5 with antialiasing) weigh neighbours.
  ///   - alignCorners: the first and last elements keep their places; for bilinear only; default false.
  ///   - antialias: widen the filter when the axis shrinks; not for nearest; default false.
  public func interpolate(to size: [Int], filter: ResizeFilter, alignCorners: Bool = false, antialias: Bool = false) throws -> Tensor {
    guard size.allSatisfy({ $0 >= 1 }), size.count <= rank, shape.suffix(size.count).allSatisfy({ $0 >= 1 }) else {
      throw TensorError.invalidArgument(operation: "interpolate", message: "cannot change \(Layout.describe(shape)) to size \(size)")
    }
    guard !alignCorners || (filter == .bilinear && !antialias) else {
      throw TensorError.invalidArgument(operation: "interpolate", message: "aligned corners are for bilinear without antialiasing")
    }
    var x = self
    for (offset, output) in size.enumerated() {
      let axis = rank - size.count + offset, length = shape[axis]
      if length == output && !(filter == .bicubic && !antialias) { continue }
      if filter == .nearest {
        x = try x.indexSelect(axis: axis, indices: (0..<output).map { $0 * length / output })
        continue
      }
      let matrix = try Tensor.resizing(length, output, filter, alignCorners: alignCorners, antialias: antialias)
      x = try x.inFloating { x in
        let lines = axis == rank - 1 ? x : try x.transpose(axis, rank - 1)
        let scaled = try lines.matmul(try matrix.cast(x.dtype), transposeRight: true)
        return axis == rank - 1 ? scaled : try scaled.transpose(axis, rank - 1).contiguous()
      }
    }
    return x
  }

  /// Weights [output, length] of one axis.
  private static func resizing(_ length: Int, _ output: Int, _ filter: ResizeFilter, alignCorners: Bool, antialias: Bool) throws -> Tensor {
    var matrix = [Double](repeating: 0, count: output * length)
    if alignCorners {
      for i in 0..<output {
        let place = output == 1 ? 0 : Double(i) * Double(length - 1) / Double(output - 1)
        let low = Swift.min(length - 1, Int(place)), high = Swift.min(length - 1, low + 1)
        matrix[i * length + low] += 1 - (place - Double(low))
        matrix[i * length + high] += place - Double(low)
      }
    } else {
      let weights = ResamplingWeights(length: length, output: output, filter: filter, antialias: antialias)
      for i in 0..<output {
        for k in 0..<weights.counts[i] {
          matrix[i * length + weights.starts[i] + k] = Double(weights.weights[i * weights.taps + k]) / Double(1 << ResamplingWeights.bits)
        }
      }
    }
    return try Tensor(matrix, shape: [output, length])
  }
}
