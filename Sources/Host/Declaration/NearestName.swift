/// The known name that is nearest to a mistyped one, or nil if none is near.
///
/// Near means: the edit distance (insert, delete, replace, swap neighbours) is at most a third of the longer name,
/// rounded up, or one name begins with the other (3 letters at least). Ties go to the first in alphabetical order.
public func nearestName(to name: String, among known: [String]) -> String? {
    let typed = Array(name.lowercased())
    guard !typed.isEmpty else { return nil }
    var best: (distance: Int, name: String)?
    for candidate in known.sorted() {
        let letters = Array(candidate.lowercased())
        var distance = editDistance(typed, letters)
        let isPrefix = min(typed.count, letters.count) >= 3 && (letters.starts(with: typed) || typed.starts(with: letters))
        if isPrefix { distance = min(distance, 2) }
        let limit = isPrefix ? 2 : (max(typed.count, letters.count) + 2) / 3
        if distance <= limit, distance < best?.distance ?? Int.max { best = (distance, candidate) }
    }
    return best?.name
}

/// Damerau's distance in its restricted form: each pair of neighbours is swapped at most once.
private func editDistance(_ a: [Character], _ b: [Character]) -> Int {
    var beforePrevious: [Int] = []
    var previous = Array(0...b.count)
    for i in 0..<a.count {
        var current = [i + 1]
        for j in 0..<b.count {
            var cost = min(previous[j + 1] + 1, current[j] + 1, previous[j] + (a[i] == b[j] ? 0 : 1))
            if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { cost = min(cost, beforePrevious[j - 1] + 1) }
            current.append(cost)
        }
        beforePrevious = previous
        previous = current
    }
    return previous[b.count]
}
