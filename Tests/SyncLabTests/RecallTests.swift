import Defects
import Testing

@testable import SyncLab

/// Each planted bug makes the scenario that belongs to it fail, and none is counted before its feature exists.
@Suite struct RecallTests {
    private static let scenarios: [Defect: String] = [
        .actsTwice: "reply-lost-after-commit",
        .anotherPinsPart: "late-load-begins-at-its-own-pin",
        .entryForgotten: "bill-without-its-resource",
        .indexForgotten: "behind-a-held-edit",
        .resumedElsewhere: "cut-part-goes-on-at-its-next-byte",
        .shownTooEarly: "given-away-and-back-in-a-load",
        .answeredByAnyone: "request-is-an-administrators",
        .approvalWithoutEffect: "request-is-an-administrators",
        .codeForgotten: "budget-above-a-managers-ceiling",
        .combinedLosesDelta: "raises-combine-into-their-sum",
        .combinedTakesNewBase: "combined-on-a-moved-base",
        .combinesSent: "no-combining-once-sent",
        .cutBelowSpent: "cut-below-what-is-spent",
        .deadlineIgnored: "nobody-decides",
        .delegatedEditTaken: "hazard-22-delegation-meets-edits",
        .dependentActsAlone: "hazard-05-budget-held-unfreeze-waits",
        .editDroppedAtLeave: "edit-waits-while-customer-leaves",
        .ghostAfterLatePage: "deleted-while-old-records-come",
        .leaveKeepsBills: "handed-over-and-back",
        .oldRecordsForgotten: "handed-over-and-back",
        .wipeLeavesPages: "handed-over-and-back",
        .narrowedKeepsImage: "narrowed-role-shows-nothing-of-before",
        .frozenAnewToldDone: "hazard-06-freeze-meets-unfreeze",
        .groupHalfApplied: "group-refused-whole",
        .labelKept: "hazard-24-label-meets-label",
        .lateFreezeTaken: "hazard-08-freeze-meets-freeze-of-resources",
        .promiseDropped: "hazard-14-range-meets-discount",
        .raisesCollapse: "raises-add-up",
        .releaseForgotten: "hazard-07-release-meets-freeze-later",
        .secondAnswerTaken: "hazard-18-approval-meets-rejection",
        .secondAssignmentTaken: "hazard-17-manager-meets-manager",
        .secondDecisionTaken: "two-people-decide-differently",
        .typeChangeMerged: "hazard-02-raise-meets-type",
        .uncuredFreezeLifted: "hazard-11-budget-freeze-meets-budget-and-unfreeze",
        .adjustCountedTwice: "own-adjustment-counted-once",
        .blindOverwrite: "two-people-one-budget",
        .brokenBackoff: "behind-a-held-edit",
        .cursorBeforeRows: "cursor-ahead-of-rows",
        .deadLettersDropped: "edit-across-the-month-end",
        .deletesIgnored: "resume-after-a-long-pause",
        .deviceClockDecides: "edit-across-the-month-end",
        .editOverwrittenInFlight: "edit-during-push",
        .foreignMemberTaken: "cached-greeting-of-another-member",
        .formerCustomerEdited: "edit-on-a-customer-that-left",
        .heldTwice: "stacked-edits-against-a-moved-base",
        .inSyncTooEarly: "queue-wedged-status-healthy",
        .lateDiscard: "discard-of-a-sent-edit",
        .liftsUnseenFreeze: "unfreeze-lifts-only-what-was-seen",
        .loginDropsQueue: "unauthorised-in-mid-queue",
        .noRetryAfterFailure: "queue-retried-after-failure",
        .outboxNotForced: "power-loss-after-accepting",
        .pendingLeftBehind: "edit-across-the-month-end",
        .poisonBlocksAll: "discount-promised-twice",
        .queueReversed: "stacked-edits-against-a-moved-base",
        .recordForgotten: "two-people-one-budget",
        .scopeForgotten: "manager-sees-own-customers",
        .meterHoldsFreezes: "metered-freeze-goes-label-waits",
        .meterIgnored: "metered-records-wait-until-asked",
        .settledTooEarly: "own-change-not-foreign",
        .stackedOnTrunk: "edit-during-push",
        .stalePageTaken: "cached-old-page",
        .unreadRowsSkipped: "page-cut-inside",
    ]

    private static let applicable = Defect.allCases.filter { $0.missingFeature == nil }

    @Test(arguments: applicable.filter { $0 != .brokenBackoff }) func `a planted bug makes its scenario fail`(
        defect: Defect
    ) throws {
        let name = try #require(RecallTests.scenarios[defect], "no scenario belongs to \(defect.rawValue)")
        let scenario = try ScenarioFiles.load(name)
        let found = try Recall.scenario(failingWith: defect, among: [(name, ScenarioFiles.folder, scenario)])
        #expect(found == name)
        // The defect ends with the task that planted it.
        #expect(Defect.planted == nil)
    }

    /// A loop without pause asks thousands of times in its scenario's minutes; two seconds of them show it.
    @Test func `a failure that is followed by another try at once makes its scenario fail`() throws {
        var scenario = try ScenarioFiles.load(try #require(RecallTests.scenarios[.brokenBackoff]))
        for index in scenario.steps.indices {
            if case .wait = scenario.steps[index].action { scenario.steps[index].action = .wait(seconds: 2) }
        }
        #expect(try Lab.run(scenario, seed: 1).violation == nil)
        let run = try Defect.$planted.withValue(.brokenBackoff) { try Lab.run(scenario, seed: 1) }
        #expect(run.violation?.name == "L3")
    }

    @Test func `a bug of a feature to come is listed and never run`() throws {
        let coming = Defect.allCases.filter { $0.missingFeature != nil }
        #expect(!coming.isEmpty && coming.allSatisfy { RecallTests.scenarios[$0] == nil })
        for defect in coming {
            let line = try Recall.line(of: defect, seedsMax: 1000)
            #expect(line.seeds == 0 && line.finding == nil)
            let table = Recall.table([line])
            #expect(table.contains("| `\(defect.rawValue)` |") && table.contains("not yet: needs "))
            #expect(!table.contains("missed"))
        }
    }

    @Test func `a bug is told with the checkers that find it, or as missed`() throws {
        let line = try Recall.line(of: .blindOverwrite, seedsMax: 30)
        let finding = try #require(line.finding)
        #expect(
            finding.seed == UInt64(line.seeds) && finding.checkers == ["model"]
                && finding.why.contains("by the rules "))
        #expect(Recall.table([line]).contains("| model | \(line.seeds) | - |"))
        let missed = Recall.Line(defect: .actsTwice, finding: nil, seeds: 7, scenario: "x")
        #expect(Recall.table([missed]).contains("| **missed** | 7 | x |"))
    }

    @Test func `this build has the places where bugs act, and names are unlike`() {
        #expect(Defect.areCompiled && RecallTests.applicable.count >= 15)
        #expect(Set(Defect.allCases.map(\.summary)).count == Defect.allCases.count)
    }
}
