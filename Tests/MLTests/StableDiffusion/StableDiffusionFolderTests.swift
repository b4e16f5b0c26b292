import Foundation
import Testing

@testable import ML

@Suite struct StableDiffusionFolderTests {
  private typealias Golden = StableDiffusionGolden

  private func refusal(_ model: String = "one", _ change: (Golden.Copy) throws -> Void) throws -> String {
    let copy = try Golden.Copy(of: model)
    try change(copy)
    return Golden.message { _ = try StableDiffusionPipeline(folder: copy.path) }.replacing(copy.path, with: "F")
  }

  @Test func `a folder that is no model is refused, and what it holds is named`() throws {
    #expect(try refusal { try $0.remove("model_index.json") } == "F: diffusers folder: this is no model: model_index.json is missing; the folder holds expected.safetensors, scheduler, text_encoder, tokenizer, unet, vae")
    #expect(Golden.message { _ = try StableDiffusionPipeline(folder: "no/such") } == "no/such: diffusers folder: there is no such folder")
    #expect(try refusal { try $0.change("model_index.json", "StableDiffusionPipeline", "FluxPipeline") }.hasSuffix("this is a FluxPipeline; expected a StableDiffusionPipeline (Stable Diffusion 1.x or 2.x)"))
    #expect(try refusal { try $0.change("model_index.json", "CLIPTextModel", "T5EncoderModel") }.contains("the part 'text_encoder' is T5EncoderModel; expected CLIPTextModel"))
  }

  @Test func `a pickle is refused with the reason and the way to convert it`() throws {
    let message = try refusal { copy in
      try copy.remove("unet/diffusion_pytorch_model.safetensors")
      try copy.write("unet/diffusion_pytorch_model.bin", "cos\nsystem\n")
    }
    #expect(message.hasPrefix("F/unet/diffusion_pytorch_model.bin: weights: this is a pickle: reading it would run whatever program its maker put into it"))
    #expect(message.contains("save_pretrained"))
    let copy = try Golden.Copy(of: "one")
    try copy.write("model.ckpt", "x")
    #expect(Golden.message { _ = try StableDiffusionPipeline(folder: copy.path + "/model.ckpt") }.contains("this is a pickle"))
  }

  @Test func `missing, extra and misshapen tensors are named`() throws {
    let message = try refusal { copy in
      try copy.rewrite("unet/diffusion_pytorch_model.safetensors") { tensors in
        try tensors.compactMap { name, tensor in
          switch name {
          case "conv_in.weight": return nil
          case "conv_out.bias": return (name, try Tensor.zeros([7]))
          default: return (name, tensor)
          }
        } + [("stray", try Tensor.zeros([1]))]
      }
    }
    #expect(message.contains("missing: conv_in.weight; not part of the model: stray; wrong shape: conv_out.bias should be [4] but is [7]"))
  }

  @Test func `a truncated file, a missing shard and a shard outside the folder are refused`() throws {
    #expect(try refusal { copy in
      let path = copy.path + "/vae/diffusion_pytorch_model.safetensors"
      let bytes = try MappedFile.read(path)
      try Data(bytes.dropLast(100)).write(to: URL(fileURLWithPath: path))
    }.contains("100 bytes of tensor data are missing: the file is cut short"))
    #expect(try refusal("one-sharded") { try $0.remove("unet/diffusion_pytorch_model-00002-of-00002.safetensors") }
      .contains("diffusion_pytorch_model-00002-of-00002.safetensors: file: cannot read"))
    let index = "unet/diffusion_pytorch_model.safetensors.index.json"
    #expect(try refusal("one-sharded") { try $0.change(index, "\"diffusion_pytorch_model-00002", "\"../diffusion_pytorch_model-00002") }
      .contains("must be the name of a safetensors file in the same folder"))
    #expect(try refusal("one-sharded") { try $0.change(index, "\"conv_out.bias\"", "\"conv_out.shift\"") }.contains("the tensor 'conv_out.shift' should be in"))
  }

  @Test(arguments: [
    ("unet", "\"class_embed_type\": null", "\"class_embed_type\": \"timestep\"", "the option 'class_embed_type' is \"timestep\"; supported is null"),
    ("unet", "\"CrossAttnDownBlock2D\"", "\"AttnDownBlock2D\"", "the block 'AttnDownBlock2D' of 'down_block_types' is not supported"),
    ("unet", "\"act_fn\": \"silu\"", "\"act_fn\": \"mish\"", "the activation \"mish\" of 'act_fn' is not supported"),
    ("unet", "\"center_input_sample\"", "\"fourier_embedding\": true, \"center_input_sample\"", "the option 'fourier_embedding' (true) is not known to Loam"),
    ("unet", "\"attention_head_dim\": 2", "\"attention_head_dim\": 3", "width 4 cannot be cut into 3 equal heads"),
    ("vae", "\"shift_factor\": null", "\"shift_factor\": 0.1", "the option 'shift_factor' is 0.1; supported is null"),
    ("text_encoder", "\"quick_gelu\"", "\"relu6\"", "the activation \"relu6\" of 'hidden_act' is not supported"),
  ])
  func `an option that would change results is refused by name`(part: String, old: String, new: String, expected: String) throws {
    #expect(try refusal { try $0.change("\(part)/config.json", old, new) }.contains(expected))
  }

  @Test func `files of another precision are found by the variant's name`() throws {
    let copy = try Golden.Copy(of: "one")
    for (part, stem) in [("unet", "diffusion_pytorch_model"), ("vae", "diffusion_pytorch_model"), ("text_encoder", "model")] {
      try FileManager.default.moveItem(atPath: "\(copy.path)/\(part)/\(stem).safetensors", toPath: "\(copy.path)/\(part)/\(stem).fp16.safetensors")
    }
    _ = try StableDiffusionPipeline(folder: copy.path, variant: "fp16")
    #expect(Golden.message { _ = try StableDiffusionPipeline(folder: copy.path) }
      .hasSuffix("there are no weights model.safetensors or its index of shards; it has model.fp16.safetensors: name their precision as the variant"))
  }
}
