import KernelInterface

/// What a device must be able to compute; `Operations/` is written against this and never touches bytes.
///
/// Inputs have any layout unless a method says otherwise; results are fresh and contiguous. All methods throw when memory
/// runs out. Shapes were checked by the caller.
public protocol Backend {
  // Creation and movement
  func full(_ shape: [Int], _ value: Double, _ dtype: DType) throws -> TensorData
  func contiguous(_ x: TensorData) throws -> TensorData
  /// The same numbers in another type; with `sharing`, the input itself when nothing has to change.
  func cast(_ x: TensorData, _ dtype: DType, sharing: Bool) throws -> TensorData
  /// Writes `source` into the places of `target`, a view of the same shape.
  func copy(_ source: TensorData, into target: TensorData) throws
  /// target += scale * source, both contiguous.
  func accumulate(_ source: TensorData, scale: Double, into target: TensorData) throws

  // Elementwise
  func unary(_ f: UnaryOperation, _ x: TensorData) throws -> TensorData
  func unaryGradient(_ f: UnaryOperation, _ x: TensorData, value: TensorData, _ g: TensorData) throws -> TensorData
  /// Both sides already have the same shape (expanded by zero strides).
  func binary(_ f: BinaryOperation, _ a: TensorData, _ b: TensorData) throws -> TensorData
  func binaryScalar(_ f: BinaryOperation, _ a: TensorData, _ scalar: Double, reversed: Bool) throws -> TensorData
  func power(_ x: TensorData, _ exponent: Double) throws -> TensorData
  /// g where lower <= x <= upper, else 0.
  func clampGradient(_ x: TensorData, _ lower: Double, _ upper: Double, _ g: TensorData) throws -> TensorData

  // Whole numbers, flags, comparisons, and functions without vector kernels: both sides have the same shape and type
  func integerUnary(_ f: UnaryOperation, _ x: TensorData) throws -> TensorData
  func integerBinary(_ f: BinaryOperation, _ a: TensorData, _ b: TensorData) throws -> TensorData
  func bitwise(_ f: BitwiseOperation, _ a: TensorData, _ b: TensorData) throws -> TensorData
  /// Flags of a comparison.
  func compare(_ f: Comparison, _ a: TensorData, _ b: TensorData) throws -> TensorData
  func plainUnary(_ f: PlainUnary, _ x: TensorData) throws -> TensorData
  func plainBinary(_ f: PlainBinary, _ a: TensorData, _ b: TensorData) throws -> TensorData

  // Choice and order
  /// a where the condition holds, else b.
  func select(_ condition: TensorData, _ a: TensorData, _ b: TensorData) throws -> TensorData
  /// out[i, j] = x[index[i, j], j] for the first axis of two; i64 indices that lie inside.
  func gather(_ x: TensorData, axis: Int, index: TensorData) throws -> TensorData
  /// target[index[i, j], j] = values[i, j], or += values[i, j], in row-major order, for the first axis of two; the target is contiguous.
  func scatter(_ values: TensorData, axis: Int, index: TensorData, adding: Bool, into target: TensorData) throws
  /// The stable order of each line along an axis, as i64 indices; NaN counts as larger than every number.
  func sort(_ x: TensorData, axis: Int, descending: Bool) throws -> TensorData
  /// Running sums or products along an axis.
  func cumulate(_ x: TensorData, axis: Int, _ f: Cumulation) throws -> TensorData
  /// Sum or product of i64 numbers over an axis, which stays with size one.
  func integerReduce(_ x: TensorData, axis: Int, _ f: Cumulation) throws -> TensorData

  // Reductions
  /// Sums over the given axes, which stay with size one.
  func sum(_ x: TensorData, axes: [Int]) throws -> TensorData
  /// Largest (or smallest) element along an axis and its index, the first of equal ones; the axis stays with size one.
  func extreme(_ x: TensorData, axis: Int, largest: Bool) throws -> (value: TensorData, index: TensorData)

