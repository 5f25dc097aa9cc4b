import SyncEngine

/// What happened, line by line, for people.
package struct Trace: Sendable {
    package struct Line: Sendable, Hashable {
        /// Microseconds since the run began.
        package let at: Int64
        package let who: String
        /// The receiver, for a message.
        package let to: String?
        package let text: String
    }

    package private(set) var lines: [Line] = []

    mutating func add(at: Int64, _ who: String, to: String? = nil, _ text: String) {
        lines.append(Line(at: at, who: who, to: to, text: text))
    }

    mutating func step(at: Int64, _ who: String, _ step: MachineStep) {
        switch step {
        case .pull(let before, _, let after) where before != after: add(at: at, who, "pull: \(before) → \(after)")
        case .push(let before, _, let after) where before != after: add(at: at, who, "push: \(before) → \(after)")
        case .fill(let before, _, let after) where before != after: add(at: at, who, "fill: \(before) → \(after)")
        default: break
        }
    }
}
