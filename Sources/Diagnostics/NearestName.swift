/// The known name that a mistyped one most likely meant.
package enum NearestName {
    private static let lengthMax = 40

    /// The name at the smallest distance, the first of several; nil when none is near: a third of its letters may be
    /// wrong, at most two.
    package static func of(_ word: String, among names: [String]) -> String? {
        let letters = Array(word.prefix(lengthMax + 1))
        guard !letters.isEmpty, letters.count <= lengthMax else { return nil }
        let most = min(2, max(1, letters.count / 3))
        var best: (distance: Int, name: String)?
        for name in names {
            let distance = distance(letters, Array(name))
            if distance <= most, distance < letters.count, distance < best?.distance ?? .max { best = (distance, name) }
        }
        return best?.name
    }

    /// Letters inserted, removed, replaced, or swapped with their neighbour, to get from one to the other.
    private static func distance(_ left: [Character], _ right: [Character]) -> Int {
        var before: [Int] = []
        var above = Array(0...right.count)
        for (row, letter) in left.enumerated() {
            var current = [row + 1]
            for (column, other) in right.enumerated() {
                var cost = min(above[column] + (letter == other ? 0 : 1), above[column + 1] + 1, current[column] + 1)
                if row > 0, column > 0, letter == right[column - 1], left[row - 1] == other {
                    cost = min(cost, before[column - 1] + 1)
                }
                current.append(cost)
            }
            (before, above) = (above, current)
        }
        return above[right.count]
    }
}
