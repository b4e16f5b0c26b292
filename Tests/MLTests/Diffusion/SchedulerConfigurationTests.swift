import Testing

@testable import ML

struct SchedulerConfigurationTests {
  private static func message(_ json: String, as kind: SchedulerKind? = nil) -> String {
    ModelGolden.message { _ = try SchedulerConfiguration(json: json, as: kind) }
  }

  @Test func `files that diffusers writes give diffusers' own defaults`() throws {
    let files = try #require(try ModelGolden.json("schedulers/schedulers.json")["configurations"] as? [String])
    #expect(files.count == 9)
    var kinds: [SchedulerKind] = []
    for file in files {
      let configuration = try SchedulerConfiguration(json: file)
      kinds.append(configuration.options.kind)
      #expect(configuration.options == SchedulerOptions(configuration.options.kind))
      #expect(configuration.schedule.trainingSteps == 1000 && configuration.schedule.precision == .single)
      _ = try configuration.scheduler(steps: 10)
    }
    #expect(kinds == [.ddim, .ddpm, .pndm, .euler, .eulerAncestral, .heun, .dpmSolver, .unipc, .lcm])
  }

  @Test func `Stable Diffusion's file is PLMS, and can be read as another sampler`() throws {
    // The keys of v1.5's file; PNDM has no use for clip_sample.
    let file = """
      {"_class_name": "PNDMScheduler", "_diffusers_version": "0.6.0", "beta_end": 0.012, "beta_schedule": "scaled_linear", "beta_start": 0.00085,
       "num_train_timesteps": 1000, "set_alpha_to_one": false, "skip_prk_steps": true, "steps_offset": 1, "trained_betas": null, "clip_sample": false}
      """
    let plms = try SchedulerConfiguration(json: file)
    #expect(plms.options.kind == .plms && plms.options.offset == 1 && plms.options.finalAlpha == .first && plms.prediction == .noise)
    #expect(try plms.scheduler(steps: 50).timesteps.count == 51)
    let ddim = try SchedulerConfiguration(json: file, as: .ddim)
    #expect(ddim.options == .stableDiffusion() && ddim.schedule == plms.schedule)
    // Euler's own spacing, since the file names none; diffusers' from_config does the same.
    let euler = try SchedulerConfiguration(json: file, as: .euler)
    #expect(euler.options.spacing == .linspace && euler.options.offset == 1)
    #expect(try SchedulerConfiguration(json: file, as: .dpmSolverStochastic).options.kind == .dpmSolverStochastic)
  }

  @Test func `what would change the pictures and is not built is an error that names it`() {
    let message = SchedulerConfigurationTests.message
    #expect(message("{\"_class_name\": \"DDIMSheduler\"}", nil).contains("the scheduler DDIMSheduler is not built; did you mean DDIMScheduler?"))
    #expect(message("{\"_class_name\": \"FlowMatchEulerDiscreteScheduler\"}", nil).contains("is not built"))
    #expect(message("{}", nil).contains("\"_class_name\" must name the scheduler"))
    #expect(message("[]", nil).contains("an object was expected, got an array"))
    #expect(message("{\"_class_name\": ", nil).contains("scheduler_config.json"))
    #expect(message("{\"_class_name\": \"DDIMScheduler\", \"thresholding\": true}", nil).contains("thresholding = true is not built; only false is"))
    #expect(message("{\"_class_name\": \"DDIMScheduler\", \"trained_betas\": [0.1]}", nil).contains("trained_betas = [0.1] is not built"))
    #expect(message("{\"_class_name\": \"EulerDiscreteScheduler\", \"use_beta_sigmas\": true}", nil).contains("use_beta_sigmas = true"))
    #expect(message("{\"_class_name\": \"DDIMScheduler\", \"magic\": 3}", nil).contains("nothing is known of the key \"magic\""))
    #expect(message("{\"_class_name\": \"DDIMScheduler\", \"timestep_spacing\": \"trailling\"}", nil).contains("did you mean trailing?"))
    #expect(message("{\"_class_name\": \"DDIMScheduler\", \"beta_schedule\": \"sigmoid\"}", nil).contains("beta_schedule should be one of linear, scaled_linear, squaredcos_cap_v2"))
    #expect(message("{\"_class_name\": \"DDIMScheduler\", \"steps_offset\": 1.5}", nil).contains("steps_offset should be a whole number, got 1.5"))
    #expect(message("{\"_class_name\": \"DDPMScheduler\", \"variance_type\": \"learned_range\"}", nil).contains("variance_type should be one of"))
    #expect(message("{\"_class_name\": \"DPMSolverMultistepScheduler\", \"algorithm_type\": \"dpmsolver\"}", nil).contains("algorithm_type dpmsolver is not built"))
  }
}
