import Host
import ML

// The cases that touch files and Lua: decoding with augmentation, and the smallest operation.
extension Benchmark {
  static var border: [Case] {
    [
      Case(name: "augment", work: 64, unit: "images/s", repetitions: 3) {
        let files = try photographs(64)
        let pipeline = try AugmentationPipeline(.strong(side: 224))
        var crops = [Float](repeating: 0, count: pipeline.cropCount)
        return {
          for (index, file) in files.enumerated() {
            let image = try file.withUnsafeBytes { try JPEG.decode($0, source: "picture") }
            var stream = RandomStream(seed: 5, purpose: "crop", index: UInt64(index))
            let parameters = pipeline.recipe.parameters(width: image.width, height: image.height, stream: &stream)
            try crops.withUnsafeMutableBufferPointer { buffer in
              if let start = buffer.baseAddress { try pipeline.write(image, parameters, into: start) }
            }
          }
        }
      },
      Case(name: "lua-add", work: 100_000, unit: "calls/s") {
        let state = try LuaState(interrupt: Interrupt())
        try Loam.install(into: state, asGlobals: true)
        let loop = try state.load("local a, b = tensor.new{1, 2, 3, 4, 5, 6, 7, 8}, tensor.ones(8)\nreturn function() for i = 1, 100000 do local c = a + b end end").call()
        guard case .function(let body)? = loop.first else { throw BenchmarkError(name: "lua-add") }
        return { _ = try withExtendedLifetime(state) { try body.call(arguments: []) } }
      },
    ]
  }

  /// JPEG files of 256 x 256 pixels whose detail falls off with its fineness, as in photographs.
  private static func photographs(_ count: Int) throws -> [[UInt8]] {
    try (0..<count).map { index in
      var stream = RandomStream(seed: 6, purpose: "photograph", index: UInt64(index))
      var sum = try Tensor.zeros([1, 3, 256, 256])
      var side = 4
      while side <= 256 {
        let noise = try Tensor.normal([1, 3, side, side], stream: &stream).interpolate(to: [256, 256], filter: .bilinear)
        sum = try sum + noise * (4 / Double(side).squareRoot())
        side *= 2
      }
      let scaled = try (sum * 20 + 128).clamp(lower: 0, upper: 255).permute([0, 2, 3, 1]).cast(.u8)
      let image = try Image(width: 256, height: 256, pixels: try scaled.withBytes { Array($0) })
      return try JPEG.encode(image, quality: 90)
    }
  }
}
