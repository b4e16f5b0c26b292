import KernelInterface

@inline(__always) private func biasActivationRows<F: UnaryFunction>(
  _: F.Type, _ x: Input, _ bias: Input?, _ z: Output?, _ y: Output, _ rows: Int, _ columns: Int
) {
  for row in 0..<rows {
    let offset = row &* columns
    var j = 0
    while j &+ width <= columns {
      var v = load(x + offset + j)
      if let bias { v += load(bias + j) }
      if let z { store(v, z + offset + j) }
      store(F.value(v), y + offset + j)
      j &+= width
    }
    if j < columns {
      let rest = columns &- j
      var v = load(x + offset + j, count: rest, fill: 0)
      if let bias { v += load(bias + j, count: rest, fill: 0) }
      if let z { store(v, z + offset + j, count: rest) }
      store(F.value(v), y + offset + j, count: rest)
    }
  }
}

func biasActivation(_ x: Input, _ bias: Input?, _ f: UnaryOperation, _ z: Output?, _ y: Output, _ rows: Int, _ columns: Int) {
  switch f {
  case .relu: biasActivationRows(Relu.self, x, bias, z, y, rows, columns)
  case .gelu: biasActivationRows(Gelu.self, x, bias, z, y, rows, columns)
  case .quickGelu: biasActivationRows(QuickGelu.self, x, bias, z, y, rows, columns)
  case .silu: biasActivationRows(Silu.self, x, bias, z, y, rows, columns)
  case .tanh: biasActivationRows(Tanh.self, x, bias, z, y, rows, columns)
  case .sigmoid: biasActivationRows(Sigmoid.self, x, bias, z, y, rows, columns)
  default: biasActivationRows(Identity.self, x, bias, z, y, rows, columns)
  }
}

func softmax(_ x: Input, _ y: Output, _ rows: Int, _ columns: Int, _ scale: Float, _ logarithmic: Bool) {
  let factor = constant(scale)
  for row in 0..<rows {
    let input = x + row &* columns
    let output = y + row &* columns
    var top = constant(-.infinity)
    var j = 0
    while j &+ width <= columns {
      top = larger(top, load(input + j) * factor)
      j &+= width
    }
    if j < columns { top = larger(top, load(input + j, count: columns &- j, fill: 0) * factor).replacing(with: top, where: laneMask(columns &- j)) }
    let peak = constant(horizontalMaximum(top))
    var total = V.zero
    j = 0
    while j &+ width <= columns {
      let e = exponential(fma(load(input + j), factor, -peak))
      if !logarithmic { store(e, output + j) }
      total += e
      j &+= width
    }
    if j < columns {
      let rest = columns &- j
      let e = exponential(fma(load(input + j, count: rest, fill: 0), factor, -peak)).replacing(with: V.zero, where: laneMask(rest))
      if !logarithmic { store(e, output + j, count: rest) }
      total += e
    }
    let sum = horizontalSum(total)
    if logarithmic {
      let shift = -peak - logarithm(constant(sum))
      mapRow(input, output, columns, factor, shift)
    } else {
      let inverse = constant(1 / sum)
      mapRow(Input(output), output, columns, inverse, V.zero)
    }
  }
}

/// True in the lanes from `count` on.
@inline(__always) private func laneMask(_ count: Int) -> SIMDMask<VI> {
  var lanes = VI()
  for lane in 0..<width { lanes[lane] = Int32(lane) }
  return lanes .>= VI(repeating: Int32(count))
}

@inline(__always) private func mapRow(_ x: Input, _ y: Output, _ count: Int, _ a: V, _ b: V) {
  var j = 0
  while j &+ width <= count {
    store(fma(load(x + j), a, b), y + j)
    j &+= width
  }
  if j < count { store(fma(load(x + j, count: count &- j, fill: 0), a, b), y + j, count: count &- j) }
}

