extension BytePairTokenizer {
  /// Learns a byte-pair vocabulary from captions.
  ///
  /// Again and again the most frequent pair of neighbouring symbols becomes a symbol of its own. Of equally frequent pairs the
  /// one with the lower left id, then the lower right id, is taken, so that the same captions give the same vocabulary in
  /// any order.
  ///
  /// - Parameters:
  ///   - captions: the texts to learn from.
  ///   - vocabularySize: number of ids to reach, at least 514 (256 bytes, 256 bytes at a word's end, start, end). Fewer come
  ///     out when no pair is frequent enough any more.
  ///   - minimumCount: how often a pair must occur to be merged, default 2.
  /// - Throws: `TokenizerError` when an option is out of range, `TensorError.interrupted`.
  public static func train(
    captions: some Sequence<String>, vocabularySize: Int, minimumCount: Int = 2, cleaning: TextCleaning = .repaired
  ) throws -> BytePairTokenizer {
    guard vocabularySize >= 514, vocabularySize <= 1 << 24, minimumCount >= 1 else {
      throw TokenizerError(
        "byte-pair training: vocabularySize must be 514 to \(1 << 24) and minimumCount at least 1, \(vocabularySize) and \(minimumCount) came")
    }
    var counts: [ExactText: Int] = [:]
    for caption in captions {
      try Cancellation.check()
      for word in CLIPSplitting.words(cleaning.apply(caption)) where !CLIPSplitting.specialTexts.contains(word) {
        counts[ExactText(word), default: 0] += 1
      }
    }
    let empty = try BytePairVocabulary(mergeLines: [], source: "training")
    var trainer = BytePairTrainer(
      words: counts.sorted { $0.key.text.utf8.lexicographicallyPrecedes($1.key.text.utf8) }.map { ($0.key.text, $0.value) },
      vocabulary: empty)
    let merges = try trainer.run(count: vocabularySize - 514, minimumCount: minimumCount)
    let lines = merges.enumerated().map { (line: $0.offset, left: Substring($0.element.0), right: Substring($0.element.1)) }
    return BytePairTokenizer(vocabulary: try BytePairVocabulary(mergeLines: lines, source: "training"), cleaning: cleaning)
  }
}

/// The state of one training: words as symbols, and how often and where each pair occurs.
private struct BytePairTrainer {
  private var words: [(symbols: [Int32], count: Int)] = []
  private var spellings: [String]
  private var pairCounts: [UInt64: Int] = [:]
  private var pairWords: [UInt64: Set<Int32>] = [:]
  private var queue = PriorityQueue<Candidate>()
  private var identifiers: [ExactText: Int32] = [:]

  /// A pair with the count it had when it was queued; out of date when the count has changed since.
  private struct Candidate: Comparable {
    let count: Int
    let pair: UInt64

    static func < (one: Candidate, other: Candidate) -> Bool {
      one.count != other.count ? one.count > other.count : one.pair < other.pair
    }
  }

  init(words counted: [(String, Int)], vocabulary: BytePairVocabulary) {
    spellings = Array(vocabulary.symbols.prefix(512))
    for (id, spelling) in spellings.enumerated() { identifiers[ExactText(spelling)] = Int32(id) }
    for (word, count) in counted {
      let bytes = Array(word.utf8)
      var symbols = bytes.map { vocabulary.byteIDs[Int($0)] }
      if let last = bytes.last { symbols[symbols.count - 1] = vocabulary.lastByteIDs[Int(last)] }
      words.append((symbols, count))
    }
    for index in words.indices { countPairs(of: index, sign: 1) }
    for (pair, count) in pairCounts { queue.insert(Candidate(count: count, pair: pair)) }
  }

  private mutating func countPairs(of index: Int, sign: Int) {
    let (symbols, count) = words[index]
    for (left, right) in zip(symbols, symbols.dropFirst()) {
      let pair = BytePairVocabulary.pair(left, right)
      pairCounts[pair, default: 0] += sign * count
      if sign > 0 { pairWords[pair, default: []].insert(Int32(index)) }
    }
  }

  /// Makes up to `count` merges and returns their spellings in order.
  mutating func run(count: Int, minimumCount: Int) throws -> [(String, String)] {
    var merges: [(String, String)] = []
    while merges.count < count, let best = queue.removeFirst() {
      try Cancellation.check()
      guard pairCounts[best.pair] == best.count, best.count >= minimumCount else { continue }
      let left = BytePairVocabulary.left(best.pair), right = BytePairVocabulary.right(best.pair)
      let spelling = spellings[Int(left)] + spellings[Int(right)]
      // Two ways to build the same spelling would share an id when the vocabulary is read back: the later one is not made.
      guard identifiers[ExactText(spelling)] == nil else { continue }
      let result = Int32(spellings.count)
      spellings.append(spelling)
      identifiers[ExactText(spelling)] = result
      merges.append((spellings[Int(left)], spellings[Int(right)]))
      merge(left, right, into: result)
    }
    return merges
  }

  private mutating func merge(_ left: Int32, _ right: Int32, into result: Int32) {
    let pair = BytePairVocabulary.pair(left, right)
    var touched = Set<UInt64>()
    for index in (pairWords.removeValue(forKey: pair) ?? []).sorted().map({ Int($0) }) {
      let old = words[index].symbols
      var new: [Int32] = []
      var place = 0
      while place < old.count {
        if place + 1 < old.count, old[place] == left, old[place + 1] == right {
          new.append(result)
          place += 2
        } else {
          new.append(old[place])
          place += 1
        }
      }
      guard new.count < old.count else { continue }
      countPairs(of: index, sign: -1)
      for (first, second) in zip(old, old.dropFirst()) { touched.insert(BytePairVocabulary.pair(first, second)) }
      words[index].symbols = new
      countPairs(of: index, sign: 1)
      for (first, second) in zip(new, new.dropFirst()) { touched.insert(BytePairVocabulary.pair(first, second)) }
    }
    for pair in touched.sorted() {
      if let count = pairCounts[pair], count > 0 {
        queue.insert(Candidate(count: count, pair: pair))
      } else {
        pairCounts[pair] = nil
        pairWords[pair] = nil
      }
    }
  }
}
