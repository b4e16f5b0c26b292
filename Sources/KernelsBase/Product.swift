import KernelInterface

// The register tile of a matrix product, written out so that every partial sum has a register of its own:
// 12x2 vectors of 16 with AVX-512, 6x2 of 8 with AVX2, 4x2 of 4 otherwise. Both sides are packed, so that every load has a constant
// offset: with AVX2 that, and four steps of the inner axis at once, gave 87 instead of 70 GFLOP/s on one core.
#if KERNELS_V4
  let tileRows = 12

  private func tile(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ depth: Int, _ c: UnsafeMutablePointer<Float>, _ stride: Int,
                    _ accumulate: Bool) {
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
    if accumulate {
      c0a = load(c + 0 &* stride + 0 &* width); c0b = load(c + 0 &* stride + 1 &* width)
      c1a = load(c + 1 &* stride + 0 &* width); c1b = load(c + 1 &* stride + 1 &* width)
      c2a = load(c + 2 &* stride + 0 &* width); c2b = load(c + 2 &* stride + 1 &* width)
      c3a = load(c + 3 &* stride + 0 &* width); c3b = load(c + 3 &* stride + 1 &* width)
      c4a = load(c + 4 &* stride + 0 &* width); c4b = load(c + 4 &* stride + 1 &* width)
      c5a = load(c + 5 &* stride + 0 &* width); c5b = load(c + 5 &* stride + 1 &* width)
      c6a = load(c + 6 &* stride + 0 &* width); c6b = load(c + 6 &* stride + 1 &* width)
      c7a = load(c + 7 &* stride + 0 &* width); c7b = load(c + 7 &* stride + 1 &* width)
      c8a = load(c + 8 &* stride + 0 &* width); c8b = load(c + 8 &* stride + 1 &* width)
      c9a = load(c + 9 &* stride + 0 &* width); c9b = load(c + 9 &* stride + 1 &* width)
      c10a = load(c + 10 &* stride + 0 &* width); c10b = load(c + 10 &* stride + 1 &* width)
      c11a = load(c + 11 &* stride + 0 &* width); c11b = load(c + 11 &* stride + 1 &* width)
    }
    var p = a, q = b
    for _ in 0..<depth {
      let x = load(q + 0 &* width), y = load(q + 1 &* width)
      let a0 = constant(p[0]); c0a = fma(a0, x, c0a); c0b = fma(a0, y, c0b)
      let a1 = constant(p[1]); c1a = fma(a1, x, c1a); c1b = fma(a1, y, c1b)
      let a2 = constant(p[2]); c2a = fma(a2, x, c2a); c2b = fma(a2, y, c2b)
      let a3 = constant(p[3]); c3a = fma(a3, x, c3a); c3b = fma(a3, y, c3b)
      let a4 = constant(p[4]); c4a = fma(a4, x, c4a); c4b = fma(a4, y, c4b)
      let a5 = constant(p[5]); c5a = fma(a5, x, c5a); c5b = fma(a5, y, c5b)
      let a6 = constant(p[6]); c6a = fma(a6, x, c6a); c6b = fma(a6, y, c6b)
      let a7 = constant(p[7]); c7a = fma(a7, x, c7a); c7b = fma(a7, y, c7b)
      let a8 = constant(p[8]); c8a = fma(a8, x, c8a); c8b = fma(a8, y, c8b)
      let a9 = constant(p[9]); c9a = fma(a9, x, c9a); c9b = fma(a9, y, c9b)
      let a10 = constant(p[10]); c10a = fma(a10, x, c10a); c10b = fma(a10, y, c10b)
      let a11 = constant(p[11]); c11a = fma(a11, x, c11a); c11b = fma(a11, y, c11b)
      p += 12; q += 2 &* width
    }
    store(c0a, c + 0 &* stride + 0 &* width); store(c0b, c + 0 &* stride + 1 &* width)
    store(c1a, c + 1 &* stride + 0 &* width); store(c1b, c + 1 &* stride + 1 &* width)
    store(c2a, c + 2 &* stride + 0 &* width); store(c2b, c + 2 &* stride + 1 &* width)
    store(c3a, c + 3 &* stride + 0 &* width); store(c3b, c + 3 &* stride + 1 &* width)
    store(c4a, c + 4 &* stride + 0 &* width); store(c4b, c + 4 &* stride + 1 &* width)
    store(c5a, c + 5 &* stride + 0 &* width); store(c5b, c + 5 &* stride + 1 &* width)
    store(c6a, c + 6 &* stride + 0 &* width); store(c6b, c + 6 &* stride + 1 &* width)
    store(c7a, c + 7 &* stride + 0 &* width); store(c7b, c + 7 &* stride + 1 &* width)
    store(c8a, c + 8 &* stride + 0 &* width); store(c8b, c + 8 &* stride + 1 &* width)
    store(c9a, c + 9 &* stride + 0 &* width); store(c9b, c + 9 &* stride + 1 &* width)
    store(c10a, c + 10 &* stride + 0 &* width); store(c10b, c + 10 &* stride + 1 &* width)
    store(c11a, c + 11 &* stride + 0 &* width); store(c11b, c + 11 &* stride + 1 &* width)
  }
