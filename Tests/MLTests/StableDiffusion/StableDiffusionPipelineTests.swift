import Testing

@testable import ML

@Suite struct StableDiffusionPipelineTests {
  private typealias Golden = StableDiffusionGolden

  private func request(_ prompts: [String] = [Golden.prompts[0]], steps: Int = 4, guidance: Double = 7.5) -> StableDiffusionRequest {
    var request = StableDiffusionRequest(prompts: prompts, streams: prompts.indices.map { RandomStream(seed: 3, purpose: "test", index: UInt64($0)) })
    request.steps = steps
    request.guidance = guidance
    return request
  }

  @Test(arguments: Golden.models, [0.0, 1, 2, 7.5]) func `every step's latents and the pictures are those of diffusers`(model: String, guidance: Double) throws {
    let pipeline = try StableDiffusionPipeline(folder: Golden.folder(model)), file = try Golden.expected(model)
    let name = guidance == 7.5 ? "7.5" : "\(Int(guidance))"
    var request = request(guidance: guidance)
    request.latents = try file.tensor("noise")
    let expected = try file.tensor("latents.\(name)")
    var calls = 0
    let pictures = try pipeline.generate(request) { step in
      let latents = try expected.narrow(axis: 0, start: step.step - 1, count: 1).squeeze(axis: 0)
      #expect(try Golden.difference(step.latents, latents) < 1e-4, "step \(step.step)")
      calls += 1
      return true
    }
    #expect(calls == expected.shape[0])
    #expect(try Golden.difference(pictures, file.tensor("image.\(name)")) < 1e-3)
  }

  @Test(arguments: Golden.models) func `a rescaled guided output gives diffusers' picture`(model: String) throws {
    let pipeline = try StableDiffusionPipeline(folder: Golden.folder(model)), file = try Golden.expected(model)
    var request = request(guidance: 7.5)
    request.latents = try file.tensor("noise")
    request.guidanceRescale = 0.7
    #expect(try Golden.difference(pipeline.generate(request), file.tensor("image.rescaled")) < 1e-3)
    request.guidanceRescale = 1.5
    #expect(ModelGolden.message { _ = try pipeline.generate(request) }.contains("guidance rescale must lie in [0, 1], got 1.5"))
  }

  @Test func `guidance within an interval of steps is plain conditional elsewhere`() throws {
    let pipeline = try StableDiffusionPipeline(folder: Golden.folder("two"))
    func latents(_ guidance: Double, _ interval: ClosedRange<Double>?) throws -> (steps: [[Float]], times: [Double]) {
      var request = request(guidance: guidance)
      request.guidanceInterval = interval
      var steps: [[Float]] = [], times: [Double] = []
      _ = try pipeline.generate(request) { step in
        steps.append(try step.latents.floats())
        times.append(step.time)
        return true
      }
      return (steps, times)
    }
    let plain = try latents(1, nil), guided = try latents(7.5, nil)
    let late = try latents(7.5, 0...plain.times[2]), never = try latents(7.5, 2000...3000), always = try latents(7.5, 0...1000)
    #expect(never.steps == plain.steps && always.steps == guided.steps)
    #expect(late.steps[..<2] == plain.steps[..<2] && late.steps[2] != plain.steps[2])
  }

  @Test(arguments: Golden.models) func `a start from a picture is that of diffusers`(model: String) throws {
    let pipeline = try StableDiffusionPipeline(folder: Golden.folder(model)), file = try Golden.expected(model)
    var request = request(steps: 6, guidance: 2)
    request.latents = try file.tensor("noise")
    request.posteriorNoise = try file.tensor("posterior")
    request.image = try file.tensor("start")
    request.strength = 0.5
    let expected = try file.tensor("start.latents")
    var calls = 0
    _ = try pipeline.generate(request) { step in
      let latents = try expected.narrow(axis: 0, start: step.step - 1, count: 1).squeeze(axis: 0)
      #expect(try Golden.difference(step.latents, latents) < 1e-4, "step \(step.step)")
      calls += 1
      return true
    }
    #expect(calls == expected.shape[0])
  }

