/// The weights that turn one row of pixels into a row of another length.
struct ResamplingWeights {
  /// First source pixel of every output pixel.
  private(set) var starts: [Int]
  /// Number of source pixels of every output pixel.
  private(set) var counts: [Int]
  /// `taps` weights for every output pixel, with 22 fractional bits.
  private(set) var weights: [Int32]
  private(set) var taps: Int

  /// Fractional bits of a weight: 32 minus 8 of the bytes and 2 of headroom for the cubic's overshoot.
  static let bits: Int32 = 22

  /// - Parameters:
  ///   - length: source pixels.
  ///   - output: output pixels.
  ///   - antialias: whether the filter widens when the row shrinks.
  init(length: Int, output: Int, filter: ResizeFilter, antialias: Bool) {
    let scale = Double(length) / Double(output)
    starts = [Int](repeating: 0, count: output)
    counts = [Int](repeating: 1, count: output)
    guard filter != .nearest else {
      taps = 1
      weights = [Int32](repeating: 1 << ResamplingWeights.bits, count: output)
      // Added up and not multiplied, so that ties at whole pixels fall as they do in Pillow.
      var place = scale * 0.5
      for index in 0..<output {
        starts[index] = min(length - 1, Int(place))
        place += scale
      }
      return
    }
    let stretch = antialias ? max(1, scale) : 1
    let support = (filter == .bilinear ? 1 : 2) * stretch
    taps = Int(support.rounded(.up)) * 2 + 1
    weights = [Int32](repeating: 0, count: output * taps)
    var row = [Double](repeating: 0, count: taps)
    for index in 0..<output {
      let centre = (Double(index) + 0.5) * scale
      var first = Int(centre - support + 0.5)
      var last = min(length, Int(centre + support + 0.5))
      if antialias {
        first = max(0, first)
        var total = 0.0
        for place in first..<last {
          let weight = ResamplingWeights.value(filter, (Double(place) - centre + 0.5) / stretch, cubic: -0.5)
          row[place - first] = weight
          total += weight
        }
        for place in 0..<(last - first) where total != 0 { row[place] /= total }
      } else {
        // Places beyond the border count for the border's pixel.
        let nearest = Int((centre - 0.5).rounded(.down))
        let reach = filter == .bilinear ? 1 : 2
        first = max(0, min(length - 1, nearest - reach + 1))
        last = max(0, min(length - 1, nearest + reach)) + 1
        for place in 0..<(last - first) { row[place] = 0 }
        for place in (nearest - reach + 1)...(nearest + reach) {
          let weight = ResamplingWeights.value(filter, Double(place) - centre + 0.5, cubic: -0.75)
          row[max(0, min(length - 1, place)) - first] += weight
        }
      }
      starts[index] = first
      counts[index] = last - first
      for place in 0..<(last - first) {
        let fixed = row[place] * Double(Int32(1) << ResamplingWeights.bits)
        weights[index * taps + place] = Int32(fixed < 0 ? fixed - 0.5 : fixed + 0.5)
      }
    }
  }

  /// The filter's height at a distance from its centre.
  private static func value(_ filter: ResizeFilter, _ offset: Double, cubic a: Double) -> Double {
    let x = abs(offset)
    switch filter {
    case .nearest: return x <= 0.5 ? 1 : 0
    case .bilinear: return x < 1 ? 1 - x : 0
    case .bicubic:
      if x < 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
      return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0
    }
  }
}

/// A crop and a change of size in one: first along the rows, then along the columns, with bytes between the passes.
struct Resampling {
  private let box: PixelRectangle
  private let width: Int
  private let height: Int
  /// nil where the length does not change, so that the pass would copy.
  private let across: ResamplingWeights?
  private let down: ResamplingWeights?
  /// Whether both directions are summed before a byte is made, which cubic overshoot needs to equal PyTorch's.
  private let wholly: Bool

  init(_ box: PixelRectangle, width: Int, height: Int, filter: ResizeFilter, antialias: Bool) {
    self.box = box
    self.width = width
    self.height = height
    wholly = !antialias && filter == .bicubic
    across = box.width == width
      ? nil : ResamplingWeights(length: box.width, output: width, filter: filter, antialias: antialias)
    down = box.height == height
      ? nil : ResamplingWeights(length: box.height, output: height, filter: filter, antialias: antialias)
  }

