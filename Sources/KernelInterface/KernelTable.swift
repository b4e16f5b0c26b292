/// Elementwise functions of one variable.
public enum UnaryOperation: Int32, CaseIterable, Sendable {
  case identity, negate, exponential, logarithm, squareRoot, tanh, sigmoid, relu, gelu, quickGelu, silu, square, absolute, reciprocal
}

/// Elementwise functions of two variables.
public enum BinaryOperation: Int32, CaseIterable, Sendable {
  case add, subtract, multiply, divide, maximum, minimum
}

/// The numbers that one AdamW update needs besides the arrays.
public struct AdamWStep<Scalar> {
  public var learningRate, beta1, beta2, epsilon, weightDecay, correction1, correction2: Scalar

  /// - Parameters:
  ///   - correction1: 1 - beta1^t.
  ///   - correction2: sqrt(1 - beta2^t).
  public init(learningRate: Scalar, beta1: Scalar, beta2: Scalar, epsilon: Scalar, weightDecay: Scalar,
              correction1: Scalar, correction2: Scalar) {
    self.learningRate = learningRate
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.weightDecay = weightDecay
    self.correction1 = correction1
    self.correction2 = correction2
  }
}

/// The loops that decide the speed, for one scalar type and one instruction set.
///
/// Every function works on plain pointers and never allocates. Rows are contiguous unless a stride is given. The order of
/// every sum depends on the lengths only, so results do not depend on how callers cut the work among threads.
///
/// A class, because copying a structure of twenty functions would count twenty references at every use.
public final class KernelTable<Scalar> {
  public typealias Input = UnsafePointer<Scalar>
  public typealias Output = UnsafeMutablePointer<Scalar>

  /// The instruction set, as `loam doctor` prints it.
  public let name: String
  /// y[i] = f(x[i]).
  public let unary: (UnaryOperation, Input, Output, Int) -> Void
  /// out[i] = g[i] f'(x[i]), with x, y = f(x), g, out.
  public let unaryGradient: (UnaryOperation, Input, Input, Input, Output, Int) -> Void
  /// y[i] = a[i] op b[i].
  public let binary: (BinaryOperation, Input, Input, Output, Int) -> Void
  /// y[i] = a[i] op s, or s op a[i] when the flag is set.
  public let binaryScalar: (BinaryOperation, Input, Scalar, Bool, Output, Int) -> Void
  /// y[i] += s x[i], with x, s, y.
  public let accumulate: (Input, Scalar, Output, Int) -> Void
  public let sum: (Input, Int) -> Scalar
  public let dot: (Input, Input, Int) -> Scalar
  public let maximum: (Input, Int) -> Scalar
  /// Sum of (x[i] - mean)^2, with x, mean.
  public let squaredDeviation: (Input, Scalar, Int) -> Scalar
  /// out[j] += sum over rows of x[row, j], with x, rows, columns, row stride, out.
  public let addRows: (Input, Int, Int, Int, Output) -> Void
  /// z = x + bias; y = f(z); x, bias (or nil), f, z (or nil), y, rows, columns.
  public let biasActivation: (Input, Input?, UnaryOperation, Output?, Output, Int, Int) -> Void
  /// y = softmax(scale x) along rows, or its logarithm; x, y, rows, columns, scale, logarithm.
  public let softmax: (Input, Output, Int, Int, Scalar, Bool) -> Void
  /// e^(scale (x - largest)) of the columns of a panel [rows][columns], in place, and their sums: x, rows, columns, scale, sums. A panel
  /// has as many columns as one of a product's packed right side.
  public let columnExponentials: (Output, Int, Int, Scalar, Output) -> Void
  /// Gradient of `softmax` by its input: y, g, out, rows, columns, scale, logarithm.
  public let softmaxGradient: (Input, Input, Output, Int, Int, Scalar, Bool) -> Void
  /// Layer norm of rows: x, weight, bias (or nil), epsilon, y, mean, inverse deviation, rows, columns.
  public let layerNorm: (Input, Input?, Input?, Scalar, Output, Output, Output, Int, Int) -> Void
  /// Its gradient: x, weight, mean, inverse deviation, g, gradient of x, += of weight, += of bias (or nil), rows, columns.
  public let layerNormGradient: (Input, Input?, Input, Input, Input, Output, Output?, Output?, Int, Int) -> Void
  /// y = f(a x + b): x, a, b, f, y, count.
  public let affine: (Input, Scalar, Scalar, UnaryOperation, Output, Int) -> Void
  /// out = g f'(a x + b); returns the sums of out and of out x: x, a, b, f, g, out, count.
  public let affineGradient: (Input, Scalar, Scalar, UnaryOperation, Input, Output, Int) -> (Scalar, Scalar)
  /// out = p a + q b + r: a, p, b, q, r, out, count.
  public let combine: (Input, Scalar, Input, Scalar, Scalar, Output, Int) -> Void
  /// One AdamW update of p, given g, m, v.
  public let adamW: (Output, Input, Output, Output, Int, AdamWStep<Scalar>) -> Void

