import Testing

@testable import ML

struct SamplerTests {
  private static func options(_ spacing: StepSpacing, eta: Double = 0) -> SchedulerOptions {
    var options = SchedulerOptions.pixels(eta: eta)
    options.spacing = spacing
    return options
  }

  private static func times(_ options: SchedulerOptions, steps: Int) throws -> [Int] {
    try options.scheduler(steps: steps, schedule: NoiseSchedule(.scaledLinear), prediction: .noise).timesteps.map { Int($0) }
  }

  @Test func `step lists equal those of diffusers for every spacing`() throws {
    let golden = try #require(try ModelGolden.json("diffusion/ddim.json")["times"] as? [String: Any])
    for (key, value) in golden {
      let words = key.split(separator: " ")
      let expected = try ModelGolden.doubles(value).map { Int($0) }
      let steps = try #require(Int(words[1]))
      let found = try SamplerTests.times(SamplerTests.options(#require(StepSpacing(rawValue: String(words[0])))), steps: steps)
      #expect((steps <= 30 ? found : [found.count] + found.prefix(6) + found.suffix(6)) == expected, "\(key)")
    }
  }

  @Test func `CompVis's list is that of diffusers for 50 steps and longer for 30`() throws {
    let fifty = try SamplerTests.times(SamplerTests.options(.compvis), steps: 50)
    #expect(fifty == Array(stride(from: 981, through: 1, by: -20)))
    #expect(try SamplerTests.times(.stableDiffusion(), steps: 50) == fifty)
    let thirty = try SamplerTests.times(SamplerTests.options(.compvis), steps: 30)
    #expect(thirty.count == 31 && thirty[0] == 991)
    #expect(try SamplerTests.times(.stableDiffusion(), steps: 30).first == 958)
    let seventy = try SamplerTests.times(SamplerTests.options(.compvis), steps: 70)
    #expect(seventy.count == 72 && seventy[0] == 995)
    // The list serves the samplers that count noise by σ too.
    var euler = SchedulerOptions(.euler)
    euler.spacing = .compvis
    #expect(try SamplerTests.times(euler, steps: 30) == thirty)
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
      var options = SchedulerOptions(.ddim)
      options.eta = try number("eta")
      options.spacing = try #require(StepSpacing(rawValue: item["spacing"] as? String ?? ""))
      options.offset = Int(try number("offset"))
      options.finalAlpha = item["one"] as? Bool == true ? .one : .first
      options.clip = item["clip"] as? Bool == true ? 1 : nil
      options.recomputesNoise = item["recompute"] as? Bool == true
      let prediction = try #require(predictions[item["prediction"] as? String ?? ""])
      var sampler = try options.scheduler(steps: Int(number("steps")), schedule: NoiseSchedule(try #require(kinds[item["schedule"] as? String ?? ""])),
                                          prediction: prediction)
      #expect(try sampler.timesteps == ModelGolden.doubles(item["times"]))
      var sample = try Tensor(start.map { Float($0) }, shape: [1, 12])
      for (index, time) in sampler.timesteps.enumerated() {
        let output = try (sample * 0.8 + (time / 1000 - 0.4)).tanh()
        let noise = try Tensor((0..<12).map { Float(Double.sine(Double($0) + time / 100)) }, shape: [1, 12])
        sample = try sampler.step(output, at: index, sample: sample, noise: noise).previous
      }
      let description = "\(item["schedule"] ?? "") \(options.spacing) \(sampler.timesteps.count) \(prediction) eta \(options.eta) clip \(options.clip ?? 0)"
      // The cosine schedule of diffusers carries f32 rounding of its betas.
      #expect(try ModelGolden.distance(sample, ModelGolden.doubles(item["result"])) < 2e-4, "\(description)")
    }
  }

  @Test func `impossible step counts are refused before anything is computed`() throws {
    let schedule = try NoiseSchedule(.scaledLinear)
    func message(_ steps: Int, _ options: SchedulerOptions) -> String {
      ModelGolden.message { _ = try options.scheduler(steps: steps, schedule: schedule, prediction: .noise) }
    }
    #expect(message(1000, .stableDiffusion()).contains("asks for training step 1000, but steps are 0 to 999"))
    #expect(message(1000, SamplerTests.options(.compvis)).contains("asks for training step 1000"))
    #expect(message(5, .pixels(eta: 1.5)).contains("eta must lie in [0, 1]"))
    var options = SchedulerOptions(.dpmSolver)
    options.order = 4
    #expect(message(5, options).contains("dpm++2m has the orders 1 to 3, got 4"))
    (options.order, options.form, options.sigmas, options.finalSigma) = (2, .heun, .karras, .smallest)
    #expect(message(20, options).contains("its heun form divides by their distance"))
    #expect(throws: Never.self) { try options.scheduler(steps: 14, schedule: schedule, prediction: .noise) }
    options = SchedulerOptions(.unipc)
    options.form = .heun
    #expect(message(5, options).contains("unipc has the forms bh1 and bh2, got heun"))
    options.form = .bh2
    options.lowersOrderAtEnd = false
    #expect(message(5, options).contains("must lower its order at the end"))
    options = SchedulerOptions(.eulerAncestral)
    options.sigmas = .karras
    #expect(message(5, options).contains("euler_ancestral follows the schedule's noise levels"))
    #expect(message(51, SchedulerOptions(.lcm)).contains("at most its 50 original steps, got 51"))
    #expect(message(3, SchedulerOptions(.pndm)).contains("needs at least 4, got 3"))
  }

  @Test func `a picture that becomes NaN is named with its step`() throws {
    let sampler = try SchedulerOptions.pixels().scheduler(steps: 5, schedule: NoiseSchedule(.cosine), prediction: .noise)
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
      var options = SamplerTests.options(spacing)
      options.previous = rule
      let list = try StepList(spacing, steps: 10, total: 1000, offset: 0)
      return try DDIMScheduler(list, options, schedule, .noise).steps.map(\.previousAlphaBar)
    }
    #expect(try previous(.leading, .fixedStride) == previous(.leading, .listed))
    #expect(try previous(.trailing, .fixedStride) == previous(.trailing, .listed))
    #expect(try previous(.linspace, .fixedStride) != previous(.linspace, .listed))
  }
}
