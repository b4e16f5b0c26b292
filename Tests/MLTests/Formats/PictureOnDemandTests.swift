import Foundation
import Testing

@testable import ML

@Suite("Pictures in files") struct PictureOnDemandTests {
  /// Twelve captions of three noisy pictures in two shards; `damaged` of them, counted from 0, are cut short.
  private func writeShards(_ folder: String, damaged: Set<Int> = []) throws {
    let writer = try ShardWriter(prefix: folder + "/train", maximumSamples: 20)
    for index in 0..<36 {
      var stream = RandomStream(seed: 3, purpose: "test picture", index: UInt64(index))
      let image = try Image(width: 12, height: 10) { bytes in for place in bytes.indices { bytes[place] = UInt8(stream.integer(below: 256)) } }
      let file = index % 2 == 0 ? try PNG.encode(image) : try JPEG.encode(image)
      try writer.add(
        key: "s\(index)", fields: [(index % 2 == 0 ? "png" : "jpg", damaged.contains(index) ? Array(file.prefix(file.count / 2)) : file), ("txt", Array("caption \(index / 3)".utf8))])
    }
    try writer.finish()
  }

  private func groups(_ folder: String, _ storage: PictureStorage) throws -> [CaptionGroup] {
    let set = try DatasetLoader.loadCaptioned(folder, size: 8, storage: storage)
    return stride(from: 0, to: set.count, by: 3).map { CaptionGroup(pictures: Array(set.pictures[$0..<($0 + 3)]), captions: [[1, 3, 2]]) }
  }

  private func trainer(_ data: [CaptionGroup]) throws -> RepresentationTrainer {
    var options = RepresentationTests.options(.stablerep, steps: 6)
    options.imagesPerCaption = 3
    options.cropsPerStep = 18
    return try RepresentationTrainer(model: RepresentationModel(options, seed: 5), data: data, makeView: RepresentationTests.view)
  }

  @Test func `Training on pictures in files ends with the same bytes as on pictures in memory`() throws {
    try FormatGolden.withFolder { folder in
      try writeShards(folder)
      let inMemory = try trainer(groups(folder, .memory)), inFiles = try trainer(groups(folder, .files(side: 8)))
      try inMemory.run()
      try inFiles.run()
      #expect(inFiles.loop.losses == inMemory.loop.losses)
      #expect(try inFiles.model.encoder.namedTensors().map { try $0.tensor.floats() } == inMemory.model.encoder.namedTensors().map { try $0.tensor.floats() })
      let encoder = try randomFeatureEncoder(RepresentationTests.options(.simclr).encoder, seed: 5)
      let features = try [PictureStorage.memory, .files(side: 8)].map { storage in
        try extractFeatures(encoder, pictures: groups(folder, storage).flatMap(\.pictures), batchSize: 10).floats()
      }
      #expect(features[0] == features[1])
    }
  }

  @Test func `A damaged picture is replaced in training, counted and named, and is an error elsewhere`() throws {
    try FormatGolden.withFolder { folder in
      try writeShards(folder, damaged: [4, 10])
      let data = try groups(folder, .files(side: 8))
      #expect(data.count == 12)
      let first = try trainer(data), second = try trainer(data)
      var unreadable: Set<String> = []
      first.onUnreadable = { unreadable.insert($0.description) }
      try first.run()
      try second.run()
      #expect(unreadable.count == 2 && unreadable.allSatisfy { $0.hasPrefix("\(folder)/train-000000.tar: s") && $0.contains("the data end too early") }, "\(unreadable)")
      #expect(first.loop.losses == second.loop.losses && first.loop.losses.allSatisfy(\.isFinite))
      let encoder = try randomFeatureEncoder(RepresentationTests.options(.simclr).encoder, seed: 5)
      #expect(FormatGolden.message { _ = try extractFeatures(encoder, pictures: data.flatMap(\.pictures)) }.hasPrefix("\(folder)/train-000000.tar: s4.png"))
    }
  }

  @Test func `Data of which nothing can be read stop training with the reason`() throws {
    try FormatGolden.withFolder { folder in
      try writeShards(folder, damaged: Set(0..<36))
      let text = ModelGolden.message { try trainer(groups(folder, .files(side: 8))).run() }
      #expect(text.contains("no other picture of its caption, nor the first of the 11 captions after it, can be read"), "\(text)")
    }
  }

  @Test func `A shard that is cut short while it is used is an error and no crash`() throws {
    try FormatGolden.withFolder { folder in
      try writeShards(folder)
      let data = try groups(folder, .files(side: 8))
      let path = folder + "/train-000001.tar"
      let whole = try MappedFile.read(path)
      try Data(whole.prefix(1600)).write(to: URL(fileURLWithPath: path))
      #expect(FormatGolden.message { _ = try data[11].pictures[2].image() }.contains("the file has been cut short since it was first read"))
      try FileManager.default.removeItem(atPath: path)
      #expect(FormatGolden.message { _ = try data[11].pictures[2].image() }.contains("there is no such file or folder"))
    }
  }

  @Test func `Folders can be read on demand, gzipped shards and bare pixels cannot`() throws {
    try FormatGolden.withFolder { folder in
      for name in ["a", "b"] {
        try FileManager.default.createDirectory(atPath: folder + "/classes/" + name, withIntermediateDirectories: true)
        for index in 0..<2 {
          let image = try Image(width: 9, height: 7) { bytes in for place in bytes.indices { bytes[place] = UInt8((place * 7 + index * 50) % 256) } }
          try ImageFile.write(image, to: folder + "/classes/\(name)/\(index).png")
        }
      }
      let set = try DatasetLoader.load(folder + "/classes", limit: 3, size: 8, storage: .files(side: 8))
      #expect(set.labels == [0, 0, 1] && set.images.isEmpty && set.pictures.allSatisfy { $0.size == (8, 8) && $0.bytesInMemory == 0 })
      #expect(try set.pictures.map { try $0.image() } == DatasetLoader.load(folder + "/classes", limit: 3, size: 8).images)
      try writeShards(folder)
      let gzip = try Process.run(URL(fileURLWithPath: "/bin/gzip"), arguments: [folder + "/train-000000.tar"])
      gzip.waitUntilExit()
      #expect(FormatGolden.message { _ = try DatasetLoader.loadCaptioned(folder + "/train-000000.tar.gz", storage: .files(side: 8)) }
        .contains("cannot be read one by one: the shard is gzipped; load it into memory"))
      try FileManager.default.createDirectory(atPath: folder + "/cifar", withIntermediateDirectories: true)
      try AtomicFile.write([UInt8](repeating: 1, count: 3073), to: folder + "/cifar/data_batch_1.bin")
      #expect(FormatGolden.message { _ = try DatasetLoader.load(folder + "/cifar", storage: .files(side: 8)) }.contains("bare pixels"))
    }
  }
}
