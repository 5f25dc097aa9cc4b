import Glibc

/// A program started by a test. Killed when the value goes.
package final class ChildProcess {
    package let processID: Int32
    private let folder = TemporaryDirectory()
    private var status: Int32?

    /// The path of one of our built programs.
    package static func program(_ name: String) -> String {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &buffer, buffer.count)
        var folder = String(decoding: buffer[..<max(0, count)], as: UTF8.self)
        // The test runner may stand in the toolchain; the bundle it was given does not.
        for argument in CommandLine.arguments where argument.contains(".xctest") { folder = argument }
        while let slash = folder.lastIndex(of: "/") {
            folder = String(folder[..<slash])
            guard access("\(folder)/\(name)", X_OK) == 0 else { continue }
            guard let whole = realpath("\(folder)/\(name)", nil) else { continue }
            defer { free(whole) }
            return String(cString: whole)
        }
        preconditionFailure("\(name) is not built")
    }

    package init(_ program: String, _ arguments: [String], environment: [String: String] = [:]) {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, folder.file("out"), O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        posix_spawn_file_actions_addopen(&actions, 2, folder.file("err"), O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        var inherited: [String] = []
        var index = 0
        while let entry = environ[index] {
            let text = String(cString: entry)
            if !environment.keys.contains(where: { text.hasPrefix("\($0)=") }) { inherited.append(text) }
            index += 1
        }
        var words = ([program] + arguments).map { strdup($0) } + [nil]
        var variables = (inherited + environment.map { "\($0.key)=\($0.value)" }).map { strdup($0) } + [nil]
        defer {
            for word in words { free(word) }
            for variable in variables { free(variable) }
        }
        // The threads that run tests may have signals blocked, and tests that a shell runs in its background ignore its
        // interrupts; a program that a person starts does neither.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        for interrupt in [SIGINT, SIGQUIT] { sigaddset(&signals, interrupt) }
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        var process = pid_t()
        let failure = posix_spawn(&process, program, &actions, &attributes, &words, &variables)
        precondition(failure == 0, "cannot start \(program): \(String(cString: strerror(failure)))")
        processID = process
    }

    deinit {
        if status == nil {
            kill(processID, SIGKILL)
            waitpid(processID, nil, 0)
        }
    }

    package var output: String { String(decoding: readFile(folder.file("out")), as: UTF8.self) }
    package var errors: String { String(decoding: readFile(folder.file("err")), as: UTF8.self) }

    package func signal(_ number: Int32) { kill(processID, number) }

    /// The exit code, or 128 plus the signal; nil when it still runs after the time.
    package func wait(seconds: Int = 300) -> Int32? {
        if let status { return status }
        for _ in 0..<seconds * 200 {
            var ended: Int32 = 0
            if waitpid(processID, &ended, WNOHANG) == processID {
                let code = ended & 0x7F == 0 ? ended >> 8 & 0xFF : 128 + (ended & 0x7F)
                status = code
                return code
            }
            usleep(5_000)
        }
        return nil
    }
}

/// Whether something takes less than `limit` in one of a few tries: a wait in the code is there in each of them, what else a
/// busy machine has to do is not.
package func isQuicker(than limit: Duration, tries: Int = 5, _ measured: () throws -> Duration) rethrows -> Bool {
    for _ in 0..<tries where try measured() < limit { return true }
    return false
}

/// Looks until something outside this process is so, at most for the time given. The time is for a machine that is busy
/// with much else: only a test that fails takes it.
package func eventually(seconds: Int = 90, _ isSo: () -> Bool) -> Bool {
    for _ in 0..<seconds * 100 {
        if isSo() { return true }
        usleep(10_000)
    }
    return isSo()
}
