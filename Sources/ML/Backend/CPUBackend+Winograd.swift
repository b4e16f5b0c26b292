import KernelInterface

/// How a 3x3 convolution is cut into 16 products; fixed by the sizes of a picture and the number of pictures, never by threads.
private struct WinogradPlan<T: ComputeScalar> {
  let shape: ConvolutionShape
  /// Tiles of one picture.
  let tiles: Int
  /// Pictures whose tiles stand side by side in one product, so that small maps fill the register tiles too.
  let together: Int
  /// Tiles of a block, and the same rounded up to whole panels.
  let columns: Int
  let paddedColumns: Int

  init(_ shape: ConvolutionShape) {
    self.shape = shape
    tiles = shape.height / 2 * (shape.width / 2)
    together = max(1, 64 / tiles)
    columns = together * tiles
    paddedColumns = (columns + (1 << T.panelShift) - 1) / (1 << T.panelShift) * (1 << T.panelShift)
  }

  var blocks: Int { (shape.batch + together - 1) / together }
  var plane: Int { shape.height * shape.width }
  var line: Int { winogradScratch(height: shape.height, width: shape.width) }
  /// Numbers of 16 matrices of panels with the given inner length.
  func panels(_ inner: Int) -> Int { 16 * inner * paddedColumns }

  func pictures(_ block: Int) -> Range<Int> { block * together..<min(shape.batch, (block + 1) * together) }

  /// Where a plane's tiles go in panels of the given inner length.
  func places(_ picture: Int, inner: Int) -> TilePlaces {
    TilePlaces(component: inner * paddedColumns, panel: inner << T.panelShift, shift: T.panelShift, first: picture * tiles)
  }
}

extension ConvolutionShape {
  /// Whether Winograd's F(2x2, 3x3) computes this convolution: a matter of the picture's sizes alone, so that a picture has the
  /// same bits in any batch.
  var suitsWinograd: Bool { kernel == 3 && stride == 1 && padding == 1 && height % 2 == 0 && width % 2 == 0 && height > 0 && width > 0 }
}

// 3x3 convolutions by Winograd's F(2x2, 3x3), whole pictures at a time.
extension CPUBackend {
  func winogradConvolution<T: ComputeScalar>(_ s: ConvolutionShape, _ x: UnsafeMutablePointer<T>, _ w: UnsafeMutablePointer<T>,
                                             _ bias: UnsafeMutablePointer<T>?, _ out: UnsafeMutablePointer<T>) {
    let plan = WinogradPlan<T>(s)
    let filterSize = s.filters * s.channels, columns = plan.columns
    let packedSize = T.packedLeftCount(rows: s.filters, inner: s.channels)
    withScratch(T.self, 16 * (filterSize + packedSize)) { scratch in
      let filters = scratch + 16 * packedSize, packed = scratch
      packFilters(w, s, transposed: false, filters, into: packed)
      ThreadPool.parallelFor(plan.blocks) { block in
        withScratch(T.self, plan.panels(s.channels) + 16 * s.filters * columns + plan.line) { scratch in
          let tiles = scratch, products = tiles + plan.panels(s.channels), line = products + 16 * s.filters * columns
          inputTiles(plan, block, x, tiles, line)
          for k in 0..<16 {
            let panels = tiles + k * s.channels * plan.paddedColumns
            T.panelProduct(MatrixProduct(
              rows: s.filters, columns: columns, inner: s.channels, left: MatrixOperand(packed, rowStride: 0),
              right: MatrixOperand(panels, rowStride: 0), out: products + k * s.filters * columns, stride: columns),
              packedLeft: packed + k * packedSize, panels: panels)
          }
          for (place, image) in plan.pictures(block).enumerated() {
            for o in 0..<s.filters {
              T.winograd.output(products + o * columns + place * plan.tiles, s.filters * columns, bias?[o] ?? 0,
                                out + (image * s.filters + o) * plan.plane, s.height, s.width)
            }
          }
        }
      }
    }
  }

  /// The 16 transformed filters, packed as left sides.
  private func packFilters<T: ComputeScalar>(_ w: UnsafeMutablePointer<T>, _ s: ConvolutionShape, transposed: Bool,
                                             _ filters: UnsafeMutablePointer<T>, into packed: UnsafeMutablePointer<T>) {
    ThreadPool.parallelFor(s.filters, grain: max(1, 256 / max(1, s.channels))) { o in
      winogradFilters(UnsafePointer(w), s.filters, s.channels, transposed, filters, o..<o + 1)
    }
    let (rows, inner) = transposed ? (s.channels, s.filters) : (s.filters, s.channels)
    let size = T.packedLeftCount(rows: rows, inner: inner)
    ThreadPool.parallelFor(16) { k in
      T.packLeft(UnsafePointer(filters + k * rows * inner), rows: rows, inner: inner, into: packed + k * size)
    }
  }

