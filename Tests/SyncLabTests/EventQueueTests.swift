import Diagnostics
import PropertyKit
import Testing

@testable import SyncLab

@Suite struct EventQueueTests {
    @Test func `what is planned happens earliest first, and at one moment in the order planned`() throws {
        try checkProperty("event queue", cases: 150) { choices in
            var queue = EventQueue<Int>()
            var planned: [(at: Int64, serial: Int)] = []
            var serial = 0
            for _ in 0..<choices.int(in: 1...80) {
                if choices.bool(percent: 65) {
                    let at = choices.int64(in: 0...9)
                    queue.add(serial, at: at)
                    planned.append((at, serial))
                    serial += 1
                } else {
                    let first = planned.min { ($0.at, $0.serial) < ($1.at, $1.serial) }
                    #expect(queue.next == first?.at && queue.isEmpty == (first == nil))
                    let taken = queue.take()
                    try #require(taken?.at == first?.at && taken?.happening == first?.serial)
                    planned.removeAll { $0.serial == first?.serial }
                }
            }
            let rest = planned.sorted { ($0.at, $0.serial) < ($1.at, $1.serial) }.map(\.serial)
            var taken: [Int] = []
            while let next = queue.take() { taken.append(next.happening) }
            try #require(taken == rest)
        }
    }

    @Test func `a clock jumps, stands and is put right, while the world's time goes on`() {
        let time = LabTime()
        let clock = LabClock(time)
        let start = LabClock.start.seconds
        func shows(_ seconds: Int64) -> Bool { clock.now().seconds == start + seconds }
        #expect(shows(0))
        time.now = 10_000_000
        #expect(shows(10))
        clock.take(.jump(seconds: 3600))
        clock.take(.jump(seconds: -60))
        #expect(shows(3550))
        clock.take(.stopped)
        time.now = 20_000_000
        #expect(shows(3550))
        // A jump of a stopped clock shows once it goes again; what measures durations never stops.
        #expect(clock.monotonicNow() == .seconds(20))
        clock.take(.right)
        #expect(shows(20))
    }

    @Test func `chance and mixing depend on every part`() {
        #expect(LabChance(seed: 1).next() != LabChance(seed: 2).next())
        let (one, same) = (LabChance(seed: 1), LabChance(seed: 1))
        #expect((0..<5).map { _ in one.next() } == (0..<5).map { _ in same.next() })
        #expect(
            Set([Mix.of(1), Mix.of(1, 0), Mix.of(1, 1), Mix.of(3, 1), Mix.of(1, 1, 0), Mix.of(1, 0, 1)]).count == 6)
        // The published value of the algorithm for these bytes.
        #expect(Mix.text("a") == 0xAF63_DC4C_8601_EC8C)
    }
}
