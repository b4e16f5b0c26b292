import Host
import ML

/// Captioned pictures that lie in several places: shards of one set, or folders with other pictures of the same captions.
enum CaptionedParts {
  /// Loads the parts one behind the other.
  ///
  /// Pictures are of one caption when their shards say so ("group" in `.json`), or when they have the same name and the same captions in several parts.
  static func load(_ paths: [String], _ request: DataLoading.FileRequest) throws -> Dataset {
    var pictures: [Picture] = [], captions: [[String]] = [], groups: [Int] = [], labels: [Int] = [], skipped: [SkippedItem] = []
    var numbers: [String: Int] = [:], fresh = 0
    for path in paths {
      let rest = request.limit.map { $0 - pictures.count }
      if rest == 0 { break }
      let set = try DatasetLoader.loadCaptioned(path, split: request.split, limit: rest, prepare: request.prepare, storage: request.storage)
      for place in 0..<set.count {
        let name = set.groups[place].map { "\($0)" } ?? (paths.count > 1 ? ([set.keys[place]] + set.captions[place]).joined(separator: "\n") : nil)
        let group = name.flatMap { numbers[$0] } ?? fresh
        if let name { numbers[name] = group }
        if group == fresh { fresh += 1 }
        groups.append(group)
      }
      pictures += set.pictures
      captions += set.captions
      labels += set.labels.compactMap { $0 }
      skipped += set.skipped
    }
    let areLabelled = labels.count == pictures.count
    return Dataset(
      pictures: pictures, captions: captions, groups: groups, labels: areLabelled ? labels : nil,
      classNames: areLabelled ? (0...(labels.max() ?? 0)).map { String($0) } : [], skipped: skipped,
      source: paths.count == 1 ? paths[0] : "\(paths[0]) and \(paths.count - 1) more")
  }
}
