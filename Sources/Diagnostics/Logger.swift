import Glibc

/// Structured log: one event a line in `key=value` form, one write a line, to stderr.
///
/// Error needs a person, notice is a change of state, info a retry, debug a decision, trace the shape of bytes. Tokens
/// and record bodies are never handed in.
package struct Logger: Sendable {
    package enum Level: Int, Sendable, CaseIterable, Comparable {
        case error, notice, info, debug, trace
        package static func < (left: Level, right: Level) -> Bool { left.rawValue < right.rawValue }

        /// The level of a word; nil when it is none.
        package init?(_ word: String) {
            guard let level = Level.allCases.first(where: { "\($0)" == word }) else { return nil }
            self = level
        }
    }

    /// Bytes of one value; the rest is cut.
    private static let valueBytesMax = 512

    private let program: String
    private let level: Level
    private let descriptor: Int32
    private let clock: any WallClock

    package init(program: String, level: Level = .notice, descriptor: Int32 = 2, clock: any WallClock = SystemClock()) {
        self.program = program
        self.level = level
        self.descriptor = descriptor
        self.clock = clock
    }

    /// Writes one event if its level is wanted.
    package func log(_ level: Level, _ event: String, _ fields: [(String, String)] = []) {
        guard level <= self.level else { return }
        var line = "time=\(clock.now().rfc3339) level=\(level) program=\(program) event=\(event)"
        for (key, value) in fields { line += " \(key)=\(Logger.quoted(value))" }
        line += "\n"
        line.withUTF8 { bytes in
            _ = write(descriptor, bytes.baseAddress, bytes.count)
        }
    }

    /// A value as it stands in a line: plain when it is a simple word, else quoted with control characters escaped.
    static func quoted(_ value: String) -> String {
        let bytes = value.utf8.prefix(valueBytesMax)
        let text = String(decoding: bytes, as: UTF8.self)
        let isPlain = !text.isEmpty && text.unicodeScalars.allSatisfy {
            $0.value > 0x20 && $0.value < 0x7F && $0 != "\"" && $0 != "=" && $0 != "\\"
        }
        if isPlain { return text }
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case _ where scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value):
                quoted += "\\u{\(String(scalar.value, radix: 16))}"
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + (value.utf8.count > valueBytesMax ? "…\"" : "\"")
    }
}
