import Glibc
import Testing

@testable import SyncLab

/// A customer goes from one manager to another and back, with edits unsent and held on both sides and old records on
/// their way, and a machine dies at one of its writes. A few writes of each case are taken; with FIELDBOOK_EVERY_WRITE=1
/// in the environment every one.
@Suite struct CrashAtEachStepTests {
    struct Death: Sendable, CustomStringConvertible {
        let name: String
        let isOfPower: Bool
        /// The first write that is taken.
        let first: Int
        var description: String { "\(name) \(isOfPower ? "loses power" : "is killed")" }

        func action(_ write: Int) -> Action {
            isOfPower ? .powerLoss(name, atWrite: write) : .kill(name, atWrite: write)
        }
    }

    /// Chosen so that the few writes fall between as many different steps of the machines as nearly twice as many did that
    /// stood closer together.
    private static let stride = 101
    private static let deaths = [
        Death(name: "mona", isOfPower: false, first: 44), Death(name: "mona", isOfPower: true, first: 1),
        Death(name: "milo", isOfPower: false, first: 50), Death(name: "milo", isOfPower: true, first: 25),
    ]
    private static let takesAll = getenv("FIELDBOOK_EVERY_WRITE").map { String(cString: $0) == "1" } ?? false

    @Test(arguments: deaths)
    func `given away and back in the middle of a load, no crash loses an edit or leaves a row`(death: Death) throws {
        let scenario = try ScenarioFiles.load("given-away-and-back-in-a-load")
        let settled = try #require(scenario.steps.firstIndex { $0.action == .settle })
        var write = CrashAtEachStepTests.takesAll ? 1 : death.first
        var count = 0
        while true {
            var story = scenario
            story.steps.insert(Scenario.Step(line: 0, action: death.action(write)), at: settled + 1)
            let run = try Lab.run(story, seed: 1)
            #expect(run.wrongs(strictly: true) == [], "\(death) at write \(write)")
            guard run.history.events.contains(where: { if case .died = $0.what { true } else { false } }) else { break }
            count += 1
            write += CrashAtEachStepTests.takesAll ? 1 : CrashAtEachStepTests.stride
        }
        // Past the last write of the run nobody dies any more, and there were many before it.
        #expect(count >= 3, "\(count) deaths up to write \(write)")
    }
}
