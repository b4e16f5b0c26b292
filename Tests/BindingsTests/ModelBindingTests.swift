import Foundation
import Host
import ML
import Testing

@testable import Bindings

extension BindingsTests {
  @Suite(.serialized) struct ModelBindingTests {
    private let tiny = "local g = diffusion.train{data = data.scenes{count = 12, size = 16}, steps = 3, batch = 4, widths = {16, 32}}\n"

    @Test func `a picture is the same alone, in a batch, in any order, and when made again from its file`() throws {
      let bench = try Workbench()
      try FileManager.default.createDirectory(atPath: bench.folder, withIntermediateDirectories: true)
      let code = tiny + """
        local options = {captions = {"a red star", "two blue cats"}, images_per_caption = 3, steps = 3, guidance = 2}
        local d = g:generate(options)
        options.batch = 2
        local e = g:generate(options)
        options.captions = {"two blue cats"}
        options.images_per_caption = 1
        local f = g:generate(options)
        local path = "\(bench.folder)/p.png"
        local file = io.open(path, "wb"); file:write(d:png(4)):close()
        local again = diffusion.regenerate(g, path)
        return d.digest == e.digest, f:png(1) == d:png(4), again:png(1) == d:png(4), d:group(4), d.group_count, d:provenance(4).guidance
        """
      #expect(bench.show(code) == "true\ttrue\ttrue\t2\t2\t2.0")
    }

    @Test func `every sampler makes pictures that their provenance makes again`() throws {
      let bench = try Workbench()
      try FileManager.default.createDirectory(atPath: bench.folder, withIntermediateDirectories: true)
      let code = tiny + """
        local digests, same = {}, 0
        local names = {"ddim", "ddpm", "pndm", "plms", "euler", "euler_ancestral", "heun", "dpm++2m", "dpm++2m_sde", "unipc", "lcm"}
        for i, name in ipairs(names) do
          local d = g:generate{captions = {"a red star"}, steps = 4, sampler = name, guidance = 2, guidance_rescale = 0.5, guidance_interval = {100, 900}}
          local path = "\(bench.folder)/" .. i .. ".png"
          local file = io.open(path, "wb"); file:write(d:png(1)):close()
          local again = diffusion.regenerate(g, path)
          if again:png(1) == d:png(1) and d:provenance(1).sampler == name and d:provenance(1).guidance_interval[2] == 900 then same = same + 1 end
          digests[d.digest] = true
        end
        local kinds = 0
        for _ in pairs(digests) do kinds = kinds + 1 end
        return same, kinds, select(2, pcall(g.generate, g, {captions = {"x"}, sampler = "dpm+2m"})):match("did you mean[^?]*")
        """
      // PNDM and PLMS differ in how they start; with four steps no two samplers agree.
      #expect(bench.show(code) == "11\t11\tdid you mean \"dpm++2m\"")
    }

    @Test func `a loop in Lua with a scheduler of diffusers' file is the loop of generate, and calls out of order are refused`() throws {
      let bench = try Workbench()
      try FileManager.default.createDirectory(atPath: bench.folder, withIntermediateDirectories: true)
      let code = """
        local path = "\(bench.folder)/scheduler_config.json"
        local file = io.open(path, "w")
        file:write('{"_class_name": "PNDMScheduler", "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "skip_prk_steps": true, "steps_offset": 1}'):close()
        local s = diffusion.scheduler{config = path, steps = 4}
        local noise = random.torch(3):randn{1, 4, 2, 2}
        local x = noise * s.start_scale
        for i = 1, #s.timesteps do x = s:step(s:scale(x, i):tanh(), i, x) end
        local ok, message = pcall(s.step, s, x, 1, x)
        local euler = diffusion.scheduler{config = path, name = "euler", steps = 4, levels = "karras"}
        local wrong = select(2, pcall(diffusion.scheduler, {config = path, name = "eular"}))
        return s.name, table.concat(s.timesteps, " "), #euler.sigmas, euler.name, message:match("calls come in order"), wrong:match("did you mean[^?]*"),
          s.sigmas, x:isfinite():all():item()
        """
      #expect(bench.show(code) == "plms\t751 501 501 251 1\t5\teuler\tcalls come in order\tdid you mean \"euler\"\tnil\ttrue")
    }

    @Test func `pictures keep groups, captions and provenance through their files`() throws {
      let bench = try Workbench()
      let code = tiny + """
        local d = g:generate{captions = {"a red star", "two blue cats"}, images_per_caption = 2, steps = 2}
        d:save_shards("\(bench.folder)/set")
        local e = data.load("\(bench.folder)/set")
        return e.digest == d.digest, e:group(3), e:captions(3)[1], e:provenance(4).seed, e:provenance(4).model == g.hash
        """
      #expect(bench.show(code) == "true\t2\ttwo blue cats\t1\ttrue")
    }

