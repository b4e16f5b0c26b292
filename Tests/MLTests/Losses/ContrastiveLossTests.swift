import Testing

@testable import ML

struct ContrastiveLossTests {
  private func golden(_ tag: String) throws -> [String: Any] {
    try #require(try ModelGolden.json("losses/losses.json")[tag] as? [String: Any])
  }

  private func check(_ tag: String, _ loss: (_ tensors: [String: Tensor]) throws -> Tensor) throws {
    let object = try golden(tag)
    var tensors: [String: Tensor] = [:]
    for (key, value) in object { if value is [String: Any] { tensors[key] = try ModelGolden.tensor(value) } }
    let value = try loss(tensors)
    let expected = try ModelGolden.doubles([object["loss"] as Any])[0]
    #expect(abs(try value.item() - expected) < 2e-6 * max(1, abs(expected)), "\(tag)")
    let gradients = try value.backward()
    for (key, tensor) in tensors {
      let part = try #require(object[key] as? [String: Any])
      #expect(try ModelGolden.distance(#require(gradients[tensor]), ModelGolden.doubles(part["gradient"])) < 2e-5, "\(tag) \(key)")
    }
  }

  @Test func `NT-Xent equals lightly's loss and gradient`() throws {
    try check("nt_xent") { try ntXentLoss(#require($0["first"]), #require($0["second"])) }
  }

  @Test func `the CLIP loss equals open_clip's loss and gradients, that of the scale included`() throws {
    try check("clip") { try clipLoss(images: #require($0["images"]), texts: #require($0["texts"]), scale: #require($0["log_scale"]).exp()) }
  }

  @Test func `the multi-positive loss equals a cross-entropy of soft targets, with uneven and lonely captions`() throws {
    let labels = try ModelGolden.doubles(golden("multi_positive")["labels"]).map { Int($0) }
    try check("multi_positive") { try multiPositiveLoss(#require($0["embeddings"]), labels: labels, temperature: 0.2) }
  }

  @Test func `StableRep+ equals its two terms in torch`() throws {
    try check("stablerep_plus") {
      try stableRepPlusLoss(projections: #require($0["projections"]), images: #require($0["images"]), texts: #require($0["texts"]),
                            captions: [0, 1, 2, 0, 1, 2], scale: #require($0["log_scale"]).exp(), textWeight: 0.7)
    }
  }

  @Test func `losses with a teacher equal MoCo-v3's formula and lightly's BYOL and DINO`() throws {
    func pair(_ tag: String, _ key: String, _ shape: [Int]) throws -> [Tensor] {
      try #require(try golden(tag)[key] as? [Any]).map { try Tensor(try ModelGolden.doubles($0).map { Float($0) }, shape: shape) }
    }
    let keys = try pair("moco_v3", "keys", [5, 6]), targets = try pair("byol", "targets", [5, 6]), teacher = try pair("dino", "teacher", [4, 7])
    let center = try Tensor(try ModelGolden.doubles(golden("dino")["center"]).map { Float($0) }, shape: [7])
    try check("moco_v3") { try momentumContrastiveLoss(queries: (#require($0["first"]), #require($0["second"])), keys: (keys[0], keys[1])) }
    try check("byol") { try bootstrapLoss(predictions: (#require($0["first"]), #require($0["second"])), targets: (targets[0], targets[1])) }
    try check("dino") {
      try distillationLoss(student: [#require($0["first"]), #require($0["second"]), #require($0["third"])], teacher: teacher, center: center)
    }
  }

  @Test func `the SigLIP loss equals open_clip's loss and gradients, those of scale and bias included`() throws {
    try check("siglip") {
      try sigmoidImageTextLoss(images: #require($0["images"]), texts: #require($0["texts"]), captions: [0, 1, 2, 3],
                               scale: #require($0["log_scale"]).exp(), bias: #require($0["bias"]))
    }
  }

  @Test func `the MAE loss equals its formula in torch`() throws {
    let object = try golden("mae")
    let picture = try Tensor(try ModelGolden.doubles(object["picture"]).map { Float($0) }, shape: [2, 3, 4, 4])
    let hidden = try Tensor(try ModelGolden.doubles(object["hidden"]).map { Float($0) }, shape: [2, 4])
    try check("mae") { try maskedReconstructionLoss(#require($0["prediction"]), target: picture.patches(2), hidden: hidden) }
  }

  @Test func `two positives make the multi-positive loss NT-Xent`() throws {
    let both = try ModelGolden.random([16, 12], seed: 3)
    let pair = try ntXentLoss(both.narrow(axis: 0, start: 0, count: 8), both.narrow(axis: 0, start: 8, count: 8)).item()
    #expect(try multiPositiveLoss(both, labels: viewMajorLabels(captions: 8, views: 2)).item() == pair)
  }

  @Test func `the floor with m images of a caption is log(m - 1)`() throws {
    // Identical positives, orthogonal negatives, a low temperature: only the m - 1 positives share the probability.
    let captions = 4, images = 6
    var values = [Float](repeating: 0, count: captions * images * captions)
    for row in 0..<captions * images { values[row * captions + row % captions] = 2 }
    let embeddings = try Tensor(values, shape: [captions * images, captions])
    let labels = viewMajorLabels(captions: captions, views: images)
    #expect(abs(try multiPositiveLoss(embeddings, labels: labels, temperature: 0.02).item() - Double.logarithm(5)) < 1e-5)
    // At temperature 0.1 the negatives still count: log(5 + 18 e^-10).
    #expect(abs(try multiPositiveLoss(embeddings, labels: labels, temperature: 0.1).item() - Double.logarithm(5 + 18 * Double.exponential(-10))) < 1e-5)
  }

  @Test func `a random start costs about log(N - 1)`() throws {
    let embeddings = try ModelGolden.random([240, 512], seed: 8)
    let loss = try multiPositiveLoss(embeddings, labels: viewMajorLabels(captions: 40, views: 6)).item()
    #expect(abs(loss - Double.logarithm(239)) < 0.2)
  }

  @Test func `the loss is blind to the order of the batch and the length of embeddings`() throws {
    let embeddings = try ModelGolden.random([12, 8], seed: 5)
    let labels = viewMajorLabels(captions: 4, views: 3)
    let loss = try multiPositiveLoss(embeddings, labels: labels).item()
    var stream = RandomStream(seed: 9)
    let order = stream.permutation(12)
    let shuffled = try multiPositiveLoss(embeddings.indexSelect(axis: 0, indices: order), labels: order.map { labels[$0] }).item()
    #expect(abs(shuffled - loss) < 1e-6)
    #expect(abs(try multiPositiveLoss(embeddings * 7.5, labels: labels).item() - loss) < 1e-6)
  }

  @Test func `a batch without positives costs nothing and has no gradient`() throws {
    let embeddings = try ModelGolden.random([4, 3], seed: 5).tracked()
    let loss = try multiPositiveLoss(embeddings, labels: [0, 1, 2, 3])
    #expect(try loss.item() == 0)
    let gradient = try loss.backward()[embeddings]?.floats() ?? [0]
    #expect(gradient.allSatisfy { $0 == 0 })
  }

  @Test func `the text-to-image term has the floor log m`() throws {
    let captions = 3, images = 4
    var values = [Float](repeating: 0, count: captions * images * captions)
    for row in 0..<captions * images { values[row * captions + row % captions] = 1 }
    let pictures = try Tensor(values, shape: [captions * images, captions])
    let texts = try Tensor([1, 0, 0, 0, 1, 0, 0, 0, 1] as [Float], shape: [3, 3])
    let scale = try Tensor.full([], 100)
    let loss = try imageTextLoss(images: pictures, texts: texts, captions: viewMajorLabels(captions: 3, views: 4), scale: scale).item()
    #expect(abs(loss - Double.logarithm(4) / 2) < 1e-5)
  }

  @Test func `the logit scale starts at ln(1 / 0.07) and stays in [0, ln 100]`() throws {
    let scale = try LogitScale()
    #expect(abs(try scale.parameter.value.item() - 2.6593) < 1e-4)
    #expect(abs(try scale.scale().item() - 1 / 0.07) < 1e-4)
    for (value, expected) in [(9.0, 4.6052), (-1.0, 0.0), (3.0, 3.0)] {
      scale.parameter.value = try Tensor.full([], value)
      try scale.clamp()
      #expect(abs(try scale.parameter.value.item() - expected) < 1e-4)
      #expect(scale.parameter.value.isTracked)
    }
  }

  @Test func `shapes that do not belong together are refused`() throws {
    let some = try Tensor.zeros([4, 3])
    #expect(ModelGolden.message { _ = try multiPositiveLoss(some, labels: [0, 1]) }.contains("[2, D] for 2 labels, got [4, 3]"))
    #expect(ModelGolden.message { _ = try multiPositiveLoss(some, labels: [0, 1, 0, 1], temperature: 0) }.contains("temperature must be positive"))
    #expect(ModelGolden.message { _ = try ntXentLoss(some, Tensor.zeros([3, 3])) }.contains("[4, 3] and [3, 3]"))
  }
}
