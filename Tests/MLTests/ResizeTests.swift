import Testing

@testable import ML

@Suite struct ResizeTests {
  @Test func `resized pictures have Pillow's bytes and, without anti-aliasing, PyTorch's within one`() throws {
    let golden = try AugmentationGolden.pictures()
    #expect(golden.resizes.count == 16)
    for entry in golden.resizes {
      let antialias = entry.antialias ?? true
      let filter = try #require(ResizeFilter(rawValue: entry.name))
      let image = try AugmentationGolden.picture().resized(
        width: entry.width, height: entry.height, filter: filter, antialias: antialias)
      #expect(worst(image, entry) <= (antialias ? 0 : 1), "\(filter) to \(entry.width) x \(entry.height)")
    }
  }

  @Test(arguments: ResizeFilter.allCases) func `the same size gives the same bytes and one colour stays one colour`(
    filter: ResizeFilter
  ) throws {
    let image = try AugmentationGolden.picture()
    #expect(try image.resized(width: 23, height: 17, filter: filter) == image)
    let flat = try Image(width: 9, height: 5, pixels: [UInt8](repeating: 201, count: 135))
    for (width, height) in [(1, 1), (3, 40), (64, 2)] {
      for antialias in [true, false] {
        let resized = try flat.resized(width: width, height: height, filter: filter, antialias: antialias)
        #expect(resized.pixels.allSatisfy { $0 == 201 })
      }
    }
  }

  @Test func `the shorter side decides and proportions stay`() throws {
    let wide = try AugmentationGolden.picture().resized(shorterSide: 34)
    #expect(wide.width == 46 && wide.height == 34)
    let tall = try Image(width: 10, height: 25, pixels: [UInt8](repeating: 0, count: 750)).resized(shorterSide: 3)
    #expect(tall.width == 3 && tall.height == 7)
  }

  @Test func `crops copy the rectangle`() throws {
    let image = try AugmentationGolden.picture()
    let part = try image.cropped(PixelRectangle(left: 20, top: 4, width: 3, height: 2))
    #expect(part.pixels == Array(image.pixels[(4 * 23 + 20) * 3..<(4 * 23 + 23) * 3] + image.pixels[(5 * 23 + 20) * 3..<(5 * 23 + 23) * 3]))
  }

  @Test func `impossible sizes and rectangles are refused in a sentence`() throws {
    let image = try AugmentationGolden.picture()
    #expect(throws: ResizeError.size(width: 0, height: 4)) { try image.resized(width: 0, height: 4) }
    #expect(throws: ResizeError.self) { try image.resized(width: 4, height: 70000) }
    #expect(throws: ResizeError.self) { try image.resized(shorterSide: -1) }
    let box = PixelRectangle(left: 20, top: 0, width: 4, height: 17)
    #expect(throws: ResizeError.outside(box, width: 23, height: 17)) { try image.cropped(box) }
    #expect("\(ResizeError.outside(box, width: 23, height: 17))"
      == "crop: the rectangle of 4 x 17 pixels at column 20, row 0 does not lie inside the picture of 23 x 17; "
      + "give a rectangle of at least one pixel within it")
    let huge = PixelRectangle(left: Int.max, top: 0, width: 1, height: 1)
    #expect(throws: ResizeError.self) { try image.cropped(huge) }
  }
}

@Suite struct ResizeImageTests {
  @Test func `pictures with the wrong number of bytes are refused`() {
    #expect(throws: ImageError.byteCount(width: 2, height: 2, bytes: 11)) {
      try Image(width: 2, height: 2, pixels: [UInt8](repeating: 0, count: 11))
    }
    #expect(throws: ImageError.size(width: 0, height: 2)) { try Image(width: 0, height: 2, pixels: []) }
    #expect(throws: ImageError.planarCount(width: 1, height: 1, values: 2)) {
      try Image(width: 1, height: 1, planar: [0, 1])
    }
    #expect(throws: ImageError.emptyRange(1)) { try Image(width: 1, height: 1, planar: [0, 1, 1], range: 1...1) }
  }

  @Test func `planar numbers round to the nearest byte and come back`() throws {
    let image = try Image(width: 2, height: 1, planar: [-1, 1, 0, .nan, 7, -3], range: -1...1)
    #expect(image.pixels == [0, 128, 255, 255, 0, 0])
    let picture = try AugmentationGolden.picture()
    #expect(try Image(width: 23, height: 17, planar: picture.planar()) == picture)
    let shifted = picture.planar(mean: SIMD3(0.5, 0.25, 0), deviation: SIMD3(2, 0.5, 1))
    #expect(abs(shifted[23 * 17] - (Float(picture.pixels[1]) / 255 - 0.25) / 0.5) < 1e-6)
  }
}
