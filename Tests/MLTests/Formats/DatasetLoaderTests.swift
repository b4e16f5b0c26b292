import Foundation
import Testing

@testable import ML

/// A picture of one colour.
private func plain(_ value: UInt8, _ width: Int = 6, _ height: Int = 5) throws -> Image {
  try Image(width: width, height: height, pixels: [UInt8](repeating: value, count: 3 * width * height))
}

@Suite("Data sets")
struct DatasetLoaderTests {
  private func write(_ text: String, _ path: String) throws { try AtomicFile.write(Array(text.utf8), to: path) }

  private func makeFolder(_ path: String) throws {
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  @Test func `A corrupt picture in a shard is skipped, counted and named`() throws {
    try FormatGolden.withFolder { folder in
      let writer = try ShardWriter(prefix: folder + "/train")
      let good = try JPEG.encode(plain(200))
      try writer.add(key: "a", fields: [("jpg", good), ("txt", Array("one\n\n two  words \r\n".utf8))])
      try writer.add(key: "b", fields: [("jpg", [UInt8](good.dropLast(3))), ("txt", Array("x".utf8))])
      try writer.add(key: "c", fields: [("txt", Array("x".utf8))])
      try writer.add(key: "d", fields: [("png", try PNG.encode(plain(9))), ("txt", Array(" \n".utf8))])
      try writer.add(key: "e", fields: [("png", try PNG.encode(plain(9))), ("json", Array("{\"caption\":\"from json\"}".utf8)), ("cls", Array("4\n".utf8))])
      try writer.finish()
      let set = try DatasetLoader.loadCaptioned(folder, split: "train")
      #expect(set.keys == ["a", "e"] && set.captions == [["one", "two words"], ["from json"]] && set.labels == [nil, 4])
      #expect(set.skipped.map(\.source) == ["b.jpg", "c", "d"].map { "\(folder)/train-000000.tar: \($0)" })
      #expect(set.skipped[0].reason == "JPEG: the picture is damaged or cut short: Premature end of JPEG file")
      #expect(set.images[1].pixels == [UInt8](repeating: 9, count: 90))
      let text = FormatGolden.message { _ = try DatasetLoader.loadCaptioned(folder, split: "test") }
      #expect(text == "\(folder): data set: there is no split 'test'; there are: train")
      #expect(try DatasetLoader.loadCaptioned(folder, limit: 1).keys == ["a"])
      let path = folder + "/train-000000.tar"
      try AtomicFile.write([UInt8](try MappedFile.read(path).prefix(1700)), to: path)
      #expect(FormatGolden.message { _ = try DatasetLoader.loadCaptioned(path) }.contains("is cut short"))
    }
  }

  @Test func `Labelled shards take class names from classes txt and name what has no label`() throws {
    try FormatGolden.withFolder { folder in
      let writer = try ShardWriter(prefix: folder + "/test", maximumSamples: 3)
      for (index, label) in ["0", "2", "7", "x", "1"].enumerated() {
        try writer.add(key: "s\(index)", fields: [("png", try PNG.encode(plain(UInt8(index)))), ("cls", Array(label.utf8))])
      }
      try writer.finish()
      #expect(try DatasetLoader.load(folder).classNames.count == 8)
      try write("cat\ndog\nbird\n", folder + "/classes.txt")
      let set = try DatasetLoader.load(folder + "/", split: "test") { try Image(width: 1, height: 1, pixels: Array($0.pixels.prefix(3))) }
      #expect(set.labels == [0, 2, 1] && set.classNames == ["cat", "dog", "bird"])
      #expect(set.images.map(\.pixels) == [[0, 0, 0], [1, 1, 1], [4, 4, 4]])
      #expect(set.skipped.map(\.reason) == ["the label 7 has no class name", "the label (.cls) is no whole number from 0"])
    }
  }

  @Test func `Pictures get the asked size, cropped around the centre or squashed`() throws {
    try FormatGolden.withFolder { folder in
      try makeFolder(folder + "/a")
      // 12 columns: four black, four white, four black; 4 rows.
      let row = [UInt8](repeating: 0, count: 12) + [UInt8](repeating: 255, count: 12) + [UInt8](repeating: 0, count: 12)
      let image = try Image(width: 12, height: 4, pixels: row + row + row + row)
      try ImageFile.write(image, to: folder + "/a/wide.png")
      let cropped = try DatasetLoader.load(folder, size: 2).images[0]
      #expect(cropped.width == 2 && cropped.height == 2 && cropped.pixels.allSatisfy { $0 == 255 })
      let squashed = try DatasetLoader.load(folder, size: 3, fit: .squash).images[0]
      #expect(squashed.width == 3 && squashed.pixels[0] < 60 && squashed.pixels[3] > 190)
      #expect(try DatasetLoader.load(folder).images[0] == image)
      #expect(throws: FormatError.self) { try DatasetLoader.load(folder, size: 0) }
      #expect(throws: FormatError.self) { try DatasetLoader.load(folder, limit: 0) }
    }
  }

  @Test func `CIFAR records give pictures and labels, and cuts are errors`() throws {
    try FormatGolden.withFolder { folder in
      var stream = RandomStream(seed: 4)
      func records(_ count: Int, _ labels: [UInt8]) -> [UInt8] {
        (0..<count).flatMap { index in labels.map { $0 &+ UInt8(index) } + (0..<3072).map { _ in UInt8(truncatingIfNeeded: stream.word()) } }
      }
      let first = records(2, [3])
      try AtomicFile.write(first, to: folder + "/data_batch_10.bin")
      try AtomicFile.write(records(1, [8]), to: folder + "/data_batch_2.bin")
      try AtomicFile.write(records(1, [1]), to: folder + "/test_batch.bin")
      let train = try DatasetLoader.load(folder, split: "train")
      #expect(train.labels == [8, 3, 4] && train.classNames.count == 10)
      let pixel = 5 * 32 + 9
      #expect(Array(train.images[1].pixels[(3 * pixel)..<(3 * pixel + 3)]) == [first[1 + pixel], first[1 + 1024 + pixel], first[1 + 2048 + pixel]])
      #expect(try DatasetLoader.load(folder, split: "train", limit: 2).labels == [8, 3])
      #expect(try CIFARFile.decode(records(2, [5, 60]), source: "x", layout: .cifar100).labels == [60, 61])
      #expect(try CIFARFile.decode(records(2, [5, 60]), source: "x", layout: .cifar100).superclasses == [5, 6])
      let cut = FormatGolden.message { _ = try CIFARFile.decode([UInt8](first.dropLast()), source: "c.bin", layout: .cifar10) }
      #expect(cut.hasPrefix("c.bin: CIFAR at byte 3073: 6145 bytes are no whole number"))
      let label = FormatGolden.message { _ = try CIFARFile.decode(records(1, [10]), source: "c.bin", layout: .cifar10) }
      #expect(label.contains("record 0 has the label [10]"))
    }
  }

  @Test func `idx pairs give grey pictures, and wrong headers are errors`() throws {
    try FormatGolden.withFolder { folder in
      let pictures: [UInt8] = [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 1, 10, 20, 30, 40]
      try AtomicFile.write(pictures, to: folder + "/t10k-images-idx3-ubyte")
      try AtomicFile.write([0, 0, 8, 1, 0, 0, 0, 2, 1, 0], to: folder + "/t10k-labels-idx1-ubyte")
      let set = try DatasetLoader.load(folder, split: "test")
      let second = try Image(width: 1, height: 2, pixels: [30, 30, 30, 40, 40, 40])
      #expect(set.labels == [1, 0] && set.images[1] == second)
      for count in 0..<pictures.count {
        #expect(throws: FormatError.self) { try IDXFile([UInt8](pictures.prefix(count)), source: "x") }
      }
      let endless: [UInt8] = [0, 0, 8, 3, 0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255]
      #expect(try IDXFile(endless, source: "x").images(source: "x").isEmpty)
      FormatGolden.fuzz(pictures, rounds: 2000, seed: 8) { _ = try IDXFile($0, source: "x").images(source: "x") }
      try AtomicFile.write([0, 0, 8, 1, 0, 0, 0, 1, 1], to: folder + "/t10k-labels-idx1-ubyte")
      #expect(FormatGolden.message { _ = try DatasetLoader.load(folder) }.contains("a label for each picture"))
    }
  }

  @Test func `Class folders are sorted, other formats and damaged files are named`() throws {
    try FormatGolden.withFolder { folder in
      for name in ["train/dog/deep", "train/cat", "train/Ant"] { try makeFolder(folder + "/" + name) }
      try ImageFile.write(plain(1), to: folder + "/train/dog/b.PNG")
      try ImageFile.write(plain(2), to: folder + "/train/dog/a.jpeg")
      try ImageFile.write(plain(3), to: folder + "/train/dog/deep/0.png")
      try ImageFile.write(plain(4), to: folder + "/train/cat/c.jpg")
      try write("GIF89a", folder + "/train/cat/d.gif")
      try write("not a picture", folder + "/train/cat/e.png")
      try write("notes", folder + "/train/cat/notes.txt")
      let set = try DatasetLoader.load(folder, split: "train")
      #expect(set.classNames == ["Ant", "cat", "dog"] && set.labels == [1, 2, 2, 2])
      #expect(set.images.map { $0.pixels[0] } == [4, 2, 1, 3])
      #expect(set.skipped.map(\.source) == ["d.gif", "e.png"].map { "\(folder)/train/cat/\($0)" })
      #expect(FormatGolden.message { _ = try DatasetLoader.load(folder, split: "test") }.contains("the folders are: train"))
      #expect(FormatGolden.message { _ = try DatasetLoader.load(folder + "/none") } == "\(folder)/none: data set: there is no such file or folder")
      try write("a cat", folder + "/train/cat/c.txt")
      let captioned = try DatasetLoader.loadCaptioned(folder + "/train")
      #expect(captioned.keys == ["cat/c"] && captioned.captions == [["a cat"]] && captioned.skipped.count == 5)
    }
  }

  @Test(.enabled(if: FormatGolden.sharedData("cifar10") != nil), arguments: [
    ("cifar10", "test", 5000, 10), ("cifar100", "train", 3000, 100), ("fashion-mnist", "test", 2000, 10), ("caltech101", "test", 1010, 101),
    ("dtd10", "test", 400, 10), ("flowers5", "train", 800, 5),
  ]) func `The shared sets load whole`(name: String, split: String, count: Int, classes: Int) throws {
    let set = try DatasetLoader.load(try #require(FormatGolden.sharedData(name)), split: split)
    #expect(set.count == count && set.classNames.count == classes && set.skipped.isEmpty && set.labels.count == count)
    #expect(Set(set.labels).count == classes)
  }

  @Test(.enabled(if: FormatGolden.sharedData("flickr8k") != nil), arguments: [
    ("flickr8k", "dev", 992, 5), ("noto-emoji", "train", 1232, 1), ("coco-mini", "all", 101, 5),
  ]) func `The shared captioned sets load whole`(name: String, split: String, count: Int, captions: Int) throws {
    let set = try DatasetLoader.loadCaptioned(try #require(FormatGolden.sharedData(name)), split: split)
    #expect(set.count == count && set.skipped.isEmpty && set.captions.allSatisfy { $0.count >= captions })
  }

  @Test(.enabled(if: FormatGolden.sharedData("cifar10") != nil)) func `The mean of CIFAR-10 is the one its page states`() throws {
    let set = try DatasetLoader.load(try #require(FormatGolden.sharedData("cifar10")), split: "train")
    #expect(set.count == 20_000)
    for (channel, expected) in [0.4925, 0.4835, 0.4473].enumerated() {
      var sum = 0
      for image in set.images { for place in stride(from: channel, to: 3072, by: 3) { sum += Int(image.pixels[place]) } }
      #expect(abs(Double(sum) / Double(255 * 1024 * set.count) - expected) < 0.0001)
    }
  }
}
