/// The symbols and merges of a byte-pair encoding with CLIP's conventions.
///
/// A word's UTF-8 bytes are symbols; its last symbol carries the end mark `</w>`. Merges join two neighbouring symbols, those of
/// lower rank first.
struct BytePairVocabulary: Equatable, Sendable {
  /// Spelling of each id.
  let symbols: [String]
  /// Ids of the 256 bytes inside a word, and at its end.
  let byteIDs: [Int32]
  let lastByteIDs: [Int32]
  /// Rank and result of merging two ids.
  let merges: [UInt64: Merge]
  /// The pairs in order of rank.
  let mergeList: [UInt64]
  let startID: Int
  let endID: Int

  struct Merge: Equatable, Sendable {
    let rank: Int32
    let result: Int32
  }

  /// A character for every byte: itself where it prints, else one from U+0100 on. The order is that of CLIP's ids.
  static let byteSpellings: [(byte: UInt8, scalar: Unicode.Scalar)] = {
    let printing = Array(33...126) + Array(161...172) + Array(174...255)
    let others = (0...255).filter { !printing.contains($0) }
    return printing.map { (UInt8($0), Unicode.Scalar(UInt8($0))) }
      + others.enumerated().map { (UInt8($1), Unicode.Scalar(UInt32(256 + $0)) ?? " ") }
  }()

  static let byteOfScalar: [Unicode.Scalar: UInt8] = Dictionary(
    uniqueKeysWithValues: byteSpellings.map { ($0.scalar, $0.byte) })

  static func pair(_ left: Int32, _ right: Int32) -> UInt64 {
    UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
  }

  static func left(_ pair: UInt64) -> Int32 { Int32(truncatingIfNeeded: pair >> 32) }
  static func right(_ pair: UInt64) -> Int32 { Int32(truncatingIfNeeded: pair) }

  /// The vocabulary that CLIP builds of merges: 256 bytes, 256 bytes with the end mark, the merges, start and end.
  ///
  /// - Throws: `FormatError` naming the line of a merge whose parts are not known yet.
  init(mergeLines: [(line: Int, left: Substring, right: Substring)], source: String) throws {
    var symbols = BytePairVocabulary.byteSpellings.map { String(Character($0.scalar)) }
    symbols += symbols.map { $0 + "</w>" }
    symbols.reserveCapacity(514 + mergeLines.count)
    for merge in mergeLines { symbols.append(String(merge.left) + merge.right) }
    symbols += CLIPSplitting.specialTexts
    var identifiers: [ExactText: Int32] = [:]
    identifiers.reserveCapacity(symbols.count)
    for (id, symbol) in symbols.enumerated() { identifiers[ExactText(symbol)] = Int32(id) }
    try self.init(symbols: symbols, identifiers: identifiers, mergeLines: mergeLines, source: source)
  }

  /// A vocabulary whose ids are given.
  ///
  /// - Throws: `FormatError` naming a byte, merge or special symbol without an id.
  init(
    symbols: [String], identifiers: [ExactText: Int32], mergeLines: [(line: Int, left: Substring, right: Substring)],
    source: String
  ) throws {
    func identifier(_ symbol: String, _ what: @autoclosure () -> String) throws -> Int32 {
      if let id = identifiers[ExactText(symbol)] { return id }
      throw FormatError(format: "byte-pair vocabulary", source: source, problem: "\(what()) '\(symbol)' has no id")
    }
    var byteIDs = [Int32](repeating: 0, count: 256), lastByteIDs = byteIDs
    for (byte, scalar) in BytePairVocabulary.byteSpellings {
      byteIDs[Int(byte)] = try identifier(String(Character(scalar)), "the byte")
      lastByteIDs[Int(byte)] = try identifier(String(Character(scalar)) + "</w>", "the byte at the end of a word")
    }
    var merges: [UInt64: Merge] = [:]
    merges.reserveCapacity(mergeLines.count)
    var list: [UInt64] = []
    list.reserveCapacity(mergeLines.count)
    for (rank, merge) in mergeLines.enumerated() {
      let left = try identifier(String(merge.left), "line \(merge.line): the symbol")
      let right = try identifier(String(merge.right), "line \(merge.line): the symbol")
      let result = try identifier(String(merge.left) + merge.right, "line \(merge.line): the merged symbol")
      let pair = BytePairVocabulary.pair(left, right)
      // A line that occurs twice keeps its later rank, as in the reference's dictionary.
      merges[pair] = Merge(rank: Int32(rank), result: result)
      list.append(pair)
    }
    self.symbols = symbols
    self.byteIDs = byteIDs
    self.lastByteIDs = lastByteIDs
    self.merges = merges
    mergeList = list
    startID = Int(try identifier(CLIPSplitting.specialTexts[0], "the special symbol"))
    endID = Int(try identifier(CLIPSplitting.specialTexts[1], "the special symbol"))
  }

  /// The ids of one word.
  ///
  /// The pair of lowest rank is merged wherever it occurs, from left to right, until no pair can be merged. A queue of pairs
  /// keeps that at O(n log n) for words of any length.
  func encode(word: String) -> [Int] {
    let bytes = Array(word.utf8)
    guard !bytes.isEmpty else { return [] }
    var ids = bytes.map { byteIDs[Int($0)] }
    ids[ids.count - 1] = lastByteIDs[Int(bytes[bytes.count - 1])]
    var next = Array(1...ids.count), previous = Array(-1..<(ids.count - 1))
    var queue = PriorityQueue<Candidate>()
    func offer(_ place: Int, _ queue: inout PriorityQueue<Candidate>) {
      guard place >= 0, next[place] < ids.count else { return }
      if let merge = merges[BytePairVocabulary.pair(ids[place], ids[next[place]])] {
        queue.insert(Candidate(rank: merge.rank, place: place, left: ids[place], right: ids[next[place]]))
      }
    }
    for place in ids.indices { offer(place, &queue) }
    var round: [Int] = []
    while let best = queue.first {
      // All pairs of one rank are merged before any that this creates.
      round.removeAll(keepingCapacity: true)
      while let candidate = queue.first, candidate.rank == best.rank {
        _ = queue.removeFirst()
        let place = candidate.place
        guard ids[place] == candidate.left, next[place] < ids.count, ids[next[place]] == candidate.right,
          let merge = merges[BytePairVocabulary.pair(candidate.left, candidate.right)]
        else { continue }
        let absorbed = next[place]
        ids[place] = merge.result
        ids[absorbed] = -1
        next[place] = next[absorbed]
        if next[absorbed] < ids.count { previous[next[absorbed]] = place }
        round.append(place)
      }
      for place in round where ids[place] >= 0 {
        offer(place, &queue)
        offer(previous[place], &queue)
      }
    }
    return ids.filter { $0 >= 0 }.map { Int($0) }
  }

  /// A pair that may be merged; out of date when the ids at its place have changed.
  private struct Candidate: Comparable {
    let rank: Int32
    let place: Int
    let left: Int32
    let right: Int32

    static func < (one: Candidate, other: Candidate) -> Bool { (one.rank, one.place) < (other.rank, other.place) }
  }
}