  @Test(arguments: [("ddim", SchedulerKind.ddim), ("euler", .euler), ("dpmsolver++", .dpmSolver), ("heun", .heun), ("unipc", .unipc)])
  func `other schedulers with the folder's schedule give diffusers' latents`(name: String, kind: SchedulerKind) throws {
    let pipeline = try StableDiffusionPipeline(folder: Golden.folder("one")), file = try Golden.expected("one")
    var request = request()
    request.latents = try file.tensor("noise")
    let expected = try file.tensor("\(name).latents")
    let largest = try expected.floats().map(abs).max() ?? 1
    _ = try pipeline.generate(request, configuration: pipeline.schedulerConfiguration(as: kind)) { step in
      let latents = try expected.narrow(axis: 0, start: step.step - 1, count: 1).squeeze(axis: 0)
      // Latents that count noise by σ start out forty times as large.
      #expect(try Golden.difference(step.latents, latents) < 1e-4 * max(1, Double(largest) / 4), "step \(step.step)")
      return true
    }
  }

  @Test func `a picture does not depend on its company, and a seed's pictures differ`() throws {
    let pipeline = try StableDiffusionPipeline(folder: Golden.folder("two"))
    var together = request(["a cat", "a dog", "a cat"], steps: 2)
    together.width = 16
    together.batchSize = 3
    let all = try pipeline.generate(together)
    #expect(all.shape == [3, 3, 8, 16])
    var alone = together
    alone.prompts = ["a dog"]
    alone.streams = [together.streams[1]]
    #expect(try pipeline.generate(alone).floats() == all.narrow(axis: 0, start: 1, count: 1).floats())
    #expect(try all.narrow(axis: 0, start: 0, count: 1).floats() != all.narrow(axis: 0, start: 2, count: 1).floats())
  }

  @Test func `a callback ends the work`() throws {
    let pipeline = try StableDiffusionPipeline(folder: Golden.folder("one"))
    #expect(throws: GenerationCancelled(step: 2)) { try pipeline.generate(request()) { $0.step < 2 } }
  }

  @Test func `a poisoned weight is an error that names picture and step, and a part`() throws {
    func poisoned(_ file: String, _ name: String) throws -> String {
      let copy = try Golden.Copy(of: "one")
      try copy.rewrite(file) { tensors in
        try tensors.map { ($0.name, $0.name == name ? try Tensor.full($0.tensor.shape, .nan, dtype: $0.tensor.dtype) : $0.tensor) }
      }
      let pipeline = try StableDiffusionPipeline(folder: copy.path)
      return Golden.message { _ = try pipeline.generate(request(["a cat", "a dog"])) }.replacing(copy.path, with: "F")
    }
    #expect(try poisoned("unet/diffusion_pytorch_model.safetensors", "conv_out.bias")
      == "sampler: picture 0 became NaN or infinite at step 1 of 5 (training step 751); the model's weights are damaged or the guidance is far too large")
    #expect(try poisoned("vae/diffusion_pytorch_model.safetensors", "decoder.conv_out.bias")
      == "F/vae: picture 0 of the batch became NaN or infinite while it was decoded; the weights are damaged")
    #expect(try poisoned("text_encoder/model.safetensors", "final_layer_norm.bias") == "F/text_encoder: the states of a prompt are NaN or infinite; the weights are damaged")
  }

  @Test func `requests that do not fit are refused before anything is computed`() throws {
    let pipeline = try StableDiffusionPipeline(folder: Golden.folder("one"))
    func refusal(_ change: (inout StableDiffusionRequest) throws -> Void) -> String {
      Golden.message {
        var request = request()
        try change(&request)
        _ = try pipeline.generate(request) { _ in
          Issue.record("a step was taken")
          return false
        }
      }
    }
    #expect(refusal { $0.width = 12 } == "picture size: width and height must be positive multiples of 8, got 12 x 8")
    #expect(refusal { $0.height = 0 } == "picture size: width and height must be positive multiples of 8, got 8 x 0")
    #expect(refusal { $0.latents = try Tensor.zeros([1, 4, 8, 8]) } == "generate: the latents should be [1, 4, 4, 4], got [1, 4, 8, 8]")
    #expect(refusal { $0.steps = 1001 }.contains("1001 steps asked for, but the model was trained with 1000"))
    #expect(refusal { $0.negativePrompts = ["a", "b"] } == "generate: 1 prompts need one negative prompt, or as many; got 2")
    #expect(refusal { $0.guidance = .nan } == "generate: the guidance must be a finite number, got nan")
    #expect(refusal { $0.clipSkip = 2 } == "text encoder: clip skip must lie between 0 and 1 for 2 blocks, got 2")
    #expect(refusal {
      $0.image = try Tensor.zeros([1, 3, 8, 8])
      $0.strength = 0
    } == "generate: a strength of 0.0 leaves no step of 4; raise it or take more steps")
  }
}
