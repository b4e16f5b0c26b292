import CPlatform

/// Memory that will be read soon, asked for in equal pieces while tiles are computed: the memory has nothing else to do then.
struct Prefetch {
  private var place: UnsafePointer<Float>
  private var left: Int
  private var step = 0

  init(_ place: UnsafePointer<Float>, count: Int) { (self.place, left) = (place, count) }

  mutating func divide(among pieces: Int) { step = (left / max(1, pieces) + 16) & ~15 }

  @inline(__always) mutating func advance() {
    guard left > 0 else { return }
    let count = min(step, left)
    loam_prefetch_lines(place, count * 4)
    place += count
    left -= count
  }
}
