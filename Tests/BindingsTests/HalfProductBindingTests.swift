import Foundation
import ML
import Testing

@testable import Bindings

extension BindingsTests {
  @Suite(.serialized) struct HalfProductBindingTests {
    private let tiny = "local g = diffusion.train{data = data.scenes{count = 12, size = 16}, steps = 3, batch = 4, widths = {16, 32}}\n"

    @Test(.enabled(if: ProductPrecision.offersHalf, "this processor has no AVX-512 FP16"))
    func `pictures with products in f16 are close to the others, say so in their provenance, and are made again from it`() throws {
      let bench = try Workbench()
      try FileManager.default.createDirectory(atPath: bench.folder, withIntermediateDirectories: true)
      let code = tiny + """
        local options = {captions = {"a red star", "two blue cats"}, images_per_caption = 2, steps = 3, guidance = 2}
        local plain = g:generate(options)
        options.products = "f16"
        local d = g:generate(options)
        options.batch = 1
        local alone = g:generate(options)
        local path = "\(bench.folder)/p.png"
        local file = io.open(path, "wb"); file:write(d:png(3)):close()
        local difference = (d:tensor() - plain:tensor()):abs():mean():item() * 255
        return d.digest == alone.digest, d.digest ~= plain.digest, difference < 1, plain:provenance(1).products, d:provenance(1).products, diffusion.regenerate(g, path):png(1) == d:png(3)
        """
      #expect(bench.show(code) == "true\ttrue\ttrue\tnil\tf16\ttrue")
    }

    @Test(.enabled(if: ProductPrecision.offersHalf, "this processor has no AVX-512 FP16"))
    func `features, Stable Diffusion and the scope compute in halves where they are asked to`() throws {
      let bench = try Workbench()
      let code = """
        local e, d = encoder.random{width = 64, depth = 2, heads = 2}, data.scenes{count = 4}
        local plain, half = e:features(d), e:features(d, {products = "f16"})
        local again = tensor.half_products(function(set) return e:features(set, {products = "f16"}) end, d)
        local function largest(x) return x:abs():flatten():max():item() end
        local folder = "Tests/Golden/stable-diffusion/two"
        local p, q = diffusion.pipeline(folder), diffusion.pipeline(folder, {products = "f16"})
        local latents, states = tensor.normal{1, 4, 8, 8}, p:encode_text("a cat")
        local change = largest(p:predict(latents, 500, states) - q:predict(latents, 500, states))
        local function raise() error("stop", 0) end
        local is_raised = not pcall(tensor.half_products, raise)
        local x, w = tensor.normal{8, 64}, tensor.normal{32, 64}
        local after = x:linear(w)
        local inside = tensor.half_products(function() return x:linear(w) end)
        return largest(plain - half) > 0, largest(plain - half) < 0.02 * largest(plain), largest(half - again) == 0, is_raised,
          largest(after - x:linear(w)) == 0, largest(inside - after) > 0, change > 0, change < 0.01
        """
      #expect(bench.show(code) == "true\ttrue\ttrue\ttrue\ttrue\ttrue\ttrue\ttrue")
    }

    @Test(.disabled(if: ProductPrecision.offersHalf, "this processor has AVX-512 FP16")) func `a processor without halves says so`() throws {
      let bench = try Workbench()
      #expect(bench.show("return tensor.has_half_products(), (select(2, pcall(tensor.half_products, function() end)))").contains("AVX-512 FP16"))
      #expect(bench.show(tiny + "return g:generate{captions = {\"a red star\"}, products = \"f16\"}").contains("AVX-512 FP16"))
    }
  }
}
