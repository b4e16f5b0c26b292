extension UNet {
  /// Multiply-adds of one forward pass over one picture, convolutions, linear layers and attention products counted.
  ///
  /// - Parameter captionTokens: tokens of the caption, default 32.
  public func multiplyAdds(captionTokens: Int = 32) -> Int {
    let side = configuration.imageSize / configuration.pixelUnshuffle
    func size(_ parameter: Parameter) -> Int { parameter.shape.reduce(1, *) }
    func residual(_ block: ResidualBlock, _ positions: Int) -> Int {
      let maps = size(block.convolution1.weight) + size(block.convolution2.weight) + (block.shortcut.map { size($0.weight) } ?? 0)
      return maps * positions + (block.timeProjection.map { size($0.weight) } ?? 0)
    }
    func transformer(_ part: SpatialTransformer, _ positions: Int) -> Int {
      let width = part.norm.weight.shape[0]
      return part.blocks.reduce(positions * (size(part.input.weight) + size(part.output.weight))) { $0 + contextBlock($1, width, positions) }
    }
    func contextBlock(_ block: ContextBlock, _ width: Int, _ positions: Int) -> Int {
      var total = 0
      for linear in [block.selfAttention.query, block.selfAttention.key, block.selfAttention.value, block.selfAttention.output] {
        total += positions * size(linear.weight)
      }
      total += 2 * positions * positions * width
      if let cross = block.crossAttention {
        total += positions * (size(cross.query.weight) + size(cross.output.weight))
        total += captionTokens * (size(cross.key.weight) + size(cross.value.weight)) + 2 * positions * captionTokens * width
      }
      return total + positions * (size(block.feedForward.gate.weight) + size(block.feedForward.output.weight))
    }
    func level(_ part: UNetLevel, _ positions: Int, resized: Int) -> Int {
      part.residuals.reduce(0) { $0 + residual($1, positions) } + part.transformers.reduce(0) { $0 + transformer($1, positions) }
        + (part.resize.map { size($0.weight) * resized } ?? 0)
    }
    var total = (size(inputConvolution.weight) + size(outputConvolution.weight)) * side * side
    for embedding in [timeEmbedding, pooledEmbedding].compactMap({ $0 }) { total += size(embedding.first.weight) + size(embedding.second.weight) }
    for (index, part) in down.enumerated() {
      let positions = (side >> index) * (side >> index)
      total += level(part, positions, resized: positions / 4)
    }
    let least = side >> (down.count - 1)
    total += level(middle, least * least, resized: 0)
    for (index, part) in up.enumerated() {
      let positions = (least << index) * (least << index)
      total += level(part, positions, resized: positions * 4)
    }
    return total
  }
}
