import KernelInterface

/// The sizes of one convolution of [B, C, H, W] with [O, C, k, k].
struct ConvolutionShape {
  var batch, channels, height, width, filters, kernel, stride, padding: Int

  init(input: [Int], weight: [Int], stride: Int, padding: Int) {
    batch = input[0]
    channels = input[1]
    height = input[2]
    width = input[3]
    filters = weight[0]
    kernel = weight[2]
    self.stride = stride
    self.padding = padding
  }

  var outputHeight: Int { (height + 2 * padding - kernel) / stride + 1 }
  var outputWidth: Int { (width + 2 * padding - kernel) / stride + 1 }
  var positions: Int { outputHeight * outputWidth }
  /// Rows of the matrix of patches.
  var patch: Int { channels * kernel * kernel }
  /// A 1x1 convolution reads the picture itself as its matrix of patches.
  var isPointwise: Bool { kernel == 1 && stride == 1 && padding == 0 }

  /// Whether pictures are so small that those of a batch are better multiplied side by side, when packing the filters weighs more than the product.
  var suitsOneProduct: Bool { batch > 1 && (16...256).contains(positions) && filters * patch >= 1 << 18 }

  /// Calls `body` with (patch row's start, picture row's start, first output column, number of columns, first input column).
  @inline(__always)
  func forEachRow(rowStride: Int? = nil, _ body: (_ row: Int, _ line: Int, _ first: Int, _ count: Int, _ column: Int) -> Void) {
    var row = 0
    for channel in 0..<channels {
      for dy in 0..<kernel {
        for dx in 0..<kernel {
          // Output columns whose input column lies inside the picture.
          let first = max(0, (padding - dx + stride - 1) / stride)
          let last = min(outputWidth - 1, (width - 1 + padding - dx) / stride)
          for y in 0..<outputHeight {
            let line = y * stride + dy - padding
            let inside = line >= 0 && line < height && last >= first
            body(row * (rowStride ?? positions) + y * outputWidth, inside ? (channel * height + line) * width : -1, first, inside ? last - first + 1 : 0,
                 first * stride + dx - padding)
          }
          row += 1
        }
      }
    }
  }
}

// Convolution as products of filters with the matrix of patches, one picture at a time; 3x3 ones by Winograd's algorithm.
extension CPUBackend {
  func convolution(_ x: TensorData, weight: TensorData, bias: TensorData?, stride: Int, padding: Int) throws -> TensorData {
    try compute("conv2d", x.dtype,
      single: { try convolved($0, x, weight, bias, stride, padding) }, double: { try convolved($0, x, weight, bias, stride, padding) })
  }

  private func convolved<T: ComputeScalar>(_: T.Type, _ input: TensorData, _ filters: TensorData, _ bias: TensorData?, _ stride: Int, _ padding: Int)
    throws -> TensorData {
    let x = try contiguous(input), w = try contiguous(filters), b = try bias.map { try contiguous($0) }
    let s = ConvolutionShape(input: x.shape, weight: w.shape, stride: stride, padding: padding)
    let out = try TensorData([s.batch, s.filters, s.outputHeight, s.outputWidth], x.dtype)
    let px = x.pointer(T.self), po = out.pointer(T.self), pb = b?.pointer(T.self)
    let weights = MatrixOperand<T>(w, rowStride: s.patch)
    let precision = ProductPrecision.current
    if s.suitsWinograd {
      if precision == .half, let halves = HalfWinograd(s, weights: weights) {
        try halves.convolve(x.pointer(Float.self), bias: b?.pointer(Float.self), into: out.pointer(Float.self))
      } else {
        try winogradConvolution(s, px, weights, pb, po)
      }
      return out
    }
    if precision == .half, s.suitsOneProduct, let weights = weights as? MatrixOperand<Float> {
      try convolvedTogether(s, x.pointer(Float.self), weights, b?.pointer(Float.self), out.pointer(Float.self))
      return out
    }
    let cancellation = Cancellation.current
    func compute(_ image: Int) {
      let picture = px + image * s.channels * s.height * s.width
      let target = po + image * s.filters * s.positions
      withPatches(picture, s) { patches in
        let product = MatrixProduct(
          rows: s.filters, columns: s.positions, inner: s.patch, left: weights,
          right: MatrixOperand(patches, rowStride: s.positions), out: target, stride: s.positions,
          cancellation: cancellation, precision: precision)
        T.parallelProduct(product, epilogue: pb.map { bias in
          { first, count in
            for o in first..<first + count {
              T.kernels.binaryScalar(.add, target + o * s.positions, bias[o], false, target + o * s.positions, s.positions)
            }
          }
        })
      }
    }
    // Threads take a picture each, or share one where the pictures are few and the filters many.
    if s.batch >= 2 * ThreadPool.threadCount || s.filters * s.patch < 1 << 18 {
      try ThreadPool.interruptibleFor(s.batch, compute)
    } else {
      for image in 0..<s.batch {
        compute(image)
        try cancellation?.check()
      }
    }
    return out
  }

