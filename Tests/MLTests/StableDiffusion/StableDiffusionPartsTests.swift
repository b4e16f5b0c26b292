import Testing

@testable import ML

@Suite struct StableDiffusionPartsTests {
  private typealias Golden = StableDiffusionGolden

  @Test(arguments: Golden.models) func `the tokenizer gives transformers' ids`(model: String) throws {
    let tokenizer = try PromptTokenizer(folder: Golden.folder(model) + "/tokenizer")
    let expected = try Golden.expected(model).storedTensor("ids").integers()
    #expect(Golden.prompts.flatMap { tokenizer.encode($0).ids } == expected)
    #expect(Golden.prompts.map { tokenizer.encode($0).isCut } == [false, false, true])
  }

  @Test(arguments: Golden.models) func `the text encoder gives transformers' states, with and without its last block`(model: String) throws {
    let file = try Golden.expected(model), encoder = try CLIPTextEncoder(folder: Golden.folder(model) + "/text_encoder")
    let ids = try file.storedTensor("ids"), length = ids.shape[1], flat = try ids.integers()
    let rows = (0..<ids.shape[0]).map { Array(flat[$0 * length..<($0 + 1) * length]) }
    #expect(try Golden.difference(encoder(rows), file.tensor("states")) < 1e-5)
    #expect(try Golden.difference(encoder(rows, clipSkip: 1), file.tensor("states.skip1")) < 1e-5)
    #expect(Golden.message { _ = try encoder(rows, clipSkip: 2) } == "text encoder: clip skip must lie between 0 and 1 for 2 blocks, got 2")
  }

  @Test(arguments: Golden.models) func `the UNet gives diffusers' outputs, on even and odd sides`(model: String) throws {
    let file = try Golden.expected(model), unet = try UNet2DConditionModel(folder: Golden.folder(model) + "/unet")
    let context = try file.tensor("states").narrow(axis: 0, start: 0, count: 2)
    let output = try unet(file.tensor("unet.in"), times: file.tensor("unet.times").doubles(), context: context)
    #expect(try Golden.difference(output, file.tensor("unet.out")) < 1e-5)
    let odd = try unet(file.tensor("unet.odd.in"), times: [500], context: context.narrow(axis: 0, start: 0, count: 1))
    #expect(try Golden.difference(odd, file.tensor("unet.odd.out")) < 1e-5)
  }

  @Test(arguments: Golden.models) func `the autoencoder encodes and decodes as diffusers does`(model: String) throws {
    let file = try Golden.expected(model), autoencoder = try AutoencoderKL(folder: Golden.folder(model) + "/vae")
    let (mean, deviation) = try autoencoder.encode(file.tensor("vae.in"))
    #expect(try Golden.difference(mean, file.tensor("vae.mean")) < 1e-5)
    #expect(try Golden.difference(deviation, file.tensor("vae.deviation")) < 1e-5)
    #expect(try Golden.difference(autoencoder.decode(file.tensor("vae.mean")), file.tensor("vae.out")) < 1e-5)
  }

  @Test func `the names that the autoencoder's attention had in older files are understood`() throws {
    let copy = try Golden.Copy(of: "one")
    try copy.rewrite("vae/diffusion_pytorch_model.safetensors") { tensors in
      tensors.map { name, tensor in
        var old = name
        for (new, word) in [("to_q", "query"), ("to_k", "key"), ("to_v", "value"), ("to_out.0", "proj_attn")] { old = old.replacing(new, with: word) }
        return (old, tensor)
      }
    }
    let latents = try Golden.expected("one").tensor("vae.mean")
    let found = try AutoencoderKL(folder: copy.path + "/vae").decode(latents)
    #expect(try Golden.difference(found, AutoencoderKL(folder: Golden.folder("one") + "/vae").decode(latents)) == 0)
  }

  @Test func `weights in half precision stay so, over the mapped file`() throws {
    let weights = try ComponentWeights(folder: Golden.folder("two-bf16") + "/unet", stem: "diffusion_pytorch_model", variant: nil)
    let live = MemoryPool.usage.live
    let matrix = try weights.take("mid_block.attentions.0.proj_in.weight", [4, 4]), bias = try weights.take("mid_block.attentions.0.proj_in.bias", [4])
    #expect(matrix.dtype == .bf16 && bias.dtype == .f32)
    #expect(MemoryPool.usage.live - live <= 256 * 8)
  }
}
