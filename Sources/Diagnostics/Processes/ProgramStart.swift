import CLinux
import Glibc

/// A program that is started beside this one. It gets nothing of ours but its three streams, and no signal blocked or
/// ignored, whatever this process does with them.
package struct ProgramStart: Sendable {
    package enum Input: Sendable {
        case nothing
        case descriptor(Int32)
    }

    /// Where the output goes, and the errors with it.
    package enum Output: Sendable {
        case descriptor(Int32)
        /// The end of a file, which is made when it is not there, for this user only.
        case file(String)
    }

    /// With whom the program hears of signals to many.
    package enum Bond: Sendable {
        case thisGroup
        case ownGroup
        /// Closing the terminal does not end it.
        case ownSession
    }

    package struct Failure: Error {
        package let why: String
        package init(why: String) { self.why = why }
    }

    /// The program and its arguments. A name without a slash is looked for on PATH.
    private let words: [String]
    private let input: Input
    private let output: Output
    private let bond: Bond
    /// As `NAME=value`; nil for those of this process.
    private let variables: [String]?
    private let folder: String?

    package init(
        _ words: [String], input: Input = .nothing, output: Output, bond: Bond = .thisGroup,
        variables: [String]? = nil, folder: String? = nil
    ) {
        (self.words, self.input, self.output, self.bond) = (words, input, output, bond)
        (self.variables, self.folder) = (variables, folder)
    }

    /// Starts it and answers its number; whoever starts it waits for its end.
    package func start() throws(Failure) -> Int32 {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        setStreams(&actions)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        setSignals(&attributes)
        var arguments = words.map { strdup($0) } + [nil]
        var environment = (variables ?? []).map { strdup($0) } + [nil]
        defer { for text in arguments + environment { free(text) } }
        var process = pid_t()
        let failure =
            variables == nil
            ? posix_spawnp(&process, words[0], &actions, &attributes, &arguments, environ)
            : posix_spawnp(&process, words[0], &actions, &attributes, &arguments, &environment)
        guard failure == 0 else { throw Failure(why: String(cString: strerror(failure))) }
        return process
    }

    private func setStreams(_ actions: inout posix_spawn_file_actions_t) {
        switch input {
        case .nothing: posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        case .descriptor(let input): posix_spawn_file_actions_adddup2(&actions, input, 0)
        }
        switch output {
        case .descriptor(let output): posix_spawn_file_actions_adddup2(&actions, output, 1)
        case .file(let path):
            posix_spawn_file_actions_addopen(&actions, 1, path, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        }
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        posix_spawn_file_actions_addclosefrom_np(&actions, 3)
        if let folder { posix_spawn_file_actions_addchdir_np(&actions, folder) }
    }

    private func setSignals(_ attributes: inout posix_spawnattr_t) {
        var (none, all) = (sigset_t(), sigset_t())
        sigemptyset(&none)
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        var flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF
        switch bond {
        case .thisGroup: break
        case .ownGroup:
            posix_spawnattr_setpgroup(&attributes, 0)
            flags |= POSIX_SPAWN_SETPGROUP
        // POSIX_SPAWN_SETSID, which the Glibc module lacks.
        case .ownSession: flags |= 0x80
        }
        posix_spawnattr_setflags(&attributes, Int16(flags))
    }
}

/// How a program ended.
package enum ProgramEnding: Sendable, Hashable {
    case exit(Int32)
    case signal(Int32)

    /// By its status of waitpid(2).
    package init(status: Int32) {
        let signal = status & 0x7F
        self = signal == 0 ? .exit(status >> 8 & 0xFF) : .signal(signal)
    }
}

/// A pipe whose ends no other program inherits.
package struct PipeEnds: Sendable {
    package let reading: Int32
    package let writing: Int32

    /// Nil when none can be had; `errno` says why.
    package init?() {
        var ends: [Int32] = [-1, -1]
        guard pipe2(&ends, O_CLOEXEC) == 0 else { return nil }
        (reading, writing) = (ends[0], ends[1])
    }
}
