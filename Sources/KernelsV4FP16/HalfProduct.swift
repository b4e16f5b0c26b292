import CKernelIntrinsics
import KernelInterface

// The register tile of a product of halves: 12 rows of 64 columns, sums of which stay in halves for a short run of the inner axis and are then added to
// single-precision ones. A multiply-add handles 32 halves in the time of 16 single-precision numbers.

private let tileRows = 12, tileColumns = 64

/// Products that are summed in halves. Longer runs lose digits, shorter ones time: of the rate without interruptions 32, 64 and 128 leave 82, 92 and 97 %.
private let run = 64

/// Writes what the registers held, or adds it to what `wide` has.
@inline(never)
private func widen(_ sums: UnsafePointer<UInt16>, _ wide: Output, _ accumulate: Bool) {
  if accumulate {
    for i in 0..<(tileRows &* 4) { store(loam_widen(sums + i &* width) + load(wide + i &* width), wide + i &* width) }
  } else {
    for i in 0..<(tileRows &* 4) { store(loam_widen(sums + i &* width), wide + i &* width) }
  }
}

/// The tile's result: what the registers held, what `wide` has if there is any, and what `out` has if it is added to; times the scales if there are any.
@inline(__always)
private func finish(_ sums: UnsafePointer<UInt16>, _ wide: Input?, _ out: Output, _ stride: Int, _ accumulate: Bool, _ scales: (rows: Input, columns: Input)?) {
  for row in 0..<tileRows {
    let to = out + row &* stride
    for j in 0..<4 {
      let place = row &* tileColumns &+ j &* width
      var v = loam_widen(sums + place)
      if let wide { v += load(wide + place) }
      if accumulate { v += load(to + j &* width) }
      if let scales {
        // The smaller factor first: then nothing overflows on its way to a number that does not.
        let a = constant(scales.rows[row]), b = load(scales.columns + j &* width)
        v = v * smaller(a, b) * larger(a, b)
      }
      store(v, to + j &* width)
    }
  }
}

@inline(never) private func finishPart(_ sums: UnsafePointer<UInt16>, _ wide: Input?, _ out: Output, _ stride: Int, _ accumulate: Bool) {
  // The cases one by one, so that loops have no branches.
  if let wide {
    if accumulate { finish(sums, wide, out, stride, true, nil) } else { finish(sums, wide, out, stride, false, nil) }
  } else {
    if accumulate { finish(sums, nil, out, stride, true, nil) } else { finish(sums, nil, out, stride, false, nil) }
  }
}

@inline(never) private func finishScaled(_ sums: UnsafePointer<UInt16>, _ wide: Input?, _ out: Output, _ stride: Int, _ accumulate: Bool, _ rows: Input, _ columns: Input) {
  if let wide {
    if accumulate { finish(sums, wide, out, stride, true, (rows, columns)) } else { finish(sums, wide, out, stride, false, (rows, columns)) }
  } else {
    if accumulate { finish(sums, nil, out, stride, true, (rows, columns)) } else { finish(sums, nil, out, stride, false, (rows, columns)) }
  }
}

