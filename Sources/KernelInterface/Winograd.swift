// The transforms of Winograd's F(2x2, 3x3): a 3x3 convolution of padding 1 on pictures of even sides, cut into 4x4 tiles that
// overlap by two, of which each gives 2x2 outputs. Between the transforms lie 16 matrix products, which need 4 multiplications
// for each output where the plain sum needs 9.
//
// Lavin & Gray 2016, arXiv:1509.09308, section 4.1: Y = Aᵀ[(G g Gᵀ) ⊙ (Bᵀ d B)]A. The gradients are the adjoints of the same maps.
//
// These plain loops serve double precision and rows of fewer than four tiles, and are the yardstick of the vector ones in KernelsBase.

/// Where the numbers of a channel's tiles go: 16 matrices, each cut into the panels that a product's inner loop reads.
public struct TilePlaces {
  /// Distance between the 16 matrices.
  public var component: Int
  /// Distance between panels.
  public var panel: Int
  /// A panel holds 2^shift tiles.
  public var shift: Int
  /// Number of the plane's first tile in its block.
  public var first: Int

  public init(component: Int, panel: Int, shift: Int, first: Int) {
    self.component = component
    self.panel = panel
    self.shift = shift
    self.first = first
  }

  /// Offset of a tile of the plane.
  @inlinable @inline(__always) public func offset(_ tile: Int) -> Int {
    let place = first &+ tile
    return (place &>> shift) &* panel &+ (place & (1 &<< shift &- 1))
  }
}

/// Scratch numbers that the transforms of a plane need.
public func winogradScratch(height: Int, width: Int) -> Int { 4 * height * (width + 16) + 64 }

/// Bᵀ d B of the tiles of some rows of tiles of one plane [height, width]; `places` counts tiles from the plane's first.
@inlinable @inline(__always)
public func winogradInput<T: BinaryFloatingPoint>(_ plane: UnsafePointer<T>, _ height: Int, _ width: Int, _ rows: Range<Int>, _ out: UnsafeMutablePointer<T>,
                                                  _ places: TilePlaces, _ line: UnsafeMutablePointer<T>) {
  let padded = width &+ 2, tiles = width / 2, component = places.component
  let t0 = line, t1 = line + padded, t2 = line + 2 &* padded, t3 = line + 3 &* padded
  for i in 0..<4 {
    let t = line + i &* padded
    t[0] = 0
    t[padded &- 1] = 0
  }
  for row in rows {
    let r1 = plane + 2 &* row &* width, r2 = r1 + width
    let isFirst = row == 0, isLast = row == height / 2 &- 1
    for x in 0..<width {
      let above = isFirst ? 0 : r1[x &- width], below = isLast ? 0 : r2[x &+ width]
      t0[x &+ 1] = above - r2[x]
      t1[x &+ 1] = r1[x] + r2[x]
      t2[x &+ 1] = r2[x] - r1[x]
      t3[x &+ 1] = r1[x] - below
    }
    for j in 0..<tiles {
      let o = out + places.offset(row &* tiles &+ j)
      for i in 0..<4 {
        let t = line + (i &* padded &+ 2 &* j), p = o + 4 &* i &* component
        p[0] = t[0] - t[2]
        p[component] = t[1] + t[2]
        p[2 &* component] = t[2] - t[1]
        p[3 &* component] = t[1] - t[3]
      }
    }
  }
}

/// Aᵀ m A + bias of every tile, into one plane [height, width].
@inlinable @inline(__always)
public func winogradOutput<T: BinaryFloatingPoint>(_ m: UnsafePointer<T>, _ component: Int, _ bias: T, _ plane: UnsafeMutablePointer<T>,
                                                   _ height: Int, _ width: Int) {
  let tiles = width / 2
  for row in 0..<(height / 2) {
    let base = m + row &* tiles
    let top = plane + 2 &* row &* width, bottom = top + width
    for j in 0..<tiles {
      let p = base + j
      let m00 = p[0], m01 = p[component], m02 = p[2 &* component], m03 = p[3 &* component]
      let m10 = p[4 &* component], m11 = p[5 &* component], m12 = p[6 &* component], m13 = p[7 &* component]
      let m20 = p[8 &* component], m21 = p[9 &* component], m22 = p[10 &* component], m23 = p[11 &* component]
      let m30 = p[12 &* component], m31 = p[13 &* component], m32 = p[14 &* component], m33 = p[15 &* component]
      let u0 = m00 + m10 + m20, u1 = m01 + m11 + m21, u2 = m02 + m12 + m22, u3 = m03 + m13 + m23
      let l0 = m10 - m20 - m30, l1 = m11 - m21 - m31, l2 = m12 - m22 - m32, l3 = m13 - m23 - m33
      top[2 &* j] = u0 + u1 + u2 + bias
      top[2 &* j &+ 1] = u1 - u2 - u3 + bias
      bottom[2 &* j] = l0 + l1 + l2 + bias
      bottom[2 &* j &+ 1] = l1 - l2 - l3 + bias
    }
  }
}

