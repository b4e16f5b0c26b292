import KernelInterface

func accumulate(_ x: Input, _ s: Float, _ y: Output, _ count: Int) {
  let scale = constant(s)
  var i = 0
  while i &+ width <= count {
    store(fma(load(x + i), scale, load(y + i)), y + i)
    i &+= width
  }
  if i < count {
    let rest = count &- i
    store(fma(load(x + i, count: rest, fill: 0), scale, load(Input(y + i), count: rest, fill: 0)), y + i, count: rest)
  }
}

func sum(_ x: Input, _ count: Int) -> Float {
  var a = V.zero, b = V.zero, c = V.zero, d = V.zero
  var i = 0
  while i &+ 4 &* width <= count {
    a += load(x + i)
    b += load(x + i + width)
    c += load(x + i + 2 &* width)
    d += load(x + i + 3 &* width)
    i &+= 4 &* width
  }
  while i &+ width <= count {
    a += load(x + i)
    i &+= width
  }
  if i < count { b += load(x + i, count: count &- i, fill: 0) }
  return horizontalSum((a + b) + (c + d))
}

func dot(_ x: Input, _ y: Input, _ count: Int) -> Float {
  var a = V.zero, b = V.zero, c = V.zero, d = V.zero
  var i = 0
  while i &+ 4 &* width <= count {
    a = fma(load(x + i), load(y + i), a)
    b = fma(load(x + i + width), load(y + i + width), b)
    c = fma(load(x + i + 2 &* width), load(y + i + 2 &* width), c)
    d = fma(load(x + i + 3 &* width), load(y + i + 3 &* width), d)
    i &+= 4 &* width
  }
  while i &+ width <= count {
    a = fma(load(x + i), load(y + i), a)
    i &+= width
  }
  if i < count {
    let rest = count &- i
    b = fma(load(x + i, count: rest, fill: 0), load(y + i, count: rest, fill: 0), b)
  }
  return horizontalSum((a + b) + (c + d))
}

func squaredDeviation(_ x: Input, _ mean: Float, _ count: Int) -> Float {
  let center = constant(mean)
  var a = V.zero, b = V.zero
  var i = 0
  while i &+ 2 &* width <= count {
    let first = load(x + i) - center
    let second = load(x + i + width) - center
    a = fma(first, first, a)
    b = fma(second, second, b)
    i &+= 2 &* width
  }
  while i &+ width <= count {
    let first = load(x + i) - center
    a = fma(first, first, a)
    i &+= width
  }
  if i < count {
    let rest = load(x + i, count: count &- i, fill: mean) - center
    b = fma(rest, rest, b)
  }
  return horizontalSum(a + b)
}

func maximum(_ x: Input, _ count: Int) -> Float {
  var best = constant(-.infinity)
  var i = 0
  while i &+ width <= count {
    let v = load(x + i)
    // A NaN must win: it is the answer that a caller can see.
    best = best.replacing(with: v, where: (v .> best) .| (v .!= v))
    i &+= width
  }
  if i < count {
    let v = load(x + i, count: count &- i, fill: -.infinity)
    best = best.replacing(with: v, where: (v .> best) .| (v .!= v))
  }
  return horizontalMaximum(best)
}

func addRows(_ x: Input, _ rows: Int, _ columns: Int, _ stride: Int, _ out: Output) {
  var j = 0
  while j &+ 4 &* width <= columns {
    var a = load(out + j), b = load(out + j + width), c = load(out + j + 2 &* width), d = load(out + j + 3 &* width)
    var p = x + j
    for _ in 0..<rows {
      a += load(p)
      b += load(p + width)
      c += load(p + 2 &* width)
      d += load(p + 3 &* width)
      p += stride
    }
    store(a, out + j)
    store(b, out + j + width)
    store(c, out + j + 2 &* width)
    store(d, out + j + 3 &* width)
    j &+= 4 &* width
  }
  while j < columns {
    let count = min(width, columns &- j)
    var a = load(Input(out + j), count: count, fill: 0)
    var p = x + j
    for _ in 0..<rows {
      a += load(p, count: count, fill: 0)
      p += stride
    }
    store(a, out + j, count: count)
    j &+= count
  }
}

func combine(_ a: Input, _ p: Float, _ b: Input, _ q: Float, _ r: Float, _ out: Output, _ count: Int) {
  let vp = constant(p), vq = constant(q), vr = constant(r)
  var i = 0
  while i &+ width <= count {
    store(fma(load(a + i), vp, fma(load(b + i), vq, vr)), out + i)
    i &+= width
  }
  if i < count {
    let rest = count &- i
    store(fma(load(a + i, count: rest, fill: 0), vp, fma(load(b + i, count: rest, fill: 0), vq, vr)), out + i, count: rest)
  }
}

func adamW(_ p: Output, _ g: Input, _ m: Output, _ v: Output, _ count: Int, _ step: AdamWStep<Float>) {
  let b1 = constant(step.beta1), r1 = constant(1 - step.beta1)
  let b2 = constant(step.beta2), r2 = constant(1 - step.beta2)
  let decay = constant(1 - step.learningRate * step.weightDecay)
  let rate = constant(step.learningRate / step.correction1)
  let inverse = constant(1 / step.correction2), epsilon = constant(step.epsilon)
  var i = 0
  while i < count {
    let lanes = min(width, count &- i)
    let full = lanes == width
    let gradient = full ? load(g + i) : load(g + i, count: lanes, fill: 0)
    let first = fma(full ? load(m + i) : load(Input(m + i), count: lanes, fill: 0), b1, gradient * r1)
    let second = fma(full ? load(v + i) : load(Input(v + i), count: lanes, fill: 0), b2, gradient * gradient * r2)
    let value = (full ? load(p + i) : load(Input(p + i), count: lanes, fill: 0)) * decay
    let updated = value - rate * first / (second.squareRoot() * inverse + epsilon)
    if full {
      store(first, m + i)
      store(second, v + i)
      store(updated, p + i)
    } else {
      store(first, m + i, count: lanes)
      store(second, v + i, count: lanes)
      store(updated, p + i, count: lanes)
    }
    i &+= width
  }
}
