/// Every differentiable operation. A case here needs a row in `OperationTable`, which the gradient test walks.
public enum OperationName: String, CaseIterable, Sendable {
  // Elementwise
  case add, subtract, multiply, divide, maximumOf, minimumOf, addScalar, multiplyScalar, subtractFromScalar, divideScalarBy
  case negate, exponential, logarithm, squareRoot, tanh, sigmoid, relu, gelu, quickGelu, silu, square, absolute, power, clamp, plainUnary, plainBinary, choose
  // Reductions
  case sum, maximum, minimum, cumulativeSum, product
  // Shapes
  case reshape, permute, narrow, stride, expand, concatenate, contiguous, cast
  // Lookup
  case indexSelect, gather, scatter
  // Products
  case matmul, linear, conv2d
  // Norms
  case softmax, logSoftmax, layerNorm, groupNorm, batchNorm, l2Normalize
  // Attention
  case attention, selfAttention
  // Images
  case upsampleNearest, averagePool
  // Losses
  case crossEntropy, softCrossEntropy, multiPositive
  // Histories
  case checkpoint
}
