import Foundation
import Testing

@testable import ML

/// All judged by diffusers; the numbers come from Tests/Golden/schedulers/make.py.
struct SchedulerTests {
  private static func text(_ object: Any) throws -> String {
    String(decoding: try JSONSerialization.data(withJSONObject: object), as: UTF8.self)
  }

  private static func stable(_ name: String, _ options: [String: Any]) throws -> SchedulerConfiguration {
    let own: [String: Any] = ["_class_name": name, "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"]
    return try SchedulerConfiguration(json: text(own.merging(options) { $1 }))
  }

  @Test(arguments: ["linear", "scaled_linear", "squaredcos_cap_v2"], [false, true])
  func `shares of signal are those of diffusers at each training step, without a rescaling to the last bit`(name: String, zero: Bool) throws {
    let golden = try ModelGolden.tensor("alphas/\(name)/\(zero ? "zero" : "plain")", in: ModelGolden.tensors("schedulers/schedulers.safetensors")).floats()
    let schedule = try SchedulerTests.stable("DDIMScheduler", ["beta_schedule": name, "rescale_betas_zero_snr": zero,
                                                               "beta_start": name == "linear" ? 0.0001 : 0.00085, "beta_end": name == "linear" ? 0.02 : 0.012]).schedule
    #expect(golden.count == 1000)
    if zero {
      // torch's square root is not always the nearest number.
      #expect(zip(schedule.alphaBars, golden).allSatisfy { abs($0 - Double($1)) < 1e-6 && abs($0 - Double($1)) <= 1e-4 * Double($1) })
    } else {
      #expect(schedule.alphaBars.map { Float($0) } == golden)
    }
    #expect((schedule.alphaBars[999] == 0) == zero)
  }

  @Test func `step lists and noise levels equal diffusers for every S from 1 to 1000, spacing and offset`() throws {
    let grids = try #require(try ModelGolden.json("schedulers/schedulers.json")["grids"] as? [[String: Any]])
    #expect(grids.count > 30)
    for grid in grids {
      let options = try #require(grid["options"] as? [String: Any]), name = try #require(grid["class"] as? String)
      let configuration = try SchedulerTests.stable(name, options)
      let odd = try #require(grid["odd"] as? [String: String]), exact = try #require(grid["exact"] as? Bool)
      var steps = [Double](repeating: 0, count: 50), times = steps, sigmas = steps
      for count in 1...1000 {
        let title = "\(name) \(options) with \(count) steps"
        if let reason = odd["\(count)"] {
          guard reason == "step -1" else {
            #expect(ModelGolden.message { _ = try configuration.scheduler(steps: count) }.hasPrefix("sampler: "), "\(title): \(reason)")
            continue
          }
          // diffusers asks for one step more, -1.
          let list = try configuration.scheduler(steps: count).timesteps
          let repeats: [SchedulerKind: Int] = [.pndm: 9, .plms: 1, .heun: count - 1]
          #expect(list.count == count + repeats[configuration.options.kind, default: 0] && list.allSatisfy { (0...999).contains($0) }, "\(title)")
          continue
        }
        let scheduler = try configuration.scheduler(steps: count)
        let block = (count - 1) / 20
        func weighted(_ values: [Double]) -> Double {
          values.isEmpty ? 0 : zip(values, 1...).reduce(0) { $0 + $1.0 * Double($1.1) } / Double(values.count)
        }
        steps[block] += Double(scheduler.timesteps.count)
        times[block] += exact ? zip(scheduler.timesteps, 1...).reduce(0) { $0 + $1.0 * Double($1.1) } : weighted(scheduler.timesteps)
        sigmas[block] += weighted(scheduler.sigmas ?? [])
      }
      #expect(try steps == ModelGolden.doubles(grid["steps"]), "\(name) \(options)")
      // Whole steps must be equal. Where they are found from noise levels and rounded, a step just between two may fall to the other side
      // by the last bit of a logarithm: at most five steps of twenty lists.
      let rounded = exact && options.keys.contains { $0.hasPrefix("use_") }
      for (found, key, slack, share) in [(times, "times", rounded ? 5000.0 : 0, exact ? 0 : 1e-7), (sigmas, "sigmas", 0, 1e-7)] {
        let expected = try ModelGolden.doubles(grid[key])
        let block = Array(zip(found, expected)).firstIndex { abs($0 - $1) > slack + share * max(1, abs($1)) }
        #expect(block == nil, "\(name) \(options): \(key) of steps \((block ?? 0) * 20 + 1) to \((block ?? 0) * 20 + 20)")
      }
    }
  }

