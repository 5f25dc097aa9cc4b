import Synchronization
import Testing
import ThreadKit

@Suite struct MailboxTests {
    @Test func `items are taken in the order they were posted, all at once`() {
        let mailbox = Mailbox<Int>()
        for number in 0..<1000 { #expect(mailbox.post(number)) }
        #expect(mailbox.take(until: nil) == Array(0..<1000))
        mailbox.post(1000)
        #expect(mailbox.take(until: nil) == [1000])
    }

    @Test func `an empty mailbox gives nothing once the deadline has passed, and is still open`() {
        let mailbox = Mailbox<Int>()
        let before = Moment.now
        #expect(mailbox.take(until: before + .milliseconds(50)) == [])
        #expect(Moment.now >= before + .milliseconds(50))
        #expect(mailbox.post(1))
        #expect(mailbox.take(until: .zero) == [1])
    }

    @Test(arguments: [Duration.zero, .seconds(-1), .milliseconds(-1), .nanoseconds(-1)])
    func `a deadline long past is not waited for`(deadline: Duration) {
        #expect(Mailbox<Int>().take(until: deadline) == [])
        #expect(Delivery<Int>().wait(until: deadline) == nil)
    }

    @Test func `a closed mailbox gives what came before, then the end, and takes nothing in`() {
        let mailbox = Mailbox<Int>()
        mailbox.post(1)
        mailbox.close()
        #expect(!mailbox.post(2))
        #expect(mailbox.take(until: nil) == [1])
        #expect(mailbox.take(until: nil) == nil)
        #expect(mailbox.take(until: .zero) == nil)
        mailbox.close()
    }

    @Test func `closing wakes a taker that waits for ever`() throws {
        let mailbox = Mailbox<Int>()
        let ended = Delivery<Bool>()
        let taker = try #require(
            WorkerThread(stackBytes: Sizes.stackBytes) { ended.deliver(mailbox.take(until: nil) == nil) })
        mailbox.close()
        #expect(ended.wait(until: Moment.soon) == true)
        taker.join()
    }

    @Test func `an item wakes a taker long before its deadline`() throws {
        let mailbox = Mailbox<Int>()
        let taken = Delivery<[Int]?>()
        let taker = try #require(
            WorkerThread(stackBytes: Sizes.stackBytes) {
                taken.deliver(mailbox.take(until: Moment.now + .seconds(3600)))
            })
        mailbox.post(7)
        #expect(taken.wait(until: Moment.soon) == .some([7]))
        taker.join()
    }

    @Test func `many producers lose nothing, double nothing, and each keeps its order`() throws {
        struct Parcel: Sendable, Equatable { let producer: Int, number: Int }
        let (producers, each) = (8, 5000)
        let mailbox = Mailbox<Parcel>()
        let threads = try (0..<producers).map { producer in
            try #require(
                WorkerThread(stackBytes: Sizes.stackBytes) {
                    for number in 0..<each { mailbox.post(Parcel(producer: producer, number: number)) }
                })
        }
        var next = Array(repeating: 0, count: producers)
        var isInOrder = true
        while next.reduce(0, +) < producers * each {
            let batch = try #require(mailbox.take(until: Moment.soon))
            try #require(!batch.isEmpty)
            for parcel in batch {
                isInOrder = isInOrder && parcel.number == next[parcel.producer]
                next[parcel.producer] += 1
            }
        }
        for thread in threads { thread.join() }
        #expect(isInOrder && next == Array(repeating: each, count: producers))
        #expect(mailbox.take(until: .zero) == [])
    }

    @Test func `an item that was acknowledged before the close is always taken`() throws {
        for _ in 0..<50 {
            let mailbox = Mailbox<Int>()
            let accepted = Atomic<Int>(0)
            let producers = try (0..<3).map { _ in
                try #require(
                    WorkerThread(stackBytes: Sizes.stackBytes) {
                        while mailbox.post(1) { accepted.add(1, ordering: .relaxed) }
                    })
            }
            var taken = try #require(mailbox.take(until: Moment.soon)).count
            mailbox.close()
            for producer in producers { producer.join() }
            while let batch = mailbox.take(until: nil) { taken += batch.count }
            #expect(taken == accepted.load(ordering: .relaxed))
        }
    }
}

@Suite struct DeliveryTests {
    @Test func `a value that came is given to everyone who asks, at once`() {
        let delivery = Delivery<Int>()
        delivery.deliver(5)
        #expect(delivery.wait(until: .zero) == 5)
        #expect(delivery.wait(until: .zero) == 5)
    }

    @Test func `nothing came before the deadline`() {
        let before = Moment.now
        #expect(Delivery<Int>().wait(until: before + .milliseconds(50)) == nil)
        #expect(Moment.now >= before + .milliseconds(50))
    }

    @Test func `a value that comes while they wait reaches all who wait`() throws {
        let delivery = Delivery<Int>()
        let answers = Mailbox<Int?>()
        let waiters = try (0..<4).map { _ in
            try #require(
                WorkerThread(stackBytes: Sizes.stackBytes) { answers.post(delivery.wait(until: Moment.soon)) })
        }
        delivery.deliver(9)
        for waiter in waiters { waiter.join() }
        #expect(answers.take(until: .zero) == [9, 9, 9, 9])
    }

    @Test func `a value that is nil is told from no value`() {
        let delivery = Delivery<Int?>()
        #expect(delivery.wait(until: .zero) == .none)
        delivery.deliver(nil)
        #expect(delivery.wait(until: .zero) == .some(nil))
    }
}
