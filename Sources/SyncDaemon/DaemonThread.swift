import Glibc

/// A thread of ours with a name and a joinable end. SQLite and sockets block, so they never run on the shared pool.
final class DaemonThread: Sendable {
    private let handle: pthread_t

    /// Starts `body` at once; nil when the system refuses another thread.
    init?(_ name: String, stackBytes: Int = 512 * 1024, _ body: @escaping @Sendable () -> Void) {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        pthread_attr_setstacksize(&attributes, stackBytes)
        defer { pthread_attr_destroy(&attributes) }
        let context = Unmanaged.passRetained(Body(run: body))
        var thread = pthread_t()
        let failure = pthread_create(&thread, &attributes, { pointer in
            guard let pointer else { return nil }
            Unmanaged<Body>.fromOpaque(pointer).takeRetainedValue().run()
            return nil
        }, context.toOpaque())
        guard failure == 0 else {
            context.release()
            return nil
        }
        handle = thread
    }

    /// Waits for the end of `body`. Called once.
    func join() { pthread_join(handle, nil) }

    private final class Body: Sendable {
        let run: @Sendable () -> Void
        init(run: @escaping @Sendable () -> Void) { self.run = run }
    }
}