  private func withPatches<T: ComputeScalar>(_ picture: UnsafeMutablePointer<T>, _ s: ConvolutionShape, _ body: (UnsafeMutablePointer<T>) -> Void) {
    if s.isPointwise { return body(picture) }
    withScratch(T.self, s.patch * s.positions) { patches in
      writePatches(picture, s, into: patches, rowStride: s.positions)
      body(patches)
    }
  }

  private func writePatches<T: ComputeScalar>(_ picture: UnsafePointer<T>, _ s: ConvolutionShape, into patches: UnsafeMutablePointer<T>, rowStride: Int) {
    s.forEachRow(rowStride: rowStride) { row, line, first, count, column in
      let to = patches + row
      if count == 0 {
        to.update(repeating: 0, count: s.outputWidth)
        return
      }
      for i in 0..<first { to[i] = 0 }
      let from = picture + line + column
      if s.stride == 1 {
        (to + first).update(from: from, count: count)
      } else {
        for i in 0..<count { to[first &+ i] = from[i &* s.stride] }
      }
      for i in (first + count)..<s.outputWidth { to[i] = 0 }
    }
  }

  /// Several small pictures in one product of halves, in which a column's bits do not depend on the others.
  private func convolvedTogether(_ s: ConvolutionShape, _ x: UnsafePointer<Float>, _ weights: MatrixOperand<Float>, _ bias: UnsafePointer<Float>?,
                                 _ out: UnsafeMutablePointer<Float>) throws {
    let cancellation = Cancellation.current
    let together = min(s.batch, 512 / s.positions), size = s.channels * s.height * s.width
    for start in stride(from: 0, to: s.batch, by: together) {
      let count = min(together, s.batch - start), columns = count * s.positions
      withScratch(Float.self, (s.patch + s.filters) * columns) { patches in
        let products = patches + s.patch * columns
        ThreadPool.parallelFor(count) { writePatches(x + (start + $0) * size, s, into: patches + $0 * s.positions, rowStride: columns) }
        Float.parallelProduct(MatrixProduct(
          rows: s.filters, columns: columns, inner: s.patch, left: weights, right: MatrixOperand(patches, rowStride: columns), out: products, stride: columns,
          cancellation: cancellation, precision: .half)) { first, rows in
            for o in first..<first + rows {
              for image in 0..<count {
                let from = products + o * columns + image * s.positions, to = out + ((start + image) * s.filters + o) * s.positions
                if let bias { Float.kernels.binaryScalar(.add, from, bias[o], false, to, s.positions) } else { to.update(from: from, count: s.positions) }
              }
            }
          }
      }
      try cancellation?.check()
    }
  }

  func convolutionGradient(_ x: TensorData, weight: TensorData, stride: Int, padding: Int, _ g: TensorData, needsInput: Bool) throws
    -> (input: TensorData?, weight: TensorData) {
    try compute("conv2d", x.dtype,
      single: { try convolvedGradient($0, x, weight, stride, padding, g, needsInput) },
      double: { try convolvedGradient($0, x, weight, stride, padding, g, needsInput) })
  }

