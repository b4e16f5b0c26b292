import KernelInterface

// The register tile of a matrix product, written out so that every partial sum has a register of its own:
// 12x2 vectors of 16 with AVX-512, 6x2 of 8 with AVX2, 4x2 of 4 otherwise.
#if KERNELS_V4
  private let tileRows = 12

  private func tile(_ a: UnsafePointer<Float>, _ rowStride: Int, _ innerStride: Int, _ b: UnsafePointer<Float>, _ depth: Int,
                    _ c: UnsafeMutablePointer<Float>, _ stride: Int, _ accumulate: Bool) {
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
    var p0 = a + 0 &* rowStride
    var p3 = a + 3 &* rowStride
    var p6 = a + 6 &* rowStride
    var p9 = a + 9 &* rowStride
    var q = b
    for _ in 0..<depth {
      let ba = load(q + 0 &* width); let bb = load(q + 1 &* width)
      let a0 = constant(p0[0]); c0a = fma(a0, ba, c0a); c0b = fma(a0, bb, c0b)
      let a1 = constant(p0[rowStride]); c1a = fma(a1, ba, c1a); c1b = fma(a1, bb, c1b)
      let a2 = constant(p0[2 &* rowStride]); c2a = fma(a2, ba, c2a); c2b = fma(a2, bb, c2b)
      let a3 = constant(p3[0]); c3a = fma(a3, ba, c3a); c3b = fma(a3, bb, c3b)
      let a4 = constant(p3[rowStride]); c4a = fma(a4, ba, c4a); c4b = fma(a4, bb, c4b)
      let a5 = constant(p3[2 &* rowStride]); c5a = fma(a5, ba, c5a); c5b = fma(a5, bb, c5b)
      let a6 = constant(p6[0]); c6a = fma(a6, ba, c6a); c6b = fma(a6, bb, c6b)
      let a7 = constant(p6[rowStride]); c7a = fma(a7, ba, c7a); c7b = fma(a7, bb, c7b)
      let a8 = constant(p6[2 &* rowStride]); c8a = fma(a8, ba, c8a); c8b = fma(a8, bb, c8b)
      let a9 = constant(p9[0]); c9a = fma(a9, ba, c9a); c9b = fma(a9, bb, c9b)
      let a10 = constant(p9[rowStride]); c10a = fma(a10, ba, c10a); c10b = fma(a10, bb, c10b)
      let a11 = constant(p9[2 &* rowStride]); c11a = fma(a11, ba, c11a); c11b = fma(a11, bb, c11b)
      p0 += innerStride; p3 += innerStride; p6 += innerStride; p9 += innerStride
      q += 2 &* width
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
  private let tileRows = 6

  private func tile(_ a: UnsafePointer<Float>, _ rowStride: Int, _ innerStride: Int, _ b: UnsafePointer<Float>, _ depth: Int,
                    _ c: UnsafeMutablePointer<Float>, _ stride: Int, _ accumulate: Bool) {
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
    var p0 = a + 0 &* rowStride
    var p3 = a + 3 &* rowStride
    var q = b
    for _ in 0..<depth {
      let ba = load(q + 0 &* width); let bb = load(q + 1 &* width)
      let a0 = constant(p0[0]); c0a = fma(a0, ba, c0a); c0b = fma(a0, bb, c0b)
      let a1 = constant(p0[rowStride]); c1a = fma(a1, ba, c1a); c1b = fma(a1, bb, c1b)
      let a2 = constant(p0[2 &* rowStride]); c2a = fma(a2, ba, c2a); c2b = fma(a2, bb, c2b)
      let a3 = constant(p3[0]); c3a = fma(a3, ba, c3a); c3b = fma(a3, bb, c3b)
      let a4 = constant(p3[rowStride]); c4a = fma(a4, ba, c4a); c4b = fma(a4, bb, c4b)
      let a5 = constant(p3[2 &* rowStride]); c5a = fma(a5, ba, c5a); c5b = fma(a5, bb, c5b)
      p0 += innerStride; p3 += innerStride
      q += 2 &* width
    }
    store(c0a, c + 0 &* stride + 0 &* width); store(c0b, c + 0 &* stride + 1 &* width)
    store(c1a, c + 1 &* stride + 0 &* width); store(c1b, c + 1 &* stride + 1 &* width)
    store(c2a, c + 2 &* stride + 0 &* width); store(c2b, c + 2 &* stride + 1 &* width)
    store(c3a, c + 3 &* stride + 0 &* width); store(c3b, c + 3 &* stride + 1 &* width)
    store(c4a, c + 4 &* stride + 0 &* width); store(c4b, c + 4 &* stride + 1 &* width)
    store(c5a, c + 5 &* stride + 0 &* width); store(c5b, c + 5 &* stride + 1 &* width)
  }
#else
  private let tileRows = 4

  private func tile(_ a: UnsafePointer<Float>, _ rowStride: Int, _ innerStride: Int, _ b: UnsafePointer<Float>, _ depth: Int,
                    _ c: UnsafeMutablePointer<Float>, _ stride: Int, _ accumulate: Bool) {
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
    var p0 = a + 0 &* rowStride
    var p3 = a + 3 &* rowStride
    var q = b
    for _ in 0..<depth {
      let ba = load(q + 0 &* width); let bb = load(q + 1 &* width)
      let a0 = constant(p0[0]); c0a = fma(a0, ba, c0a); c0b = fma(a0, bb, c0b)
      let a1 = constant(p0[rowStride]); c1a = fma(a1, ba, c1a); c1b = fma(a1, bb, c1b)
      let a2 = constant(p0[2 &* rowStride]); c2a = fma(a2, ba, c2a); c2b = fma(a2, bb, c2b)
      let a3 = constant(p3[0]); c3a = fma(a3, ba, c3a); c3b = fma(a3, bb, c3b)
      p0 += innerStride; p3 += innerStride
      q += 2 &* width
    }
    store(c0a, c + 0 &* stride + 0 &* width); store(c0b, c + 0 &* stride + 1 &* width)
    store(c1a, c + 1 &* stride + 0 &* width); store(c1b, c + 1 &* stride + 1 &* width)
    store(c2a, c + 2 &* stride + 0 &* width); store(c2b, c + 2 &* stride + 1 &* width)
    store(c3a, c + 3 &* stride + 0 &* width); store(c3b, c + 3 &* stride + 1 &* width)
  }
#endif

/// Sixteen independent chains of multiply-adds, enough to keep every unit of current processors busy.
private func spin(_ rounds: Int) -> Float {
  let factor = constant(0.999_9), step = constant(1e-4)
  var c0 = constant(0), c1 = constant(1), c2 = constant(2), c3 = constant(3), c4 = constant(4), c5 = constant(5), c6 = constant(6), c7 = constant(7), c8 = constant(8), c9 = constant(9), c10 = constant(10), c11 = constant(11), c12 = constant(12), c13 = constant(13), c14 = constant(14), c15 = constant(15)
  for _ in 0..<rounds {
    c0 = fma(c0, factor, step); c1 = fma(c1, factor, step); c2 = fma(c2, factor, step); c3 = fma(c3, factor, step)
    c4 = fma(c4, factor, step); c5 = fma(c5, factor, step); c6 = fma(c6, factor, step); c7 = fma(c7, factor, step)
    c8 = fma(c8, factor, step); c9 = fma(c9, factor, step); c10 = fma(c10, factor, step); c11 = fma(c11, factor, step)
    c12 = fma(c12, factor, step); c13 = fma(c13, factor, step); c14 = fma(c14, factor, step); c15 = fma(c15, factor, step)
  }
  let total = c0 + c1 + c2 + c3 + c4 + c5 + c6 + c7
  let rest = c8 + c9 + c10 + c11 + c12 + c13 + c14 + c15
  return horizontalSum(total + rest)
}

/// The product kernel of this instruction set.
public let product = ProductKernel(rows: tileRows, columns: 2 * width, tile: tile, spin: spin, spinOperations: 16 * width * 2)
