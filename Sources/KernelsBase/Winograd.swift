import KernelInterface

// Winograd's transforms on vectors of neighbouring tiles; see KernelInterface/Winograd.swift for what they compute. Rows with fewer
// than four tiles take the plain loops there.

/// Neighbouring tiles of a row. Operations are named, since operators of generic vectors would work lane by lane.
private protocol TileVector {
  static var lanes: Int { get }
  static func load(_ p: Input) -> Self
  static func put(_ v: Self, _ p: Output)
  static func plus(_ a: Self, _ b: Self) -> Self
  static func minus(_ a: Self, _ b: Self) -> Self
  static func repeated(_ x: Float) -> Self
  /// 2 x lanes numbers, those at even and those at odd places.
  static func split(_ p: Input) -> (Self, Self)
  /// The reverse of `split`.
  static func join(_ even: Self, _ odd: Self, _ p: Output)
}

extension SIMD4<Float>: TileVector {
  @_transparent static var lanes: Int { 4 }
  @_transparent static func load(_ p: Input) -> Self { UnsafeRawPointer(p).loadUnaligned(as: Self.self) }
  @_transparent static func put(_ v: Self, _ p: Output) { UnsafeMutableRawPointer(p).storeBytes(of: v, as: Self.self) }
  @_transparent static func plus(_ a: Self, _ b: Self) -> Self { a + b }
  @_transparent static func minus(_ a: Self, _ b: Self) -> Self { a - b }
  @_transparent static func repeated(_ x: Float) -> Self { Self(repeating: x) }
  @_transparent static func split(_ p: Input) -> (Self, Self) {
    let v = UnsafeRawPointer(p).loadUnaligned(as: SIMD8<Float>.self)
    return (v.evenHalf, v.oddHalf)
  }
  @_transparent static func join(_ even: Self, _ odd: Self, _ p: Output) {
    var v = SIMD8<Float>()
    v.evenHalf = even
    v.oddHalf = odd
    UnsafeMutableRawPointer(p).storeBytes(of: v, as: SIMD8<Float>.self)
  }
}

extension SIMD8<Float>: TileVector {
  @_transparent static var lanes: Int { 8 }
  @_transparent static func load(_ p: Input) -> Self { UnsafeRawPointer(p).loadUnaligned(as: Self.self) }
  @_transparent static func put(_ v: Self, _ p: Output) { UnsafeMutableRawPointer(p).storeBytes(of: v, as: Self.self) }
  @_transparent static func plus(_ a: Self, _ b: Self) -> Self { a + b }
  @_transparent static func minus(_ a: Self, _ b: Self) -> Self { a - b }
  @_transparent static func repeated(_ x: Float) -> Self { Self(repeating: x) }
  @_transparent static func split(_ p: Input) -> (Self, Self) {
    let v = UnsafeRawPointer(p).loadUnaligned(as: SIMD16<Float>.self)
    return (v.evenHalf, v.oddHalf)
  }
  @_transparent static func join(_ even: Self, _ odd: Self, _ p: Output) {
    var v = SIMD16<Float>()
    v.evenHalf = even
    v.oddHalf = odd
    UnsafeMutableRawPointer(p).storeBytes(of: v, as: SIMD16<Float>.self)
  }
}

@inline(__always) private func input<S: TileVector>(_: S.Type, _ plane: Input, _ height: Int, _ width: Int, _ rows: Range<Int>, _ out: Output,
                                                    _ places: TilePlaces, _ line: Output) {
  let padded = width &+ 2, tileRows = height / 2, tiles = width / 2, component = places.component
  // All rows first: what was just written cannot be read at another alignment at once.
  for row in rows {
    let t = line + 4 &* (row &- rows.lowerBound) &* padded
    for i in 0..<4 {
      let edge = t + i &* padded
      edge[0] = 0
      edge[padded &- 1] = 0
    }
    let r1 = plane + 2 &* row &* width, r2 = r1 + width
    let isFirst = row == 0, isLast = row == tileRows &- 1
    var x = 0
    while x < width {
      let b = S.load(r1 + x), c = S.load(r2 + x)
      let a = isFirst ? S.repeated(0) : S.load(r1 + (x &- width)), d = isLast ? S.repeated(0) : S.load(r2 + (x &+ width))
      let to = t + (x &+ 1)
      S.put(S.minus(a, c), to)
      S.put(S.plus(b, c), to + padded)
      S.put(S.minus(c, b), to + 2 &* padded)
      S.put(S.minus(b, d), to + 3 &* padded)
      x &+= S.lanes
    }
  }
  for row in rows {
    var j = 0
    while j < tiles {
      let o = out + places.offset(row &* tiles &+ j)
      for i in 0..<4 {
        let t = line + ((4 &* (row &- rows.lowerBound) &+ i) &* padded &+ 2 &* j), p = o + 4 &* i &* component
        let (a, b) = S.split(t), (c, d) = S.split(t + 2)
        S.put(S.minus(a, c), p)
        S.put(S.plus(b, c), p + component)
        S.put(S.minus(c, b), p + 2 &* component)
        S.put(S.minus(b, d), p + 3 &* component)
      }
      j &+= S.lanes
    }
  }
}

