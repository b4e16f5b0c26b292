import Testing

@testable import ML

struct NoiseScheduleTests {
  @Test func `Stable Diffusion's schedule has the known shares of signal`() throws {
    let schedule = try NoiseSchedule(.scaledLinear)
    let known = [0: 0.99915, 1: 0.998296, 21: 0.980381, 241: 0.688499, 481: 0.302296, 741: 0.060356, 981: 0.005776, 999: 0.004660]
    for (step, value) in known { #expect(abs(schedule.alphaBars[step] - value) < 1e-6, "step \(step)") }
  }

  @Test(arguments: [("scaled_linear", NoiseScheduleKind.scaledLinear), ("linear", .linear), ("squaredcos_cap_v2", .cosine)])
  func `schedules equal those of diffusers`(name: String, kind: NoiseScheduleKind) throws {
    let all = try #require(try ModelGolden.json("diffusion/ddim.json")["alphabars"] as? [String: Any])
    let values = try #require(all[name] as? [String: Double])
    let schedule = try NoiseSchedule(kind)
    for (step, value) in values {
      // diffusers computes betas in f32, which shows in the last steps of the cosine schedule.
      #expect(abs(schedule.alphaBars[Int(step) ?? 0] / value - 1) < 2e-5, "step \(step)")
    }
  }

  @Test(arguments: Prediction.allCases)
  func `a prediction turns into the clean picture and the noise it was made from`(prediction: Prediction) {
    let (clean, noise) = (0.7, -1.3)
    for alphaBar in [0.999, 0.5, 0.01] {
      let sample = alphaBar.squareRoot() * clean + (1 - alphaBar).squareRoot() * noise
      let target = prediction.target(alphaBar: alphaBar)
      let output = target.clean * clean + target.noise * noise
      let factors = prediction.factors(alphaBar: alphaBar)
      #expect(abs(factors.clean.sample * sample + factors.clean.output * output - clean) < 1e-9)
      #expect(abs(factors.noise.sample * sample + factors.noise.output * output - noise) < 1e-9)
    }
  }

  @Test func `min-SNR weights are 1 for noisy steps of noise prediction and fall for clean ones`() {
    let weighting = LossWeighting.minSNR(gamma: 5)
    #expect(weighting.weight(signalToNoise: 0.3, prediction: .noise) == 1)
    #expect(weighting.weight(signalToNoise: 50, prediction: .noise) == 0.1)
    #expect(weighting.weight(signalToNoise: 4, prediction: .velocity) == 0.8)
    #expect(weighting.weight(signalToNoise: 9, prediction: .clean) == 5)
    #expect(LossWeighting.uniform.weight(signalToNoise: 9, prediction: .clean) == 1)
  }

  @Test func `a schedule survives its JSON and refuses impossible numbers`() throws {
    let configuration = try TextToImageConfiguration.scenes(vocabulary: 100, emptyCaption: [1, 2])
    #expect(try TextToImageConfiguration(json: configuration.json()) == configuration)
    #expect(ModelGolden.message { _ = try NoiseSchedule(.linear, trainingSteps: 0) }.contains("at least 1, got 0"))
    #expect(ModelGolden.message { _ = try NoiseSchedule(.linear, end: 1.5) }.contains("between 0 and 1"))
    #expect(ModelGolden.message { _ = try TextToImageConfiguration(json: "{}") }.contains("cannot be read"))
  }
}