#elseif KERNELS_V3
  let tileRows = 6

  private func tile(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ depth: Int, _ c: UnsafeMutablePointer<Float>, _ stride: Int,
                    _ accumulate: Bool) {
    var c0a = V.zero, c0b = V.zero
    var c1a = V.zero, c1b = V.zero
    var c2a = V.zero, c2b = V.zero
    var c3a = V.zero, c3b = V.zero
    var c4a = V.zero, c4b = V.zero
    var c5a = V.zero, c5b = V.zero
    if accumulate {
      c0a = load(c + 0 &* stride + 0 &* width); c0b = load(c + 0 &* stride + 1 &* width)
      c1a = load(c + 1 &* stride + 0 &* width); c1b = load(c + 1 &* stride + 1 &* width)
      c2a = load(c + 2 &* stride + 0 &* width); c2b = load(c + 2 &* stride + 1 &* width)
      c3a = load(c + 3 &* stride + 0 &* width); c3b = load(c + 3 &* stride + 1 &* width)
      c4a = load(c + 4 &* stride + 0 &* width); c4b = load(c + 4 &* stride + 1 &* width)
      c5a = load(c + 5 &* stride + 0 &* width); c5b = load(c + 5 &* stride + 1 &* width)
    }
    var p = a, q = b
    var k = 0
    while k &+ 4 <= depth {
      let x0 = load(q + 0 &* width), y0 = load(q + 1 &* width)
      let a0_0 = constant(p[0]); c0a = fma(a0_0, x0, c0a); c0b = fma(a0_0, y0, c0b)
      let a1_0 = constant(p[1]); c1a = fma(a1_0, x0, c1a); c1b = fma(a1_0, y0, c1b)
      let a2_0 = constant(p[2]); c2a = fma(a2_0, x0, c2a); c2b = fma(a2_0, y0, c2b)
      let a3_0 = constant(p[3]); c3a = fma(a3_0, x0, c3a); c3b = fma(a3_0, y0, c3b)
      let a4_0 = constant(p[4]); c4a = fma(a4_0, x0, c4a); c4b = fma(a4_0, y0, c4b)
      let a5_0 = constant(p[5]); c5a = fma(a5_0, x0, c5a); c5b = fma(a5_0, y0, c5b)
      let x1 = load(q + 2 &* width), y1 = load(q + 3 &* width)
      let a0_1 = constant(p[6]); c0a = fma(a0_1, x1, c0a); c0b = fma(a0_1, y1, c0b)
      let a1_1 = constant(p[7]); c1a = fma(a1_1, x1, c1a); c1b = fma(a1_1, y1, c1b)
      let a2_1 = constant(p[8]); c2a = fma(a2_1, x1, c2a); c2b = fma(a2_1, y1, c2b)
      let a3_1 = constant(p[9]); c3a = fma(a3_1, x1, c3a); c3b = fma(a3_1, y1, c3b)
      let a4_1 = constant(p[10]); c4a = fma(a4_1, x1, c4a); c4b = fma(a4_1, y1, c4b)
      let a5_1 = constant(p[11]); c5a = fma(a5_1, x1, c5a); c5b = fma(a5_1, y1, c5b)
      let x2 = load(q + 4 &* width), y2 = load(q + 5 &* width)
      let a0_2 = constant(p[12]); c0a = fma(a0_2, x2, c0a); c0b = fma(a0_2, y2, c0b)
      let a1_2 = constant(p[13]); c1a = fma(a1_2, x2, c1a); c1b = fma(a1_2, y2, c1b)
      let a2_2 = constant(p[14]); c2a = fma(a2_2, x2, c2a); c2b = fma(a2_2, y2, c2b)
      let a3_2 = constant(p[15]); c3a = fma(a3_2, x2, c3a); c3b = fma(a3_2, y2, c3b)
      let a4_2 = constant(p[16]); c4a = fma(a4_2, x2, c4a); c4b = fma(a4_2, y2, c4b)
      let a5_2 = constant(p[17]); c5a = fma(a5_2, x2, c5a); c5b = fma(a5_2, y2, c5b)
      let x3 = load(q + 6 &* width), y3 = load(q + 7 &* width)
      let a0_3 = constant(p[18]); c0a = fma(a0_3, x3, c0a); c0b = fma(a0_3, y3, c0b)
      let a1_3 = constant(p[19]); c1a = fma(a1_3, x3, c1a); c1b = fma(a1_3, y3, c1b)
      let a2_3 = constant(p[20]); c2a = fma(a2_3, x3, c2a); c2b = fma(a2_3, y3, c2b)
      let a3_3 = constant(p[21]); c3a = fma(a3_3, x3, c3a); c3b = fma(a3_3, y3, c3b)
      let a4_3 = constant(p[22]); c4a = fma(a4_3, x3, c4a); c4b = fma(a4_3, y3, c4b)
      let a5_3 = constant(p[23]); c5a = fma(a5_3, x3, c5a); c5b = fma(a5_3, y3, c5b)
      p += 24; q += 8 &* width; k &+= 4
    }
    while k < depth {
      let x = load(q + 0 &* width), y = load(q + 1 &* width)
      let a0 = constant(p[0]); c0a = fma(a0, x, c0a); c0b = fma(a0, y, c0b)
      let a1 = constant(p[1]); c1a = fma(a1, x, c1a); c1b = fma(a1, y, c1b)
      let a2 = constant(p[2]); c2a = fma(a2, x, c2a); c2b = fma(a2, y, c2b)
      let a3 = constant(p[3]); c3a = fma(a3, x, c3a); c3b = fma(a3, y, c3b)
      let a4 = constant(p[4]); c4a = fma(a4, x, c4a); c4b = fma(a4, y, c4b)
      let a5 = constant(p[5]); c5a = fma(a5, x, c5a); c5b = fma(a5, y, c5b)
      p += 6; q += 2 &* width; k &+= 1
    }
    store(c0a, c + 0 &* stride + 0 &* width); store(c0b, c + 0 &* stride + 1 &* width)
    store(c1a, c + 1 &* stride + 0 &* width); store(c1b, c + 1 &* stride + 1 &* width)
    store(c2a, c + 2 &* stride + 0 &* width); store(c2b, c + 2 &* stride + 1 &* width)
    store(c3a, c + 3 &* stride + 0 &* width); store(c3b, c + 3 &* stride + 1 &* width)
    store(c4a, c + 4 &* stride + 0 &* width); store(c4b, c + 4 &* stride + 1 &* width)
    store(c5a, c + 5 &* stride + 0 &* width); store(c5b, c + 5 &* stride + 1 &* width)
  }