/// Both registers' columns of a panel at once; see the table.
func columnExponentials(_ x: Output, _ rows: Int, _ columns: Int, _ scale: Float, _ sums: Output) {
  let step = 2 &* width
  precondition(columns == step)
  let factor = constant(scale)
  var top = constant(-.infinity), otherTop = top
  for row in 0..<rows {
    top = larger(top, load(x + row &* step))
    otherTop = larger(otherTop, load(x + (row &* step &+ width)))
  }
  let peak = -(top * factor), otherPeak = -(otherTop * factor)
  var total = V.zero, otherTotal = V.zero
  var row = 0
  while row < rows {
    // Short sums first, so that rounding does not grow with the number of rows.
    let end = min(rows, row &+ 64)
    var part = V.zero, otherPart = V.zero
    while row < end {
      let p = x + row &* step
      let e = exponential(fma(load(p), factor, peak)), f = exponential(fma(load(p + width), factor, otherPeak))
      store(e, p)
      store(f, p + width)
      part += e
      otherPart += f
      row &+= 1
    }
    total += part
    otherTotal += otherPart
  }
  store(total, sums)
  store(otherTotal, sums + width)
}

func softmaxGradient(_ y: Input, _ g: Input, _ out: Output, _ rows: Int, _ columns: Int, _ scale: Float, _ logarithmic: Bool) {
  let factor = constant(scale)
  for row in 0..<rows {
    let value = y + row &* columns
    let gradient = g + row &* columns
    let result = out + row &* columns
    let total = constant(logarithmic ? sum(gradient, columns) : dot(value, gradient, columns))
    var j = 0
    while j < columns {
      let lanes = min(width, columns &- j)
      let full = lanes == width
      let v = full ? load(value + j) : load(value + j, count: lanes, fill: 0)
      let d = full ? load(gradient + j) : load(gradient + j, count: lanes, fill: 0)
      let r = logarithmic ? (d - exponential(v) * total) * factor : v * (d - total) * factor
      if full { store(r, result + j) } else { store(r, result + j, count: lanes) }
      j &+= width
    }
  }
}

func layerNorm(_ x: Input, _ weight: Input?, _ bias: Input?, _ epsilon: Float, _ y: Output, _ mean: Output, _ inverse: Output,
               _ rows: Int, _ columns: Int) {
  let n = Float(columns)
  for row in 0..<rows {
    let input = x + row &* columns
    let output = y + row &* columns
    let m = sum(input, columns) / n
    let r = 1 / (squaredDeviation(input, m, columns) / n + epsilon).squareRoot()
    mean[row] = m
    inverse[row] = r
    let vm = constant(m), vr = constant(r)
    var j = 0
    while j &+ width <= columns {
      var v = (load(input + j) - vm) * vr
      if let weight { v *= load(weight + j) }
      if let bias { v += load(bias + j) }
      store(v, output + j)
      j &+= width
    }
    if j < columns {
      let rest = columns &- j
      var v = (load(input + j, count: rest, fill: 0) - vm) * vr
      if let weight { v *= load(weight + j, count: rest, fill: 0) }
      if let bias { v += load(bias + j, count: rest, fill: 0) }
      store(v, output + j, count: rest)
    }
  }
}

