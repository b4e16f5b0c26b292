import CKernelIntrinsics

// One vector register of the target: every loop of this folder is written in these and compiled per instruction set.
#if KERNELS_V4
  typealias V = SIMD16<Float>
  typealias VI = SIMD16<Int32>
  let width = 16
#elseif KERNELS_V3
  typealias V = SIMD8<Float>
  typealias VI = SIMD8<Int32>
  let width = 8
#else
  typealias V = SIMD4<Float>
  typealias VI = SIMD4<Int32>
  let width = 4
#endif

typealias Input = UnsafePointer<Float>
typealias Output = UnsafeMutablePointer<Float>

@_transparent func load(_ p: Input) -> V { UnsafeRawPointer(p).loadUnaligned(as: V.self) }
@_transparent func load(_ p: Output) -> V { UnsafeRawPointer(p).loadUnaligned(as: V.self) }
@_transparent func store(_ v: V, _ p: Output) { UnsafeMutableRawPointer(p).storeBytes(of: v, as: V.self) }

/// The first `count` lanes from memory, `fill` in the others.
@inline(__always) func load(_ p: Input, count: Int, fill: Float) -> V {
  #if KERNELS_V3 || KERNELS_V4
    return loam_load_lanes(p, Int32(truncatingIfNeeded: count), fill)
  #else
    var v = V(repeating: fill)
    withUnsafeMutableBytes(of: &v) { $0.baseAddress!.copyMemory(from: p, byteCount: count &* 4) }
    return v
  #endif
}

@inline(__always) func store(_ v: V, _ p: Output, count: Int) {
  #if KERNELS_V3 || KERNELS_V4
    loam_store_lanes(v, p, Int32(truncatingIfNeeded: count))
  #else
    withUnsafeBytes(of: v) { UnsafeMutableRawPointer(p).copyMemory(from: $0.baseAddress!, byteCount: count &* 4) }
  #endif
}

/// a b + c, fused where the target has the instruction: without it the fused form would call the C library per lane.
@_transparent func fma(_ a: V, _ b: V, _ c: V) -> V {
  #if KERNELS_V3 || KERNELS_V4 || arch(arm64)
    return c.addingProduct(a, b)
  #else
    return a * b + c
  #endif
}

@_transparent func constant(_ value: Float) -> V { V(repeating: value) }
@_transparent func larger(_ a: V, _ b: V) -> V { a.replacing(with: b, where: b .> a) }
@_transparent func smaller(_ a: V, _ b: V) -> V { a.replacing(with: b, where: b .< a) }
@_transparent func magnitude(_ v: V) -> V {
  unsafeBitCast(unsafeBitCast(v, to: VI.self) & VI(repeating: 0x7fff_ffff), to: V.self)
}
/// |a| with the sign of b.
@_transparent func withSign(_ a: V, of b: V) -> V {
  let sign = unsafeBitCast(b, to: VI.self) & VI(repeating: Int32.min)
  return unsafeBitCast((unsafeBitCast(a, to: VI.self) & VI(repeating: 0x7fff_ffff)) | sign, to: V.self)
}

@inline(__always) func horizontalSum(_ v: V) -> Float {
  #if KERNELS_V4
    let a = v.lowHalf + v.highHalf
    let b = a.lowHalf + a.highHalf
  #elseif KERNELS_V3
    let b = v.lowHalf + v.highHalf
  #else
    let b = v
  #endif
  let c = b.lowHalf + b.highHalf
  return c[0] + c[1]
}

/// The largest lane; NaN if there is one.
@inline(__always) func horizontalMaximum(_ v: V) -> Float {
  #if KERNELS_V4
    let a = v.lowHalf.replacing(with: v.highHalf, where: (v.highHalf .> v.lowHalf) .| (v.highHalf .!= v.highHalf))
    let b = a.lowHalf.replacing(with: a.highHalf, where: (a.highHalf .> a.lowHalf) .| (a.highHalf .!= a.highHalf))
  #elseif KERNELS_V3
    let b = v.lowHalf.replacing(with: v.highHalf, where: (v.highHalf .> v.lowHalf) .| (v.highHalf .!= v.highHalf))
  #else
    let b = v
  #endif
  let c = b.lowHalf.replacing(with: b.highHalf, where: (b.highHalf .> b.lowHalf) .| (b.highHalf .!= b.highHalf))
  return c[1] > c[0] || c[1].isNaN ? c[1] : c[0]
}

