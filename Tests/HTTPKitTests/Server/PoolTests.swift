import TestKit
import Testing
import ThreadKit

@testable import HTTPKit

/// The pool of threads and the list of deadlines.
@Suite struct PoolTests {
    @Test
    func `jobs run on no more threads than the cap, past it when their turn comes, and idle threads end with the pool`()
    {
        let pool = WorkerPool(threadsMax: 3)
        let (release, running, order) = (Delivery<Bool>(), Monitor(0), Monitor<[Int]>([]))
        for _ in 0..<3 {
            #expect(
                pool.run {
                    running.withLock { $0 += 1 }
                    _ = release.wait(until: Sys.monotonicNow + .seconds(20))
                    running.withLock { $0 -= 1 }
                })
        }
        #expect(eventually { running.withLock { $0 } == 3 } && pool.isStrained)
        for index in 0..<5000 { #expect(pool.run { order.withLock { $0.append(index) } }) }
        #expect(pool.threads == 3 && order.withLock { $0.isEmpty })
        release.deliver(true)
        #expect(eventually { order.withLock { $0.count } == 5000 && running.withLock { $0 } == 0 })
        #expect(Set(order.withLock { $0 }).count == 5000)
        pool.close()
        #expect(eventually { pool.threads == 0 })
        let late = Delivery<Bool>()
        #expect(pool.run { late.deliver(true) } && late.wait(until: Sys.monotonicNow + .seconds(20)) == true)
        #expect(eventually { pool.threads == 0 })
    }

    @Test func `one thread runs jobs in the order in which they came`() {
        let pool = WorkerPool(threadsMax: 1)
        let order = Monitor<[Int]>([])
        for index in 0..<5000 { #expect(pool.run { order.withLock { $0.append(index) } }) }
        #expect(eventually { order.withLock { $0.count } == 5000 } && order.withLock { $0 } == Array(0..<5000))
        pool.close()
    }

    @Test func `a thread lets go of its job before it waits for the next`() {
        final class Thing: Sendable {}
        let pool = WorkerPool(threadsMax: 1)
        weak var seen: Thing?
        do {
            let thing = Thing()
            seen = thing
            #expect(pool.run { _ = thing })
        }
        #expect(eventually { seen == nil } && pool.threads == 1)
        pool.close()
    }

    @Test(arguments: 0..<50) func `deadlines come in order, each when its moment has come`(seed: Int) {
        var state = UInt64(seed)
        var queue = DeadlineQueue()
        var wanted: [Int64] = []
        for id in 0..<200 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let moment = Int64(state >> 40) % 97
            wanted.append(moment)
            queue.add(DeadlineQueue.Entry(at: .seconds(moment), id: UInt64(id)))
        }
        var found: [Int64] = []
        for now in Int64(0)...100 {
            #expect(queue.earliest.map { $0 >= .seconds(now) } ?? true)
            while let entry = queue.take(at: .seconds(now)) {
                #expect(entry.at == .seconds(now))
                found.append(now)
            }
        }
        #expect(found == wanted.sorted() && queue.entries.isEmpty)
    }
}