/// A y Aᵀ of every tile of an upstream gradient [height, width]: the adjoint of `winogradOutput`. Written twice: into panels, and
/// into `rows`, where the tiles of a channel stand side by side.
@inlinable @inline(__always)
public func winogradUpstream<T: BinaryFloatingPoint>(_ plane: UnsafePointer<T>, _ height: Int, _ width: Int, _ out: UnsafeMutablePointer<T>,
                                                     _ places: TilePlaces, _ rows: UnsafeMutablePointer<T>, _ rowComponent: Int) {
  let tiles = width / 2
  for row in 0..<(height / 2) {
    let top = plane + 2 &* row &* width, bottom = top + width
    for j in 0..<tiles {
      let tile = row &* tiles &+ j
      let p = out + places.offset(tile), q = rows + tile
      let a = top[2 &* j], b = top[2 &* j &+ 1], c = bottom[2 &* j], d = bottom[2 &* j &+ 1]
      for i in 0..<4 {
        let left = i == 0 ? a : i == 1 ? a + c : i == 2 ? a - c : -c
        let right = i == 0 ? b : i == 1 ? b + d : i == 2 ? b - d : -d
        let p = p + 4 &* i &* places.component, q = q + 4 &* i &* rowComponent
        let sum = left + right, difference = left - right
        p[0] = left; p[places.component] = sum; p[2 &* places.component] = difference; p[3 &* places.component] = -right
        q[0] = left; q[rowComponent] = sum; q[2 &* rowComponent] = difference; q[3 &* rowComponent] = -right
      }
    }
  }
}

/// The sum of B v Bᵀ over overlapping tiles, into one plane [height, width]: the adjoint of `winogradInput`.
@inlinable @inline(__always)
public func winogradInputGradient<T: BinaryFloatingPoint>(_ v: UnsafePointer<T>, _ component: Int, _ plane: UnsafeMutablePointer<T>,
                                                          _ height: Int, _ width: Int, _ line: UnsafeMutablePointer<T>) {
  let padded = width &+ 2, tiles = width / 2
  line.update(repeating: 0, count: (height &+ 2) &* padded)
  for row in 0..<(height / 2) {
    let base = v + row &* tiles
    for i in 0..<4 {
      let target = line + (2 &* row &+ i) &* padded
      // Component (k, l) of the tile after B from the left, row i.
      var left = T.zero, right = T.zero
      for j in 0..<tiles {
        let p = base + j
        let q0: T, q1: T, q2: T, q3: T
        switch i {
        case 0:
          q0 = p[0]; q1 = p[component]; q2 = p[2 &* component]; q3 = p[3 &* component]
        case 1:
          q0 = p[4 &* component] - p[8 &* component] + p[12 &* component]
          q1 = p[5 &* component] - p[9 &* component] + p[13 &* component]
          q2 = p[6 &* component] - p[10 &* component] + p[14 &* component]
          q3 = p[7 &* component] - p[11 &* component] + p[15 &* component]
        case 2:
          q0 = p[4 &* component] + p[8 &* component] - p[0]
          q1 = p[5 &* component] + p[9 &* component] - p[component]
          q2 = p[6 &* component] + p[10 &* component] - p[2 &* component]
          q3 = p[7 &* component] + p[11 &* component] - p[3 &* component]
        default:
          q0 = -p[12 &* component]; q1 = -p[13 &* component]; q2 = -p[14 &* component]; q3 = -p[15 &* component]
        }
        target[2 &* j] += q0 + left
        target[2 &* j &+ 1] += q1 - q2 + q3 + right
        left = q1 + q2 - q0
        right = -q3
      }
      target[width] += left
    }
  }
  for row in 0..<height {
    let from = line + ((row &+ 1) &* padded &+ 1), to = plane + row &* width
    to.update(from: from, count: width)
  }
}

/// G g Gᵀ of filters [filters, channels, 3, 3]: component k of filter o and channel c lies at k · filters · channels + o · channels + c,
/// or, transposed, + c · filters + o. Of the filters in `range` only, so that threads can share them; `g` begins with the
/// first of these. `component` is another distance between the components.
@inlinable @inline(__always)
public func winogradFilters<T: BinaryFloatingPoint>(_ g: UnsafePointer<T>, _ filters: Int, _ channels: Int, _ transposed: Bool,
                                                    _ out: UnsafeMutablePointer<T>, _ range: Range<Int>, component: Int? = nil) {
  let size = component ?? filters &* channels
  for o in range {
    for c in 0..<channels {
      let w = g + ((o &- range.lowerBound) &* channels &+ c) &* 9
      let place = transposed ? c &* filters &+ o : o &* channels &+ c
      let p = out + place
      for column in 0..<4 {
        let a: T, b: T, d: T
        switch column {
        case 0: a = w[0]; b = w[3]; d = w[6]
        case 1: a = (w[0] + w[1] + w[2]) / 2; b = (w[3] + w[4] + w[5]) / 2; d = (w[6] + w[7] + w[8]) / 2
        case 2: a = (w[0] - w[1] + w[2]) / 2; b = (w[3] - w[4] + w[5]) / 2; d = (w[6] - w[7] + w[8]) / 2
        default: a = w[2]; b = w[5]; d = w[8]
        }
        p[column &* size] = a
        p[(4 &+ column) &* size] = (a + b + d) / 2
        p[(8 &+ column) &* size] = (a - b + d) / 2
        p[(12 &+ column) &* size] = d
      }
    }
  }
}