  /// - Parameters:
  ///   - source: interleaved pixels; the box must lie inside.
  ///   - sourceWidth: pixels in a row of the source.
  ///   - output: `height * width * 3` bytes, overwritten; not the source.
  func run(_ source: UnsafePointer<UInt8>, sourceWidth: Int, _ output: UnsafeMutablePointer<UInt8>) {
    let corner = source + (box.top * sourceWidth + box.left) * 3
    if let across, let down, wholly { return resampleWholly(corner, sourceWidth * 3, across, down, output) }
    guard let down else { return resampleRows(corner, sourceWidth * 3, 0..<box.height, output) }
    guard across != nil else { return resampleColumns(corner, sourceWidth * 3, down, firstRow: 0, output) }
    let firstRow = down.starts[0]
    let rows = firstRow..<(down.starts[height - 1] + down.counts[height - 1])
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: rows.count * width * 3) { buffer in
      guard let between = buffer.baseAddress else { return }
      resampleRows(corner, sourceWidth * 3, rows, between)
      resampleColumns(between, width * 3, down, firstRow: firstRow, output)
    }
  }

  private func resampleWholly(
    _ source: UnsafePointer<UInt8>, _ stride: Int, _ across: ResamplingWeights, _ down: ResamplingWeights,
    _ output: UnsafeMutablePointer<UInt8>
  ) {
    for row in 0..<height {
      for place in 0..<width * 3 {
        let (column, channel) = (place / 3, place % 3)
        var sum = 1 << (2 * Int(ResamplingWeights.bits) - 1)
        for rowTap in 0..<down.counts[row] {
          let line = source + (down.starts[row] + rowTap) * stride + across.starts[column] * 3 + channel
          var lineSum = 0
          for tap in 0..<across.counts[column] {
            lineSum &+= Int(line[tap * 3]) &* Int(across.weights[column * across.taps + tap])
          }
          sum &+= lineSum &* Int(down.weights[row * down.taps + rowTap])
        }
        output[row * width * 3 + place] = UInt8(max(0, min(255, sum >> (2 * Int(ResamplingWeights.bits)))))
      }
    }
  }

  private func resampleRows(
    _ source: UnsafePointer<UInt8>, _ stride: Int, _ rows: Range<Int>, _ output: UnsafeMutablePointer<UInt8>
  ) {
    guard let across else {
      for row in rows { (output + (row - rows.lowerBound) * width * 3).update(from: source + row * stride, count: width * 3) }
      return
    }
    across.weights.withUnsafeBufferPointer { weights in
      for column in 0..<width {
        let start = across.starts[column] * 3
        let count = across.counts[column]
        let place = column * across.taps
        for row in rows {
          let pixel = source + row * stride + start
          var sum = SIMD4<Int32>(repeating: 1 << (ResamplingWeights.bits - 1))
          for tap in 0..<count {
            let values = SIMD4<Int32>(Int32(pixel[tap * 3]), Int32(pixel[tap * 3 + 1]), Int32(pixel[tap * 3 + 2]), 0)
            sum = sum &+ values &* weights[place + tap]
          }
          let target = output + ((row - rows.lowerBound) * width + column) * 3
          for channel in 0..<3 { target[channel] = Resampling.byte(sum[channel]) }
        }
      }
    }
  }

  private func resampleColumns(
    _ source: UnsafePointer<UInt8>, _ stride: Int, _ down: ResamplingWeights, firstRow: Int,
    _ output: UnsafeMutablePointer<UInt8>
  ) {
    let bytes = width * 3
    withUnsafeTemporaryAllocation(of: Int32.self, capacity: bytes) { buffer in
      guard let sums = buffer.baseAddress else { return }
      for row in 0..<height {
        for byte in 0..<bytes { sums[byte] = 1 << (ResamplingWeights.bits - 1) }
        for tap in 0..<down.counts[row] {
          let weight = down.weights[row * down.taps + tap]
          let line = source + (down.starts[row] + tap - firstRow) * stride
          for byte in 0..<bytes { sums[byte] = sums[byte] &+ Int32(line[byte]) &* weight }
        }
        let target = output + row * bytes
        for byte in 0..<bytes { target[byte] = Resampling.byte(sums[byte]) }
      }
    }
  }

  @inline(__always)
  private static func byte(_ sum: Int32) -> UInt8 { UInt8(max(0, min(255, sum >> bits))) }

  private static let bits = ResamplingWeights.bits
}
