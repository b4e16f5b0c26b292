import Testing

@testable import ML

@Suite struct ScenesPictureTests {
  private static let plain = SceneNuisanceLevels(pose: 0, lighting: 0, noise: 0, clutter: 0)

  private func hash(_ bytes: [UInt8]) -> UInt64 {
    bytes.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01b3 }
  }

  private func difference(_ one: Image, _ other: Image) -> Double {
    var sum = 0
    for (left, right) in zip(one.pixels, other.pixels) { sum += abs(Int(left) - Int(right)) }
    return Double(sum) / Double(one.pixels.count)
  }

  /// A scene with chosen facts in the middle of a calm picture.
  private func calm(
    _ shape: SceneShape, _ colour: SceneColour = .red, _ pattern: ScenePattern = .solid, _ size: SceneSize = .medium,
    _ background: SceneBackground = .light, turn: Float = 0
  ) throws -> Scene {
    let sampler = SceneSampler(seed: 1, combinations: .all, nuisances: Self.plain)
    let object = SceneObjectMention(shape: shape, colour: colour, pattern: pattern, size: size)
    var scene = try sampler.scene(0, with: SceneMention(objects: [object], count: 1, background: background))
    scene.nuisances.poses[0].centre = SIMD2(0.5, 0.5)
    scene.nuisances.poses[0].radius = size == .small ? 0.175 : size == .medium ? 0.24 : 0.33
    scene.nuisances.poses[0].rotation = turn
    return scene
  }

  /// Which pixels differ from grey towards the tone.
  private func mask(_ image: Image, like tone: SIMD3<Float>) -> [Bool] {
    (0..<image.width * image.height).map { position in
      let pixel = SIMD3(
        Float(image.pixels[position * 3]), Float(image.pixels[position * 3 + 1]), Float(image.pixels[position * 3 + 2]))
      let gap = pixel / 255 - tone
      return (gap * gap).sum() < 0.03
    }
  }

  @Test func `pictures keep their bytes`() throws {
    let sampler = SceneSampler(seed: 2024)
    let images = try (0..<64).map { try sampler.scene($0).render(side: 32) }
    #expect(hash(images.flatMap(\.pixels)) == 10_265_459_015_010_733_379)
    let large = try sampler.scene(7).render(side: 64)
    #expect(hash(large.pixels) == 576_935_602_350_581_510)
    #expect(hash(Array(sampler.captions(7).map(\.text).joined(separator: "\n").utf8)) == 18_203_513_669_621_361_081)
  }

  @Test func `drawing on several threads gives the same bytes`() throws {
    let scenes = (0..<100).map { SceneSampler(seed: 5).scene($0) }
    let alone = try scenes.map { try $0.render() }
    #expect(try scenes.rendered() == alone)
  }

  @Test func `sides that cannot be drawn are refused`() {
    let scene = SceneSampler(seed: 1).scene(0)
    for side in [0, -8, 8, 33, 264, Int.max] { #expect(throws: SceneError.side(side)) { try scene.render(side: side) } }
    for side in [16, 24, 256] { #expect((try? scene.render(side: side))?.width == side) }
  }

  @Test func `the same scene at 64 pixels shrinks to the picture at 32`() throws {
    let sampler = SceneSampler(seed: 8, nuisances: SceneNuisanceLevels(noise: 0))
    for index in 0..<40 {
      let scene = sampler.scene(index)
      let small = try scene.render(side: 32)
      let large = try scene.render(side: 64)
      let halved = try Image(width: 32, height: 32) { bytes in
        for place in bytes.indices {
          let (row, column, channel) = (place / 96, place / 3 % 32, place % 3)
          let corner = (row * 2 * 64 + column * 2) * 3 + channel
          let sum = [0, 3, 192, 195].reduce(0) { $0 + Int(large.pixels[corner + $1]) }
          bytes[place] = UInt8((sum + 2) / 4)
        }
      }
      #expect(difference(small, halved) < 5)
    }
  }

  @Test func `pictures of the same facts differ clearly and stay closer than other facts in what they show`() throws {
    let sampler = SceneSampler(seed: 3, wording: .complete)
    var gaps: [Double] = []
    for index in 0..<150 {
      let mention = sampler.captions(index, count: 1)[0].mention
      let one = try sampler.scene(0, with: mention, purpose: "a\(index)").render()
      let other = try sampler.scene(1, with: mention, purpose: "a\(index)").render()
      gaps.append(difference(one, other))
    }
    gaps.sort()
    #expect(gaps[7] > 12)
  }

  @Test(arguments: SceneColour.allCases) func `an object's own colour is the nearest name under every light`(
    colour: SceneColour
  ) throws {
    var right = 0
    for index in 0..<60 {
      let sampler = SceneSampler(
        seed: 31, combinations: .all, nuisances: SceneNuisanceLevels(pose: 0, noise: 1, clutter: 0))
      let object = SceneObjectMention(shape: .circle, colour: colour, pattern: .solid)
      let scene = try sampler.scene(index, with: SceneMention(objects: [object], count: 1))
      let image = try scene.render()
      let pose = scene.nuisances.poses[0]
      var mean = SIMD3<Float>.zero
      for row in -1...1 {
        for column in -1...1 {
          let place = ((Int(pose.centre.y * 32) + row) * 32 + Int(pose.centre.x * 32) + column) * 3
          for channel in 0..<3 { mean[channel] += Float(image.pixels[place + channel]) / (9 * 255) }
        }
      }
      let nearest = SceneColour.allCases.min { left, other in
        let (a, b) = (mean - left.tone, mean - other.tone)
        return (a * a).sum() < (b * b).sum()
      }
      if nearest == colour { right += 1 }
    }
    #expect(right >= 54)
  }

  @Test func `silhouettes of different shapes differ at every turn`() throws {
    var masks: [SceneShape: [[Bool]]] = [:]
    for shape in SceneShape.allCases {
      masks[shape] = try (0..<12).map { turn in
        mask(try calm(shape, turn: Float(turn) * .pi / 6).render(), like: SceneColour.red.tone)
      }
      let area = masks[shape]?[0].count { $0 } ?? 0
      #expect(area > 55 && area < 200, "\(shape) covers \(area) pixels")
    }
    for (place, one) in SceneShape.allCases.enumerated() {
      for other in SceneShape.allCases.dropFirst(place + 1) {
        for left in masks[one]!.prefix(1) {
          for right in masks[other]! {
            let common = zip(left, right).count { $0 && $1 }
            let union = zip(left, right).count { $0 || $1 }
            #expect(Double(common) < 0.88 * Double(union), "\(one) and \(other)")
          }
        }
      }
    }
  }

  @Test(arguments: SceneSize.allCases) func `patterns and backgrounds look different from each other`(size: SceneSize) throws {
    for colour in SceneColour.allCases {
      let images = try ScenePattern.allCases.map { try calm(.square, colour, $0, size).render() }
      for (place, one) in images.enumerated() {
        for other in images.dropFirst(place + 1) { #expect(difference(one, other) > 0.8) }
      }
    }
    let images = try SceneBackground.allCases.map { try calm(.circle, .red, .solid, .small, $0).render() }
    for (place, one) in images.enumerated() {
      for other in images.dropFirst(place + 1) { #expect(difference(one, other) > 10) }
    }
  }

  @Test func `equal objects can be counted`() throws {
    let sampler = SceneSampler(seed: 17, combinations: .all, nuisances: SceneNuisanceLevels(lighting: 0, noise: 0, clutter: 0))
    for index in 0..<240 {
      let count = index % 4 + 1
      let object = SceneObjectMention(shape: [.circle, .square, .heart, .star][index / 4 % 4], colour: .blue, pattern: .solid)
      let scene = try sampler.scene(index, with: SceneMention(objects: [object], count: count, background: .light))
      var open = mask(try scene.render(), like: SceneColour.blue.tone)
      var islands = 0
      for start in open.indices where open[start] {
        var size = 0
        var reached = [start]
        open[start] = false
        while let place = reached.popLast() {
          size += 1
          for step in 0..<9 {
            let (row, column) = (place / 32 + step / 3 - 1, place % 32 + step % 3 - 1)
            guard (0..<32).contains(row), (0..<32).contains(column) else { continue }
            let next = row * 32 + column
            if open[next] {
              open[next] = false
              reached.append(next)
            }
          }
        }
        // The tip of a star may lie alone.
        if size > 4 { islands += 1 }
      }
      #expect(islands == count, "scene \(index)")
    }
  }

  @Test func `related objects stand where the facts say`() throws {
    let sampler = SceneSampler(seed: 18, combinations: .all, nuisances: SceneNuisanceLevels(lighting: 0, noise: 0, clutter: 0))
    for index in 0..<200 {
      let relation = SceneRelation.allCases[index % 4]
      let scene = try sampler.scene(index, with: SceneMention(
        objects: [SceneObjectMention(colour: .red, pattern: .solid), SceneObjectMention(colour: .blue, pattern: .solid)],
        relation: relation, background: .light))
      let image = try scene.render()
      func middle(_ colour: SceneColour) -> SIMD2<Float> {
        let places = mask(image, like: colour.tone).enumerated().filter(\.element).map(\.offset)
        let sum = places.reduce(SIMD2<Float>.zero) { $0 + SIMD2(Float($1 % 32), Float($1 / 32)) }
        return sum / Float(max(1, places.count))
      }
      let gap = middle(.red) - middle(.blue)
      let seen: SceneRelation = abs(gap.x) > abs(gap.y) ? (gap.x < 0 ? .left : .right) : (gap.y < 0 ? .above : .below)
      #expect(seen == relation, "scene \(index)")
    }
  }

  @Test func `each nuisance can be switched off`() throws {
    let object = SceneObjectMention(shape: .arrow, colour: .red, pattern: .solid, size: .large)
    let mention = SceneMention(objects: [object], count: 1, background: .dark)
    let calm = try SceneSampler(seed: 1, nuisances: Self.plain).scene(4, with: mention).nuisances
    #expect(calm.noise == 0 && calm.clutter.isEmpty && calm.lighting.gain == 1 && calm.lighting.shadow == 0)
    #expect(calm.poses[0].rotation == 0 && calm.poses[0].foreshortening == 1)
    let turns = try (0..<400).map { try SceneSampler(seed: 1).scene($0, with: mention).nuisances.poses[0].octant }
    for octant in 0..<8 { #expect(turns.count { $0 == octant } > 25) }
  }

  @Test(arguments: SceneShape.allCases) func `a mask covers what the picture shows in the object's colour`(shape: SceneShape) throws {
    let scene = try calm(shape, .red, .solid, .large, turn: 0.7)
    let mask = try scene.mask(side: 64)
    let number = 1 + (SceneShape.allCases.firstIndex(of: shape) ?? -1)
    #expect(Set(mask) == [0, number])
    #expect(Scene.maskClasses[number] == shape.rawValue)
    let seen = self.mask(try scene.render(side: 64), like: SceneColour.red.tone)
    let shared = zip(mask, seen).filter { $0 != 0 && $1 }.count
    let either = zip(mask, seen).filter { $0 != 0 || $1 }.count
    #expect(Double(shared) > 0.9 * Double(either), "\(shared) of \(either)")
  }
}