@inline(__always) private func output<S: TileVector>(_: S.Type, _ products: Input, _ component: Int, _ bias: Float, _ plane: Output,
                                                     _ height: Int, _ width: Int) {
  let tiles = width / 2
  let offset = S.repeated(bias)
  for row in 0..<(height / 2) {
    let top = plane + 2 &* row &* width, bottom = top + width
    var j = 0
    while j < tiles {
      let p = products + (row &* tiles &+ j)
      // Column k of the tile after Aᵀ from the left: upper and lower output row.
      func column(_ k: Int) -> (S, S) {
        let q = p + k &* component
        let m1 = S.load(q + 4 &* component), m2 = S.load(q + 8 &* component)
        return (S.plus(S.plus(S.load(q), m1), m2), S.minus(S.minus(m1, m2), S.load(q + 12 &* component)))
      }
      let (u0, l0) = column(0), (u1, l1) = column(1), (u2, l2) = column(2), (u3, l3) = column(3)
      S.join(S.plus(S.plus(S.plus(u0, u1), u2), offset), S.plus(S.minus(S.minus(u1, u2), u3), offset), top + 2 &* j)
      S.join(S.plus(S.plus(S.plus(l0, l1), l2), offset), S.plus(S.minus(S.minus(l1, l2), l3), offset), bottom + 2 &* j)
      j &+= S.lanes
    }
  }
}

@inline(__always) private func upstream<S: TileVector>(_: S.Type, _ plane: Input, _ height: Int, _ width: Int, _ out: Output, _ places: TilePlaces,
                                                       _ rows: Output, _ rowComponent: Int) {
  let tiles = width / 2
  for row in 0..<(height / 2) {
    let top = plane + 2 &* row &* width, bottom = top + width
    var j = 0
    while j < tiles {
      let tile = row &* tiles &+ j
      let o = out + places.offset(tile), r = rows + tile
      let (a, b) = S.split(top + 2 &* j), (c, d) = S.split(bottom + 2 &* j)
      @inline(__always) func write(_ i: Int, _ left: S, _ right: S) {
        let sum = S.plus(left, right), difference = S.minus(left, right), last = S.minus(S.repeated(0), right)
        let p = o + 4 &* i &* places.component, q = r + 4 &* i &* rowComponent
        S.put(left, p); S.put(sum, p + places.component); S.put(difference, p + 2 &* places.component); S.put(last, p + 3 &* places.component)
        S.put(left, q); S.put(sum, q + rowComponent); S.put(difference, q + 2 &* rowComponent); S.put(last, q + 3 &* rowComponent)
      }
      write(0, a, b)
      write(1, S.plus(a, c), S.plus(b, d))
      write(2, S.minus(a, c), S.minus(b, d))
      write(3, S.minus(S.repeated(0), c), S.minus(S.repeated(0), d))
      j &+= S.lanes
    }
  }
}

@inline(__always) private func inputGradient<S: TileVector>(_: S.Type, _ products: Input, _ component: Int, _ plane: Output, _ height: Int,
                                                            _ width: Int, _ line: Output) {
  // Each tile adds to four columns of pixels. Row i of tile row r keeps its first two columns in one line and its last two in
  // another, both with zeros around, so that overlaps become plain sums of lines.
  let tiles = width / 2, tileRows = height / 2, padded = width &+ 16
  func lines(_ row: Int, _ i: Int) -> (Output, Output) {
    let first = line + ((row &* 4 &+ i) &* 2 &* padded)
    return (first, first + (padded &+ 8))
  }
  for row in 0..<tileRows {
    for i in 0..<4 {
      let (early, late) = lines(row, i)
      early[width] = 0
      late[-1] = 0
    }
    var j = 0
    while j < tiles {
      let p = products + (row &* tiles &+ j)
      @inline(__always) func q(_ i: Int, _ k: Int) -> S {
        let m = p + k &* component
        switch i {
        case 0: return S.load(m)
        case 1: return S.plus(S.minus(S.load(m + 4 &* component), S.load(m + 8 &* component)), S.load(m + 12 &* component))
        case 2: return S.minus(S.plus(S.load(m + 4 &* component), S.load(m + 8 &* component)), S.load(m))
        default: return S.minus(S.repeated(0), S.load(m + 12 &* component))
        }
      }
      @inline(__always) func write(_ i: Int) {
        let q0 = q(i, 0), q1 = q(i, 1), q2 = q(i, 2), q3 = q(i, 3)
        let (early, late) = lines(row, i)
        S.join(q0, S.plus(S.minus(q1, q2), q3), early + 2 &* j)
        S.join(S.minus(S.plus(q1, q2), q0), S.minus(S.repeated(0), q3), late + 2 &* j)
      }
      write(0)
      write(1)
      write(2)
      write(3)
      j &+= S.lanes
    }
  }
  for y in 0..<height {
    // Pixel row y is row (y + 1) of the padded plane: rows 0 and 1 of one tile row, and 2 and 3 of the one before.
    let row = (y &+ 1) / 2, i = (y &+ 1) & 1
    let to = plane + y &* width
    var x = 0
    while x < width {
      var total = S.repeated(0)
      if row > 0 {
        let (early, late) = lines(row &- 1, i &+ 2)
        total = S.plus(S.load(early + (x &+ 1)), S.load(late + (x &- 1)))
      }
      if row < tileRows {
        let (early, late) = lines(row, i)
        total = S.plus(total, S.plus(S.load(early + (x &+ 1)), S.load(late + (x &- 1))))
      }
      S.put(total, to + x)
      x &+= S.lanes
    }
  }
}

