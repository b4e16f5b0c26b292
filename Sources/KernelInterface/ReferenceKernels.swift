#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

extension UnaryOperation {
  /// f(x), in double precision.
  func value(_ x: Double) -> Double {
    switch self {
    case .identity: return x
    case .negate: return -x
    case .exponential: return exp(x)
    case .logarithm: return log(x)
    case .squareRoot: return x.squareRoot()
    case .tanh: return Glibc.tanh(x)
    case .sigmoid: return 1 / (1 + exp(-x))
    case .relu: return x < 0 ? 0 : x
    case .gelu: return x * 0.5 * erfc(-x * 0.5.squareRoot())
    case .quickGelu: return x / (1 + exp(-1.702 * x))
    case .silu: return x / (1 + exp(-x))
    case .square: return x * x
    case .absolute: return abs(x)
    case .reciprocal: return 1 / x
    }
  }

  /// f'(x), in double precision.
  func derivative(_ x: Double) -> Double {
    switch self {
    case .identity: return 1
    case .negate: return -1
    case .exponential: return exp(x)
    case .logarithm: return 1 / x
    case .squareRoot: return 0.5 / x.squareRoot()
    case .tanh: return 1 - value(x) * value(x)
    case .sigmoid: return value(x) * (1 - value(x))
    case .relu: return x > 0 ? 1 : 0
    case .gelu: return 0.5 * erfc(-x * 0.5.squareRoot()) + x * exp(-0.5 * x * x) / (2 * Double.pi).squareRoot()
    case .quickGelu:
      let s = 1 / (1 + exp(-1.702 * x))
      return s + 1.702 * x * s * (1 - s)
    case .silu:
      let s = 1 / (1 + exp(-x))
      return s + x * s * (1 - s)
    case .square: return 2 * x
    case .absolute: return x > 0 ? 1 : (x < 0 ? -1 : 0)
    case .reciprocal: return -1 / (x * x)
    }
  }
}

extension BinaryOperation {
  func value<T: BinaryFloatingPoint>(_ a: T, _ b: T) -> T {
    switch self {
    case .add: return a + b
    case .subtract: return a - b
    case .multiply: return a * b
    case .divide: return a / b
    case .maximum: return b > a ? b : a
    case .minimum: return b < a ? b : a
    }
  }
}

