import Foundation
import Testing

@testable import ML

/// CLIP's vocabulary, where the shared data are present.
private let clipFolder = FormatGolden.sharedData("clip-bpe")
private let clip = clipFolder.flatMap { try? BytePairTokenizer.load($0 + "/bpe_simple_vocab_16e6.txt.gz") }

private func pairs(_ name: String) throws -> [(String, String)] {
  let items = try #require(try FormatGolden.json("text/tokens.json")[name] as? [[String]])
  return items.map { ($0[0], $0[1]) }
}

private func equal(_ one: String, _ other: String) -> Bool { one.utf8.elementsEqual(other.utf8) }

@Suite("CLIP tokenizer")
struct CLIPTokenizerTests {
  @Test func `HTML references, lower case and white space are those of Python`() throws {
    for (text, expected) in try pairs("entities") {
      #expect(equal(HTMLEntities.unescape(text), expected), "\(text) gives \(HTMLEntities.unescape(text)), not \(expected)")
    }
    for (text, expected) in try pairs("lower") { #expect(equal(LowerCase.apply(text), expected), "\(text)") }
    for (text, expected) in try pairs("spaces") { #expect(equal(WhiteSpace.fold(text), expected), "\(text.debugDescription)") }
  }

  @Test(.enabled(if: clipFolder != nil)) func `All golden ids of CLIP's own tokenizer are met`() throws {
    let tokenizer = try #require(clip), folder = try #require(clipFolder)
    #expect(tokenizer.vocabularySize == 49_408 && tokenizer.startID == 49_406 && tokenizer.endID == 49_407)
    let lines = try String(contentsOfFile: folder + "/golden.jsonl", encoding: .utf8).split(separator: "\n")
    #expect(lines.count == 455)
    var differentFromRaw: [String] = []
    for line in lines {
      let item = try #require(JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
      let raw = try #require(item["text"] as? String), clean = try #require(item["clean"] as? String)
      let ids = try #require(item["ids"] as? [Int])
      #expect(tokenizer.encode(cleaned: clean) == ids, "\(clean)")
      if tokenizer.encode(raw) != ids { differentFromRaw.append(raw) }
    }
    // The one that needs a repaired character set.
    #expect(differentFromRaw == ["sch\u{c3}\u{b6}n caf\u{c3}\u{a9}"], "\(differentFromRaw)")
  }

  @Test(.enabled(if: clipFolder != nil)) func `Ids of Unicode texts, long words and all ASCII pairs are those of open_clip`() throws {
    let vocabulary = try #require(clip).vocabulary
    let tokenizer = BytePairTokenizer(vocabulary: vocabulary, cleaning: .unescaped)
    let golden = try FormatGolden.json("text/tokens.json")
    for name in ["plain", "long"] {
      for item in try #require(golden[name] as? [[Any]]) {
        let text = try #require(item[0] as? String), ids = try #require(item[1] as? [Int])
        #expect(tokenizer.encode(text) == ids, "\(text.debugDescription)")
      }
    }
    var lines: [UInt8] = []
    for first in 32..<127 as Range<UInt8> {
      for second in 32..<127 as Range<UInt8> {
        let ids = tokenizer.encode(String(decoding: [first, second], as: UTF8.self))
        lines += Array(ids.map { String($0) }.joined(separator: " ").utf8) + [10]
      }
    }
    let checksum = PNGChecksum.bytes(of: lines[...]).reduce(0) { $0 << 8 | Int($1) }
    #expect(checksum == golden["ascii_pairs_crc32"] as? Int)
  }

  @Test(.enabled(if: clipFolder != nil)) func `Rows of 77 are padded and cut as by open_clip, and the other padding repeats the end`() throws {
    let tokenizer = try #require(clip)
    let golden = try FormatGolden.json("text/tokens.json")
    let rows = try #require(golden["rows"] as? [[Int]])
    let texts = ["a cat", "", try #require(golden["long_text"] as? String)]
    let batch = try tokenizer.encode(texts, length: 77)
    #expect(batch.ids == rows && batch.lengths == [4, 2, 77] && batch.cut == [2])
    let other = try tokenizer.encode(texts, length: 77, padding: .endOfText)
    #expect(other.ids[0] == Array(rows[0].prefix(4)) + Array(repeating: 49_407, count: 73) && other.lengths == batch.lengths)
    #expect(tokenizer.decode(batch.ids[0]) == "a cat" && tokenizer.decode(other.ids[0]) == "a cat")
    #expect(throws: TokenizerError.self) { try tokenizer.encode(["a"], length: 1) }
  }

  @Test(.enabled(if: clipFolder != nil)) func `Ids given by vocab json and merges txt are the same`() throws {
    let tokenizer = try #require(clip)
    try FormatGolden.withFolder { folder in
      let symbols = tokenizer.vocabulary.symbols
      var vocabulary = "{", merges = "#version: 0.2\n"
      for (id, symbol) in symbols.enumerated() { vocabulary += (id == 0 ? "" : ",") + JSONValue.quoted(symbol) + ":\(id)" }
      for pair in tokenizer.vocabulary.mergeList {
        merges += symbols[Int(BytePairVocabulary.left(pair))] + " " + symbols[Int(BytePairVocabulary.right(pair))] + "\n"
      }
      try AtomicFile.write(Array((vocabulary + "}").utf8), to: folder + "/vocab.json")
      try AtomicFile.write(Array(merges.utf8), to: folder + "/merges.txt")
      #expect(try BytePairTokenizer.load(folder) == tokenizer)
      try tokenizer.save(folder + "/own.json")
      #expect(try BytePairTokenizer.load(folder + "/own.json") == tokenizer)
      try AtomicFile.write(Array("{\"a\":0}".utf8), to: folder + "/vocab.json")
      #expect(FormatGolden.message { _ = try BytePairTokenizer.load(folder) }.contains("the byte '!' has no id"))
    }
  }
}
