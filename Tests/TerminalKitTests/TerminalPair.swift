import Glibc
import Testing

/// A pseudo-terminal: the program has one end, a person the other.
final class TerminalPair: Sendable {
    let program: Int32
    private let person: Int32

    init() throws {
        person = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
        try #require(person >= 0)
        // TIOCSPTLCK and TIOCGPTN of ioctl_tty(2), which the Glibc module leaves out.
        var (locked, number) = (Int32(0), UInt32(0))
        try #require(ioctl(person, 0x4004_5431, &locked) == 0 && ioctl(person, 0x8004_5430, &number) == 0)
        program = open("/dev/pts/\(number)", O_RDWR | O_NOCTTY | O_CLOEXEC)
        try #require(program >= 0)
    }

    deinit {
        close(program)
        close(person)
    }

    var isEchoOn: Bool {
        var settings = termios()
        return tcgetattr(program, &settings) == 0 && settings.c_lflag & tcflag_t(ECHO) != 0
    }

    func type(_ keys: [UInt8]) { _ = write(person, keys, keys.count) }

    /// Reads what is shown until it ends in `text`.
    func waitFor(_ text: String) {
        var shown: [UInt8] = []
        var byte: UInt8 = 0
        while !shown.reversed().starts(with: Array(text.utf8).reversed()), read(person, &byte, 1) == 1 {
            shown.append(byte)
        }
    }

    /// What has been shown and not yet read.
    func shown() -> String {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        var waiting = pollfd(fd: person, events: Int16(POLLIN), revents: 0)
        while poll(&waiting, 1, 0) == 1 {
            let count = read(person, &chunk, chunk.count)
            guard count > 0 else { break }
            bytes += chunk[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// A thread of its own for what blocks.
final class Thread {
    private final class Work: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    private var handle = pthread_t()

    init(_ body: @escaping @Sendable () -> Void) {
        let work = Unmanaged.passRetained(Work(body))
        let failure = pthread_create(
            &handle, nil,
            { context in
                guard let context else { return nil }
                Unmanaged<Work>.fromOpaque(context).takeRetainedValue().body()
                return nil
            }, work.toOpaque())
        precondition(failure == 0, "no thread can be started")
    }

    func join() { pthread_join(handle, nil) }
}
