import TestKit
import Testing

/// Replies that have no end, or hold far more than they seem to: refused at a bound of bytes, in memory that stays
/// flat.
@Suite(.serialized) struct FloodTests {
    enum Reply: Sendable, CaseIterable { case line, row, bomb }

    /// The largest resident memory of the person's daemon so far, in KiB.
    private func peak(_ person: Person) -> Int {
        guard let pid = person.world.daemonProcess(person.home) else { return 0 }
        let status = String(decoding: readFile("/proc/\(pid)/status"), as: UTF8.self)
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
        return line.flatMap { Int($0.filter(\.isNumber)) } ?? 0
    }

    private func fault(_ reply: Reply) -> FaultProxy.Fault {
        switch reply {
        case .line: .endlessLine(after: 0)
        // Behind the header line and into the rows.
        case .row: .endlessLine(after: 4000)
        case .bomb: .bomb
        }
    }

    /// Waits until the status tells a problem, and gives it.
    private func problem(_ person: Person) -> String {
        var told = ""
        _ = eventually {
            told = person.run(["status", "--json"]).output
            return told.contains("\"problem\": {")
        }
        return told
    }

    /// Each road of a daemon in turn: greeting, heads of a first load, its parts, the feed.
    @Test(arguments: Reply.allCases)
    func `a reply without end is refused with the reason, in flat memory, and the road goes on`(reply: Reply) throws {
        let world = World()
        world.seed(bills: 3000)
        world.startServer()
        let proxy = try FaultProxy(target: world.port)
        defer { proxy.stop() }
        let ana = world.member("ana", through: proxy.port)
        let roads = ["/sync/v1/hello", "/sync/v1/snapshot/rows", "/sync/v1/snapshot/rows", "/sync/v1/changes"]
        for path in roads { proxy.spoil(path, fault(reply)) }
        ana.startDaemon()
        // A link that is not slow asks for no gzip, and takes none.
        let why = reply == .bomb ? "the body is gzip, which was not asked for" : "the body is larger than"
        #expect(problem(ana).contains(why))
        #expect(eventually { ana.sync(seconds: 5) })
        for path in roads { #expect(proxy.count(path) >= 2, "\(path)") }
        #expect(world.difference(ana) == nil)
        // A body has about 1.3 MiB at most; a gibibyte was offered four times.
        #expect(peak(ana) < 48 * 1024, "\(peak(ana)) KiB")
        #expect(proxy.bytesOfLines < 64 << 20, "\(proxy.bytesOfLines) bytes were taken")
    }
}
