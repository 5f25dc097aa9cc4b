/// The known word that a misspelt one most likely meant.
enum NearestWord {
    /// A word of at most this many letters is compared; a longer one is no slip of the finger.
    private static let lettersMax = 40

    /// The word that takes the fewest letters to change, the first of several; nil when more than a third would change.
    static func of(_ word: String, among words: [String]) -> String? {
        let letters = Array(word.unicodeScalars.prefix(lettersMax + 1))
        guard letters.count <= lettersMax else { return nil }
        let nearest = words.map { (word: $0, steps: steps(letters, Array($0.unicodeScalars))) }
            .min { $0.steps < $1.steps }
        guard let nearest, nearest.steps * 3 <= max(letters.count, 3) else { return nil }
        return nearest.word
    }

    /// Letters put in, left out, replaced or swapped with their neighbour on the way from one word to the other: the
    /// costs of the beginnings of both, a row for each letter of the first.
    private static func steps(_ from: [Unicode.Scalar], _ to: [Unicode.Scalar]) -> Int {
        var costs = [Array(0...to.count)]
        for (row, letter) in from.enumerated() {
            costs.append([row + 1])
            for (column, other) in to.enumerated() {
                let replaced = costs[row][column] + (letter == other ? 0 : 1)
                var least = min(replaced, costs[row][column + 1] + 1, costs[row + 1][column] + 1)
                if row > 0, column > 0, from[row - 1] == other, letter == to[column - 1] {
                    least = min(least, costs[row - 1][column - 1] + 1)
                }
                costs[row + 1].append(least)
            }
        }
        return costs[from.count][to.count]
    }
}
