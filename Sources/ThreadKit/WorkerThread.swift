import Glibc

/// A thread of ours. Sockets and SQLite block, so they never run on the shared pool.
package final class WorkerThread: Sendable {
    private let handle: pthread_t

    /// Starts `body` at once; nil when the system refuses another thread.
    package init?(stackBytes: Int, _ body: @escaping @Sendable () -> Void) {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        pthread_attr_setstacksize(&attributes, stackBytes)
        defer { pthread_attr_destroy(&attributes) }
        let context = Unmanaged.passRetained(Body(run: body))
        var thread = pthread_t()
        let failure = pthread_create(
            &thread, &attributes,
            { pointer in
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
    package func join() { pthread_join(handle, nil) }

    /// Lets the thread end by itself. Called once, instead of `join`.
    package func detach() { pthread_detach(handle) }

    private final class Body: Sendable {
        let run: @Sendable () -> Void
        init(run: @escaping @Sendable () -> Void) { self.run = run }
    }
}
