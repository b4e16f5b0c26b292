import CKernelIntrinsics
import KernelInterface

// Half precision to single precision, exactly: infinities stay infinite, and what is not a number keeps its payload.

/// One number at a time, for the ends of rows.
@inline(__always) private func single(_ bits: UInt16) -> Float {
  let sign = UInt32(bits & 0x8000) << 16, magnitude = UInt32(bits & 0x7fff)
  if magnitude >= 0x7c00 { return Float(bitPattern: sign | 0x7f80_0000 | (magnitude & 0x3ff) << 13) }
  if magnitude < 0x400 { return Float(bitPattern: sign | (Float(magnitude) * 0x1p-24).bitPattern) }
  return Float(bitPattern: sign | (magnitude << 13 &+ 0x3800_0000))
}

func widen(_ format: HalfFormat, _ source: UnsafePointer<UInt16>, _ target: Output, _ count: Int) {
  var i = 0
  switch format {
  case .bf16:
    while i &+ 8 <= count {
      let bits = UnsafeRawPointer(source + i).loadUnaligned(as: SIMD8<UInt16>.self)
      UnsafeMutableRawPointer(target + i).storeBytes(of: SIMD8<UInt32>(truncatingIfNeeded: bits) &<< 16, as: SIMD8<UInt32>.self)
      i &+= 8
    }
    while i < count {
      target[i] = Float(bitPattern: UInt32(source[i]) << 16)
      i &+= 1
    }
  case .f16:
    #if KERNELS_V3 || KERNELS_V4
      while i &+ width <= count {
        store(loam_widen(source + i), target + i)
        i &+= width
      }
    #endif
    while i < count {
      target[i] = single(source[i])
      i &+= 1
    }
  }
}