/// Gᵀ u G: the gradient of filters [filters, channels, 3, 3] from that of their transforms; the adjoint of `winogradFilters`. Of
/// the filters in `range` only.
@inlinable @inline(__always)
public func winogradFilterGradient<T: BinaryFloatingPoint>(_ u: UnsafePointer<T>, _ filters: Int, _ channels: Int, _ out: UnsafeMutablePointer<T>,
                                                           _ range: Range<Int>) {
  let size = filters &* channels
  for index in (range.lowerBound &* channels)..<(range.upperBound &* channels) {
    let p = u + index, w = out + 9 &* index
    for row in 0..<3 {
      // Row of Gᵀ u, then G from the right.
      let a: T, b: T, c: T, d: T
      switch row {
      case 0:
        a = p[0] + (p[4 &* size] + p[8 &* size]) / 2
        b = p[size] + (p[5 &* size] + p[9 &* size]) / 2
        c = p[2 &* size] + (p[6 &* size] + p[10 &* size]) / 2
        d = p[3 &* size] + (p[7 &* size] + p[11 &* size]) / 2
      case 1:
        a = (p[4 &* size] - p[8 &* size]) / 2
        b = (p[5 &* size] - p[9 &* size]) / 2
        c = (p[6 &* size] - p[10 &* size]) / 2
        d = (p[7 &* size] - p[11 &* size]) / 2
      default:
        a = (p[4 &* size] + p[8 &* size]) / 2 + p[12 &* size]
        b = (p[5 &* size] + p[9 &* size]) / 2 + p[13 &* size]
        c = (p[6 &* size] + p[10 &* size]) / 2 + p[14 &* size]
        d = (p[7 &* size] + p[11 &* size]) / 2 + p[15 &* size]
      }
      w[3 &* row] = a + (b + c) / 2
      w[3 &* row &+ 1] = (b - c) / 2
      w[3 &* row &+ 2] = (b + c) / 2 + d
    }
  }
}

/// The transforms compiled for one scalar type and one instruction set; see the functions of the same names.
public final class WinogradKernels<Scalar> {
  public typealias Input = UnsafePointer<Scalar>
  public typealias Output = UnsafeMutablePointer<Scalar>
  /// plane, height, width, rows of tiles, out, places, scratch
  public let input: (Input, Int, Int, Range<Int>, Output, TilePlaces, Output) -> Void
  /// products, component, bias, plane, height, width
  public let output: (Input, Int, Scalar, Output, Int, Int) -> Void
  /// plane, height, width, out, places, rows, component of rows
  public let upstream: (Input, Int, Int, Output, TilePlaces, Output, Int) -> Void
  /// products, component, plane, height, width, scratch
  public let inputGradient: (Input, Int, Output, Int, Int, Output) -> Void
  /// G g Gᵀ of as many filters as a packed left side has rows, side by side: from [channels · 9][rows] to 16 blocks [channels][rows];
  /// filters, channels, out, distance between the blocks. Sixteen numbers behind the filters are read, and not used.
  public let filters: (Input, Int, Output, Int) -> Void

  public init(input: @escaping (Input, Int, Int, Range<Int>, Output, TilePlaces, Output) -> Void,
              output: @escaping (Input, Int, Scalar, Output, Int, Int) -> Void,
              upstream: @escaping (Input, Int, Int, Output, TilePlaces, Output, Int) -> Void,
              inputGradient: @escaping (Input, Int, Output, Int, Int, Output) -> Void,
              filters: @escaping (Input, Int, Output, Int) -> Void) {
    self.input = input
    self.output = output
    self.upstream = upstream
    self.inputGradient = inputGradient
    self.filters = filters
  }
}

/// The transforms in double precision.
public let doubleWinograd = WinogradKernels<Double>(
  input: { winogradInput($0, $1, $2, $3, $4, $5, $6) }, output: { winogradOutput($0, $1, $2, $3, $4, $5) },
  upstream: { winogradUpstream($0, $1, $2, $3, $4, $5, $6) }, inputGradient: { winogradInputGradient($0, $1, $2, $3, $4, $5) },
  // A packed left side of doubles has one row to a block.
  filters: { winogradFilters($0, 1, $1, false, $2, 0..<1, component: $3) })
