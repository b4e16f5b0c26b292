import Testing

@testable import ML

struct SamplerTests {
  private static func times(_ options: SamplerOptions) throws -> [Int] {
    try SamplerPlan(options, schedule: NoiseSchedule(.scaledLinear)).steps.map(\.time)
  }

  @Test func `step lists equal those of diffusers for every spacing`() throws {
    let golden = try #require(try ModelGolden.json("diffusion/ddim.json")["times"] as? [String: Any])
    for (key, value) in golden {
      let words = key.split(separator: " ")
      let expected = try ModelGolden.doubles(value).map { Int($0) }
      let steps = try #require(Int(words[1]))
      let found = try SamplerTests.times(SamplerOptions(steps: steps, spacing: #require(StepSpacing(rawValue: String(words[0])))))
      #expect((steps <= 30 ? found : [found.count] + found.prefix(6) + found.suffix(6)) == expected, "\(key)")
    }
  }

  @Test func `CompVis's list is that of diffusers for 50 steps and longer for 30`() throws {
    let fifty = try SamplerTests.times(SamplerOptions(steps: 50, spacing: .compvis))
    #expect(fifty == Array(stride(from: 981, through: 1, by: -20)))
    #expect(try SamplerTests.times(.stableDiffusion(steps: 50)) == fifty)
    let thirty = try SamplerTests.times(SamplerOptions(steps: 30, spacing: .compvis))
    #expect(thirty.count == 31 && thirty[0] == 991)
    #expect(try SamplerTests.times(.stableDiffusion(steps: 30)).first == 958)
  }

  @Test func `whole samplings equal diffusers for schedules, spacings, predictions, eta and clipping`() throws {
    let golden = try ModelGolden.json("diffusion/ddim.json")
    let start = try ModelGolden.doubles(golden["start"])
    let kinds = ["scaled_linear": NoiseScheduleKind.scaledLinear, "linear": .linear, "squaredcos_cap_v2": .cosine]
    let predictions = ["epsilon": Prediction.noise, "v_prediction": .velocity, "sample": .clean]
    let cases = try #require(golden["cases"] as? [[String: Any]])
    #expect(cases.count > 40)
    for item in cases {
      func number(_ key: String) throws -> Double { try ModelGolden.doubles([item[key] as Any])[0] }
      let options = SamplerOptions(
        steps: Int(try number("steps")), eta: try number("eta"), spacing: try #require(StepSpacing(rawValue: item["spacing"] as? String ?? "")),
        offset: Int(try number("offset")), previous: .fixedStride, finalAlpha: item["one"] as? Bool == true ? .one : .first,
        clipsClean: item["clip"] as? Bool == true, recomputesNoise: item["recompute"] as? Bool == true)
      let plan = try SamplerPlan(options, schedule: NoiseSchedule(try #require(kinds[item["schedule"] as? String ?? ""])))
      #expect(plan.steps.map(\.time) == (try ModelGolden.doubles(item["times"])).map { Int($0) })
      let sampler = DDIMSampler(plan: plan, prediction: try #require(predictions[item["prediction"] as? String ?? ""]))
      var sample = try Tensor(start.map { Float($0) }, shape: [1, 12])
      for step in plan.steps {
        let time = Double(step.time)
        let output = try (sample * 0.8 + (time / 1000 - 0.4)).tanh()
        let noise = try Tensor((0..<12).map { Float(Double.sine(Double($0) + time / 100)) }, shape: [1, 12])
        sample = try sampler.step(sample, output: output, at: step, noise: noise)
      }
      let description = "\(item["schedule"] ?? "") \(options.spacing) \(options.steps) \(sampler.prediction) eta \(options.eta) clip \(options.clipsClean)"
      // The cosine schedule of diffusers carries f32 rounding of its betas.
      #expect(try ModelGolden.distance(sample, ModelGolden.doubles(item["result"])) < 2e-4, "\(description)")
    }
  }

  @Test func `guidance is u + w (c - u), conditional at 1 and unconditional at 0`() throws {
    let with = try Tensor([1, -2, 0.5] as [Float]), without = try Tensor([3, 1, 0.25] as [Float])
    #expect(try guidedOutput(conditional: with, unconditional: without, scale: 1).floats() == [1, -2, 0.5])
    #expect(try guidedOutput(conditional: with, unconditional: without, scale: 0).floats() == [3, 1, 0.25])
    #expect(try guidedOutput(conditional: with, unconditional: without, scale: 3).floats() == [-3, -8, 1])
  }

  @Test func `impossible step counts are refused before anything is computed`() throws {
    let schedule = try NoiseSchedule(.scaledLinear)
    func message(_ options: SamplerOptions) -> String { ModelGolden.message { _ = try SamplerPlan(options, schedule: schedule) } }
    #expect(message(SamplerOptions(steps: 1001)).contains("1001 steps asked for, but the model was trained with 1000"))
    #expect(message(SamplerOptions(steps: 0)).contains("at least one step"))
    #expect(message(.stableDiffusion(steps: 1000)).contains("asks for training step 1000, but steps are 0 to 999"))
    #expect(message(SamplerOptions(steps: 1000, spacing: .compvis)).contains("asks for training step 1000"))
    #expect(message(SamplerOptions(steps: 5, eta: 1.5)).contains("eta must lie in [0, 1]"))
  }

  @Test func `a picture that becomes NaN is named with its step`() throws {
    let plan = try SamplerPlan(SamplerOptions(steps: 5), schedule: NoiseSchedule(.cosine))
    let sampler = DDIMSampler(plan: plan, prediction: .noise)
    let streams = (0..<3).map { RandomStream(seed: 1, purpose: "image", index: $0) }
    var error: SamplerError?
    do {
      _ = try sampler.sample(shape: [1, 2, 2], streams: streams, firstImage: 10) { pictures, time in
        guard time < 500 else { return pictures }
        var values = try pictures.floats()
        values[5] = .nan
        return try Tensor(values, shape: pictures.shape)
      }
    } catch let fault as SamplerError { error = fault }
    #expect(error == SamplerError(image: 11, step: 4, steps: 5, time: 399))
  }

  @Test func `the fixed stride of diffusers and the list differ for linspace only`() throws {
    let schedule = try NoiseSchedule(.scaledLinear)
    func previous(_ spacing: StepSpacing, _ rule: PreviousStep) throws -> [Double] {
      try SamplerPlan(SamplerOptions(steps: 10, spacing: spacing, previous: rule), schedule: schedule).steps.map(\.previousAlphaBar)
    }
    #expect(try previous(.leading, .fixedStride) == previous(.leading, .listed))
    #expect(try previous(.trailing, .fixedStride) == previous(.trailing, .listed))
    #expect(try previous(.linspace, .fixedStride) != previous(.linspace, .listed))
  }
}
