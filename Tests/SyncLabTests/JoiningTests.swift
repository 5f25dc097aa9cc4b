import Diagnostics
import SyncLab
import Testing

@Suite struct JoiningTests {
    @Test func `a customer joins over 50 kbit in the second, and nobody waits for its old records`() throws {
        var bench = JoiningBench(records: 3_000)
        bench.customers = 200
        let figures = try bench.run(clock: SystemClock())
        #expect(figures.pollsToRegisters == 1 && figures.secondsToRegisters <= 31)
        #expect((1...2).contains(figures.pollsToFreeze) && figures.secondsToResult < 60)
        // Both were done long before the old records had come.
        #expect(figures.recordsMissingThen > 1_000)
        #expect(figures.secondsToAll > figures.secondsToRegisters + figures.secondsToFreeze)
        #expect(figures.oldRecords.bytesDown < 3_100 * 256 && figures.oldRecords.bytesDown > 3_000 * 64)
        #expect(figures.joining.bytesDown < figures.oldRecords.bytesDown + 32_768)
        #expect(figures.fileBytesJoined > figures.fileBytesBefore)
        #expect(figures.leaving.requests == 1 && figures.leaving.bytesDown < 16_384 && figures.rowsAfter == 0)
        #expect(figures.emptyPoll.requests == 1 && figures.emptyPollStatements <= 6)
        #expect(figures.emptyPoll.bytesUp + figures.emptyPoll.bytesDown < 1_024)
    }
}
