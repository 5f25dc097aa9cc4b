import CLinux
import Diagnostics
import Glibc
import TestKit
import Testing
import ThreadKit

@testable import SyncDaemon

/// What the kernel's route messages tell, and that nothing else is believed.
@Suite struct LinkWatcherTests {
    /// A route message: its header, then the fixed part of its type. `length` replaces the true one.
    static func message(_ type: Int, running: Bool = true, length: UInt32? = nil, tail: Int = 0) -> [UInt8] {
        var body = [UInt8](repeating: 0, count: tail)
        if type == RTM_NEWLINK || type == RTM_DELLINK {
            var link = ifinfomsg()
            link.ifi_index = 2
            link.ifi_flags = UInt32(IFF_UP) | (running ? UInt32(IFF_RUNNING) : 0)
            body = withUnsafeBytes(of: link) { Array($0) } + body
        }
        var header = nlmsghdr()
        header.nlmsg_type = UInt16(type)
        header.nlmsg_len = length ?? UInt32(MemoryLayout<nlmsghdr>.size + body.count)
        let bytes = withUnsafeBytes(of: header) { Array($0) } + body
        return bytes + [UInt8](repeating: 0, count: (4 - bytes.count % 4) % 4)
    }

    static let up = message(RTM_NEWLINK)
    static let down = message(RTM_NEWLINK, running: false)
    static let gone = message(RTM_DELLINK)
    static let address = message(RTM_NEWADDR, tail: 8)

    @Test(
        arguments: [
            (up, true), (down, false), (gone, false), (address, true), (message(RTM_DELADDR, tail: 8), false),
            (message(Int(NLMSG_DONE)), false), (message(RTM_NEWLINK, tail: 64), true),
            // Several in one go, one of them of a length that is no multiple of four.
            (down + gone + up, true), (down + gone, false), (message(RTM_DELADDR, tail: 5) + address, true),
        ] as [([UInt8], Bool)])
    func `a link that runs and a new address are news, nothing else is`(messages: [UInt8], isNews: Bool) {
        #expect(LinkWatcher.tellsOfNewLink(messages[...]) == isNews)
        // The same inside a larger buffer.
        let framed = [9, 9, 9] + messages + [9, 9, 9]
        #expect(LinkWatcher.tellsOfNewLink(framed[3..<(3 + messages.count)]) == isNews)
    }

    @Test func `a message that was cut at any byte is not believed`() {
        for whole in [Self.up, Self.address] {
            for length in 0..<whole.count { #expect(!LinkWatcher.tellsOfNewLink(whole[..<length]), "\(length)") }
        }
    }

    @Test(arguments: [0, 1, 15, 33, 0x7FFF_FFFF, 0xFFFF_FFF0, 0xFFFF_FFFD, .max] as [UInt32])
    func `a length that can't be is the end of what is believed`(length: UInt32) {
        for type in [RTM_NEWLINK, RTM_DELLINK] {
            let hostile = Self.message(type, length: length)
            #expect(!LinkWatcher.tellsOfNewLink((hostile + Self.up)[..<hostile.count]))
        }
        // Too short for a header: what follows is not looked at.
        if length < 16 {
            #expect(!LinkWatcher.tellsOfNewLink((Self.message(RTM_DELLINK, length: length) + Self.up)[...]))
        }
    }

    @Test func `a link message too short for its own fields is not read past its end`() {
        for length in 16..<32 as Range<UInt32> {
            let short = Self.message(RTM_NEWLINK, length: length)
            #expect(!LinkWatcher.tellsOfNewLink(short[...]), "\(length)")
        }
    }

    @Test(arguments: 1...8 as ClosedRange<UInt64>) func `bytes by chance do no harm`(seed: UInt64) {
        let chance = CountingChance(seed: seed)
        for _ in 0..<200 {
            _ = LinkWatcher.tellsOfNewLink(chance.bytes(Int(chance.next() % 100))[...])
            var bytes = Self.down + Self.gone + Self.address
            bytes[Int(chance.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: chance.next())
            _ = LinkWatcher.tellsOfNewLink(bytes[...])
        }
    }

    @Test func `each message that is news is told once, junk between them not, and stop ends the watch`() throws {
        let line = try Line()
        let told = Monitor(0)
        let watcher = try #require(LinkWatcher(socket: line.far))
        let thread = try #require(WorkerThread(stackBytes: 1 << 18) { watcher.run { told.withLock { $0 += 1 } } })
        for bytes in [Self.down, [], [1, 2, 3], Self.up, Self.message(RTM_NEWLINK, length: 0), Self.address] {
            line.send(bytes)
        }
        #expect(told.wait(until: Moment.soon) { $0 == 2 ? true : nil } == true)
        watcher.stop()
        thread.join()
        line.send(Self.up)
        #expect(told.withLock { $0 } == 2)
    }

    @Test func `a message larger than the buffer is cut and does not stop the watch`() throws {
        let line = try Line()
        let told = Monitor(0)
        let watcher = try #require(LinkWatcher(socket: line.far))
        let thread = try #require(WorkerThread(stackBytes: 1 << 18) { watcher.run { told.withLock { $0 += 1 } } })
        line.send(Self.message(RTM_NEWLINK, tail: 20_000))
        line.send(Self.up)
        line.hangUp()
        thread.join()
        #expect(told.withLock { $0 } == 1)
    }

    @Test func `the watch ends when its socket ends`() throws {
        let line = try Line()
        let watcher = try #require(LinkWatcher(socket: line.far))
        let thread = try #require(WorkerThread(stackBytes: 1 << 18) { watcher.run {} })
        line.hangUp()
        thread.join()
    }

    @Test func `a stop before the watch begins is not lost`() throws {
        let line = try Line()
        let watcher = try #require(LinkWatcher(socket: line.far))
        watcher.stop()
        watcher.run {}
    }
}

/// A pair of sockets that keep the bounds of messages, as the kernel's do. The far end belongs to who watches it.
private final class Line {
    private(set) var near: Int32
    let far: Int32

    init() throws {
        var ends: [Int32] = [-1, -1]
        try #require(socketpair(AF_UNIX, Int32(SOCK_SEQPACKET.rawValue), 0, &ends) == 0)
        (near, far) = (ends[0], ends[1])
    }

    deinit { hangUp() }

    func send(_ bytes: [UInt8]) { _ = Glibc.send(near, bytes, bytes.count, Int32(MSG_NOSIGNAL)) }

    func hangUp() {
        if near >= 0 { close(near) }
        near = -1
    }
}