    @Test func `generation that was broken off goes on to the same pictures`() throws {
      let bench = try Workbench()
      let code = tiny + """
        local captions = {}
        for i = 1, 20 do captions[i] = "star number " .. i end
        local options = {captions = captions, steps = 2, batch = 1}
        local whole = g:generate(options)
        options.checkpoint = "\(bench.folder)/blocks"
        options.on_step = function(hundredth) if hundredth >= 60 then error("broken off") end end
        local ok = pcall(g.generate, g, options)
        local first
        options.on_step = function(hundredth) first = first or hundredth end
        local continued = g:generate(options)
        options.seed = 2
        return ok, first, whole.digest == continued.digest, g:generate(options).digest == whole.digest
        """
      // Blocks hold 8 pictures here, so 8 of 20 were done.
      #expect(bench.show(code) == "false\t40\ttrue\tfalse")
    }

    @Test func `training that was broken off goes on to the same bytes`() throws {
      let bench = try Workbench()
      let code = """
        local d = data.scenes{count = 24, size = 16, images_per_caption = 2}
        local options = {objective = "stablerep+", data = d, steps = 8, crops = 8, images_per_caption = 2, size = 16, width = 16, depth = 1, heads = 2}
        local whole = encoder.train(options)
        options.checkpoint = "\(bench.folder)/state"
        options.checkpoint_every = 3
        options.on_step = function(step) if step == 5 then error("broken off") end end
        local ok, message = pcall(encoder.train, options)
        options.on_step = nil
        local steps = 0
        options.on_step = function() steps = steps + 1 end
        local continued = encoder.train(options)
        local x = data.scenes{count = 4, size = 16, seed = 9}
        return ok, message, steps, tensor.same(whole:features(x), continued:features(x)), #continued.losses
        """
      #expect(bench.show(code) == "false\ttest:6: broken off\t3\ttrue\t8")
    }

    @Test func `every objective trains and its loss is a number`() throws {
      let bench = try Workbench()
      let code = """
        local d = data.scenes{count = 24, size = 16, images_per_caption = 2}
        local labelled = data.probe("count", {size = 16, train = 24, validation = 4, test = 4}).train
        local out = {}
        for _, objective in ipairs{"simclr", "stablerep", "stablerep+", "clip", "supervised", "synclr"} do
          local net = encoder.train{objective = objective, data = objective == "supervised" and labelled or d, steps = 2, crops = 8, images_per_caption = 2,
                                    size = 16, width = 16, depth = 1, heads = 2}
          out[#out + 1] = net.losses[2] == net.losses[2] and net.losses[2] > 0
        end
        return out
        """
      #expect(bench.show(code) == "{true, true, true, true, true, true}")
    }

    @Test func `training ends when its callback says so, gives back an average of its weights when it is asked for, and bounds gradients`() throws {
      let bench = try Workbench()
      let code = """
        local d, x = data.scenes{count = 24, size = 16}, data.scenes{count = 4, size = 16, seed = 9}
        local function train(changes)
          local options = {objective = "simclr", data = d, steps = 6, crops = 8, size = 16, width = 16, depth = 1, heads = 2, warmup_steps = 0, learning_rate = 1e-2}
          for key, value in pairs(changes) do options[key] = value end
          local net = encoder.train(options)
          return net:features(x), net
        end
        local function apart(a, b) return (a - b):abs():mean():item() end
        local norms = {}
        local short = select(2, train{on_step = function(step, metrics, rates) norms[step] = rates.gradient_norm return step < 3 end})
        local plain = train{}
        return #short.losses, #norms, norms[3] > 0, apart(plain, train{average_decay = 0}) < 1e-4, apart(plain, train{average_decay = 0.9}) > 1e-3,
          apart(plain, train{gradient_clip = 1e-7}) > 1e-3, apart(plain, train{class_token = false, pooling = "mean"}) > 1e-3
        """
      #expect(bench.show(code) == "3\t3\ttrue\ttrue\ttrue\ttrue\ttrue")
    }

