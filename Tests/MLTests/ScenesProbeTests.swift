import Testing

@testable import ML

@Suite struct ScenesProbeTests {
  @Test(arguments: SceneProbe.allCases) func `classes are balanced and labels tell the truth`(task: SceneProbe) throws {
    let count = task.classNames.count * 12
    for split in SceneProbe.Split.allCases {
      let dataset = try task.dataset(split, count: count, seed: 5)
      #expect(dataset.images.count == count)
      for label in task.classNames.indices { #expect(dataset.labels.count { $0 == label } == 12) }
      for (label, scene) in zip(dataset.labels, dataset.scenes) {
        let object = scene.facts.objects[0]
        switch task {
        case .shape: #expect(object.shape.index == label)
        case .colour: #expect(object.colour.index == label)
        case .pattern: #expect(ScenePattern.allCases[label] == object.pattern)
        case .count: #expect(scene.facts.count == label + 1 && scene.nuisances.poses.count == label + 1)
        case .background: #expect(SceneBackground.allCases[label] == scene.facts.background)
        case .lighting: #expect(scene.nuisances.lighting.quadrant == label)
        case .rotation: #expect(scene.nuisances.poses[0].octant == label)
        case .relation:
          #expect([.red, .orange, .yellow, .pink].contains(object.colour))
          let gap = scene.nuisances.poses[0].centre - scene.nuisances.poses[1].centre
          let seen: SceneRelation = abs(gap.x) > abs(gap.y) ? (gap.x < 0 ? .left : .right) : (gap.y < 0 ? .above : .below)
          #expect(SceneRelation.allCases[label] == seen)
        }
      }
    }
  }

  @Test func `test pictures hold only combinations that no other split shows`() throws {
    for task in SceneProbe.allCases {
      for split in SceneProbe.Split.allCases {
        for scene in try task.dataset(split, count: 40, seed: 1).scenes {
          for object in scene.facts.objects {
            #expect(SceneCombinations.isHeldOut(object.shape, object.colour, object.pattern) == (split == .test))
          }
        }
      }
    }
  }

  @Test func `splits and seeds share no picture`() throws {
    let task = SceneProbe.background
    let train = try task.dataset(.train, count: 60, seed: 1)
    let validation = try task.dataset(.validation, count: 60, seed: 1)
    let other = try task.dataset(.train, count: 60, seed: 2)
    for image in train.images { #expect(!validation.images.contains(image) && !other.images.contains(image)) }
    #expect(try task.dataset(.train, count: 60, seed: 1).images == train.images)
  }

  @Test func `unknown tasks and too few pictures are refused`() {
    #expect(throws: SceneError.task("hue")) { try SceneProbe.task("hue") }
    #expect(throws: SceneError.count(3, classes: 10)) { try SceneProbe.shape.dataset(.train, count: 3, seed: 1) }
    #expect(throws: SceneError.side(33)) { try SceneProbe.shape.dataset(.train, count: 10, seed: 1, side: 33) }
    #expect("\(SceneError.task("hue"))".contains("shape, colour, pattern, count, relation, background, lighting, rotation"))
  }

  @Test func `six tasks are about captions and two about nuisances alone`() {
    #expect(SceneProbe.allCases.filter(\.isCaptioned).map(\.rawValue)
      == ["shape", "colour", "pattern", "count", "relation", "background"])
    #expect(SceneProbe.allCases.filter { !$0.isCaptioned }.map(\.rawValue) == ["lighting", "rotation"])
  }
}