#else
  let tileRows = 4

  private func tile(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ depth: Int, _ c: UnsafeMutablePointer<Float>, _ stride: Int,
                    _ accumulate: Bool) {
    var c0a = V.zero, c0b = V.zero
    var c1a = V.zero, c1b = V.zero
    var c2a = V.zero, c2b = V.zero
    var c3a = V.zero, c3b = V.zero
    if accumulate {
      c0a = load(c + 0 &* stride + 0 &* width); c0b = load(c + 0 &* stride + 1 &* width)
      c1a = load(c + 1 &* stride + 0 &* width); c1b = load(c + 1 &* stride + 1 &* width)
      c2a = load(c + 2 &* stride + 0 &* width); c2b = load(c + 2 &* stride + 1 &* width)
      c3a = load(c + 3 &* stride + 0 &* width); c3b = load(c + 3 &* stride + 1 &* width)
    }
    var p = a, q = b
    for _ in 0..<depth {
      let x = load(q + 0 &* width), y = load(q + 1 &* width)
      let a0 = constant(p[0]); c0a = fma(a0, x, c0a); c0b = fma(a0, y, c0b)
      let a1 = constant(p[1]); c1a = fma(a1, x, c1a); c1b = fma(a1, y, c1b)
      let a2 = constant(p[2]); c2a = fma(a2, x, c2a); c2b = fma(a2, y, c2b)
      let a3 = constant(p[3]); c3a = fma(a3, x, c3a); c3b = fma(a3, y, c3b)
      p += 4; q += 2 &* width
    }
    store(c0a, c + 0 &* stride + 0 &* width); store(c0b, c + 0 &* stride + 1 &* width)
    store(c1a, c + 1 &* stride + 0 &* width); store(c1b, c + 1 &* stride + 1 &* width)
    store(c2a, c + 2 &* stride + 0 &* width); store(c2b, c + 2 &* stride + 1 &* width)
    store(c3a, c + 3 &* stride + 0 &* width); store(c3b, c + 3 &* stride + 1 &* width)
  }
