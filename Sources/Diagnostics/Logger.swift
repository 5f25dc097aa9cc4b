import Glibc
import Synchronization

/// Structured log: one event a line, in `key=value` form or as a JSON object, one write a line, to stderr.
///
/// Error needs a person, notice is a change of state, info a retry, debug a decision, trace the shape of bytes. Tokens
/// and record bodies are never handed in.
package struct Logger: Sendable {
    /// How much an event matters: `error` needs a person, `trace` nobody but a developer.
    package enum Level: Int, Sendable, CaseIterable, Comparable, CustomStringConvertible {
        case error, notice, info, debug, trace
        /// Its word. Said here, as a case's name is otherwise looked up by reflection, which costs a short command more than
        /// its query.
        package var description: String {
            switch self {
            case .error: "error"
            case .notice: "notice"
            case .info: "info"
            case .debug: "debug"
            case .trace: "trace"
            }
        }
        package static func < (left: Level, right: Level) -> Bool { left.rawValue < right.rawValue }

        /// The level of a word; nil when it is none.
        package init?(_ word: String) {
            guard let level = Level.allCases.first(where: { "\($0)" == word }) else { return nil }
            self = level
        }
    }

    /// How a line is written.
    package enum Format: Int, Sendable, CaseIterable, CustomStringConvertible {
        case text, json
        /// Its word.
        package var description: String {
            switch self {
            case .text: "text"
            case .json: "json"
            }
        }

        /// The format of a word; nil when it is none.
        package init?(_ word: String) {
            guard let format = Format.allCases.first(where: { "\($0)" == word }) else { return nil }
            self = format
        }
    }

    /// Level and format, which all copies of a logger share and any thread may change.
    private final class Control: Sendable {
        let level: Atomic<Int>
        let format: Atomic<Int>
        init(_ level: Level, _ format: Format) {
            self.level = Atomic(level.rawValue)
            self.format = Atomic(format.rawValue)
        }
    }

    /// Bytes of one value before escapes; the rest is cut.
    static let valueBytesMax = 512
    /// Bytes of one line. A write of so much to a pipe is not mixed with another's (PIPE_BUF, pipe(7)).
    static let lineBytesMax = 4096

    private let program: String
    private let control: Control
    private let descriptor: Int32
    private let clock: any WallClock
    private let file: LogFile?

    /// `file`, when `descriptor` leads to one, is kept within its bound.
    package init(
        program: String, level: Level = .notice, format: Format = .text, descriptor: Int32 = 2, file: LogFile? = nil,
        clock: any WallClock = SystemClock()
    ) {
        self.program = program
        control = Control(level, format)
        self.descriptor = descriptor
        self.file = file
        self.clock = clock
    }

    /// Takes level and format from the settings, for this logger and every copy of it.
    package func follow(_ settings: Settings) {
        if let level = settings.text(.logLevel).flatMap({ Level($0) }) {
            control.level.store(level.rawValue, ordering: .relaxed)
        }
        if let format = settings.text(.logFormat).flatMap({ Format($0) }) {
            control.format.store(format.rawValue, ordering: .relaxed)
        }
    }

    /// Writes one event if its level is wanted. A line that can't be written is lost: a log must not stop its program.
    package func log(_ level: Level, _ event: String, _ fields: [(String, String)] = []) {
        guard level.rawValue <= control.level.load(ordering: .relaxed) else { return }
        let isJSON = control.format.load(ordering: .relaxed) == Format.json.rawValue
        let text =
            isJSON
            ? Logger.jsonLine(clock.now(), level, program, event, fields)
            : Logger.line(clock.now(), level, program, event, fields)
        let line = Array(text.utf8)
        file?.makeRoom(for: line.count)
        while write(descriptor, line, line.count) < 0, errno == EINTR {}
    }

    /// The line of an event with its line feed. Fields that do not fit are left out, and the line says so.
    static func line(
        _ time: Instant, _ level: Level, _ program: String, _ event: String, _ fields: [(String, String)]
    ) -> String {
        var line = "time=\(time.rfc3339) level=\(level) program=\(quoted(program)) event=\(quoted(event))"
        let mark = " cut=true"
        for (key, value) in fields {
            let field = " \(name(key))=\(quoted(value))"
            guard line.utf8.count + field.utf8.count + mark.utf8.count < lineBytesMax else { return line + mark + "\n" }
            line += field
        }
        return line + "\n"
    }

    /// A key as it stands in a line: letters, digits, `.`, `-` and `_` of at most 64 bytes.
    static func name(_ key: String) -> String {
        let safe = key.utf8.prefix(64).map { byte -> UInt8 in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"):
                byte
            default: UInt8(ascii: "_")
            }
        }
        return safe.isEmpty ? "_" : String(decoding: safe, as: UTF8.self)
    }

    /// A value as it stands in a line: plain when it is a simple word, else quoted with control characters escaped.
    static func quoted(_ value: String) -> String {
        let text = VisibleText.prefix(value, bytesMax: valueBytesMax)
        let isCut = text.endIndex < value.endIndex
        let isPlain =
            !isCut && !text.isEmpty
            && text.utf8.allSatisfy {
                $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "=")
                    && $0 != UInt8(ascii: "\\")
            }
        if isPlain { return String(text) }
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": quoted += "\\\(scalar)"
            default: VisibleText.append(scalar, to: &quoted)
            }
        }
        return quoted + (isCut ? "…\"" : "\"")
    }
}
