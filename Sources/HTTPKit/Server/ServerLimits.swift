import Glibc

/// Bounds of one server.
package struct ServerLimits: Sendable, Hashable {
    /// Connections held at once, most of them without a thread; one more is answered 503 at once. The process' limit of
    /// open files bounds it too, see `DescriptorLimit`.
    package var connections: Int
    /// Threads that read requests, run handlers and write replies. A request past it waits for its turn, for at most
    /// `request`, and gets 503 after that.
    package var workers: Int
    /// Time for the head and body of a request to arrive, counted from its first byte.
    package var request: Duration
    /// Time a connection may lie idle between requests.
    package var idle: Duration
    package var bodyBytes: Int

    package init(
        connections: Int = 12_000, workers: Int = 256, request: Duration = .seconds(20), idle: Duration = .seconds(75),
        bodyBytes: Int = 1 << 20
    ) {
        self.connections = connections
        self.workers = workers
        self.request = request
        self.idle = idle
        self.bodyBytes = bodyBytes
    }
}

/// How many files and sockets this process may have open (setrlimit(2), RLIMIT_NOFILE).
package enum DescriptorLimit {
    /// Raises the soft limit to the hard one. The soft one is 1024 by custom, for programs that use select(2); ours and
    /// the libraries that they load do not.
    package static func raise() {
        var limit = rlimit()
        guard getrlimit(file, &limit) == 0, limit.rlim_cur < limit.rlim_max else { return }
        limit.rlim_cur = limit.rlim_max
        _ = setrlimit(file, &limit)
    }

    /// Connections that a server may hold under the limit as it is: a quarter, at most 1024, stays for other files.
    package static var connections: Int {
        var limit = rlimit()
        guard getrlimit(file, &limit) == 0 else { return 768 }
        let files = Int(clamping: limit.rlim_cur)
        return max(1, files - min(1024, files / 4))
    }

    private static var file: __rlimit_resource_t { __rlimit_resource_t(RLIMIT_NOFILE.rawValue) }
}
