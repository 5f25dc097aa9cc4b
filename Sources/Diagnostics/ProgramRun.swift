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
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { return nil }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
        posix_spawn_file_actions_adddup2(&actions, ends[1], 2)
        var words = ([program] + arguments).map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        var process = pid_t()
        let failure = posix_spawnp(&process, program, &actions, nil, &words, environ)
        close(ends[1])
        defer { close(ends[0]) }
        guard failure == 0 else { return nil }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = read(ends[0], &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            if bytes.count < ProgramRun.outputMax { bytes += chunk[..<count] }
        }
        var ended: Int32 = 0
        while waitpid(process, &ended, 0) < 0, errno == EINTR {}
        code = ended & 0x7F == 0 ? ended >> 8 & 0xFF : 128 + (ended & 0x7F)
        output = String(decoding: bytes, as: UTF8.self)
    }
}
