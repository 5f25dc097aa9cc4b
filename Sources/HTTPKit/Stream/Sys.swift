import Glibc

/// Socket calls whose constants and structures differ between C and Swift, in one place.
enum Sys {
    static var monotonicNow: Duration {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }

    /// Waits until the descriptor is ready or has failed; false when `deadline` passed.
    static func wait(_ descriptor: Int32, for events: Int16, until deadline: Duration) -> Bool {
        while true {
            let left = deadline - monotonicNow
            guard left > .zero else { return false }
            let milliseconds = min(
                Int64(3_600_000),
                left.components.seconds * 1000 + left.components.attoseconds / 1_000_000_000_000_000 + 1)
            var request = pollfd(fd: descriptor, events: events, revents: 0)
            if poll(&request, 1, Int32(milliseconds)) > 0 { return true }
        }
    }

    private static func streamSocket(_ family: Int32) -> Int32 {
        socket(family, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
    }

    // MARK: Connecting

    /// Connects before `deadline`. `began` gets the socket of each attempt that has to be waited for: interrupting it
    /// ends the wait, and what `began` throws ends the attempt.
    static func connect(
        _ endpoint: Endpoint, deadline: Duration, began: (SocketStream) throws(HTTPError) -> Void = { _ in }
    ) throws(HTTPError) -> SocketStream {
        switch endpoint {
        case .unix(let path):
            return try connectUnix(path)
        case .tcp(let host, let port):
            return try withAddresses(host, port, passive: false) { info throws(HTTPError) in
                try connectTCP(info, to: endpoint, deadline: deadline, began)
            }
        }
    }

    private static func connectUnix(_ path: String) throws(HTTPError) -> SocketStream {
        let descriptor = streamSocket(AF_UNIX)
        guard descriptor >= 0 else { throw failure(errno, "cannot make a socket") }
        let stream = SocketStream(descriptor: descriptor)
        let result = try withUnixAddress(path) { Glibc.connect(descriptor, $0, $1) }
        guard result == 0 else {
            let code = errno
            // The listener is there, but takes nobody in (unix(7)).
            guard code != EAGAIN else {
                throw HTTPError(
                    code: .timeout, what: "cannot connect to \(path)", why: "its queue of connections is full")
            }
            throw failure(code, "cannot connect to \(path)")
        }
        return stream
    }

    private static func connectTCP(
        _ info: addrinfo, to endpoint: Endpoint, deadline: Duration, _ began: (SocketStream) throws(HTTPError) -> Void
    ) throws(HTTPError) -> SocketStream {
        let descriptor = streamSocket(info.ai_family)
        guard descriptor >= 0 else { throw failure(errno, "cannot make a socket") }
        let stream = SocketStream(descriptor: descriptor)
        var one: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(4))
        if Glibc.connect(descriptor, info.ai_addr, info.ai_addrlen) != 0 {
            var code = errno
            if code == EINPROGRESS {
                try began(stream)
                if wait(descriptor, for: Int16(POLLOUT), until: deadline) {
                    var length = socklen_t(4)
                    code = 0
                    getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &length)
                } else {
                    code = ETIMEDOUT
                }
            }
            guard code == 0 else { throw failure(code, "cannot connect to \(endpoint.description)") }
        }
        return stream
    }

    // MARK: Listening

    static func listen(_ endpoint: Endpoint) throws(HTTPError) -> (descriptor: Int32, port: UInt16) {
        switch endpoint {
        case .unix(let path): return (try listenUnix(path), 0)
        case .tcp(let host, let port):
            return try withAddresses(host, port, passive: true) { info throws(HTTPError) in
                let descriptor = streamSocket(info.ai_family)
                guard descriptor >= 0 else { throw failure(errno, "cannot make a socket") }
                var one: Int32 = 1
                setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &one, socklen_t(4))
                guard bind(descriptor, info.ai_addr, info.ai_addrlen) == 0, Glibc.listen(descriptor, 512) == 0 else {
                    let code = errno
                    close(descriptor)
                    throw failure(code, "cannot listen on \(endpoint.description)")
                }
                return (descriptor, boundPort(descriptor))
            }
        }
    }

    /// A socket file that nobody answers is left over and removed; one that answers is in use. The file has mode 0600
    /// from its first moment.
    private static func listenUnix(_ path: String) throws(HTTPError) -> Int32 {
        if isListenedOn(path) {
            throw HTTPError(code: .addressInUse, what: "cannot listen on \(path)", why: "another process listens there")
        }
        var info = stat()
        if lstat(path, &info) == 0, info.st_mode & S_IFMT == S_IFSOCK { unlink(path) }
        let descriptor = streamSocket(AF_UNIX)
        guard descriptor >= 0 else { throw failure(errno, "cannot make a socket") }
        fchmod(descriptor, 0o600)
        let result: Int32
        do throws(HTTPError) { result = try withUnixAddress(path) { bind(descriptor, $0, $1) } } catch {
            close(descriptor)
            throw error
        }
        guard result == 0, chmod(path, 0o600) == 0, Glibc.listen(descriptor, 128) == 0 else {
            let code = errno
            close(descriptor)
            throw failure(code, "cannot listen on \(path)")
        }
        return descriptor
    }

    /// Whether a process listens there, even one that hangs and takes nobody in.
    private static func isListenedOn(_ path: String) -> Bool {
        do throws(HTTPError) {
            try connectUnix(path).close()
            return true
        } catch { return error.code == .timeout }
    }

    /// The next connection; nil when the wait should be looked at again.
    static func accept(_ descriptor: Int32) -> SocketStream? {
        let accepted = Glibc.accept(descriptor, nil, nil)
        guard accepted >= 0 else { return nil }
        _ = fcntl(accepted, F_SETFL, fcntl(accepted, F_GETFL) | O_NONBLOCK)
        _ = fcntl(accepted, F_SETFD, FD_CLOEXEC)
        var one: Int32 = 1
        setsockopt(accepted, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(4))
        return SocketStream(descriptor: accepted)
    }

    // MARK: Addresses

    private static func boundPort(_ descriptor: Int32) -> UInt16 {
        var address = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { _ = getsockname(descriptor, $0, &length) }
            // Port stands at the same place for IPv4 and IPv6.
            return pointer.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
                UInt16(bigEndian: $0.pointee.sin_port)
            }
        }
    }

    /// Tries each address of a host until one works; the last error is thrown.
    private static func withAddresses<Answer>(
        _ host: String, _ port: UInt16, passive: Bool, _ body: (addrinfo) throws(HTTPError) -> Answer
    ) throws(HTTPError) -> Answer {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = passive ? AI_PASSIVE : 0
        var list: UnsafeMutablePointer<addrinfo>?
        let result = getaddrinfo(host, String(port), &hints, &list)
        guard result == 0, let first = list else {
            throw HTTPError(code: .unreachable, what: "cannot find \(host)", why: String(cString: gai_strerror(result)))
        }
        defer { freeaddrinfo(first) }
        var last = HTTPError(code: .unreachable, what: "cannot reach \(host)", why: "it has no address")
        var next: UnsafeMutablePointer<addrinfo>? = first
        while let info = next {
            do { return try body(info.pointee) } catch { last = error }
            next = info.pointee.ai_next
        }
        throw last
    }

    private static func withUnixAddress(
        _ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) throws(HTTPError) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        guard !bytes.isEmpty, bytes.count < MemoryLayout.size(ofValue: address.sun_path) else {
            throw HTTPError(
                code: .badPath, what: "cannot use the socket \(path)", why: "its path is longer than 107 bytes")
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }

    static func failure(_ code: Int32, _ what: String) -> HTTPError {
        let kind: HTTPError.Code =
            switch code {
            case ECONNREFUSED, ENOENT: .refused
            case ETIMEDOUT, EINPROGRESS: .timeout
            case EADDRINUSE: .addressInUse
            default: .unreachable
            }
        return HTTPError(
            code: kind, what: what, why: code == ETIMEDOUT ? "no answer in time" : String(cString: strerror(code)))
    }
}
