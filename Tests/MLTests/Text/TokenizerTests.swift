import Foundation
import Testing

@testable import ML

private let captions = [
  "A red cube left of two blue spheres.", "Two blue spheres, one red cube!", "the dog's ball isn't red", "A RED cube; a green cube",
  "Zoë's café has 12 red chairs", "three blue cubes on green grass", "a red-blue striped ball", "Two dogs and 3 balls",
]

/// The ids of a word by the definition: the best pair is merged everywhere, from left to right, until none is left.
private func encodeByDefinition(_ word: String, _ vocabulary: BytePairVocabulary) -> [Int] {
  let bytes = Array(word.utf8)
  var ids = bytes.map { vocabulary.byteIDs[Int($0)] }
  if let last = bytes.last { ids[ids.count - 1] = vocabulary.lastByteIDs[Int(last)] }
  while true {
    let ranked = zip(ids, ids.dropFirst()).compactMap { vocabulary.merges[BytePairVocabulary.pair($0, $1)] }
    guard let best = ranked.min(by: { $0.rank < $1.rank }) else { return ids.map { Int($0) } }
    var new: [Int32] = []
    var place = 0
    while place < ids.count {
      let merge = place + 1 < ids.count ? vocabulary.merges[BytePairVocabulary.pair(ids[place], ids[place + 1])] : nil
      new.append(merge?.rank == best.rank ? best.result : ids[place])
      place += merge?.rank == best.rank ? 2 : 1
    }
    ids = new
  }
}

@Suite("Tokenizers")
struct TokenizerTests {
  @Test func `A word vocabulary is ordered by frequency and knows its special ids`() throws {
    let tokenizer = try WordTokenizer(captions: captions, minimumCount: 2)
    #expect(Array(tokenizer.words.prefix(3)) == ["red", "a", "blue"])
    #expect(tokenizer.encode("Red zebras!") == [4, 3, 3])
    #expect(tokenizer.vocabularySize == tokenizer.words.count + 4)
    let all = try WordTokenizer(captions: captions)
    #expect(all.decode(all.encode("The DOG'S ball, 12 cafés")) == "the dog 's ball , 12 ?")
    #expect(try all.encode(["red cube"], length: 5).ids == [[1, 4, all.encode("cube")[0], 2, 0]])
    #expect(try WordTokenizer(captions: captions.reversed()) == all)
    #expect(try WordTokenizer(captions: captions, maximumSize: 10).words == Array(all.words.prefix(6)))
  }

  @Test func `Composed and decomposed spellings are different words`() throws {
    let tokenizer = try WordTokenizer(words: ["caf\u{e9}", "cafe\u{301}"])
    #expect(tokenizer.encode("CAF\u{c9} CAFE\u{301}") == [4, 5])
  }

  @Test func `A saved word tokenizer reads back and other files are refused`() throws {
    try FormatGolden.withFolder { folder in
      let tokenizer = try WordTokenizer(captions: captions)
      try tokenizer.save(folder + "/words.json")
      #expect(try WordTokenizer.load(folder + "/words.json") == tokenizer)
      for text in ["", "{}", "[1]", "{\"format\":\"loam word tokenizer 1\",\"cleaning\":\"lower\",\"words\":[1]}", "{\"format\":"] {
        #expect(throws: FormatError.self) { try WordTokenizer(json: Array(text.utf8), source: "x.json") }
      }
      #expect(throws: TokenizerError.self) { try WordTokenizer(words: ["a", "a"]) }
    }
  }

  @Test func `Training merges the most frequent pair and ties go to the lower ids`() throws {
    // "aa" 3 times, "ab" 3 times: the pair (a, a</w>) has lower ids than (a, b</w>).
    let tokenizer = try BytePairTokenizer.train(captions: ["ab aa ab", "aa ab aa", "ac"], vocabularySize: 600)
    let vocabulary = tokenizer.vocabulary
    #expect(vocabulary.symbols[512..<(vocabulary.symbols.count - 2)] == ["aa</w>", "ab</w>"])
    #expect(tokenizer.encode("aa ab ac").count == 4)
  }

  @Test func `Training does not depend on the order of captions and reads back`() throws {
    let tokenizer = try BytePairTokenizer.train(captions: captions, vocabularySize: 560, minimumCount: 1)
    #expect(tokenizer.vocabularySize == 560)
    #expect(try BytePairTokenizer.train(captions: captions.reversed(), vocabularySize: 560, minimumCount: 1) == tokenizer)
    try FormatGolden.withFolder { folder in
      try tokenizer.save(folder + "/pairs.json")
      #expect(try BytePairTokenizer.load(folder + "/pairs.json") == tokenizer)
    }
    for text in captions + ["naïve 画 \u{1f600}"] {
      let words = CLIPSplitting.words(TextCleaning.repaired.apply(text)).joined(separator: " ")
      #expect(tokenizer.decode(tokenizer.encode(text)) == words)
    }
  }

  @Test func `The counts of a training equal those counted afresh`() throws {
    let vocabulary = try BytePairTokenizer.train(captions: captions, vocabularySize: 560, minimumCount: 1).vocabulary
    let words = captions.flatMap { CLIPSplitting.words(TextCleaning.repaired.apply($0)) }
    for count in [1, 7, 40] {
      // With the first merges known, the next one is the most frequent pair, ties to the lower ids.
      let partial = try BytePairTokenizer.train(captions: captions, vocabularySize: 514 + count, minimumCount: 1).vocabulary
      #expect(Array(partial.mergeList) == Array(vocabulary.mergeList.prefix(count)))
      var counts: [UInt64: Int] = [:]
      for word in words {
        let ids = encodeByDefinition(word, partial).map { Int32($0) }
        for (left, right) in zip(ids, ids.dropFirst()) { counts[BytePairVocabulary.pair(left, right), default: 0] += 1 }
      }
      let best = try #require(counts.max { ($0.value, $1.key) < ($1.value, $0.key) })
      #expect(best.key == vocabulary.mergeList[count])
    }
  }

  @Test func `Encoding equals its definition on words of any shape`() throws {
    let vocabulary = try BytePairTokenizer.train(
      captions: captions + ["aaaa aaab abab abba baab aaaaaaaa bbbb bababa"], vocabularySize: 640, minimumCount: 1).vocabulary
    var stream = RandomStream(seed: 3)
    for round in 0..<2000 {
      let letters = round % 2 == 0 ? "ab" : "abcdeglrstu"
      let word = String((0..<(1 + Int(stream.word() % 24))).map { _ in
        letters[letters.index(letters.startIndex, offsetBy: Int(stream.word()) % letters.count)]
      })
      #expect(vocabulary.encode(word: word) == encodeByDefinition(word, vocabulary), "\(word)")
    }
    let long = String(repeating: "ab", count: 100_000)
    #expect(vocabulary.encode(word: long).count < 100_000)
  }

  @Test func `Mutated vocabularies never crash`() throws {
    let tokenizer = try BytePairTokenizer.train(captions: captions, vocabularySize: 560, minimumCount: 1)
    let pairs = Array(try tokenizer.json().utf8)
    FormatGolden.fuzz(pairs, rounds: 300, seed: 1) { bytes in
      let other = try BytePairTokenizer.load(json: bytes, source: "mutated")
      _ = other.decode(other.encode(captions[0]))
    }
    let words = Array(try WordTokenizer(captions: captions).json().utf8)
    FormatGolden.fuzz(words, rounds: 300, seed: 2) { bytes in
      do {
        let other = try WordTokenizer(json: bytes, source: "mutated")
        _ = other.decode(other.encode(captions[0]))
      } catch is TokenizerError {}
    }
  }
}