/// e^x for finite x, clamped to the normal range; NaN stays NaN. Relative error below 2e-7.
///
/// Range reduction by ln 2 in two parts, then the degree-6 polynomial of the Cephes library.
@_transparent func exponential(_ x: V) -> V {
  let clamped = smaller(larger(x, constant(-87.336_54)), constant(88.722_83))
  let magic = constant(12_582_912)
  let shifted = fma(clamped, constant(1.442_695_04), magic)
  let n = shifted - magic
  let r = fma(n, constant(2.121_944_4e-4), fma(n, constant(-0.693_359_375), clamped))
  var p = constant(1.987_569_15e-4)
  p = fma(p, r, constant(1.398_199_95e-3))
  p = fma(p, r, constant(8.333_451_9e-3))
  p = fma(p, r, constant(4.166_579_6e-2))
  p = fma(p, r, constant(1.666_666_55e-1))
  p = fma(p, r, constant(0.5))
  p = fma(p, r * r, r) + constant(1)
  let exponent = (unsafeBitCast(shifted, to: VI.self) &- VI(repeating: 0x4b40_0000)) &<< 23
  let result = unsafeBitCast(unsafeBitCast(p, to: VI.self) &+ exponent, to: V.self)
  return result.replacing(with: x, where: x .!= x)
}

/// e^x with the overflow to infinity and the underflow to zero that a caller of exp expects.
@_transparent func exponentialWithLimits(_ x: V) -> V {
  let y = exponential(x)
  return y.replacing(with: constant(.infinity), where: x .> constant(88.722_83))
    .replacing(with: constant(0), where: x .< constant(-87.336_54))
}

/// Natural logarithm; -inf at 0, NaN below.
@_transparent func logarithm(_ x: V) -> V {
  // Subnormal numbers are scaled into the normal range first.
  let small = x .< constant(0x1p-126)
  let scaled = x.replacing(with: x * constant(8_388_608), where: small)
  let bits = unsafeBitCast(scaled, to: VI.self)
  var exponentBits = ((bits &>> 23) & VI(repeating: 0xff)) &- VI(repeating: 126)
  exponentBits = exponentBits.replacing(with: exponentBits &- VI(repeating: 23), where: small)
  var mantissa = unsafeBitCast((bits & VI(repeating: 0x007f_ffff)) | VI(repeating: 0x3f00_0000), to: V.self)
  let below = mantissa .< constant(0.707_106_781)
  var e = V(exponentBits)
  e = e.replacing(with: e - constant(1), where: below)
  mantissa = mantissa.replacing(with: mantissa + mantissa, where: below) - constant(1)
  let z = mantissa * mantissa
  var p = constant(7.037_683_6e-2)
  p = fma(p, mantissa, constant(-1.151_461e-1))
  p = fma(p, mantissa, constant(1.167_699_9e-1))
  p = fma(p, mantissa, constant(-1.242_014_1e-1))
  p = fma(p, mantissa, constant(1.424_932_3e-1))
  p = fma(p, mantissa, constant(-1.666_805_8e-1))
  p = fma(p, mantissa, constant(2.000_071_5e-1))
  p = fma(p, mantissa, constant(-2.499_999_4e-1))
  p = fma(p, mantissa, constant(3.333_333_1e-1))
  var y = p * mantissa * z
  y = fma(e, constant(-2.121_944_4e-4), y)
  y = fma(z, constant(-0.5), y)
  var result = fma(e, constant(0.693_359_375), mantissa + y)
  result = result.replacing(with: constant(.infinity), where: x .== constant(.infinity))
  result = result.replacing(with: constant(-.infinity), where: x .== constant(0))
  return result.replacing(with: constant(.nan), where: (x .< constant(0)) .| (x .!= x))
}

@_transparent func sigmoid(_ x: V) -> V { constant(1) / (constant(1) + exponential(-x)) }

/// tanh with a polynomial near zero, where the exponential form would lose relative accuracy.
@_transparent func hyperbolicTangent(_ x: V) -> V {
  let a = magnitude(x)
  let far = constant(1) - constant(2) / (exponential(a + a) + constant(1))
  let z = x * x
  var p = constant(-5.704_988_7e-3)
  p = fma(p, z, constant(2.063_908_9e-2))
  p = fma(p, z, constant(-5.373_971_5e-2))
  p = fma(p, z, constant(1.333_144_1e-1))
  p = fma(p, z, constant(-3.333_328_2e-1))
  let near = fma(p * z, x, x)
  return withSign(far, of: x).replacing(with: near, where: a .< constant(0.625)).replacing(with: x, where: x .!= x)
}

/// The normal distribution function, by Abramowitz & Stegun 7.1.26 (absolute error 1e-7), and e^(-x²/2).
@_transparent func normalDistribution(_ x: V) -> (cumulative: V, bell: V) {
  let a = magnitude(x)
  let bell = exponential(x * x * constant(-0.5))
  let t = constant(1) / fma(a, constant(0.327_591_1 * 0.707_106_781), constant(1))
  var p = constant(1.061_405_43)
  p = fma(p, t, constant(-1.453_152_03))
  p = fma(p, t, constant(1.421_413_74))
  p = fma(p, t, constant(-0.284_496_736))
  p = fma(p, t, constant(0.254_829_592))
  let tail = constant(0.5) * p * t * bell
  return ((constant(1) - tail).replacing(with: tail, where: x .< constant(0)), bell)
}