func layerNormGradient(_ x: Input, _ weight: Input?, _ mean: Input, _ inverse: Input, _ g: Input, _ gx: Output,
                       _ gw: Output?, _ gb: Output?, _ rows: Int, _ columns: Int) {
  let n = Float(columns)
  for row in 0..<rows {
    let input = x + row &* columns
    let gradient = g + row &* columns
    let result = gx + row &* columns
    let vm = constant(mean[row]), vr = constant(inverse[row])
    var total = V.zero, weighted = V.zero
    var j = 0
    while j < columns {
      let lanes = min(width, columns &- j)
      let full = lanes == width
      let xhat = ((full ? load(input + j) : load(input + j, count: lanes, fill: mean[row])) - vm) * vr
      let d = full ? load(gradient + j) : load(gradient + j, count: lanes, fill: 0)
      var scaled = d
      if let weight { scaled *= full ? load(weight + j) : load(weight + j, count: lanes, fill: 0) }
      total += scaled
      weighted = fma(scaled, xhat, weighted)
      if let gw {
        let sum = fma(d, xhat, full ? load(gw + j) : load(Input(gw + j), count: lanes, fill: 0))
        if full { store(sum, gw + j) } else { store(sum, gw + j, count: lanes) }
      }
      if let gb {
        let sum = d + (full ? load(gb + j) : load(Input(gb + j), count: lanes, fill: 0))
        if full { store(sum, gb + j) } else { store(sum, gb + j, count: lanes) }
      }
      j &+= width
    }
    let a = constant(horizontalSum(total) / n), b = constant(horizontalSum(weighted) / n)
    j = 0
    while j < columns {
      let lanes = min(width, columns &- j)
      let full = lanes == width
      let xhat = ((full ? load(input + j) : load(input + j, count: lanes, fill: 0)) - vm) * vr
      var scaled = full ? load(gradient + j) : load(gradient + j, count: lanes, fill: 0)
      if let weight { scaled *= full ? load(weight + j) : load(weight + j, count: lanes, fill: 0) }
      let r = vr * (scaled - a - xhat * b)
      if full { store(r, result + j) } else { store(r, result + j, count: lanes) }
      j &+= width
    }
  }
}

@inline(__always) private func affineMap<F: UnaryFunction>(_: F.Type, _ x: Input, _ a: Float, _ b: Float, _ y: Output, _ count: Int) {
  let va = constant(a), vb = constant(b)
  var i = 0
  while i &+ width <= count {
    store(F.value(fma(load(x + i), va, vb)), y + i)
    i &+= width
  }
  if i < count { store(F.value(fma(load(x + i, count: count &- i, fill: 0), va, vb)), y + i, count: count &- i) }
}

func affine(_ x: Input, _ a: Float, _ b: Float, _ f: UnaryOperation, _ y: Output, _ count: Int) {
  switch f {
  case .silu: affineMap(Silu.self, x, a, b, y, count)
  case .relu: affineMap(Relu.self, x, a, b, y, count)
  case .gelu: affineMap(Gelu.self, x, a, b, y, count)
  default: affineMap(Identity.self, x, a, b, y, count)
  }
}

@inline(__always) private func affineMapGradient<F: UnaryFunction>(
  _: F.Type, _ x: Input, _ a: Float, _ b: Float, _ g: Input, _ out: Output, _ count: Int
) -> (Float, Float) {
  let va = constant(a), vb = constant(b)
  var total = V.zero, weighted = V.zero
  var i = 0
  while i < count {
    let lanes = min(width, count &- i)
    let full = lanes == width
    let v = full ? load(x + i) : load(x + i, count: lanes, fill: 0)
    let z = fma(v, va, vb)
    let d = (full ? load(g + i) : load(g + i, count: lanes, fill: 0)) * F.derivative(z, F.value(z))
    total += d
    weighted = fma(d, v, weighted)
    if full { store(d, out + i) } else { store(d, out + i, count: lanes) }
    i &+= width
  }
  return (horizontalSum(total), horizontalSum(weighted))
}

func affineGradient(_ x: Input, _ a: Float, _ b: Float, _ f: UnaryOperation, _ g: Input, _ out: Output, _ count: Int) -> (Float, Float) {
  switch f {
  case .silu: return affineMapGradient(Silu.self, x, a, b, g, out, count)
  case .relu: return affineMapGradient(Relu.self, x, a, b, g, out, count)
  case .gelu: return affineMapGradient(Gelu.self, x, a, b, g, out, count)
  default: return affineMapGradient(Identity.self, x, a, b, g, out, count)
  }
}
