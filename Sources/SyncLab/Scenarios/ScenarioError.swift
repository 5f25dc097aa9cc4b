/// Why a scenario file can't be read, or is not what its author meant.
package struct ScenarioError: Error, Sendable, Hashable, CustomStringConvertible {
    package let line: Int
    package let column: Int
    package let why: String
    package let next: String

    package init(line: Int, column: Int, why: String, next: String) {
        self.line = line
        self.column = column
        self.why = why
        self.next = next
    }

    package var description: String { "line \(line), column \(column): \(why)\n  \(next)" }
}
