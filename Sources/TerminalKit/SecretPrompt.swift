import Diagnostics
import Glibc

/// Reads a line on a terminal without showing it.
///
/// Keys are read one by one and interrupt keys are taken as keys, so that the terminal shows what is typed again however
/// the question ends.
enum SecretPrompt {
    private static let bytesMax = 4096

    /// `asked` is what is asked for, and the option that gives it in a file.
    static func ask(
        _ prompt: String, on descriptor: Int32, asked: (what: String, option: String) = ("token", "--token-file")
    ) throws(UserError) -> String {
        var before = termios()
        guard tcgetattr(descriptor, &before) == 0 else { throw failure(asked, String(cString: strerror(errno))) }
        var hidden = before
        hidden.c_lflag &= ~tcflag_t(ECHO | ICANON | ISIG)
        withUnsafeMutableBytes(of: &hidden.c_cc) {
            $0[Int(VMIN)] = 1
            $0[Int(VTIME)] = 0
        }
        guard tcsetattr(descriptor, TCSAFLUSH, &hidden) == 0 else {
            throw failure(asked, String(cString: strerror(errno)))
        }
        defer {
            tcsetattr(descriptor, TCSAFLUSH, &before)
            _ = Terminal.write("\n", to: descriptor)
        }
        _ = Terminal.write(prompt, to: descriptor)
        return try line(descriptor, asked)
    }

    private static func line(_ descriptor: Int32, _ asked: (what: String, option: String)) throws(UserError) -> String {
        var bytes: [UInt8] = []
        while true {
            var byte: UInt8 = 0
            let count = read(descriptor, &byte, 1)
            if count < 0, errno == EINTR { continue }
            guard count == 1 else { throw failure(asked, "the terminal was closed") }
            switch byte {
            case 0x0A, 0x0D: return String(decoding: bytes, as: UTF8.self)
            case 0x03, 0x1C: throw failure(asked, "it was interrupted")
            case 0x04: throw failure(asked, "nothing was given")
            case 0x15: bytes.removeAll()
            case 0x08, 0x7F:
                // Back to the start of the last scalar.
                while let last = bytes.popLast(), last & 0xC0 == 0x80 {}
            default:
                guard bytes.count < bytesMax else { throw failure(asked, "it is longer than \(bytesMax) bytes") }
                bytes.append(byte)
            }
        }
    }

    private static func failure(_ asked: (what: String, option: String), _ why: String) -> UserError {
        UserError(
            .usage, what: "cannot ask for the \(asked.what)", why: why,
            next: "ask again, or give it in a file: \(asked.option) FILE")
    }
}
