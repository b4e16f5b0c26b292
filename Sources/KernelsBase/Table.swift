import KernelInterface

#if KERNELS_V4
  private let name = "x86-64-v4"
#elseif KERNELS_V3
  private let name = "x86-64-v3"
#elseif arch(arm64)
  private let name = "arm64"
#else
  private let name = "baseline"
#endif

/// The loops of this instruction set.
public let table = KernelTable<Float>(
  name: name, unary: unary, unaryGradient: unaryGradient, binary: binary, binaryScalar: binaryScalar, accumulate: accumulate,
  sum: sum, dot: dot, maximum: maximum, squaredDeviation: squaredDeviation, addRows: addRows, biasActivation: biasActivation,
  softmax: softmax, columnExponentials: columnExponentials, softmaxGradient: softmaxGradient, layerNorm: layerNorm, layerNormGradient: layerNormGradient,
  affine: affine, affineGradient: affineGradient, combine: combine, adamW: adamW)
