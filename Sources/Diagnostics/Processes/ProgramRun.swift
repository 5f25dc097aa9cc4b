import Glibc

/// A program that is run to its end, with what it wrote.
package struct ProgramRun: Sendable, Hashable {
    /// Bytes of the output that are kept.
    private static let outputMax = 65_536

    /// The exit code, or 128 plus the signal.
    package let code: Int32
    /// What it wrote to stdout and stderr.
    package let output: String

    /// Runs a program of the PATH with no input; nil when there is none of that name.
    package init?(_ program: String, _ arguments: [String]) {
        guard let pipe = PipeEnds() else { return nil }
        defer { close(pipe.reading) }
        let start = ProgramStart([program] + arguments, output: .descriptor(pipe.writing))
        let process = try? start.start()
        close(pipe.writing)
        guard let process else { return nil }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = read(pipe.reading, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            if bytes.count < ProgramRun.outputMax { bytes += chunk[..<count] }
        }
        var ended: Int32 = 0
        while waitpid(process, &ended, 0) < 0, errno == EINTR {}
        switch ProgramEnding(status: ended) {
        case .exit(let code): self.code = code
        case .signal(let number): code = 128 + number
        }
        output = String(decoding: bytes, as: UTF8.self)
    }
}
