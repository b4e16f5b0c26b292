// Sums of products by index notation.
extension Tensor {
  /// A sum of products in Einstein's notation, such as "bij,bjk->bik"; "..." stands for any leading axes.
  ///
  /// Without "->" the result has the indices that occur once, in alphabetical order. Operands are contracted from the left.
  ///
  /// - Throws: `TensorError` if the equation cannot be read or sizes do not fit.
  public static func einsum(_ equation: String, _ operands: [Tensor]) throws -> Tensor {
    var (inputs, output) = try EinsumEquation.read(equation, ranks: operands.map(\.rank))
    var sizes: [Character: Int] = [:]
    for (letters, operand) in zip(inputs, operands) {
      for (letter, size) in zip(letters, operand.shape) {
        let known = sizes[letter] ?? 1
        guard known == size || known == 1 || size == 1 else {
          throw TensorError.invalidArgument(operation: "einsum", message: "index '\(letter)' of \(equation) has sizes \(known) and \(size)")
        }
        sizes[letter] = known == 1 ? size : known
      }
    }
    let dtype = operands.dropFirst().reduce(operands[0].dtype) { $0.promoted(with: $1.dtype) }
    var parts: [Tensor] = []
    for index in inputs.indices {
      let (letters, part) = try onDiagonal(try operands[index].cast(dtype), inputs[index], sizes)
      inputs[index] = letters
      parts.append(part)
    }
    var (letters, result) = (inputs[0], parts[0])
    for index in 1..<Swift.max(1, parts.count) where index < parts.count {
      let needed = Set(output).union(inputs[(index + 1)...].joined())
      (letters, result) = try contract(result, letters, parts[index], inputs[index], needed)
    }
    let summed = letters.indices.filter { !output.contains(letters[$0]) }
    if !summed.isEmpty {
      result = try result.sum(axes: summed)
      letters = letters.filter { output.contains($0) }
    }
    if result.dtype != dtype { result = try result.cast(dtype) }
    let missing = output.filter { !letters.contains($0) }
    if let letter = missing.first { throw TensorError.invalidArgument(operation: "einsum", message: "index '\(letter)' of the result of \(equation) is in no operand") }
    return try result.permute(output.map { letter in letters.firstIndex(of: letter)! })
  }

  /// One axis for each letter: a letter that an operand repeats keeps the diagonal, and axes of size 1 stretch.
  private static func onDiagonal(_ operand: Tensor, _ letters: [Character], _ sizes: [Character: Int]) throws -> ([Character], Tensor) {
    var (letters, x) = (letters, try operand.expand(letters.map { sizes[$0]! }))
    while let second = letters.indices.first(where: { letters[..<$0].contains(letters[$0]) }), let first = letters.firstIndex(of: letters[second]) {
      let others = letters.indices.filter { $0 != first && $0 != second }
      x = try x.permute(others + [first, second]).diagonal()
      letters = others.map { letters[$0] } + [letters[second]]
    }
    return (letters, x)
  }

  /// The product of two operands, summed over the letters that nothing later needs.
  private static func contract(_ a: Tensor, _ aLetters: [Character], _ b: Tensor, _ bLetters: [Character], _ needed: Set<Character>) throws
    -> ([Character], Tensor) {
    func sumUnneeded(_ x: Tensor, _ letters: [Character], other: [Character]) throws -> ([Character], Tensor) {
      let axes = letters.indices.filter { !needed.contains(letters[$0]) && !other.contains(letters[$0]) }
      return axes.isEmpty ? (letters, x) : (letters.filter { needed.contains($0) || other.contains($0) }, try x.sum(axes: axes))
    }
    let (left, x) = try sumUnneeded(a, aLetters, other: bLetters)
    let (right, y) = try sumUnneeded(b, bLetters, other: aLetters)
    let batch = left.filter { right.contains($0) && needed.contains($0) }
    let inner = left.filter { right.contains($0) && !needed.contains($0) }
    let rows = left.filter { !right.contains($0) }, columns = right.filter { !left.contains($0) }
    func size(_ letters: [Character], _ x: Tensor, _ axes: [Character]) -> [Int] { letters.map { x.shape[axes.firstIndex(of: $0)!] } }
    func arranged(_ x: Tensor, _ axes: [Character], _ groups: [[Character]]) throws -> Tensor {
      try x.permute(groups.joined().map { letter in axes.firstIndex(of: letter)! }).reshape(groups.map { size($0, x, axes).reduce(1, *) })
    }
    let product = try arranged(x, left, [batch, rows, inner]).matmul(try arranged(y, right, [batch, inner, columns]))
    return (batch + rows + columns, try product.reshape(size(batch, x, left) + size(rows, x, left) + size(columns, y, right)))
  }
}

/// The two sides of an equation, one letter for each axis.
enum EinsumEquation {
  static func read(_ equation: String, ranks: [Int]) throws -> (inputs: [[Character]], output: [Character]) {
    func fault(_ message: String) -> TensorError { .invalidArgument(operation: "einsum", message: "\(message) in \"\(equation)\"") }
    let text = equation.filter { $0 != " " }
    let sides = text.components(at: "->")
    guard sides.count <= 2, let left = sides.first else { throw fault("more than one arrow") }
    let terms = left.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    guard terms.count == ranks.count, !ranks.isEmpty else { throw fault("\(terms.count) operands are named and \(ranks.count) given") }
    // Axes under "..." get private letters, counted from the last, so that they broadcast.
    func dots(_ count: Int) -> [Character] { (0..<count).reversed().map { Character(UnicodeScalar(UInt32(0xE000 + $0))!) } }
    var widest = 0
    func letters(_ term: String, rank: Int?) throws -> [Character] {
      let parts = term.components(at: "...")
      guard parts.count <= 2 else { throw fault("\"...\" stands twice") }
      let named = parts.flatMap(Array.init)
      if let odd = named.first(where: { !$0.isASCII || !$0.isLetter }) { throw fault("'\(odd)' is no index") }
      var free = 0
      if let rank {
        free = rank - named.count
        guard free == 0 || (parts.count == 2 && free > 0) else { throw fault("\"\(term)\" does not name the \(rank) axes of its operand") }
        widest = max(widest, free)
      } else if parts.count == 2 { free = widest }
      return parts.count == 2 ? Array(parts[0]) + dots(free) + Array(parts[1]) : Array(parts[0])
    }
    let inputs = try zip(terms, ranks).map { try letters($0, rank: $1) }
    if sides.count == 2 {
      let output = try letters(sides[1], rank: nil)
      guard Set(output).count == output.count else { throw fault("an index stands twice in the result") }
      return (inputs, output)
    }
    let all = inputs.joined()
    let once = Set(all.filter { letter in letter.isASCII && all.filter { $0 == letter }.count == 1 })
    return (inputs, dots(widest) + once.sorted())
  }
}

extension String {
  /// The text between occurrences of a mark.
  fileprivate func components(at mark: String) -> [String] {
    var parts = [""]
    var rest = self[...]
    while !rest.isEmpty {
      if rest.hasPrefix(mark) {
        parts.append("")
        rest = rest.dropFirst(mark.count)
      } else {
        parts[parts.count - 1].append(rest.removeFirst())
      }
    }
    return parts
  }
}