private func tile(_ a: UnsafePointer<UInt16>, _ b: UnsafePointer<UInt16>, _ depth: Int, _ out: Output, _ stride: Int, _ accumulate: Bool,
                  _ rowScales: Input?, _ columnScales: Input?, _ scratch: UnsafeMutablePointer<UInt16>) {
  // Sums of several runs meet in scratch, which stays in the cache where rows of `out`, far apart, would push each other out.
  let sums = scratch, wide = UnsafeMutableRawPointer(scratch + tileRows &* tileColumns).assumingMemoryBound(to: Float.self)
  var p = a, q = b, left = depth
  for row in 0..<tileRows { for j in 0..<4 { loam_prefetch(out + (row &* stride &+ j &* width)) } }
  while left > 0 {
    let length = left < run ? left : run
    var c0a = V.zero, c0b = V.zero
    var c1a = V.zero, c1b = V.zero
    var c2a = V.zero, c2b = V.zero
    var c3a = V.zero, c3b = V.zero
    var c4a = V.zero, c4b = V.zero
    var c5a = V.zero, c5b = V.zero
    var c6a = V.zero, c6b = V.zero
    var c7a = V.zero, c7b = V.zero
    var c8a = V.zero, c8b = V.zero
    var c9a = V.zero, c9b = V.zero
    var c10a = V.zero, c10b = V.zero
    var c11a = V.zero, c11b = V.zero
    for _ in 0..<length {
      let x = loam_half_load(q), y = loam_half_load(q + 32)
      c0a = loam_half_add_product(c0a, x, p + 0); c0b = loam_half_add_product(c0b, y, p + 0)
      c1a = loam_half_add_product(c1a, x, p + 1); c1b = loam_half_add_product(c1b, y, p + 1)
      c2a = loam_half_add_product(c2a, x, p + 2); c2b = loam_half_add_product(c2b, y, p + 2)
      c3a = loam_half_add_product(c3a, x, p + 3); c3b = loam_half_add_product(c3b, y, p + 3)
      c4a = loam_half_add_product(c4a, x, p + 4); c4b = loam_half_add_product(c4b, y, p + 4)
      c5a = loam_half_add_product(c5a, x, p + 5); c5b = loam_half_add_product(c5b, y, p + 5)
      c6a = loam_half_add_product(c6a, x, p + 6); c6b = loam_half_add_product(c6b, y, p + 6)
      c7a = loam_half_add_product(c7a, x, p + 7); c7b = loam_half_add_product(c7b, y, p + 7)
      c8a = loam_half_add_product(c8a, x, p + 8); c8b = loam_half_add_product(c8b, y, p + 8)
      c9a = loam_half_add_product(c9a, x, p + 9); c9b = loam_half_add_product(c9b, y, p + 9)
      c10a = loam_half_add_product(c10a, x, p + 10); c10b = loam_half_add_product(c10b, y, p + 10)
      c11a = loam_half_add_product(c11a, x, p + 11); c11b = loam_half_add_product(c11b, y, p + 11)
      p += tileRows; q += tileColumns
    }
    loam_half_store(c0a, sums + 0 &* tileColumns); loam_half_store(c0b, sums + (0 &* tileColumns &+ 32))
    loam_half_store(c1a, sums + 1 &* tileColumns); loam_half_store(c1b, sums + (1 &* tileColumns &+ 32))
    loam_half_store(c2a, sums + 2 &* tileColumns); loam_half_store(c2b, sums + (2 &* tileColumns &+ 32))
    loam_half_store(c3a, sums + 3 &* tileColumns); loam_half_store(c3b, sums + (3 &* tileColumns &+ 32))
    loam_half_store(c4a, sums + 4 &* tileColumns); loam_half_store(c4b, sums + (4 &* tileColumns &+ 32))
    loam_half_store(c5a, sums + 5 &* tileColumns); loam_half_store(c5b, sums + (5 &* tileColumns &+ 32))
    loam_half_store(c6a, sums + 6 &* tileColumns); loam_half_store(c6b, sums + (6 &* tileColumns &+ 32))
    loam_half_store(c7a, sums + 7 &* tileColumns); loam_half_store(c7b, sums + (7 &* tileColumns &+ 32))
    loam_half_store(c8a, sums + 8 &* tileColumns); loam_half_store(c8b, sums + (8 &* tileColumns &+ 32))
    loam_half_store(c9a, sums + 9 &* tileColumns); loam_half_store(c9b, sums + (9 &* tileColumns &+ 32))
    loam_half_store(c10a, sums + 10 &* tileColumns); loam_half_store(c10b, sums + (10 &* tileColumns &+ 32))
    loam_half_store(c11a, sums + 11 &* tileColumns); loam_half_store(c11b, sums + (11 &* tileColumns &+ 32))
    left &-= length
    if left > 0 {
      widen(sums, wide, left &+ length < depth)
    } else if let rowScales, let columnScales {
      finishScaled(sums, length < depth ? UnsafePointer(wide) : nil, out, stride, accumulate, rowScales, columnScales)
    } else {
      finishPart(sums, length < depth ? UnsafePointer(wide) : nil, out, stride, accumulate)
    }
  }
}