#endif

/// Blocks of 4 x 4 by eight shuffles, the rest one by one.
private func transpose(_ source: Input, _ sourceStride: Int, _ target: Output, _ targetStride: Int, _ rows: Int, _ columns: Int) {
  @inline(__always) func row(_ p: Input) -> SIMD4<Float> { UnsafeRawPointer(p).loadUnaligned(as: SIMD4<Float>.self) }
  @inline(__always) func put(_ v: SIMD4<Float>, _ p: Output) { UnsafeMutableRawPointer(p).storeBytes(of: v, as: SIMD4<Float>.self) }
  @inline(__always) func putPair(_ v: SIMD2<Float>, _ p: Output) { UnsafeMutableRawPointer(p).storeBytes(of: v, as: SIMD2<Float>.self) }
  var r = 0
  while r &+ 4 <= rows {
    let s0 = source + r &* sourceStride, s1 = s0 + sourceStride, s2 = s1 + sourceStride, s3 = s2 + sourceStride
    var c = 0
    while c &+ 4 <= columns {
      let first = SIMD8(lowHalf: row(s0 + c), highHalf: row(s1 + c)), second = SIMD8(lowHalf: row(s2 + c), highHalf: row(s3 + c))
      let even = SIMD8(lowHalf: first.evenHalf, highHalf: second.evenHalf), odd = SIMD8(lowHalf: first.oddHalf, highHalf: second.oddHalf)
      let to = target + (c &* targetStride &+ r)
      put(even.evenHalf, to)
      put(odd.evenHalf, to + targetStride)
      put(even.oddHalf, to + 2 &* targetStride)
      put(odd.oddHalf, to + 3 &* targetStride)
      c &+= 4
    }
    while c < columns {
      let to = target + (c &* targetStride &+ r)
      to[0] = s0[c]
      to[1] = s1[c]
      to[2] = s2[c]
      to[3] = s3[c]
      c &+= 1
    }
    r &+= 4
  }
  while r &+ 2 <= rows {
    let s0 = source + r &* sourceStride, s1 = s0 + sourceStride
    var c = 0
    while c &+ 4 <= columns {
      var pairs = SIMD8<Float>()
      pairs.evenHalf = row(s0 + c)
      pairs.oddHalf = row(s1 + c)
      let to = target + (c &* targetStride &+ r)
      putPair(pairs.lowHalf.lowHalf, to)
      putPair(pairs.lowHalf.highHalf, to + targetStride)
      putPair(pairs.highHalf.lowHalf, to + 2 &* targetStride)
      putPair(pairs.highHalf.highHalf, to + 3 &* targetStride)
      c &+= 4
    }
    while c < columns {
      let to = target + (c &* targetStride &+ r)
      to[0] = s0[c]
      to[1] = s1[c]
      c &+= 1
    }
    r &+= 2
  }
  while r < rows {
    let from = source + r &* sourceStride
    for c in 0..<columns { target[c &* targetStride &+ r] = from[c] }
    r &+= 1
  }
}

