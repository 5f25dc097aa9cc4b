import Diagnostics
import Glibc
import PartnerModel
import SyncProtocol
import Synchronization
import TestKit
import Testing
import ThreadKit

@testable import SyncServer

/// Commits against requests that are just being held: nobody may stay asleep while there are rows.
@Suite struct LiveRaceTests {
    /// A client that asks again as soon as it is answered, and tells up to where it has come.
    private final class Follower: Sendable {
        let sequence = Atomic<Int64>(0)
        let isOver = Atomic<Bool>(false)
        let failures = Atomic<Int>(0)
    }

    private func follow(
        _ bench: LiveBench, _ follower: Follower, as member: String, from cursor: String
    ) -> WorkerThread? {
        let ask = bench.asker(as: member)
        return WorkerThread(stackBytes: 512 * 1024) {
            var cursor = cursor
            while !follower.isOver.load(ordering: .relaxed) {
                guard let answer = ask(cursor), answer.status == 200,
                    let page = try? ReceivedPage(
                        answer.body, kind: "feed/1", expectedCursor: cursor, isWhole: true)
                else {
                    // The listener's stop may meet it between two requests.
                    if !follower.isOver.load(ordering: .relaxed) { follower.failures.add(1, ordering: .relaxed) }
                    return
                }
                cursor = page.cursor
                follower.sequence.store(page.sequence ?? 0, ordering: .relaxed)
            }
        }
    }

    /// Has `commit` change something `count` times, each as soon as all have seen the one before; the numbers of those
    /// that were not seen in time.
    private func unseen(
        _ bench: LiveBench, _ followers: [Follower], count: Int, commit: (Int) throws -> Int64
    ) rethrows -> [Int] {
        var late: [Int] = []
        for number in 0..<count {
            let sequence = try commit(number)
            let end = SystemClock().monotonicNow() + .seconds(10)
            while followers.contains(where: { $0.sequence.load(ordering: .relaxed) < sequence }) {
                guard SystemClock().monotonicNow() < end else {
                    late.append(number)
                    break
                }
                sched_yield()
            }
            if late.count > 2 { break }
        }
        return late
    }

    private func run(count: Int, commit: (LiveBench, Int) throws -> Int64) throws {
        let bench = try LiveBench()
        let followers = (0..<3).map { _ in Follower() }
        let members = ["ana", "mona", "admin"]
        let threads = try zip(followers, members).map { follower, member in
            follow(bench, follower, as: member, from: try bench.server.load(as: member).cursor)
        }
        let late = try unseen(bench, followers, count: count) { try commit(bench, $0) }
        #expect(late.isEmpty, "commits that somebody slept through: \(late)")
        for follower in followers { follower.isOver.store(true, ordering: .relaxed) }
        bench.stop()
        for thread in threads { thread?.join() }
        #expect(followers.allSatisfy { $0.failures.load(ordering: .relaxed) == 0 })
    }

    @Test func `no request sleeps through a push, whenever it comes`() throws {
        try run(count: 600) { bench, number in
            // A moment of its own each time: between the look and the sleep of one of them, sooner or later.
            for _ in 0..<(number * 7919 % 4_000) { _ = SystemClock().monotonicNow() }
            return try bench.push(customer: 0)
        }
    }

    @Test func `none sleeps through a command of another process`() throws {
        try run(count: 8) { bench, number in
            try bench.command(.usage(bench.server.customers[0], Money(major: Int64(number + 1)) ?? .zero))
            return try bench.head()
        }
    }
}