  /// The transformed tiles of a block's pictures as panels; those of missing pictures are zero.
  private func inputTiles<T: ComputeScalar>(_ plan: WinogradPlan<T>, _ block: Int, _ x: UnsafeMutablePointer<T>,
                                            _ tiles: UnsafeMutablePointer<T>, _ line: UnsafeMutablePointer<T>) {
    let s = plan.shape, pictures = plan.pictures(block)
    if pictures.count < plan.together { tiles.update(repeating: 0, count: plan.panels(s.channels)) }
    for (place, image) in pictures.enumerated() {
      let places = plan.places(place, inner: s.channels)
      for c in 0..<s.channels {
        T.winograd.input(x + (image * s.channels + c) * plan.plane, s.height, s.width, tiles + (c << T.panelShift), places, line)
      }
    }
  }

  func winogradGradient<T: ComputeScalar>(_ s: ConvolutionShape, _ x: UnsafeMutablePointer<T>, _ w: UnsafeMutablePointer<T>,
                                          _ g: UnsafeMutablePointer<T>, inputGradient: UnsafeMutablePointer<T>?,
                                          weightGradient: UnsafeMutablePointer<T>) {
    let plan = WinogradPlan<T>(s)
    let filterSize = s.filters * s.channels, columns = plan.columns, padded = plan.paddedColumns
    let channelPanels = (s.channels + (1 << T.panelShift) - 1) >> T.panelShift, panelWidth = 1 << T.panelShift
    // Blocks are summed in a fixed number of groups, whatever the number of threads.
    let groups = min(plan.blocks, 8)
    let packedSize = T.packedLeftCount(rows: s.channels, inner: s.filters)
    withScratch(T.self, 16 * (filterSize * groups + max(filterSize, packedSize))) { scratch in
      // The place of the sums first holds the filters on their way to being packed.
      let packed = scratch, sums = packed + 16 * max(filterSize, packedSize)
      if inputGradient != nil { packFilters(w, s, transposed: true, sums, into: packed) }
      ThreadPool.parallelFor(groups) { group in
        let sizes = [plan.panels(s.channels), plan.panels(s.filters), 16 * s.filters * columns, channelPanels * panelWidth * columns, plan.line]
        withScratch(T.self, sizes.reduce(0, +)) { scratch in
          let tiles = scratch, upstream = tiles + sizes[0], rows = upstream + sizes[1], turned = rows + sizes[2], line = turned + sizes[3]
          let range = (group * plan.blocks / groups)..<((group + 1) * plan.blocks / groups)
          for block in range {
            inputTiles(plan, block, x, tiles, line)
            let pictures = plan.pictures(block)
            if pictures.count < plan.together { upstream.update(repeating: 0, count: sizes[1] + sizes[2]) }
            for (place, image) in pictures.enumerated() {
              let places = plan.places(place, inner: s.filters)
              for o in 0..<s.filters {
                T.winograd.upstream(g + (image * s.filters + o) * plan.plane, s.height, s.width, upstream + (o << T.panelShift), places,
                                    rows + o * columns + place * plan.tiles, s.filters * columns)
              }
            }
            for k in 0..<16 {
              let tile = tiles + k * s.channels * padded
              // Panels of tiles become panels of channels.
              for first in stride(from: 0, to: columns, by: panelWidth) {
                for panel in 0..<channelPanels {
                  let count = min(panelWidth, s.channels - panel * panelWidth)
                  T.transpose(tile + first * s.channels + panel * panelWidth * panelWidth, panelWidth,
                              turned + (panel * columns + first) * panelWidth, panelWidth, count, min(panelWidth, columns - first))
                }
              }
              T.panelProduct(MatrixProduct(
                rows: s.filters, columns: s.channels, inner: columns, left: MatrixOperand(rows + k * s.filters * columns, rowStride: columns),
                right: MatrixOperand(turned, rowStride: 0), out: sums + (group * 16 + k) * filterSize, stride: s.channels,
                accumulate: block > range.lowerBound), packedLeft: nil, panels: turned)
              if inputGradient != nil {
                // The tiles have been used: their place takes the gradient, row by row.
                let panels = upstream + k * s.filters * padded
                T.panelProduct(MatrixProduct(
                  rows: s.channels, columns: columns, inner: s.filters, left: MatrixOperand(packed, rowStride: 0),
                  right: MatrixOperand(panels, rowStride: 0), out: tile, stride: columns), packedLeft: packed + k * packedSize, panels: panels)
              }
            }
            guard let inputGradient else { continue }
            for (place, image) in pictures.enumerated() {
              for c in 0..<s.channels {
                T.winograd.inputGradient(tiles + c * columns + place * plan.tiles, s.channels * padded,
                                         inputGradient + (image * s.channels + c) * plan.plane, s.height, s.width, line)
              }
            }
          }
        }
      }
      // Filter by filter, so that threads share the work; the groups are added in order.
      ThreadPool.parallelFor(s.filters, grain: max(1, 256 / max(1, s.channels))) { o in
        for k in 0..<16 {
          let total = sums + k * filterSize + o * s.channels
          for group in 1..<max(1, groups) { T.kernels.accumulate(total + group * 16 * filterSize, 1, total, s.channels) }
        }
        winogradFilterGradient(UnsafePointer(sums), s.filters, s.channels, weightGradient, o..<o + 1)
      }
    }
  }
}