/// Copies tileRows neighbouring numbers for each step of the inner axis: source, distance between steps, target, depth.
private func packRows(_ source: Input, _ step: Int, _ target: Output, _ depth: Int) {
  for k in 0..<depth {
    let from = source + k &* step, to = target + k &* tileRows
    #if KERNELS_V4
      store(UnsafeRawPointer(from).loadUnaligned(as: SIMD8<Float>.self), to)
      store(UnsafeRawPointer(from + 8).loadUnaligned(as: SIMD4<Float>.self), to + 8)
    #elseif KERNELS_V3
      store(UnsafeRawPointer(from).loadUnaligned(as: SIMD4<Float>.self), to)
      store(UnsafeRawPointer(from + 4).loadUnaligned(as: SIMD2<Float>.self), to + 4)
    #else
      store(UnsafeRawPointer(from).loadUnaligned(as: SIMD4<Float>.self), to)
    #endif
  }
}

/// Copies two registers for each step of the inner axis.
private func packColumns(_ source: Input, _ step: Int, _ target: Output, _ depth: Int) {
  for k in 0..<depth {
    let from = source + k &* step, to = target + k &* (2 &* width)
    let a = load(from), b = load(from + width)
    store(a, to)
    store(b, to + width)
  }
}

@_transparent private func store<Vector>(_ v: Vector, _ p: Output) { UnsafeMutableRawPointer(p).storeBytes(of: v, as: Vector.self) }

/// Twelve independent chains of multiply-adds: enough to keep every unit of current processors busy, and few enough to stay in
/// sixteen registers with the two constants.
private func spin(_ rounds: Int) -> Float {
  let factor = constant(0.999_9), step = constant(1e-4)
  var c0 = constant(0), c1 = constant(1), c2 = constant(2), c3 = constant(3), c4 = constant(4), c5 = constant(5)
  var c6 = constant(6), c7 = constant(7), c8 = constant(8), c9 = constant(9), c10 = constant(10), c11 = constant(11)
  for _ in 0..<rounds {
    c0 = fma(c0, factor, step); c1 = fma(c1, factor, step); c2 = fma(c2, factor, step); c3 = fma(c3, factor, step)
    c4 = fma(c4, factor, step); c5 = fma(c5, factor, step); c6 = fma(c6, factor, step); c7 = fma(c7, factor, step)
    c8 = fma(c8, factor, step); c9 = fma(c9, factor, step); c10 = fma(c10, factor, step); c11 = fma(c11, factor, step)
  }
  return horizontalSum(c0 + c1 + c2 + c3 + c4 + c5 + (c6 + c7 + c8 + c9 + c10 + c11))
}

/// The product kernel of this instruction set.
public let product = ProductKernel(rows: tileRows, columns: 2 * width, tile: tile, transpose: transpose, packRows: packRows, packColumns: packColumns, widen: widen, spin: spin, spinOperations: 12 * width * 2)