    @Test func `several sets are drawn from by their shares, and a run with them goes on to the same weights`() throws {
      let bench = try Workbench()
      let code = """
        local a, b, x = data.scenes{count = 40, size = 16}, data.scenes{count = 12, size = 16, seed = 5}, data.scenes{count = 4, size = 16, seed = 9}
        local function train(changes)
          local options = {objective = "simclr", data = {a, b}, shares = {3, 1}, steps = 6, crops = 16, size = 16, width = 16, depth = 1, heads = 2}
          for key, value in pairs(changes) do options[key] = value end
          return encoder.train(options):features(x)
        end
        local function apart(a, b) return (a - b):abs():sum():item() end
        local whole = train{}
        pcall(train, {checkpoint = "\(bench.folder)/run", on_step = function(step) if step == 3 then error("broken off") end end})
        return apart(whole, train{checkpoint = "\(bench.folder)/run"}), apart(whole, train{shares = {30, 10}}), apart(whole, train{shares = {1, 1}}) > 0,
          select(2, pcall(train, {shares = {1}})):match("1 shares were given for 2 sets"), select(2, pcall(train, {shares = {1, 9}, crops = 32})):match("up to %d+ pictures of set 2, it has 12"),
          select(2, pcall(train, {data = {}})):match("a list of at least one")
        """
      #expect(bench.show(code) == "0.0\t0.0\ttrue\t1 shares were given for 2 sets\tup to 15 pictures of set 2, it has 12\ta list of at least one")
    }

    @Test func `the states of the last saves are kept when asked for, and training goes on from one of them`() throws {
      let bench = try Workbench()
      let code = """
        local d, folder = data.scenes{count = 24, size = 16}, "\(bench.folder)/kept"
        local options = {objective = "simclr", data = d, steps = 10, crops = 8, size = 16, width = 16, depth = 1, heads = 2, checkpoint = folder, checkpoint_every = 3, checkpoint_keep = 2}
        local whole = encoder.train(options):features(d)
        local function is_there(name) local f = io.open(folder .. "/" .. name) if f then f:close() end return f ~= nil end
        local before = {is_there("training-00000006.safetensors"), is_there("training-00000009.safetensors"), is_there("training-00000010.safetensors")}
        os.remove(folder .. "/training.safetensors"); os.remove(folder .. "/training-00000010.safetensors")
        local first
        options.on_step = function(step) first = first or step end
        local again = encoder.train(options):features(d)
        local f = io.open(folder .. "/training.safetensors", "wb"); f:write("torn"); f:close()
        return before, first, (whole - again):abs():sum():item(), select(2, pcall(encoder.train, options))
        """
      let shown = bench.show(code)
      #expect(shown.hasPrefix("{false, true, true}\t10\t0.0\t") && shown.hasSuffix("remove it to continue from \(bench.folder)/kept/training-00000010.safetensors."), "\(shown)")
    }

    @Test func `what was drawn for a crop is told, and the same seed and number draw the same`() throws {
      let bench = try Workbench()
      let code = """
        local picture = data.scenes{count = 1, size = 64}:image(1)
        local kinds, crops, wide = {}, {}, 0
        for k = 0, 199 do
          local crop, drawn = picture:augment{recipe = "strong_solarised", size = 16, index = k}
          for _, change in ipairs(drawn.changes) do kinds[change.kind] = true end
          crops[k] = crop:png()
          if drawn.crop.left + drawn.crop.width <= 64 and drawn.crop.top + drawn.crop.height <= 64 then wide = wide + 1 end
        end
        local again, drawn = picture:augment{recipe = "strong_solarised", size = 16, index = 7}
        return kinds, wide, again:png() == crops[7], crops[7] ~= crops[8], picture:augment({recipe = "none", size = 64}):png() == picture:png()
        """
      #expect(bench.show(code) == "{brightness = true, contrast = true, hue = true, saturation = true}\t200\ttrue\ttrue\ttrue")
    }

    @Test func `a loss that is no number stops training and names the step`() throws {
      let bench = try Workbench()
      let shown = bench.show("""
        local d = data.scenes{count = 12, size = 16}
        return encoder.train{objective = "simclr", data = d, steps = 20, crops = 8, size = 16, width = 16, depth = 1, heads = 2, learning_rate = 1e30, warmup_steps = 0}
        """)
      #expect(shown.contains("test:2: training stopped at step"), "\(shown)")
    }

    @Test func `an interrupt ends training with its state saved`() throws {
      let bench = try Workbench()
      let interrupt = bench.interrupt
      Thread.detachNewThread {
        usleep(500_000)
        interrupt.raise()
      }
      let shown = bench.show("""
        local d = data.scenes{count = 64, size = 16}
        return encoder.train{objective = "simclr", data = d, steps = 1000000, crops = 8, size = 16, width = 16, depth = 1, heads = 2, checkpoint = "\(bench.folder)/state"}
        """)
      #expect(shown.contains("interrupted"), "\(shown)")
      #expect(FileManager.default.fileExists(atPath: bench.folder + "/state/training.safetensors"))
    }

