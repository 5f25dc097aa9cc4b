import PartnerModel
import SyncProtocol

#if FIELDBOOK_DEFECTS
import Defects
#endif

/// What an edit was made on: the server judges it by this.
struct Footing: Hashable {
    let base: Version
    /// The register as its author saw it.
    let before: RegisterState
    let predecessor: EditNumber?
    /// The cursor that its author's image stood at.
    let madeUpon: String?

    init(base: Version, before: RegisterState, predecessor: EditNumber?, madeUpon: String?) {
        self.base = base
        self.before = before
        self.predecessor = predecessor
        self.madeUpon = madeUpon
    }

    /// What a kept edit was made on; nil for one that does not say what its author saw.
    init?(_ edit: OutboxEdit) throws {
        guard let before = try edit.wire.before?.state() else { return nil }
        self.init(
            base: Version(edit.wire.base.value), before: before,
            predecessor: edit.wire.predecessor.map { EditNumber($0.value) }, madeUpon: edit.wire.madeUpon)
    }
}

/// The decision whether an edit that was never sent goes into the one that is made after it. Pure.
///
/// No edit is rewritten: both become a third thing under the new number, and the older one says which. The new one
/// stands on what the older one stood on, so that a change by someone else since then is met and not covered up.
struct Combining {
    /// The edit that goes into the new one.
    let taken: OutboxEdit
    /// What both come to.
    let intent: EditIntent
    let footing: Footing

    /// The older edit for a new intent among `kept` edits of its customer; nil when it stays by itself. `all` are the
    /// customer's open edits with those of the same request, in order of number.
    static func find(_ new: EditIntent, among kept: [OutboxEdit], in all: [OutboxEdit]) throws -> Combining? {
        // An edit of the customer that came after would act before what it was made after.
        guard let taken = kept.last(where: \.state.isPending),
            taken.number == all.last(where: \.state.isPending)?.number,
            isFree(taken), !all.contains(where: { $0.builtOn.contains(taken.number.value) }),
            let intent = sum(taken.intent, new), let footing = try Footing(taken)
        else { return nil }
        return Combining(taken: taken, intent: intent, footing: footing)
    }

    /// Whether nobody but this replica can know of an edit, and nothing ties it to others.
    private static func isFree(_ edit: OutboxEdit) -> Bool {
        let isTied =
            edit.wire.group != nil || edit.wire.dependsOn != nil || edit.wire.undoes != nil || edit.undoneBy != nil
        #if FIELDBOOK_DEFECTS
        if Defect.planted == .combinesSent, edit.state == .sent { return !isTied }
        #endif
        return edit.state == .saved && edit.sentCount == 0 && edit.firstSentAt == nil && !isTied
    }

    /// What two intents one after the other come to; nil when they stay apart: they are of two kinds, of one that does
    /// not combine, or come to nothing.
    static func sum(_ first: EditIntent, _ second: EditIntent) -> EditIntent? {
        switch (first, second) {
        case (.setBudget, .setBudget), (.setDiscount, .setDiscount), (.setLabel, .setLabel): return second
        case (.adjustBudget(let one, let cycle), .adjustBudget(let other, let otherCycle)):
            #if FIELDBOOK_DEFECTS
            if Defect.planted == .combinedLosesDelta { return second }
            #endif
            // One that expires with its cycle takes nothing with it that does not.
            guard cycle == otherCycle, let both = one.adding(other), both != .zero else { return nil }
            return .adjustBudget(delta: both, validThrough: cycle)
        default: return nil
        }
    }
}
