import CKernelIntrinsics
import KernelInterface

/// Bᵀ d B of the tiles of some rows of tiles of one plane, times a power of two, as halves; see KernelInterface/Winograd.swift. Rows have a multiple of eight tiles.
///
/// Sixteen tiles at once, on copies of the rows with zeros around them: what a tile needs of a row are the even and odd numbers from two places on.
func winogradTiles(_ plane: Input, _ height: Int, _ width: Int, _ rows: Range<Int>, _ scale: Float, _ out: UnsafeMutablePointer<UInt16>, _ places: TilePlaces,
                   _ line: Output) {
  let padded = width &+ 48, tiles = width / 2, component = places.component, factor = constant(scale)
  let top = 2 &* rows.lowerBound &- 1, count = 2 &* rows.count &+ 2
  for r in 0..<count {
    let to = line + r &* padded, y = top &+ r
    let isInside = y >= 0 && y < height
    to[0] = 0
    var x = 0
    while x < width {
      store(isInside ? load(plane + (y &* width &+ x)) * factor : V.zero, to + (x &+ 1))
      x &+= 16
    }
    to[width &+ 1] = 0
  }
  let lanes = tiles % 16 == 0 ? 16 : 8
  for row in rows {
    let first = line + 2 &* (row &- rows.lowerBound) &* padded
    var j = 0
    while j < tiles {
      let (a0, a1, a2, a3) = across(first + 2 &* j), (b0, b1, b2, b3) = across(first + (padded &+ 2 &* j))
      let (c0, c1, c2, c3) = across(first + 2 &* (padded &+ j)), (d0, d1, d2, d3) = across(first + (3 &* padded &+ 2 &* j))
      let p = out + places.offset(row &* tiles &+ j), n = Int32(truncatingIfNeeded: lanes)
      down(a0, b0, c0, d0, p, component, n)
      down(a1, b1, c1, d1, p + component, component, n)
      down(a2, b2, c2, d2, p + 2 &* component, component, n)
      down(a3, b3, c3, d3, p + 3 &* component, component, n)
      j &+= lanes
    }
  }
}

@_transparent private func across(_ p: Input) -> (V, V, V, V) {
  let v = UnsafeRawPointer(p).loadUnaligned(as: SIMD32<Float>.self), w = UnsafeRawPointer(p + 2).loadUnaligned(as: SIMD32<Float>.self)
  let a = v.evenHalf, b = v.oddHalf, c = w.evenHalf, d = w.oddHalf
  return (a - c, b + c, c - b, b - d)
}

@_transparent private func across(_ p: Output) -> (V, V, V, V) { across(Input(p)) }

@_transparent private func down(_ a: V, _ b: V, _ c: V, _ d: V, _ p: UnsafeMutablePointer<UInt16>, _ component: Int, _ lanes: Int32) {
  loam_half_narrow(a - c, p, lanes)
  loam_half_narrow(b + c, p + 4 &* component, lanes)
  loam_half_narrow(c - b, p + 8 &* component, lanes)
  loam_half_narrow(b - d, p + 12 &* component, lanes)
}