    @Test func `an encoder comes back from its file with the same features`() throws {
      let bench = try Workbench()
      try FileManager.default.createDirectory(atPath: bench.folder, withIntermediateDirectories: true)
      #expect(bench.show("""
        local e = encoder.random{width = 16, depth = 1, heads = 2, stem = "convolutional", pooling = "mean", seed = 5}
        e:save("\(bench.folder)/e.safetensors")
        local x = data.scenes{count = 3}
        return tensor.same(e:features(x), encoder.load("\(bench.folder)/e.safetensors"):features(x))
        """) == "true")
    }

    @Test func `a residual network comes back from its file with the same features, and says that it has no patches`() throws {
      let bench = try Workbench()
      let code = """
        local d = data.scenes{count = 4}
        local net = encoder.resnet{width = 8, seed = 3}
        net:save("\(bench.folder)-resnet")
        local again = encoder.load("\(bench.folder)-resnet")
        os.remove("\(bench.folder)-resnet")
        local ok, message = pcall(net.patch_features, net, d)
        return net:features(d):is_close(again:features(d)), net.width, ok, message:find("only a vision transformer has patches", 1, true) ~= nil
        """
      #expect(bench.show(code) == "true\t64\tfalse\ttrue")
    }

    @Test func `an import refuses to guess the activation and names what does not fit`() throws {
      let bench = try Workbench()
      let code = """
        local path = "\(bench.folder)-import"
        encoder.random{width = 16, depth = 1, heads = 2, pooling = "mean"}:save(path)
        local _, guess = pcall(encoder.import, path, {network = "vit", heads = 2})
        local _, pooled = pcall(encoder.import, path, {network = "vit", heads = 2, gelu = "exact"})
        local _, ignored = pcall(encoder.import, path, {network = "vit", heads = 2, gelu = "exact", ignore = {"head.bias"}})
        os.remove(path)
        return guess:find("which GELU", 1, true) ~= nil, pooled:find("missing: norm.weight, norm.bias", 1, true) ~= nil, pooled:find("fc_norm.weight", 1, true) ~= nil,
          ignored:find("ignore names", 1, true) ~= nil
        """
      #expect(bench.show(code) == "true\ttrue\ttrue\ttrue")
    }

    private let small = "local p = diffusion.pipeline(\"Tests/Golden/stable-diffusion/two\")\n"

    @Test func `a Stable Diffusion model's pictures are the same alone and in a batch, and a step may look at the latents`() throws {
      let bench = try Workbench()
      let code = small + """
        local seen = {}
        local d = p:generate{prompt = {"a cat", "a dog"}, negative = "blue", steps = 2, images = 2, batch = 3, width = 16,
          on_step = function(step, latents, clean) seen[#seen + 1] = step .. ":" .. table.concat(clean.shape, "x") .. ":" .. table.concat(latents.shape, "x") end}
        local e = p:generate{prompt = "a dog", negative = "blue", steps = 2, images = 2, width = 16}
        return d:png(4) == e:png(2), d:group(3), d:provenance(4).negative, d:provenance(4).model == p.hash, table.concat(seen, " ")
        """
      #expect(bench.show(code) == "true\t2\tblue\ttrue\t1:3x4x4x8:3x4x4x8 2:3x4x4x8:3x4x4x8 1:1x4x4x8:1x4x4x8 2:1x4x4x8:1x4x4x8")
    }

    @Test func `a Stable Diffusion model makes a picture again from its file alone`() throws {
      let bench = try Workbench()
      let code = small + """
        local d = p:generate{prompt = {"a cat", "a dog"}, negative = "blue", steps = 3, images = 2, width = 16, seed = 4, guidance = 3, clip_skip = 1, scheduler = "euler_ancestral"}
        local path = "\(bench.folder)-picture.png"
        local f = io.open(path, "wb"); f:write(d:png(4)):close()
        local again = diffusion.regenerate(p, path)
        local _, other = pcall(diffusion.regenerate, diffusion.pipeline("Tests/Golden/stable-diffusion/one"), path)
        local _, wrong = pcall(diffusion.regenerate, tensor{1}, path)
        os.remove(path)
        return again:png(1) == d:png(4), other:find("was made by the model", 1, true) ~= nil, wrong:find("Generator or Pipeline expected, got", 1, true) ~= nil or wrong
        """
      #expect(bench.show(code) == "true\ttrue\ttrue")
    }

    @Test func `a Stable Diffusion model starts from a picture, and refuses what does not fit`() throws {
      let bench = try Workbench()
      let code = small + """
        local picture = tensor.full({3, 8, 16}, 0.5)
        local d = p:generate{prompt = "a cat", steps = 4, image = picture, strength = 0.5}
        local _, size = pcall(p.generate, p, {prompt = "a cat", width = 20})
        local _, name = pcall(p.generate, p, {prompt = "a cat", scheduler = "eular"})
        return d:image(1), size:match("picture size.*"), name:match("did you mean.*")
        """
      #expect(bench.show(code) == "Image of 16 x 8\tpicture size: width and height must be positive multiples of 8, got 20 x 8\tdid you mean \"euler\"?)")
    }
  }
}