  // Products
  /// [.., m, k] times [.., k, n] with equal leading axes, either side seen transposed.
  func matmul(_ a: TensorData, _ b: TensorData, transposeLeft: Bool, transposeRight: Bool) throws -> TensorData
  /// f(x Wᵀ + bias) over the last axis, and the value before f when it is asked for.
  func linear(_ x: TensorData, weight: TensorData, bias: TensorData?, activation: UnaryOperation, keepInput: Bool) throws
    -> (output: TensorData, before: TensorData?)
  func convolution(_ x: TensorData, weight: TensorData, bias: TensorData?, stride: Int, padding: Int) throws -> TensorData
  func convolutionGradient(_ x: TensorData, weight: TensorData, stride: Int, padding: Int, _ g: TensorData, needsInput: Bool) throws
    -> (input: TensorData?, weight: TensorData)

  // Rows
  func softmax(_ x: TensorData, logarithmic: Bool) throws -> TensorData
  func softmaxGradient(_ y: TensorData, _ g: TensorData, logarithmic: Bool) throws -> TensorData
  func layerNorm(_ x: TensorData, weight: TensorData?, bias: TensorData?, epsilon: Double) throws
    -> (output: TensorData, mean: TensorData, inverse: TensorData)
  func layerNormGradient(_ x: TensorData, weight: TensorData?, hasBias: Bool, mean: TensorData, inverse: TensorData, _ g: TensorData) throws
    -> (input: TensorData, weight: TensorData?, bias: TensorData?)
  func groupNorm(_ x: TensorData, groups: Int, weight: TensorData?, bias: TensorData?, epsilon: Double, activation: UnaryOperation) throws
    -> (output: TensorData, mean: TensorData, inverse: TensorData)
  func groupNormGradient(_ x: TensorData, groups: Int, weight: TensorData?, bias: TensorData?, activation: UnaryOperation,
                         mean: TensorData, inverse: TensorData, _ g: TensorData) throws
    -> (input: TensorData, weight: TensorData?, bias: TensorData?)
  /// Normalises columns of [N, D] within each of `views` equal runs of rows.
  func batchNorm(_ x: TensorData, weight: TensorData?, bias: TensorData?, epsilon: Double, views: Int) throws
    -> (output: TensorData, mean: TensorData, inverse: TensorData)
  func batchNormGradient(_ x: TensorData, weight: TensorData?, hasBias: Bool, views: Int, mean: TensorData, inverse: TensorData,
                         _ g: TensorData) throws -> (input: TensorData, weight: TensorData?, bias: TensorData?)

  // Attention
  func attention(_ query: TensorData, _ key: TensorData, _ value: TensorData, heads: Int, causal: Bool, keyLengths: [Int]?) throws -> TensorData
  /// Writes the three gradients into contiguous-row views that the caller provides.
  func attentionGradient(_ query: TensorData, _ key: TensorData, _ value: TensorData, heads: Int, causal: Bool, keyLengths: [Int]?,
                         _ g: TensorData, into gradients: (query: TensorData, key: TensorData, value: TensorData)) throws

  // Images
  func upsampleNearest(_ x: TensorData, factor: Int) throws -> TensorData
  /// Sums over factor x factor blocks of the last two axes.
  func sumBlocks(_ x: TensorData, factor: Int) throws -> TensorData

  // Lookup
  func indexSelect(_ x: TensorData, axis: Int, indices: [Int]) throws -> TensorData
  func indexAdd(_ g: TensorData, axis: Int, indices: [Int], size: Int) throws -> TensorData

  // Losses
  /// Mean over rows of the cross-entropy between softmax(x) and targets, and its gradient by x. Each row has either a label
  /// or a row of soft targets.
  func crossEntropy(_ x: TensorData, labels: [Int]?, targets: TensorData?, smoothing: Double) throws -> (loss: TensorData, gradient: TensorData)

  /// Multi-positive contrastive loss of similarities [N, N] without their diagonal, and its gradient by the similarities.
  func multiPositive(_ similarities: TensorData, labels: [Int], temperature: Double) throws -> (loss: TensorData, gradient: TensorData)
  /// Rows divided by max(norm, epsilon), and the norms.
  func normalizeRows(_ x: TensorData, epsilon: Double) throws -> (output: TensorData, norms: TensorData)
  func normalizeRowsGradient(_ y: TensorData, norms: TensorData, epsilon: Double, _ g: TensorData) throws -> TensorData

  // Optimisation
  func adamW(parameter: TensorData, gradient: TensorData, first: TensorData, second: TensorData, step: AdamWStep<Double>) throws
}

/// The device that computes. A second one joins by conforming to `Backend`.
let backend: any Backend = CPUBackend()
