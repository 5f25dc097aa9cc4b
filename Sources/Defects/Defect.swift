/// Deliberate defects, one planted at a time, so that the lab can show that its checkers would find them.
///
/// The places where they act are compiled only with FIELDBOOK_DEFECTS: in debug builds and in the lab's own build for
/// `fieldbook-lab recall`, never in the programs that people run.
package enum Defect: String, Sendable, CaseIterable {
    case actsTwice = "acts-twice"
    case answeredByAnyone = "answered-by-anyone"
    case approvalWithoutEffect = "approval-without-effect"
    case adjustCountedTwice = "adjust-counted-twice"
    case blindOverwrite = "blind-overwrite"
    case brokenBackoff = "broken-backoff"
    case codeForgotten = "code-forgotten"
    case combinedLosesDelta = "combined-loses-delta"
    case combinedTakesNewBase = "combined-takes-new-base"
    case combinesSent = "combines-sent"
    case cursorBeforeRows = "cursor-before-rows"
    case cutBelowSpent = "cut-below-spent"
    case deadlineIgnored = "deadline-ignored"
    case delegatedEditTaken = "delegated-edit-taken"
    case dependentActsAlone = "dependent-acts-alone"
    case deadLettersDropped = "dead-letters-dropped"
    case deletesIgnored = "deletes-ignored"
    case deviceClockDecides = "device-clock-decides"
    case editOverwrittenInFlight = "edit-overwritten-in-flight"
    case foreignMemberTaken = "foreign-member-taken"
    case formerCustomerEdited = "former-customer-edited"
    case frozenAnewToldDone = "frozen-anew-told-done"
    case groupHalfApplied = "group-half-applied"
    case heldTwice = "held-twice"
    case inSyncTooEarly = "in-sync-too-early"
    case labelKept = "label-kept"
    case lateDiscard = "late-discard"
    case lateFreezeTaken = "late-freeze-taken"
    case liftsUnseenFreeze = "lifts-unseen-freeze"
    case loginDropsQueue = "login-drops-queue"
    case meterHoldsFreezes = "meter-holds-freezes"
    case meterIgnored = "meter-ignored"
    case noRetryAfterFailure = "no-retry-after-failure"
    case outboxNotForced = "outbox-not-forced"
    case pendingLeftBehind = "pending-left-behind"
    case poisonBlocksAll = "poison-blocks-all"
    case promiseDropped = "promise-dropped"
    case queueReversed = "queue-reversed"
    case raisesCollapse = "raises-collapse"
    case recordForgotten = "record-forgotten"
    case releaseForgotten = "release-forgotten"
    case scopeForgotten = "scope-forgotten"
    case secondAnswerTaken = "second-answer-taken"
    case secondAssignmentTaken = "second-assignment-taken"
    case secondDecisionTaken = "second-decision-taken"
    case settledTooEarly = "settled-too-early"
    case stackedOnTrunk = "stacked-on-trunk"
    case stalePageTaken = "stale-page-taken"
    case typeChangeMerged = "type-change-merged"
    case uncuredFreezeLifted = "uncured-freeze-lifted"
    case unreadRowsSkipped = "unread-rows-skipped"

    // Of first loads.
    case anotherPinsPart = "another-pins-part"
    case entryForgotten = "entry-forgotten"
    case indexForgotten = "index-forgotten"
    case resumedElsewhere = "resumed-elsewhere"
    case shownTooEarly = "shown-too-early"

    // Of people who join and leave.
    case ghostAfterLatePage = "ghost-after-late-page"
    case leaveKeepsBills = "leave-keeps-bills"
    case oldRecordsForgotten = "old-records-forgotten"
    case editDroppedAtLeave = "edit-dropped-at-leave"
    case wipeLeavesPages = "wipe-leaves-pages"
    case narrowedKeepsImage = "narrowed-keeps-image"

    // Of features that are still to come; nothing acts on them yet.
    case restoreUnnoticed = "restore-unnoticed"
    case resyncTouchesOutbox = "resync-touches-outbox"

    /// The defect of the task that asks; nil in everything but the lab.
    @TaskLocal package static var planted: Defect?

    /// Whether this build has the places where defects act.
    package static var areCompiled: Bool {
        #if FIELDBOOK_DEFECTS
        true
        #else
        false
        #endif
    }

    /// What is wrong, in one sentence.
    package var summary: String {
        switch self {
        case .actsTwice: "the server carries out an edit again that it has answered before"
        case .adjustCountedTwice: "an adjustment that the image holds already is laid over it once more"
        case .blindOverwrite: "an edit is carried out although its base has moved"
        case .brokenBackoff: "a failure is followed by another try at once"
        case .combinedLosesDelta: "of two raises that combine the first is forgotten"
        case .combinedTakesNewBase: "an edit that combines stands on the newest values, and so hides a change by others"
        case .combinesSent: "an edit that was sent already goes into the next one"
        case .cursorBeforeRows: "the cursor is committed before the rows of its page"
        case .deadLettersDropped: "a refused edit is deleted instead of kept"
        case .deletesIgnored: "a deleted row stays in the replica"
        case .deviceClockDecides: "an edit's age is judged by the clock of the device"
        case .editOverwrittenInFlight: "the reply to a push settles an edit made while it was in flight"
        case .foreignMemberTaken: "a queue is sent with the token of another member"
        case .formerCustomerEdited: "an edit on a customer that has left is carried out"
        case .heldTwice: "a held edit that comes again makes a second conflict"
        case .inSyncTooEarly: "the status says in sync while edits wait"
        case .lateDiscard: "an edit that was sent already can be discarded"
        case .liftsUnseenFreeze: "an unfreeze lifts freezes that its author had not seen"
        case .loginDropsQueue: "a refused token sets the queue aside"
        case .meterHoldsFreezes: "a freeze waits for the next day's bytes like any other edit"
        case .meterIgnored: "a metered link carries bill records that nobody asked for"
        case .noRetryAfterFailure: "a failed push is not tried again until something else happens"
        case .outboxNotForced: "an accepted edit is not forced to disk"
        case .pendingLeftBehind: "the table of pending values keeps an edit that has its end"
        case .poisonBlocksAll: "one edit that the server can't judge fails the whole push"
        case .queueReversed: "a customer's edits are sent newest first"
        case .recordForgotten: "a held edit leaves no line in the history"
        case .scopeForgotten: "the feed carries customers that are not the member's"
        case .settledTooEarly: "an edit counts as settled before the image shows it"
        case .stackedOnTrunk: "an edit that builds on an unsettled one is judged against the base of the first"
        case .stalePageTaken: "a page is taken that does not start where the replica stands, older rows and all"
        case .unreadRowsSkipped: "a cut page counts as read to its end"
        case .anotherPinsPart: "a part of another pin is given and taken, and the feed followed from the load's own"
        case .entryForgotten: "a load leaves resources out, and bill records are shown without them"
        case .indexForgotten: "an index of a loaded image is missing"
        case .resumedElsewhere: "a part that was cut goes on at a wrong byte, and its hash is not compared"
        case .shownTooEarly: "a load is shown before it has come to a checkpoint"
        case .ghostAfterLatePage: "a page of old records brings back one that was deleted since"
        case .leaveKeepsBills: "the bills of a customer that left stay in the replica"
        case .oldRecordsForgotten: "a customer that joins brings no old records"
        case .editDroppedAtLeave: "an unsettled edit goes with the customer that leaves"
        case .groupHalfApplied: "a group of edits is carried out in part"
        case .answeredByAnyone: "an association request is decided by a member who may not"
        case .approvalWithoutEffect: "an approved request changes nothing about the customer"
        case .codeForgotten: "a budget above a manager's ceiling needs no code"
        case .cutBelowSpent: "a cut takes a budget below what is used"
        case .deadlineIgnored: "a conflict stays open past its deadline"
        case .delegatedEditTaken: "the partner's edit is carried out on a customer that a reseller manages"
        case .dependentActsAlone: "an edit acts although the one it depends on did not"
        case .frozenAnewToldDone: "an unfreeze is told as done although the customer is frozen anew"
        case .labelKept: "the first label stays"
        case .lateFreezeTaken: "a freeze that leads to deletion is carried out late"
        case .promiseDropped: "a discount promised while the range allowed it is refused"
        case .raisesCollapse: "two raises of one budget come to one"
        case .releaseForgotten: "a late freeze undoes a release by someone else"
        case .secondAnswerTaken: "a request is decided a second time"
        case .secondAssignmentTaken: "a second account manager replaces the first"
        case .secondDecisionTaken: "a second decision on a conflict is carried out"
        case .typeChangeMerged: "a raise is added to a budget of another type"
        case .uncuredFreezeLifted: "a budget's freeze is lifted while the budget is still exhausted"
        case .restoreUnnoticed: "a restored server's feed is followed on"
        case .resyncTouchesOutbox: "a resync drops edits"
        case .wipeLeavesPages: "wiped rows stay in the file"
        case .narrowedKeepsImage: "a role that sees less leaves what it saw before readable until the load is done"
        }
    }

    /// The feature that has to exist before the defect can; nil when it does.
    package var missingFeature: String? {
        switch self {
        case .restoreUnnoticed, .resyncTouchesOutbox: "restore and resync"
        default: nil
        }
    }
}
