import Foundation
import Testing

@testable import ML

/// Pictures and draws of Pillow and torchvision, made by Tests/Golden/augmentation/make.py.
struct AugmentationGolden: Decodable {
  struct Change: Decodable {
    let name: String
    let value: Double
  }

  struct Entry: Decodable {
    let name: String
    let width: Int
    let height: Int
    let pixels: Data
    let antialias: Bool?
    let value: Double?
    let side: Int?
    let downsampled: Int?
    let restored: Int?
    let crop: [Int]?
    let colours: [Change]?
    let grey: Bool?
    let blur: Double?
    let flip: Bool?
  }

  let source: Entry
  let resizes: [Entry]
  let changes: [Entry]
  let chains: [Entry]
  let normalised: [Float]

  static func read<Value: Decodable>(_ name: String, as type: Value.Type) throws -> Value {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    let file = folder.appendingPathComponent("Golden/augmentation/\(name).json")
    return try JSONDecoder().decode(type, from: Data(contentsOf: file))
  }

  static func pictures() throws -> AugmentationGolden { try read("pillow", as: AugmentationGolden.self) }

  /// The picture that the script's formula describes.
  static func picture() throws -> Image {
    try Image(width: 23, height: 17) { bytes in
      for place in bytes.indices {
        let (x, y, c) = (place / 3 % 23, place / 69, place % 3)
        let smooth = (x * x * (c + 1) + 3 * y * y + x * y * (4 - c) + 40 * c) / 3
        bytes[place] = UInt8((smooth + (x * 7919 + y * 104729 + c * 1299709) % 61) % 256)
      }
    }
  }
}

/// The largest difference of two pictures' bytes.
func worst(_ image: Image, _ golden: AugmentationGolden.Entry) -> Int {
  guard image.width == golden.width, image.height == golden.height else { return 256 }
  return zip(image.pixels, golden.pixels).map { abs(Int($0) - Int($1)) }.max() ?? 256
}

@Suite struct AugmentationGoldenTests {
  @Test func `the source picture is the script's`() throws {
    #expect(worst(try AugmentationGolden.picture(), try AugmentationGolden.pictures().source) == 0)
  }

  @Test func `colour changes, greyscale and blur have Pillow's bytes`() throws {
    let golden = try AugmentationGolden.pictures()
    #expect(golden.changes.count == 31)
    for entry in golden.changes {
      var image = try AugmentationGolden.picture()
      let value = Float(entry.value ?? 0)
      image.pixels.withUnsafeMutableBufferPointer { bytes in
        guard let base = bytes.baseAddress else { return }
        let colours = ColourAdjustment(pixels: base, count: 23 * 17)
        switch entry.name {
        case "brightness": colours.apply(.brightness(value))
        case "contrast": colours.apply(.contrast(value))
        case "saturation": colours.apply(.saturation(value))
        case "hue": colours.apply(.hue(value))
        case "greyscale": colours.removeColour()
        default: GaussianBlur(radius: value).apply(base, width: 23, height: 17)
        }
      }
      #expect(worst(image, entry) == 0, "\(entry.name) \(value)")
    }
  }

  @Test func `whole chains have the bytes of torchvision on Pillow pictures`() throws {
    for entry in try AugmentationGolden.pictures().chains {
      var recipe = AugmentationRecipe.none(side: entry.side ?? 0)
      if let side = entry.downsampled, side > 0 {
        recipe.downsampling = .init(probability: 1, shorterSides: [side], restoredSide: entry.restored ?? 0)
      }
      var parameters = AugmentationParameters(
        greyscale: entry.grey ?? false, blurRadius: Float(entry.blur ?? 0), flip: entry.flip ?? false)
      if let side = entry.downsampled, side > 0 { parameters.downsampledSide = side }
      if let crop = entry.crop {
        parameters.crop = PixelRectangle(left: crop[0], top: crop[1], width: crop[2], height: crop[3])
      }
      for change in entry.colours ?? [] {
        switch change.name {
        case "brightness": parameters.colourChanges.append(.brightness(Float(change.value)))
        case "contrast": parameters.colourChanges.append(.contrast(Float(change.value)))
        case "saturation": parameters.colourChanges.append(.saturation(Float(change.value)))
        default: parameters.colourChanges.append(.hue(Float(change.value)))
        }
      }
      let result = try AugmentationPipeline(recipe).image(try AugmentationGolden.picture(), parameters)
      #expect(worst(result, entry) == 0, "\(parameters)")
    }
  }

  @Test func `normalised crops equal torchvision's tensors`() throws {
    let golden = try AugmentationGolden.pictures().normalised
    let pipeline = try AugmentationPipeline(.none(side: 4))
    var output = [Float](repeating: .nan, count: pipeline.cropCount)
    let crop = PixelRectangle(left: 3, top: 2, width: 14, height: 12)
    try output.withUnsafeMutableBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return }
      try pipeline.write(try AugmentationGolden.picture(), AugmentationParameters(crop: crop), into: base)
    }
    for (value, expected) in zip(output, golden) { #expect(abs(value - expected) < 3e-6) }
  }

  /// The two-sample statistic of Kolmogorov and Smirnov, as a multiple of its bound at 0.1 per cent.
  private func distance(_ one: [Double], _ other: [Double]) -> Double {
    let (one, other) = (one.sorted(), other.sorted())
    var worst = 0.0
    for value in one + other {
      let left = Double(one.partitioningIndex { $0 > value }) / Double(one.count)
      let right = Double(other.partitioningIndex { $0 > value }) / Double(other.count)
      worst = max(worst, abs(left - right))
    }
    let sizes = Double(one.count + other.count) / Double(one.count * other.count)
    return worst / (1.95 * sizes.squareRoot())
  }

  @Test func `drawn parameters are distributed as torchvision's`() throws {
    let golden = try AugmentationGolden.read("draws", as: [String: [Double]].self)
    var drawn: [String: [Double]] = [:]
    var recipe = AugmentationRecipe.strong(side: 32)
    recipe.jitter?.probability = 1
    for index in 0..<4000 {
      var stream = RandomStream(seed: 1, purpose: "draws", index: UInt64(index))
      let parameters = recipe.parameters(width: 300, height: 200, stream: &stream)
      let crop = try #require(parameters.crop)
      drawn["area", default: []].append(Double(crop.width * crop.height) / 60000)
      drawn["aspect", default: []].append(Double.logarithm(Double(crop.width) / Double(crop.height)))
      drawn["left", default: []].append(Double(crop.left) / Double(max(1, 300 - crop.width)))
      drawn["top", default: []].append(Double(crop.top) / Double(max(1, 200 - crop.height)))
      for (place, change) in parameters.colourChanges.enumerated() {
        let (name, kind, value): (String, Double, Float)
        switch change {
        case .brightness(let factor): (name, kind, value) = ("brightness", 0, factor)
        case .contrast(let factor): (name, kind, value) = ("contrast", 1, factor)
        case .saturation(let factor): (name, kind, value) = ("saturation", 2, factor)
        case .hue(let turn): (name, kind, value) = ("hue", 3, turn)
        }
        drawn[name, default: []].append(Double(value))
        if place == 0 { drawn["first", default: []].append(kind) }
      }
    }
    #expect(golden.count == 9)
    for (name, values) in golden { #expect(distance(values, drawn[name] ?? []) < 1, "\(name)") }
  }
}

extension Array {
  /// The first position whose element satisfies a condition that holds from some place on.
  fileprivate func partitioningIndex(_ holds: (Element) -> Bool) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if holds(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