  @Test func `every step of whole samplings equals diffusers, for all samplers, predictions and options`() throws {
    let golden = try ModelGolden.tensors("schedulers/schedulers.safetensors")
    let start = try ModelGolden.tensor("start", in: golden)
    let cases = try #require(try ModelGolden.json("schedulers/schedulers.json")["cases"] as? [[String: Any]])
    #expect(cases.count > 180)
    func noise(_ index: Int) throws -> Tensor {
      try Tensor((0..<6).map { Float(Double.sine(Double(Float(1.3) * Float($0) + Float(10 * index)))) }, shape: [1, 6])
    }
    var kinds: Set<SchedulerKind> = []
    for (number, item) in cases.enumerated() {
      let object = try #require(item["config"] as? [String: Any]), first = try #require(item["first"] as? Int)
      var configuration = try SchedulerConfiguration(json: SchedulerTests.text(object))
      configuration.options.eta = try ModelGolden.doubles([item["eta"] as Any])[0]
      configuration.options.recomputesNoise = item["recompute"] as? Bool == true
      kinds.insert(configuration.options.kind)
      let steps = try #require(item["steps"] as? Int)
      var scheduler = try configuration.scheduler(steps: steps)
      let title = "case \(number): \(object.sorted { $0.key < $1.key }), \(steps) steps"
      let times = try ModelGolden.doubles(item["times"])
      #expect(zip(scheduler.timesteps[first...], times).allSatisfy { abs($0 - $1) < 1e-3 } && scheduler.timesteps.count == first + times.count, "\(title)")
      #expect(abs(scheduler.initialNoiseScale / (try ModelGolden.doubles([item["scale"] as Any])[0]) - 1) < 1e-6, "\(title)")

      let rows = try ModelGolden.tensor("case/\(number)", in: golden).floats()
      let cleans = try golden.first { $0.name == "case/\(number)/clean" }?.tensor.floats()
      // Where noise is counted by σ, the first samples are as large as σ, and what their 32 bits cannot hold stays as an error in diffusers
      // and here: some parts of the last bit of the largest number so far.
      var largest: Float = 0
      func distance(_ found: Tensor, _ expected: ArraySlice<Float>) throws -> Float {
        largest = max(largest, expected.map { abs($0) }.max() ?? 0)
        return zip(try found.floats(), expected).map { max(0, abs($0 - $1) - 4 * largest.ulp) }.max() ?? .infinity
      }
      var sample = try first > 0 ? scheduler.noised(start.tanh(), noise: noise(99), at: first) : start * scheduler.initialNoiseScale
      #expect(try distance(sample, rows[0..<6]) < 1e-4, "\(title): the start")
      for index in first..<scheduler.timesteps.count {
        let output = try (scheduler.scaledModelInput(sample, at: index) * 0.8 + (scheduler.timesteps[index] / 1000 - 0.4)).tanh()
        let result = try scheduler.step(output, at: index, sample: sample, noise: scheduler.needsNoise(at: index) ? noise(index) : nil)
        sample = result.previous
        let row = (index - first + 1) * 6
        #expect(try distance(sample, rows[row..<row + 6]) < 1e-4, "\(title): step \(index)")
        if let cleans {
          #expect(try distance(result.clean, cleans[row - 6..<row]) < 1e-4, "\(title): clean picture of step \(index)")
        }
      }
    }
    #expect(kinds == Set(SchedulerKind.allCases))
  }

