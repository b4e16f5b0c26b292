import Testing

@testable import ML

struct GuidanceTests {
  @Test func `guidance is u + w (c - u), conditional at 1 and unconditional at 0`() throws {
    let with = try Tensor([1, -2, 0.5] as [Float]), without = try Tensor([3, 1, 0.25] as [Float])
    #expect(try guidedOutput(conditional: with, unconditional: without, scale: 1).floats() == [1, -2, 0.5])
    #expect(try guidedOutput(conditional: with, unconditional: without, scale: 0).floats() == [3, 1, 0.25])
    #expect(try guidedOutput(conditional: with, unconditional: without, scale: 3).floats() == [-3, -8, 1])
  }

  @Test func `rescaled guidance equals that of diffusers for each picture by itself`() throws {
    let golden = try ModelGolden.tensors("schedulers/schedulers.safetensors")
    let told = try ModelGolden.tensor("guidance/conditional", in: golden), free = try ModelGolden.tensor("guidance/unconditional", in: golden)
    var seen = 0
    for scale in ["0", "2", "7.5"] {
      for rescale in ["0", "0.3", "0.7", "1"] {
        let guidance = try Guidance(scale: #require(Double(scale)), rescale: #require(Double(rescale)))
        let expected = try ModelGolden.tensor("guidance/\(scale)/\(rescale)", in: golden)
        #expect(try ModelGolden.distance(guidance.combined(conditional: told, unconditional: free), expected) < 1e-6, "w \(scale), rescale \(rescale)")
        seen += 1
      }
    }
    #expect(seen == 12)
  }

  @Test func `only the halves that matter are computed`() throws {
    #expect(try Guidance(scale: 1).halves(at: 500) == .conditional)
    #expect(try Guidance(scale: 1, rescale: 0.7).halves(at: 500) == .conditional)
    #expect(try Guidance(scale: 0).halves(at: 500) == .unconditional)
    // Its deviation is brought back to that of the conditional half, which is therefore needed.
    #expect(try Guidance(scale: 0, rescale: 0.7).halves(at: 500) == .both)
    #expect(try Guidance(scale: 7.5).halves(at: 500) == .both)
    let limited = try Guidance(scale: 7.5, interval: 200...600)
    #expect([199.5, 200, 431.5, 600, 601].map(limited.halves) == [.conditional, .both, .both, .both, .conditional])
  }

  @Test func `guidance outside of every step leaves the plainly conditional picture`() throws {
    let model = try TextToImageTests.model()
    func picture(_ guidance: Guidance, _ caption: [Int] = [1, 5, 2]) throws -> [Float] {
      try model.generate(tokens: [caption], guidance: guidance, steps: 4, streams: TextToImageTests.streams([0])).floats()
    }
    let plain = try picture(Guidance(scale: 1))
    #expect(try picture(Guidance(scale: 5, interval: 1000...2000)) == plain)
    #expect(try picture(Guidance(scale: 5, interval: 0...1000)) == picture(Guidance(scale: 5)))
    let middle = try picture(Guidance(scale: 5, interval: 30...60))
    #expect(try middle != plain && middle != picture(Guidance(scale: 5)))
    #expect(try picture(Guidance(scale: 5, rescale: 0.7)) != picture(Guidance(scale: 5)))
    #expect(try picture(Guidance(scale: 0), [1, 5, 2]) == picture(Guidance(scale: 0), [1, 9, 9, 2]))
  }

  @Test func `impossible guidance is refused`() {
    #expect(ModelGolden.message { _ = try Guidance(scale: .nan) }.contains("finite number"))
    #expect(ModelGolden.message { _ = try Guidance(scale: 2, rescale: 1.5) }.contains("[0, 1], got 1.5"))
  }
}