// MARK: - Packing

@_transparent private func finite(_ v: V) -> V {
  let size = magnitude(v)
  return size.replacing(with: V.zero, where: .!(size .<= constant(Float.greatestFiniteMagnitude)))
}

private func largest(_ x: Input, _ count: Int) -> Float {
  var a = V.zero, b = V.zero
  var i = 0
  while i &+ 2 &* width <= count {
    a = larger(a, finite(load(x + i)))
    b = larger(b, finite(load(x + (i &+ width))))
    i &+= 2 &* width
  }
  while i < count {
    let n = count &- i < width ? count &- i : width
    a = larger(a, finite(load(x + i, count: n, fill: 0)))
    i &+= n
  }
  return loam_largest_lane(larger(a, b))
}

private func largestOfColumns(_ x: Input, _ count: Int, _ maxima: Output) {
  var i = 0
  while i < count {
    let n = count &- i < width ? count &- i : width
    store(larger(load(maxima + i, count: n, fill: 0), finite(load(x + i, count: n, fill: 0))), maxima + i, count: n)
    i &+= n
  }
}

private func narrow(_ x: Input, _ scales: Input, _ target: UnsafeMutablePointer<UInt16>, _ count: Int, _ total: Int) {
  var i = 0
  while i &+ width <= count {
    loam_half_narrow(load(x + i) * load(scales + i), target + i, 16)
    i &+= width
  }
  while i < total {
    let n = total &- i < width ? total &- i : width
    let there = count &- i < 0 ? 0 : count &- i < n ? count &- i : n
    let v = there == 0 ? V.zero : load(x + i, count: there, fill: 0) * load(scales + i, count: there, fill: 0)
    loam_half_narrow(v, target + i, Int32(truncatingIfNeeded: n))
    i &+= n
  }
}

/// Eight staged lines (or four) of 32 halves as `n` groups of `total`.
@inline(__always)
private func turn(_ staged: UnsafeMutablePointer<UInt16>, _ to: UnsafeMutablePointer<UInt16>, _ total: Int, _ rows: Int, _ n: Int) {
  if n == 32, rows == 8 {
    loam_half_transpose(staged, to, total, 8, 32)
  } else if n == 32 {
    loam_half_transpose(staged, to, total, 4, 32)
  } else {
    for j in 0..<n { for r in 0..<rows { to[j &* total &+ r] = staged[r &* 32 &+ j] } }
  }
}

private func narrowTransposed(_ x: Input, _ stride: Int, _ lines: Int, _ depth: Int, _ scales: Input, _ target: UnsafeMutablePointer<UInt16>, _ total: Int,
                              _ staged: UnsafeMutablePointer<UInt16>) {
  var first = 0
  while first < total {
    let rows = total &- first < 8 ? 4 : 8
    var k = 0
    while k < depth {
      let n = depth &- k < 32 ? depth &- k : 32
      for r in 0..<rows {
        let to = staged + r &* 32
        if first &+ r < lines {
          let from = x + ((first &+ r) &* stride &+ k), scale = constant(scales[first &+ r])
          if n == 32 {
            loam_half_narrow(load(from) * scale, to, 16)
            loam_half_narrow(load(from + 16) * scale, to + 16, 16)
          } else {
            loam_half_narrow(load(from, count: n < 16 ? n : 16, fill: 0) * scale, to, 16)
            if n > 16 { loam_half_narrow(load(from + 16, count: n &- 16, fill: 0) * scale, to + 16, 16) }
          }
        } else {
          loam_half_store(V.zero, to)
        }
      }
      turn(staged, target + (k &* total &+ first), total, rows, n)
      k &+= n
    }
    first &+= rows
  }
}