  @Test func `where diffusers fails, Loam says why before anything is computed`() throws {
    let broken = try #require(try ModelGolden.json("schedulers/schedulers.json")["broken"] as? [String: String])
    func message(_ name: String, _ options: [String: Any], _ steps: Int) -> String {
      ModelGolden.message { _ = try SchedulerTests.stable(name, options).scheduler(steps: steps) }
    }
    #expect(broken["DDIMScheduler {\"steps_offset\": 1} 1000"] == "IndexError")
    #expect(message("DDIMScheduler", ["steps_offset": 1], 1000).contains("leading spacing with 1000 steps and offset 1 asks for training step 1000, but steps are 0 to 999"))
    // Euler looks the level of step 1000 up at 999, and asks the network for a step it never saw.
    #expect(broken["EulerDiscreteScheduler {\"timestep_spacing\": \"leading\", \"steps_offset\": 1} 1000"] == "finite")
    #expect(message("EulerDiscreteScheduler", ["timestep_spacing": "leading", "steps_offset": 1], 1000).contains("asks for training step 1000"))
    #expect(broken["DPMSolverMultistepScheduler {\"timestep_spacing\": \"linspace\"} 1000"] == "NaN")
    #expect(message("DPMSolverMultistepScheduler", ["timestep_spacing": "linspace"], 1000).contains("twice"))
    // The last predictor of bh1 has infinite times zero in diffusers; without other answers there is nothing to multiply.
    #expect(broken["UniPCMultistepScheduler {\"solver_type\": \"bh1\"} 6"] == "NaN")
    var scheduler = try SchedulerTests.stable("UniPCMultistepScheduler", ["solver_type": "bh1"]).scheduler(steps: 6)
    var sample = try ModelGolden.random([1, 6], seed: 1)
    for index in 0..<6 { sample = try scheduler.step(sample.tanh(), at: index, sample: sample, noise: nil).previous }
    #expect(try sample.floats().allSatisfy(\.isFinite))
  }

  @Test(arguments: SchedulerKind.allCases)
  func `impossible requests are refused`(kind: SchedulerKind) throws {
    let schedule = try NoiseSchedule(precision: .single)
    func message(_ steps: Int, _ options: SchedulerOptions) -> String {
      ModelGolden.message { _ = try options.scheduler(steps: steps, schedule: schedule, prediction: .noise) }
    }
    #expect(message(0, SchedulerOptions(kind)).contains("at least one step"))
    #expect(message(1001, SchedulerOptions(kind)).contains("1001 steps asked for, but the model was trained with 1000"))
    var scheduler = try SchedulerOptions(kind).scheduler(steps: 5, schedule: schedule, prediction: .noise)
    let sample = try Tensor.zeros([2, 3]), wide = try Tensor.zeros([2, 4]), last = scheduler.timesteps.count
    #expect(ModelGolden.message { _ = try scheduler.step(wide, at: 0, sample: sample, noise: sample) }.contains("answered with [2, 4] to samples of [2, 3]"))
    #expect(ModelGolden.message { _ = try scheduler.step(sample, at: last, sample: sample, noise: sample) }.contains("call \(last) of \(last)"))
    #expect(ModelGolden.message { _ = try scheduler.noised(sample, noise: sample, at: -1) }.contains("call -1"))
    if scheduler.needsNoise(at: 0) {
      #expect(ModelGolden.message { _ = try scheduler.step(sample, at: 0, sample: sample, noise: nil) }.contains("needs fresh noise"))
      #expect(ModelGolden.message { _ = try scheduler.step(sample, at: 0, sample: sample, noise: wide) }.contains("noise of [2, 4]"))
    }
    if [.pndm, .plms, .heun, .dpmSolver, .dpmSolverStochastic, .unipc].contains(kind) {
      _ = try scheduler.step(sample, at: 0, sample: sample, noise: sample)
      #expect(ModelGolden.message { _ = try scheduler.step(sample, at: 0, sample: sample, noise: sample) }.contains("call 0 after call 0"))
    }
    // No signal at the first step, and a network that only speaks of noise.
    if [.ddim, .ddpm, .plms, .pndm, .lcm].contains(kind) {
      var trailing = SchedulerOptions(kind)
      trailing.spacing = .trailing
      let none = try NoiseSchedule(endsInNoise: true, precision: .single)
      #expect(ModelGolden.message { _ = try trailing.scheduler(steps: 5, schedule: none, prediction: .noise) }.contains("predicts noise says nothing"))
    }
  }

  @Test func `a whole sampling with any sampler has the same bytes alone and in a batch`() throws {
    let model = try TextToImageTests.model()
    for kind in SchedulerKind.allCases {
      func pictures(_ indices: [Int]) throws -> [[Float]] {
        let all = try model.generate(tokens: indices.map { TextToImageTests.captions[$0] }, guidance: Guidance(scale: 2), steps: 4, sampler: .pixels(kind),
                                     streams: TextToImageTests.streams(indices))
        return try indices.indices.map { try all.select(axis: 0, index: $0).floats() }
      }
      let all = try pictures([0, 1, 2])
      #expect(try pictures([1]) == [all[1]], "\(kind)")
      #expect(all.joined().allSatisfy { $0.isFinite && abs($0) <= 1 } && all[0] != all[1], "\(kind)")
    }
  }
}