/// Filters side by side in one register; a block of a packed left side has a few rows less than that.
private func filters(_ g: Input, _ channels: Int, _ out: Output, _ component: Int) {
  let half = constant(0.5)
  @inline(__always) func put(_ v: V, _ p: Output) {
    #if KERNELS_V4
      UnsafeMutableRawPointer(p).storeBytes(of: v.lowHalf, as: SIMD8<Float>.self)
      UnsafeMutableRawPointer(p + 8).storeBytes(of: v.highHalf.lowHalf, as: SIMD4<Float>.self)
    #elseif KERNELS_V3
      UnsafeMutableRawPointer(p).storeBytes(of: v.lowHalf, as: SIMD4<Float>.self)
      UnsafeMutableRawPointer(p + 4).storeBytes(of: v.highHalf.lowHalf, as: SIMD2<Float>.self)
    #else
      store(v, p)
    #endif
  }
  for c in 0..<channels {
    let w = g + 9 &* c &* tileRows
    @inline(__always) func tap(_ k: Int) -> V { load(w + k &* tileRows) }
    @inline(__always) func column(_ j: Int, _ a: V, _ b: V, _ d: V) {
      let p = out + (j &* component &+ c &* tileRows)
      put(a, p)
      put((a + b + d) * half, p + 4 &* component)
      put((a - b + d) * half, p + 8 &* component)
      put(d, p + 12 &* component)
    }
    let w0 = tap(0), w1 = tap(1), w2 = tap(2), w3 = tap(3), w4 = tap(4), w5 = tap(5), w6 = tap(6), w7 = tap(7), w8 = tap(8)
    column(0, w0, w3, w6)
    column(1, (w0 + w1 + w2) * half, (w3 + w4 + w5) * half, (w6 + w7 + w8) * half)
    column(2, (w0 - w1 + w2) * half, (w3 - w4 + w5) * half, (w6 - w7 + w8) * half)
    column(3, w2, w5, w8)
  }
}

// What the table holds: functions, so that all is compiled here with this target's instructions.
private func chosenInput(_ plane: Input, _ height: Int, _ width: Int, _ rows: Range<Int>, _ out: Output, _ places: TilePlaces, _ line: Output) {
  if width % 16 == 0 {
    input(SIMD8<Float>.self, plane, height, width, rows, out, places, line)
  } else if width % 8 == 0 {
    input(SIMD4<Float>.self, plane, height, width, rows, out, places, line)
  } else {
    winogradInput(plane, height, width, rows, out, places, line)
  }
}

private func chosenOutput(_ products: Input, _ component: Int, _ bias: Float, _ plane: Output, _ height: Int, _ width: Int) {
  if width % 16 == 0 {
    output(SIMD8<Float>.self, products, component, bias, plane, height, width)
  } else if width % 8 == 0 {
    output(SIMD4<Float>.self, products, component, bias, plane, height, width)
  } else {
    winogradOutput(products, component, bias, plane, height, width)
  }
}

private func chosenUpstream(_ plane: Input, _ height: Int, _ width: Int, _ out: Output, _ places: TilePlaces, _ rows: Output, _ rowComponent: Int) {
  if width % 16 == 0 {
    upstream(SIMD8<Float>.self, plane, height, width, out, places, rows, rowComponent)
  } else if width % 8 == 0 {
    upstream(SIMD4<Float>.self, plane, height, width, out, places, rows, rowComponent)
  } else {
    winogradUpstream(plane, height, width, out, places, rows, rowComponent)
  }
}

private func chosenInputGradient(_ products: Input, _ component: Int, _ plane: Output, _ height: Int, _ width: Int, _ line: Output) {
  if width % 16 == 0 {
    inputGradient(SIMD8<Float>.self, products, component, plane, height, width, line)
  } else if width % 8 == 0 {
    inputGradient(SIMD4<Float>.self, products, component, plane, height, width, line)
  } else {
    winogradInputGradient(products, component, plane, height, width, line)
  }
}

/// Winograd's transforms for this instruction set.
public let winograd = WinogradKernels<Float>(
  input: chosenInput, output: chosenOutput, upstream: chosenUpstream, inputGradient: chosenInputGradient, filters: filters)
