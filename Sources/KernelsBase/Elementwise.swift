import KernelInterface

/// A function of one variable with its derivative; `y` is the function's value at `x`.
protocol UnaryFunction {
  static func value(_ x: V) -> V
  static func derivative(_ x: V, _ y: V) -> V
}

enum Identity: UnaryFunction {
  @_transparent static func value(_ x: V) -> V { x }
  @_transparent static func derivative(_ x: V, _ y: V) -> V { constant(1) }
}
enum Negate: UnaryFunction {
  @_transparent static func value(_ x: V) -> V { -x }
  @_transparent static func derivative(_ x: V, _ y: V) -> V { constant(-1) }
}
enum Exponential: UnaryFunction {
  @_transparent static func value(_ x: V) -> V { exponentialWithLimits(x) }
  @_transparent static func derivative(_ x: V, _ y: V) -> V { y }
}
enum Logarithm: UnaryFunction {
  @_transparent static func value(_ x: V) -> V { logarithm(x) }
  @_transparent static func derivative(_ x: V, _ y: V) -> V { constant(1) / x }
}
enum SquareRoot: UnaryFunction {
  @_transparent static func value(_ x: V) -> V { x.squareRoot() }
  @_transparent static func derivative(_ x: V, _ y: V) -> V { constant(0.5) / y }
}
enum Tanh: UnaryFunction {
  @_transparent static func value(_ x: V) -> V { hyperbolicTangent(x) }
  @_transparent static func derivative(_ x: V, _ y: V) -> V { constant(1) - y * y }
}
enum Sigmoid: UnaryFunction {
  @_transparent static func value(_ x: V) -> V { sigmoid(x) }
  @_transparent static func derivative(_ x: V, _ y: V) -> V { y * (constant(1) - y) }
}
enum Relu: UnaryFunction {
  // Written so that NaN passes through.
  @_transparent static func value(_ x: V) -> V { x.replacing(with: constant(0), where: x .< constant(0)) }
  @_transparent static func derivative(_ x: V, _ y: V) -> V { constant(0).replacing(with: constant(1), where: x .> constant(0)) }
}
enum Gelu: UnaryFunction {
  @_transparent static func value(_ x: V) -> V { x * normalDistribution(x).cumulative }
  @_transparent static func derivative(_ x: V, _ y: V) -> V {
    let normal = normalDistribution(x)
    return fma(x * constant(0.398_942_28), normal.bell, normal.cumulative)
  }
}
enum QuickGelu: UnaryFunction {
  @_transparent static func value(_ x: V) -> V { x * sigmoid(constant(1.702) * x) }
  @_transparent static func derivative(_ x: V, _ y: V) -> V {
    let s = sigmoid(constant(1.702) * x)
    return s + constant(1.702) * x * s * (constant(1) - s)
  }
}
enum Silu: UnaryFunction {
  @_transparent static func value(_ x: V) -> V { x * sigmoid(x) }
  @_transparent static func derivative(_ x: V, _ y: V) -> V {
    let s = sigmoid(x)
    return s + x * s * (constant(1) - s)
  }
}
enum Square: UnaryFunction {
  @_transparent static func value(_ x: V) -> V { x * x }
  @_transparent static func derivative(_ x: V, _ y: V) -> V { x + x }
}
enum Absolute: UnaryFunction {
  @_transparent static func value(_ x: V) -> V { magnitude(x) }
  @_transparent static func derivative(_ x: V, _ y: V) -> V {
    withSign(constant(1), of: x).replacing(with: constant(0), where: x .== constant(0))
  }
}
enum Reciprocal: UnaryFunction {
  @_transparent static func value(_ x: V) -> V { constant(1) / x }
  @_transparent static func derivative(_ x: V, _ y: V) -> V { -(y * y) }
}

@inline(__always) func map<F: UnaryFunction>(_: F.Type, _ x: Input, _ y: Output, _ count: Int) {
  var i = 0
  while i &+ width <= count {
    store(F.value(load(x + i)), y + i)
    i &+= width
  }
  if i < count { store(F.value(load(x + i, count: count &- i, fill: 1)), y + i, count: count &- i) }
}

@inline(__always) func mapGradient<F: UnaryFunction>(_: F.Type, _ x: Input, _ y: Input, _ g: Input, _ out: Output, _ count: Int) {
  var i = 0
  while i &+ width <= count {
    store(load(g + i) * F.derivative(load(x + i), load(y + i)), out + i)
    i &+= width
  }
  if i < count {
    let rest = count &- i
    let d = F.derivative(load(x + i, count: rest, fill: 1), load(y + i, count: rest, fill: 1))
    store(load(g + i, count: rest, fill: 0) * d, out + i, count: rest)
  }
}