private func largestOfHalves(_ x: UnsafePointer<UInt16>, _ count: Int) -> Float {
  var a = V.zero, b = V.zero
  var i = 0
  while i &+ 64 <= count {
    a = loam_half_larger(a, x + i, 32)
    b = loam_half_larger(b, x + (i &+ 32), 32)
    i &+= 64
  }
  while i < count {
    let n = count &- i < 32 ? count &- i : 32
    a = loam_half_larger(a, x + i, Int32(truncatingIfNeeded: n))
    i &+= n
  }
  let (first, second) = (loam_half_largest(a), loam_half_largest(b)), bits = first > second ? first : second
  // Powers of two of subnormal halves come out right too: the product is exact.
  return Float(bitPattern: UInt32(bits) << 13) * 0x1p112
}

private func scaleTransposed(_ x: UnsafePointer<UInt16>, _ stride: Int, _ lines: Int, _ depth: Int, _ scales: Input, _ target: UnsafeMutablePointer<UInt16>, _ total: Int,
                             _ staged: UnsafeMutablePointer<UInt16>) {
  var first = 0
  while first < total {
    let rows = total &- first < 8 ? 4 : 8
    var k = 0
    while k < depth {
      let n = depth &- k < 32 ? depth &- k : 32
      for r in 0..<rows {
        if first &+ r < lines {
          // A power of two as a half has the same exponent, counted from 15 instead of 127.
          let factor = UInt16(truncatingIfNeeded: (scales[first &+ r].bitPattern >> 23) &- 112) << 10
          loam_half_store(loam_half_scaled(x + ((first &+ r) &* stride &+ k), Int32(truncatingIfNeeded: n), factor), staged + r &* 32)
        } else {
          loam_half_store(V.zero, staged + r &* 32)
        }
      }
      turn(staged, target + (k &* total &+ first), total, rows, n)
      k &+= n
    }
    first &+= rows
  }
}

// MARK: - Attention

/// 2^x with a relative error of 2.6e-6, a hundredth of what rounding to halves costs.
@_transparent private func powerOfTwo(_ x: V) -> V {
  let n = loam_nearest_whole(x), f = x - n
  var p = constant(0.009_570_1)
  p = fma(p, f, constant(0.055_917_86))
  p = fma(p, f, constant(0.240_247_45))
  p = fma(p, f, constant(0.693_121_81))
  p = fma(p, f, constant(0.999_999_26))
  return loam_times_power_of_two(p, n)
}

private func columnWeights(_ x: Input, _ rows: Int, _ scale: Float, _ target: UnsafeMutablePointer<UInt16>, _ inverses: Output) {
  let factor = constant(scale * 1.442_695_04)
  for j in 0..<2 {
    let first = x + 32 &* j, to = target + 32 &* j
    var top = constant(-.infinity), otherTop = top
    for row in 0..<rows {
      top = larger(top, load(first + row &* tileColumns))
      otherTop = larger(otherTop, load(first + (row &* tileColumns &+ width)))
    }
    // The largest weight is 2^4, as large as the other factors of a product.
    let peak = constant(4) - top * factor, otherPeak = constant(4) - otherTop * factor
    var total = V.zero, otherTotal = V.zero
    var row = 0
    while row < rows {
      // Short sums first, so that rounding does not grow with the number of rows.
      let end = rows &- row < 64 ? rows : row &+ 64
      var part = V.zero, otherPart = V.zero
      while row < end {
        let p = first + row &* tileColumns, q = to + row &* tileColumns
        let e = powerOfTwo(fma(load(p), factor, peak)), f = powerOfTwo(fma(load(p + width), factor, otherPeak))
        loam_half_narrow(e, q, 16)
        loam_half_narrow(f, q + width, 16)
        part += e
        otherPart += f
        row &+= 1
      }
      total += part
      otherTotal += otherPart
    }
    store(constant(1) / total, inverses + 32 &* j)
    store(constant(1) / otherTotal, inverses + (32 &* j &+ width))
  }
}

/// Products of halves on this instruction set.
public let halfProduct = HalfProductKernel(
  rows: tileRows, columns: tileColumns, run: run, tile: tile, largest: largest, largestOfColumns: largestOfColumns, narrow: narrow,
  narrowTransposed: narrowTransposed, largestOfHalves: largestOfHalves, scaleTransposed: scaleTransposed, columnWeights: columnWeights, winogradTiles: winogradTiles)
