import Diagnostics
import Glibc
import LocalAPI
import TestKit
import Testing
import ThreadKit

@testable import SyncDaemon

/// What a daemon leaves behind in its process, counted in a process of its own.
@Suite struct LeakTests {
    /// How many entries a folder of this process holds (proc(5): fd, task), but for descriptors of files below `folder`: the
    /// server's pool opens as many as readers happen to meet. Nor the listener's spare one, which its thread opens when it
    /// comes to it.
    private static func count(_ path: String, without folder: String? = nil) -> Int {
        (FileFacts.names(in: path) ?? []).count { name in
            guard let folder, let target = FileFacts.target(ofLink: "\(path)/\(name)") else { return true }
            return !target.hasPrefix(folder) && target != "/dev/null"
        }
    }

    private static func settles(_ path: String, at wanted: Int, without folder: String? = nil) -> Bool {
        let end = Moment.soon
        while count(path, without: folder) > wanted {
            if SystemClock().monotonicNow() > end { return false }
            sched_yield()
        }
        return true
    }

    @Test func `twenty starts and ends leave no descriptor and no thread behind`() async {
        await #expect(processExitsWith: .exitCode(0)) {
            let server = try LiveServer()
            let home = Home()
            func cycle(_ index: Int) throws {
                let daemon = RunningDaemon(home, server)
                guard try home.client.waitForSync(seconds: 20).reached, daemon.end() == nil else { exit(2) }
            }
            for index in 0..<3 { try cycle(index) }
            // The server's threads of connections that have just ended, and the pool's, come and go.
            server.stop()
            try server.start()
            let files = server.folder.path
            let (descriptors, threads) = (
                LeakTests.count("/proc/self/fd", without: files), LeakTests.count("/proc/self/task")
            )
            for index in 0..<20 { try cycle(index) }
            server.stop()
            try server.start()
            guard LeakTests.settles("/proc/self/fd", at: descriptors, without: files) else { exit(3) }
            guard LeakTests.settles("/proc/self/task", at: threads) else { exit(4) }
            exit(0)
        }
    }

    @Test func `a daemon that is refused leaves nothing behind either`() async {
        await #expect(processExitsWith: .exitCode(0)) {
            let server = try LiveServer()
            let home = Home()
            let daemon = RunningDaemon(home, server)
            // Refused by the lock before a thread was started, and by its socket after all were.
            let long = Home()
            let paths = Paths { $0 == "FIELDBOOK_HOME" ? long.folder.file(String(repeating: "x", count: 100)) : nil }
            func attempts() {
                for _ in 0..<10 {
                    let locked = RunningDaemon(home, server: server.address, token: "t").failure()
                    let unheard = RunningDaemon(long, server: server.address, token: "t", paths: paths).failure()
                    guard locked?.exitCode == .failed, unheard?.exitCode == .settings else { exit(2) }
                }
            }
            attempts()
            _ = try home.client.waitForSync(seconds: 20)
            let files = server.folder.path
            let (descriptors, threads) = (
                LeakTests.count("/proc/self/fd", without: files), LeakTests.count("/proc/self/task")
            )
            attempts()
            guard LeakTests.settles("/proc/self/fd", at: descriptors, without: files) else { exit(3) }
            guard LeakTests.settles("/proc/self/task", at: threads) else { exit(4) }
            guard daemon.end() == nil else { exit(5) }
            exit(0)
        }
    }
}