/// Plain loops with the meaning of `KernelTable`: the f64 arithmetic of gradient checks, and the yardstick for the fast kernels.
func referenceTable<T: BinaryFloatingPoint>(name: String, _: T.Type) -> KernelTable<T> {
  KernelTable<T>(
    name: name,
    unary: { f, x, y, n in for i in 0..<n { y[i] = T(f.value(Double(x[i]))) } },
    unaryGradient: { f, x, _, g, out, n in for i in 0..<n { out[i] = g[i] * T(f.derivative(Double(x[i]))) } },
    binary: { f, a, b, y, n in for i in 0..<n { y[i] = f.value(a[i], b[i]) } },
    binaryScalar: { f, a, s, reversed, y, n in for i in 0..<n { y[i] = reversed ? f.value(s, a[i]) : f.value(a[i], s) } },
    accumulate: { x, s, y, n in for i in 0..<n { y[i] += s * x[i] } },
    sum: { x, n in
      var total = T.zero
      for i in 0..<n { total += x[i] }
      return total
    },
    dot: { x, y, n in
      var total = T.zero
      for i in 0..<n { total += x[i] * y[i] }
      return total
    },
    maximum: { x, n in
      var best = -T.infinity
      for i in 0..<n where x[i] > best || x[i].isNaN { best = x[i] }
      return best
    },
    squaredDeviation: { x, mean, n in
      var total = T.zero
      for i in 0..<n { total += (x[i] - mean) * (x[i] - mean) }
      return total
    },
    addRows: { x, rows, columns, stride, out in
      for row in 0..<rows { for j in 0..<columns { out[j] += x[row * stride + j] } }
    },
    biasActivation: { x, bias, f, z, y, rows, columns in
      for row in 0..<rows {
        for j in 0..<columns {
          let v = x[row * columns + j] + (bias.map { $0[j] } ?? 0)
          z?[row * columns + j] = v
          y[row * columns + j] = T(f.value(Double(v)))
        }
      }
    },
    softmax: { x, y, rows, columns, scale, logarithmic in
      for row in 0..<rows {
        let offset = row * columns
        var peak = -Double.infinity
        for j in 0..<columns { peak = max(peak, Double(x[offset + j] * scale)) }
        var total = 0.0
        for j in 0..<columns { total += exp(Double(x[offset + j] * scale) - peak) }
        for j in 0..<columns {
          let shifted = Double(x[offset + j] * scale) - peak
          y[offset + j] = T(logarithmic ? shifted - log(total) : exp(shifted) / total)
        }
      }
    },
    columnExponentials: { x, rows, columns, scale, sums in
      for column in 0..<columns {
        var peak = -Double.infinity, total = 0.0
        for row in 0..<rows { peak = max(peak, Double(x[row * columns + column] * scale)) }
        for row in 0..<rows {
          let value = exp(Double(x[row * columns + column] * scale) - peak)
          x[row * columns + column] = T(value)
          total += value
        }
        sums[column] = T(total)
      }
    },
    softmaxGradient: { y, g, out, rows, columns, scale, logarithmic in
      for row in 0..<rows {
        let offset = row * columns
        var total = T.zero
        for j in 0..<columns { total += logarithmic ? g[offset + j] : g[offset + j] * y[offset + j] }
        for j in 0..<columns {
          let value = y[offset + j], d = g[offset + j]
          out[offset + j] = scale * (logarithmic ? d - T(exp(Double(value))) * total : value * (d - total))
        }
      }
    },
    layerNorm: { x, weight, bias, epsilon, y, mean, inverse, rows, columns in
      for row in 0..<rows {
        let offset = row * columns
        var total = T.zero
        for j in 0..<columns { total += x[offset + j] }
        let m = total / T(columns)
        var spread = T.zero
        for j in 0..<columns { spread += (x[offset + j] - m) * (x[offset + j] - m) }
        let r = 1 / (spread / T(columns) + epsilon).squareRoot()
        mean[row] = m
        inverse[row] = r
        for j in 0..<columns {
          y[offset + j] = (x[offset + j] - m) * r * (weight.map { $0[j] } ?? 1) + (bias.map { $0[j] } ?? 0)
        }
      }
    },
    layerNormGradient: { x, weight, mean, inverse, g, gx, gw, gb, rows, columns in
      for row in 0..<rows {
        let offset = row * columns
        var total = T.zero, weighted = T.zero
        for j in 0..<columns {
          let xhat = (x[offset + j] - mean[row]) * inverse[row]
          let scaled = g[offset + j] * (weight.map { $0[j] } ?? 1)
          total += scaled
          weighted += scaled * xhat
          gw?[j] += g[offset + j] * xhat
          gb?[j] += g[offset + j]
        }
        for j in 0..<columns {
          let xhat = (x[offset + j] - mean[row]) * inverse[row]
          let scaled = g[offset + j] * (weight.map { $0[j] } ?? 1)
          gx[offset + j] = inverse[row] * (scaled - total / T(columns) - xhat * weighted / T(columns))
        }
      }
    },
    affine: { x, a, b, f, y, n in for i in 0..<n { y[i] = T(f.value(Double(x[i] * a + b))) } },
    affineGradient: { x, a, b, f, g, out, n in
      var total = T.zero, weighted = T.zero
      for i in 0..<n {
        let d = g[i] * T(f.derivative(Double(x[i] * a + b)))
        total += d
        weighted += d * x[i]
        out[i] = d
      }
      return (total, weighted)
    },
    combine: { a, p, b, q, r, out, n in for i in 0..<n { out[i] = p * a[i] + q * b[i] + r } },
    adamW: { p, g, m, v, n, step in
      for i in 0..<n {
        m[i] = step.beta1 * m[i] + (1 - step.beta1) * g[i]
        v[i] = step.beta2 * v[i] + (1 - step.beta2) * g[i] * g[i]
        let decayed = p[i] * (1 - step.learningRate * step.weightDecay)
        p[i] = decayed - step.learningRate / step.correction1 * m[i] / (v[i].squareRoot() / step.correction2 + step.epsilon)
      }
    })
}

/// The loops for f64.
public let doubleTable = referenceTable(name: "reference", Double.self)
/// The same loops for f32, with which tests compare the vectorised ones.
public let floatReferenceTable = referenceTable(name: "reference", Float.self)
