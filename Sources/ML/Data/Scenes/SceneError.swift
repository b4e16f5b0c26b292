/// What can be wrong when a scene is drawn or sampled.
public enum SceneError: Error, Equatable, CustomStringConvertible {
  case side(Int)
  case noSuchScene(String)
  case task(String)
  case count(Int, classes: Int)

  public var description: String {
    switch self {
    case .side(let side):
      return "scenes: expected a picture side from 16 to 256 that is a multiple of 8, got \(side); use 32 or 64"
    case .noSuchScene(let reason):
      return "scenes: no scene has the facts asked for: \(reason); leave more facts open or allow all combinations"
    case .task(let name):
      return "scenes: no probe task is called '\(name)'; the tasks are "
        + SceneProbe.allCases.map(\.rawValue).joined(separator: ", ")
    case .count(let count, let classes):
      return "scenes: expected at least one picture for each of \(classes) classes, got a count of \(count)"
    }
  }
}
