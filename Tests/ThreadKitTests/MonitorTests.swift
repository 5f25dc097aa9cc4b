import Testing
import ThreadKit

@Suite struct MonitorTests {
    @Test func `changes by many threads are all kept`() throws {
        let sum = Monitor(0)
        let threads = try (0..<8).map { _ in
            try #require(
                WorkerThread(stackBytes: Sizes.stackBytes) { for _ in 0..<5000 { sum.withLock { $0 += 1 } } })
        }
        for thread in threads { thread.join() }
        #expect(sum.withLock { $0 } == 40_000)
    }

    @Test func `each change wakes those who wait, and only the one they wait for ends the wait`() throws {
        let count = Monitor(0)
        let seen = Mailbox<Int>()
        let waiters = try (1...5).map { goal in
            try #require(
                WorkerThread(stackBytes: Sizes.stackBytes) {
                    if let value = count.wait(until: Moment.soon, { $0 >= goal ? $0 : nil }) {
                        seen.post(value >= goal ? goal : 0)
                    }
                })
        }
        for goal in 1...5 {
            count.withLock { $0 = goal }
            #expect(try #require(seen.take(until: Moment.soon)) == [goal])
        }
        for waiter in waiters { waiter.join() }
    }

    @Test func `an answer that is there is given without a wait, whatever the deadline`() {
        let value = Monitor(3)
        #expect(value.wait(until: .zero) { $0 } == 3)
        #expect(value.wait(until: nil) { $0 } == 3)
    }

    @Test func `a waiter may change the value, and what it left is what the next one sees`() {
        let stock = Monitor([1, 2])
        func takeOne() -> Int? { stock.wait(until: .zero) { $0.isEmpty ? nil : $0.removeFirst() } }
        #expect([takeOne(), takeOne(), takeOne()] == [1, 2, nil])
    }

    @Test func `a deadline passes though the value changes all the time`() throws {
        let count = Monitor(0)
        let isOver = Monitor(false)
        let writer = try #require(
            WorkerThread(stackBytes: Sizes.stackBytes) { while !isOver.withLock({ $0 }) { count.withLock { $0 += 1 } } }
        )
        let before = Moment.now
        #expect(count.wait(until: before + .milliseconds(50)) { $0 < 0 ? true : nil } == nil)
        #expect(Moment.now >= before + .milliseconds(50))
        isOver.withLock { $0 = true }
        writer.join()
    }

    @Test func `two threads hand a turn to and fro without a wake-up lost`() throws {
        let turn = Monitor(0)
        let other = try #require(
            WorkerThread(stackBytes: Sizes.stackBytes) {
                for _ in 0..<2000 where turn.wait(until: Moment.soon, { $0 % 2 == 1 ? true : nil }) == true {
                    turn.withLock { $0 += 1 }
                }
            })
        for _ in 0..<2000 {
            try #require(turn.wait(until: Moment.soon) { $0 % 2 == 0 ? true : nil } == true)
            turn.withLock { $0 += 1 }
        }
        other.join()
        #expect(turn.withLock { $0 } == 4000)
    }
}

@Suite struct WorkerThreadTests {
    /// Tells when it goes.
    private final class Token: Sendable {
        let gone: Delivery<Bool>
        init(_ gone: Delivery<Bool>) { self.gone = gone }
        deinit { gone.deliver(true) }
    }

    @Test func `a joined worker has done all it had to do`() throws {
        for _ in 0..<50 {
            let steps = Monitor(0)
            let worker = try #require(
                WorkerThread(stackBytes: Sizes.stackBytes) { for _ in 0..<100 { steps.withLock { $0 += 1 } } })
            worker.join()
            #expect(steps.withLock { $0 } == 100)
        }
    }

    @Test func `a worker ends when its mailbox is closed, after the last item`() throws {
        let mailbox = Mailbox<Int>()
        let handled = Monitor<[Int]>([])
        let worker = try #require(
            WorkerThread(stackBytes: Sizes.stackBytes) {
                while let batch = mailbox.take(until: nil) { handled.withLock { $0 += batch } }
            })
        for number in 0..<100 { mailbox.post(number) }
        mailbox.close()
        worker.join()
        #expect(handled.withLock { $0 } == Array(0..<100))
    }

    @Test func `a detached worker ends by itself, and what it held is let go`() throws {
        let gone = Delivery<Bool>()
        do {
            let token = Token(gone)
            try #require(WorkerThread(stackBytes: Sizes.stackBytes) { withExtendedLifetime(token) {} }).detach()
        }
        #expect(gone.wait(until: Moment.soon) == true)
    }

    @Test func `a thread that the system refuses is told, and what it would have held is let go`() {
        let gone = Delivery<Bool>()
        do {
            let token = Token(gone)
            let hasRun = Monitor(false)
            let worker = WorkerThread(stackBytes: 1 << 50) {
                withExtendedLifetime(token) {}
                hasRun.withLock { $0 = true }
            }
            #expect(worker == nil)
            #expect(!hasRun.withLock { $0 })
        }
        #expect(gone.wait(until: .zero) == true)
    }

    @Test func `a worker has the stack it was promised`() throws {
        // Two thirds of the stack in one frame after another.
        @Sendable func sink(_ depth: Int) -> Int {
            withUnsafeTemporaryAllocation(byteCount: 64 * 1024, alignment: 16) { bytes in
                bytes.initializeMemory(as: UInt8.self, repeating: UInt8(truncatingIfNeeded: depth))
                return depth == 0 ? Int(bytes[0]) : sink(depth - 1) + Int(bytes[100]) - depth % 256
            }
        }
        let answer = Delivery<Int>()
        let worker = try #require(WorkerThread(stackBytes: 8 << 20) { answer.deliver(sink(80)) })
        worker.join()
        #expect(answer.wait(until: .zero) == 0)
    }
}