func unary(_ operation: UnaryOperation, _ x: Input, _ y: Output, _ count: Int) {
  switch operation {
  case .identity: y.update(from: x, count: count)
  case .negate: map(Negate.self, x, y, count)
  case .exponential: map(Exponential.self, x, y, count)
  case .logarithm: map(Logarithm.self, x, y, count)
  case .squareRoot: map(SquareRoot.self, x, y, count)
  case .tanh: map(Tanh.self, x, y, count)
  case .sigmoid: map(Sigmoid.self, x, y, count)
  case .relu: map(Relu.self, x, y, count)
  case .gelu: map(Gelu.self, x, y, count)
  case .quickGelu: map(QuickGelu.self, x, y, count)
  case .silu: map(Silu.self, x, y, count)
  case .square: map(Square.self, x, y, count)
  case .absolute: map(Absolute.self, x, y, count)
  case .reciprocal: map(Reciprocal.self, x, y, count)
  }
}

func unaryGradient(_ operation: UnaryOperation, _ x: Input, _ y: Input, _ g: Input, _ out: Output, _ count: Int) {
  switch operation {
  case .identity: out.update(from: g, count: count)
  case .negate: mapGradient(Negate.self, x, y, g, out, count)
  case .exponential: mapGradient(Exponential.self, x, y, g, out, count)
  case .logarithm: mapGradient(Logarithm.self, x, y, g, out, count)
  case .squareRoot: mapGradient(SquareRoot.self, x, y, g, out, count)
  case .tanh: mapGradient(Tanh.self, x, y, g, out, count)
  case .sigmoid: mapGradient(Sigmoid.self, x, y, g, out, count)
  case .relu: mapGradient(Relu.self, x, y, g, out, count)
  case .gelu: mapGradient(Gelu.self, x, y, g, out, count)
  case .quickGelu: mapGradient(QuickGelu.self, x, y, g, out, count)
  case .silu: mapGradient(Silu.self, x, y, g, out, count)
  case .square: mapGradient(Square.self, x, y, g, out, count)
  case .absolute: mapGradient(Absolute.self, x, y, g, out, count)
  case .reciprocal: mapGradient(Reciprocal.self, x, y, g, out, count)
  }
}

@_transparent func apply(_ operation: BinaryOperation, _ a: V, _ b: V) -> V {
  switch operation {
  case .add: return a + b
  case .subtract: return a - b
  case .multiply: return a * b
  case .divide: return a / b
  case .maximum: return larger(a, b)
  case .minimum: return smaller(a, b)
  }
}

@inline(__always) private func zip(_ a: Input, _ b: Input, _ y: Output, _ count: Int, _ operation: BinaryOperation) {
  var i = 0
  while i &+ width <= count {
    store(apply(operation, load(a + i), load(b + i)), y + i)
    i &+= width
  }
  if i < count {
    let rest = count &- i
    store(apply(operation, load(a + i, count: rest, fill: 1), load(b + i, count: rest, fill: 1)), y + i, count: rest)
  }
}

func binary(_ operation: BinaryOperation, _ a: Input, _ b: Input, _ y: Output, _ count: Int) {
  // One call per case, so that each loop is compiled for its own operation.
  switch operation {
  case .add: zip(a, b, y, count, .add)
  case .subtract: zip(a, b, y, count, .subtract)
  case .multiply: zip(a, b, y, count, .multiply)
  case .divide: zip(a, b, y, count, .divide)
  case .maximum: zip(a, b, y, count, .maximum)
  case .minimum: zip(a, b, y, count, .minimum)
  }
}

@inline(__always) private func zipScalar(_ a: Input, _ s: Float, _ reversed: Bool, _ y: Output, _ count: Int, _ operation: BinaryOperation) {
  let scalar = constant(s)
  var i = 0
  while i &+ width <= count {
    let v = load(a + i)
    store(reversed ? apply(operation, scalar, v) : apply(operation, v, scalar), y + i)
    i &+= width
  }
  if i < count {
    let v = load(a + i, count: count &- i, fill: 1)
    store(reversed ? apply(operation, scalar, v) : apply(operation, v, scalar), y + i, count: count &- i)
  }
}

func binaryScalar(_ operation: BinaryOperation, _ a: Input, _ s: Float, _ reversed: Bool, _ y: Output, _ count: Int) {
  switch operation {
  case .add: zipScalar(a, s, false, y, count, .add)
  case .multiply: zipScalar(a, s, false, y, count, .multiply)
  case .subtract: zipScalar(a, s, reversed, y, count, .subtract)
  case .divide: zipScalar(a, s, reversed, y, count, .divide)
  case .maximum: zipScalar(a, s, false, y, count, .maximum)
  case .minimum: zipScalar(a, s, false, y, count, .minimum)
  }
}