  private func convolvedGradient<T: ComputeScalar>(_: T.Type, _ input: TensorData, _ filters: TensorData, _ stride: Int, _ padding: Int,
                                                  _ gradient: TensorData, _ needsInput: Bool) throws -> (input: TensorData?, weight: TensorData) {
    let x = try contiguous(input), w = try contiguous(filters), g = try contiguous(gradient)
    let s = ConvolutionShape(input: x.shape, weight: w.shape, stride: stride, padding: padding)
    let gw = try TensorData(w.shape, w.dtype)
    let px = x.pointer(T.self), pw = w.pointer(T.self), pg = g.pointer(T.self)
    if s.suitsWinograd, s.batch > 0 {
      let gx = needsInput ? try TensorData(x.shape, x.dtype) : nil
      try winogradGradient(s, px, pw, pg, inputGradient: gx?.pointer(T.self), weightGradient: gw.pointer(T.self))
      return (gx, gw)
    }
    let gx = needsInput ? try full(x.shape, 0, x.dtype) : nil
    let size = s.patch * s.filters
    // Pictures are summed in a fixed number of groups, whatever the number of threads.
    let groups = min(s.batch, 8)
    let cancellation = Cancellation.current
    try withScratch(T.self, max(1, groups * size)) { partial in
      try ThreadPool.interruptibleFor(groups) { group in
        let sums = partial + group * size
        let range = (group * s.batch / groups)..<((group + 1) * s.batch / groups)
        for image in range where cancellation?.isRequested != true {
          let picture = px + image * s.channels * s.height * s.width
          let upstream = pg + image * s.filters * s.positions
          withPatches(picture, s) { patches in
            // Transposed, [patch, filters]: then the long side is read along its rows.
            T.serialProduct(MatrixProduct(
              rows: s.patch, columns: s.filters, inner: s.positions, left: MatrixOperand(patches, rowStride: s.positions),
              right: MatrixOperand(upstream, rowStride: s.positions).transposed, out: sums, stride: s.filters,
              accumulate: image > range.lowerBound, cancellation: cancellation))
          }
          if let gx { addPatchGradient(gx.pointer(T.self) + image * s.channels * s.height * s.width, pw, upstream, s, cancellation) }
        }
      }
      let total = gw.pointer(T.self)
      for group in 1..<max(1, groups) { T.kernels.accumulate(partial + group * size, 1, partial, size) }
      for row in 0..<s.patch { for o in 0..<s.filters { total[o &* s.patch &+ row] = s.batch == 0 ? 0 : partial[row &* s.filters &+ o] } }
    }
    return (gx, gw)
  }

  private func addPatchGradient<T: ComputeScalar>(_ picture: UnsafeMutablePointer<T>, _ w: UnsafeMutablePointer<T>, _ upstream: UnsafeMutablePointer<T>,
                                                 _ s: ConvolutionShape, _ cancellation: Cancellation?) {
    let product = { (out: UnsafeMutablePointer<T>) in
      T.serialProduct(MatrixProduct(
        rows: s.patch, columns: s.positions, inner: s.filters, left: MatrixOperand(w, rowStride: s.patch).transposed,
        right: MatrixOperand(upstream, rowStride: s.positions), out: out, stride: s.positions, cancellation: cancellation))
    }
    if s.isPointwise { return product(picture) }
    withScratch(T.self, s.patch * s.positions) { patches in
      product(patches)
      s.forEachRow { row, line, first, count, column in
        if count == 0 { return }
        let from = patches + row + first, to = picture + line + column
        if s.stride == 1 {
          T.kernels.accumulate(from, 1, to, count)
        } else {
          for i in 0..<count { to[i &* s.stride] += from[i] }
        }
      }
    }
  }

  func upsampleNearest(_ x: TensorData, factor: Int) throws -> TensorData {
    try compute("upsampleNearest", x.dtype, single: { try upsampled($0, x, factor) }, double: { try upsampled($0, x, factor) })
  }

  private func upsampled<T: ComputeScalar>(_: T.Type, _ input: TensorData, _ factor: Int) throws -> TensorData {
    let x = try contiguous(input)
    let height = x.shape[2], width = x.shape[3]
    let out = try TensorData([x.shape[0], x.shape[1], height * factor, width * factor], x.dtype)
    let from = x.pointer(T.self), to = out.pointer(T.self)
    try ThreadPool.interruptibleFor(x.shape[0] * x.shape[1], grain: 16) { plane in
      for y in 0..<height * factor {
        let source = from + (plane * height + y / factor) * width, target = to + (plane * height * factor + y) * width * factor
        for column in 0..<width { for i in 0..<factor { target[column &* factor &+ i] = source[column] } }
      }
    }
    return out
  }

  func sumBlocks(_ x: TensorData, factor: Int) throws -> TensorData {
    try compute("sumBlocks", x.dtype, single: { try blockSums($0, x, factor) }, double: { try blockSums($0, x, factor) })
  }

  private func blockSums<T: ComputeScalar>(_: T.Type, _ input: TensorData, _ factor: Int) throws -> TensorData {
    let x = try contiguous(input)
    let height = x.shape[2] / factor, width = x.shape[3] / factor
    let out = try TensorData([x.shape[0], x.shape[1], height, width], x.dtype)
    let from = x.pointer(T.self), to = out.pointer(T.self)
    try ThreadPool.interruptibleFor(x.shape[0] * x.shape[1], grain: 16) { plane in
      for y in 0..<height {
        for column in 0..<width {
          var total = T.zero
          for dy in 0..<factor {
            let line = from + (plane * height * factor + y * factor + dy) * width * factor + column * factor
            for dx in 0..<factor { total += line[dx] }
          }
          to[(plane * height + y) * width + column] = total
        }
      }
    }
    return out
  }
}
