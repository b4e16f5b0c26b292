import Host
import ML

extension TensorHandle: Displayable {
  /// Pictures in a row of a batch.
  private static let columns = 8
  /// A batch of more pictures than these is shown as numbers alone.
  private static let mostPictures = 64
  /// Sides of what counts as a picture.
  private static let sides = 2...4096

  /// A tensor that has the shape and the numbers of pictures, [3, H, W], [1, H, W] or a batch of them, as a PNG file: numbers in [0, 1], or bytes.
  public func richForms() throws -> DisplayData? {
    let shape = tensor.shape
    guard shape.count == 3 || shape.count == 4 && (1...Self.mostPictures).contains(shape[0]) else { return nil }
    let (channels, height, width) = (shape[shape.count - 3], shape[shape.count - 2], shape[shape.count - 1])
    guard channels == 3 || channels == 1, Self.sides.contains(height), Self.sides.contains(width) else { return nil }
    let range: ClosedRange<Float>
    switch tensor.dtype {
    case .u8: range = 0...255
    case .f32, .f64, .f16, .bf16: range = 0...1
    default: return nil
    }
    let values = try tensor.detached().doubles()
    guard values.allSatisfy({ $0 >= Double(range.lowerBound) && $0 <= Double(range.upperBound) }) else { return nil }
    let size = channels * height * width
    let pictures = try stride(from: 0, to: values.count, by: size).map { start in
      let plane = values[start..<(start + size)].map(Float.init)
      return try Image(width: width, height: height, planar: channels == 3 ? plane : plane + plane + plane, range: range)
    }
    return try DisplayData(picture: shape.count == 3 ? pictures[0] : PictureGrid.image(pictures, columns: min(Self.columns, pictures.count), scale: 1))
  }
}

extension ImageHandle: Displayable {
  public func richForms() throws -> DisplayData? { try DisplayData(picture: image) }
}

extension TableHandle: Displayable {
  public func richForms() throws -> DisplayData? {
    var data = DisplayData()
    data.add("text/html", .text(table.html()))
    data.add("text/markdown", .text(table.markdown()))
    return data
  }
}

extension PlotHandle: Displayable {
  public func richForms() throws -> DisplayData? {
    var data = DisplayData()
    data.add("image/svg+xml", .text(try plot.svg()))
    data.add("image/png", .bytes(try plot.drawn(.png)))
    return data
  }
}

extension DisplayData {
  fileprivate init(picture: Image) throws {
    self.init()
    add("image/png", .bytes(try PNG.encode(picture)), size: (picture.width, picture.height))
  }
}
