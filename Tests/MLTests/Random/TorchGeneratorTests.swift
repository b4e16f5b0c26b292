import Foundation
import Testing

@testable import ML

struct TorchGeneratorTests {
  /// The values that Tests/Golden/random/make.py keeps of a draw.
  private static func short<Number>(_ values: [Number]) -> [Number] {
    values.count <= 32 ? values : Array(values.prefix(8)) + stride(from: 0, to: values.count, by: 37).map { values[$0] } + values.suffix(20)
  }

  @Test func `words are those of the Mersenne twister as published`() {
    var generator = TorchGenerator(seed: 5489)
    let words = (0..<10_000).map { _ in generator.word() }
    #expect(words[0] == 3_499_211_612 && words[1] == 581_869_302)
    // The C++ standard fixes the ten thousandth.
    #expect(words[9_999] == 4_123_659_995)
  }

  @Test func `one generator, drawn from again and again in all sizes, gives torch's numbers`() throws {
    let seeds = try #require(try ModelGolden.json("random/torch.json")["seeds"] as? [String: Any])
    #expect(seeds.count == 3)
    for (seed, value) in seeds {
      var generator = TorchGenerator(seed: try #require(UInt64(seed)))
      let draws = try #require(value as? [[String: Any]])
      #expect(draws.count == 70)
      for draw in draws {
        let kind = try #require(draw["kind"] as? String), size = try #require(draw["size"] as? Int)
        let expected = try ModelGolden.doubles(draw["values"])
        let found: [Double]
        switch kind {
        case "randn": found = TorchGeneratorTests.short(generator.normals(size)).map(Double.init)
        case "rand": found = TorchGeneratorTests.short(generator.uniforms(size)).map(Double.init)
        case "randn64": found = TorchGeneratorTests.short(generator.normalDoubles(size))
        case "rand64": found = TorchGeneratorTests.short(generator.uniformDoubles(size))
        case "randint": found = TorchGeneratorTests.short(generator.integers(below: try #require(draw["bound"] as? Int), count: size)).map(Double.init)
        default: found = TorchGeneratorTests.short(generator.permutation(size)).map(Double.init)
        }
        // Sine and cosine of 64 bits are the C library's, which may round the last bit otherwise than torch's; so may the reader of JSON.
        let exact = kind == "rand" || kind == "randn" && size >= 16
        let far = zip(found, expected).contains { found, expected in
          exact ? Float(found) != Float(expected) : abs(found - expected) > (kind == "randn" ? 6e-8 : 1e-14) * max(1, abs(expected))
        }
        #expect(found.count == expected.count && !far, "seed \(seed): \(kind) of \(size)")
      }
    }
  }

  @Test func `three hundred thousand normal numbers have torch's bits`() throws {
    let many = try #require(try ModelGolden.json("random/torch.json")["many"] as? [String: Int])
    var generator = TorchGenerator(seed: UInt64(try #require(many["seed"])))
    let sum = generator.normals(try #require(many["size"])).reduce(UInt32(0)) { $0 &+ $1.bitPattern }
    #expect(Int(sum) == many["words"])
  }

  @Test func `a fresh generator of each size starts as torch's does, and equal seeds are equal generators`() throws {
    let fresh = try #require(try ModelGolden.json("random/torch.json")["fresh"] as? [String: Any])
    for (size, value) in fresh {
      var generator = TorchGenerator(seed: 7)
      let found = TorchGeneratorTests.short(generator.normals(try #require(Int(size))))
      let expected = try ModelGolden.doubles(value).map { Float($0) }
      #expect(zip(found, expected).allSatisfy { abs($0 - $1) <= (Int(size) ?? 0 < 16 ? $1.ulp : 0) }, "\(size) numbers")
    }
    var one = TorchGenerator(seed: 3), other = TorchGenerator(seed: 3)
    #expect(one == other)
    _ = one.normals(1)
    #expect(one != other)
    _ = other.normals(1)
    #expect(one == other)
  }
}