  public init(
    name: String,
    unary: @escaping (UnaryOperation, Input, Output, Int) -> Void,
    unaryGradient: @escaping (UnaryOperation, Input, Input, Input, Output, Int) -> Void,
    binary: @escaping (BinaryOperation, Input, Input, Output, Int) -> Void,
    binaryScalar: @escaping (BinaryOperation, Input, Scalar, Bool, Output, Int) -> Void,
    accumulate: @escaping (Input, Scalar, Output, Int) -> Void,
    sum: @escaping (Input, Int) -> Scalar,
    dot: @escaping (Input, Input, Int) -> Scalar,
    maximum: @escaping (Input, Int) -> Scalar,
    squaredDeviation: @escaping (Input, Scalar, Int) -> Scalar,
    addRows: @escaping (Input, Int, Int, Int, Output) -> Void,
    biasActivation: @escaping (Input, Input?, UnaryOperation, Output?, Output, Int, Int) -> Void,
    softmax: @escaping (Input, Output, Int, Int, Scalar, Bool) -> Void,
    columnExponentials: @escaping (Output, Int, Int, Scalar, Output) -> Void,
    softmaxGradient: @escaping (Input, Input, Output, Int, Int, Scalar, Bool) -> Void,
    layerNorm: @escaping (Input, Input?, Input?, Scalar, Output, Output, Output, Int, Int) -> Void,
    layerNormGradient: @escaping (Input, Input?, Input, Input, Input, Output, Output?, Output?, Int, Int) -> Void,
    affine: @escaping (Input, Scalar, Scalar, UnaryOperation, Output, Int) -> Void,
    affineGradient: @escaping (Input, Scalar, Scalar, UnaryOperation, Input, Output, Int) -> (Scalar, Scalar),
    combine: @escaping (Input, Scalar, Input, Scalar, Scalar, Output, Int) -> Void,
    adamW: @escaping (Output, Input, Output, Output, Int, AdamWStep<Scalar>) -> Void
  ) {
    self.name = name
    self.unary = unary
    self.unaryGradient = unaryGradient
    self.binary = binary
    self.binaryScalar = binaryScalar
    self.accumulate = accumulate
    self.sum = sum
    self.dot = dot
    self.maximum = maximum
    self.squaredDeviation = squaredDeviation
    self.addRows = addRows
    self.biasActivation = biasActivation
    self.softmax = softmax
    self.columnExponentials = columnExponentials
    self.softmaxGradient = softmaxGradient
    self.layerNorm = layerNorm
    self.layerNormGradient = layerNormGradient
    self.affine = affine
    self.affineGradient = affineGradient
    self.combine = combine
    self.adamW = adamW
  }
}

/// The two half-precision formats in which weights are kept.
public enum HalfFormat: Sendable {
  case f16, bf16
}

/// The inner loop of a single-precision matrix product for one instruction set.
///
/// Each element of the product is one chain of multiply-adds along the inner axis, cut at fixed places, so it does not
/// depend on how many rows or columns the product has: a row gives the same bits alone and in any batch.
public final class ProductKernel {
  /// Rows and columns of the register tile.
  public let rows: Int
  public let columns: Int
  /// Computes one register tile: packed left [depth][rows], packed right [depth][columns], depth, out, row stride of out, and
  /// whether to add to what is there.
  public let tile: (UnsafePointer<Float>, UnsafePointer<Float>, Int, UnsafeMutablePointer<Float>, Int, Bool) -> Void
  /// target[c · target stride + r] = source[r · source stride + c]: source, its stride, target, its stride, rows, columns.
  public let transpose: (UnsafePointer<Float>, Int, UnsafeMutablePointer<Float>, Int, Int, Int) -> Void
  /// Copies `rows` neighbouring numbers for each step of the inner axis: source, distance between steps, target, depth.
  public let packRows: (UnsafePointer<Float>, Int, UnsafeMutablePointer<Float>, Int) -> Void
  /// The same of `columns` numbers.
  public let packColumns: (UnsafePointer<Float>, Int, UnsafeMutablePointer<Float>, Int) -> Void
  /// Half-precision numbers as single precision, exactly: format, source, target, count.
  public let widen: (HalfFormat, UnsafePointer<UInt16>, UnsafeMutablePointer<Float>, Int) -> Void

  /// Runs multiply-adds on registers alone, for measuring the processor's limit; takes the number of rounds.
  public let spin: (Int) -> Float
  /// Floating-point operations of one round.
  public let spinOperations: Int

  public init(rows: Int, columns: Int,
              tile: @escaping (UnsafePointer<Float>, UnsafePointer<Float>, Int, UnsafeMutablePointer<Float>, Int, Bool) -> Void,
              transpose: @escaping (UnsafePointer<Float>, Int, UnsafeMutablePointer<Float>, Int, Int, Int) -> Void,
              packRows: @escaping (UnsafePointer<Float>, Int, UnsafeMutablePointer<Float>, Int) -> Void,
              packColumns: @escaping (UnsafePointer<Float>, Int, UnsafeMutablePointer<Float>, Int) -> Void,
              widen: @escaping (HalfFormat, UnsafePointer<UInt16>, UnsafeMutablePointer<Float>, Int) -> Void,
              spin: @escaping (Int) -> Float, spinOperations: Int) {
    self.transpose = transpose
    self.packRows = packRows
    self.packColumns = packColumns
    self.widen = widen
    self.rows = rows
    self.columns = columns
    self.tile = tile
    self.spin = spin
    self.spinOperations = spinOperations
  }
}
