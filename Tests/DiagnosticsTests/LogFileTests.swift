import Glibc
import TestKit
import Testing

@testable import Diagnostics

@Suite struct LogFileTests {
    private let folder = TemporaryDirectory()
    private var path: String { folder.file("daemon.log") }

    private func open() -> Int32 { Glibc.open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600) }
    private func text(_ path: String) -> String { String(decoding: readFile(path), as: UTF8.self) }

    @Test func `past its bound the file becomes the older one, and no line is lost or torn`() throws {
        let descriptor = open()
        defer { close(descriptor) }
        let file = try #require(LogFile(path: path, descriptor: descriptor, limit: 2048))
        let log = Logger(program: "p", descriptor: descriptor, file: file, clock: FixedClock())
        let line = Logger.line(FixedClock().now(), .error, "p", "e", [("n", "10")]).utf8.count
        for number in 10..<60 { log.log(.error, "e", [("n", "\(number)")]) }
        let fitting = 2048 / line
        #expect(fitting < 50)
        #expect(text(path + ".1").utf8.count == fitting * line)
        #expect(text(path).hasPrefix("time=") && text(path).contains("n=59"))
        let all = (text(path + ".1") + text(path)).split(separator: "\n").map { $0.suffix(2) }
        #expect(all == (10..<60).map { "\($0)"[...] })
        for number in 60..<99 { log.log(.error, "e", [("n", "\(number)")]) }
        #expect(text(path).contains("n=98") && !text(path + ".1").contains("n=10 "))
        #expect(SecureFile.isPrivate(path) && SecureFile.isPrivate(path + ".1"))
        #expect(access(path + ".2", F_OK) != 0)
    }

    @Test func `a file that somebody removed or put aside is begun anew`() throws {
        let descriptor = open()
        defer { close(descriptor) }
        let file = try #require(LogFile(path: path, descriptor: descriptor))
        let log = Logger(program: "p", descriptor: descriptor, file: file, clock: FixedClock())
        log.log(.error, "one")
        unlink(path)
        log.log(.error, "two")
        #expect(text(path).contains("event=two") && !text(path).contains("event=one"))
        rename(path, path + ".kept")
        log.log(.error, "three")
        #expect(text(path).contains("event=three") && text(path + ".kept").contains("event=two"))
    }

    @Test func `where no new file can be had, the old one goes on`() throws {
        let descriptor = open()
        defer { close(descriptor) }
        let file = try #require(LogFile(path: path, descriptor: descriptor, limit: 100))
        mkdir(path + ".1", 0o700)
        let log = Logger(program: "p", descriptor: descriptor, file: file, clock: FixedClock())
        for _ in 0..<5 { log.log(.error, "e") }
        #expect(text(path).split(separator: "\n").count == 5)
    }

    @Test func `what leads elsewhere is left alone, and a file that others could read is closed to them`() throws {
        let descriptor = open()
        defer { close(descriptor) }
        #expect(LogFile(path: folder.file("other"), descriptor: descriptor) == nil)
        #expect(LogFile(path: path, descriptor: -1) == nil)
        #expect(LogFile(path: "/dev/null", descriptor: descriptor) == nil)
        chmod(path, 0o644)
        #expect(LogFile(path: path, descriptor: descriptor) != nil)
        #expect(SecureFile.isPrivate(path))
    }

    @Test func `threads that log at once lose nothing over many new files`() throws {
        let descriptor = open()
        defer { close(descriptor) }
        let file = try #require(LogFile(path: path, descriptor: descriptor, limit: 1 << 20))
        let log = Logger(program: "p", descriptor: descriptor, file: file, clock: FixedClock())
        let lines = 2_000
        withThreads(4) { thread in
            for number in 0..<lines { log.log(.error, "e", [("t", "\(thread)"), ("n", "\(number)")]) }
        }
        let all = (text(path + ".1") + text(path)).split(separator: "\n")
        #expect(all.count == 4 * lines && Set(all).count == 4 * lines)
    }

    private func withThreads(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
        var threads: [pthread_t] = []
        for index in 0..<count {
            let box = Unmanaged.passRetained(Job { body(index) })
            var thread = pthread_t()
            pthread_create(
                &thread, nil,
                {
                    Unmanaged<Job>.fromOpaque($0!).takeRetainedValue().run()
                    return nil
                }, box.toOpaque())
            threads.append(thread)
        }
        for thread in threads { pthread_join(thread, nil) }
    }
}

private final class Job: Sendable {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}
