/// Why a file of rules is not accepted: where it is wrong, and what would be right.
package struct RuleFileError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Name of the file as the reader was given it.
    package let file: String
    /// Counted from 1.
    package let line: Int
    /// Counted from 1, in characters (Unicode scalars).
    package let column: Int
    /// The place in the file's structure, `rules[3].combine[0].use`; empty for the file as a whole.
    package let path: String
    /// What is wrong.
    package let why: String
    /// What would be right.
    package let next: String

    /// `FILE:LINE:COL: PATH: why; next`, as compilers write it; without the path when it is empty.
    package var description: String {
        "\(file):\(line):\(column): \(path.isEmpty ? "" : path + ": ")\(why); \(next)"
    }
}
