import PartnerModel
import ReplicaStore
import TerminalKit

/// The cells of a list of conflicts.
struct DeskList {
    static let columns: [Table.Column] = [
        .init("CONFLICT", .right), .init("CUSTOMER"), .init("ON"), .init("MINE"), .init("THEIRS"),
        .init("WAITS", .right), .init("DEADLINE"),
    ]

    /// Seconds since 1970 by this device.
    let now: Int64
    let decisions: [ConflictKey: EditNumber]

    func cells(_ line: ConflictLine) -> [String] {
        [
            String(line.key.value), line.customerName, line.register, mine(line), theirs(line),
            line.isOpen ? DeskTime(now: now).since(line.heldAt) : "-", ending(line),
        ]
    }

    private func mine(_ line: ConflictLine) -> String {
        switch line.kind {
        case .setBudget: line.mine
        case .adjustBudget: line.mine.hasPrefix("-") ? line.mine : "+" + line.mine
        case .freeze: "freeze \(line.mine)"
        case .unfreeze: "unfreeze \(line.mine)"
        case .setDiscount: line.mine + " %"
        case .cancelDiscount: "cancel"
        case .withdrawManager: "withdraw"
        case .setLabel: line.mine.isEmpty ? "none" : line.mine
        case .assignManager, .decideRequest, .decideConflict: line.mine
        case nil: "?"
        }
    }

    private func theirs(_ line: ConflictLine) -> String {
        if line.theirs.isEmpty { return line.register == Register.freezes.rawValue ? "not frozen" : "none" }
        return line.register == Register.discount.rawValue ? line.theirs + " %" : line.theirs
    }

    /// When it ends and how; of a decided one how it ended.
    private func ending(_ line: ConflictLine) -> String {
        guard line.isOpen else { return "\(line.choice ?? "-") by \(line.decidedBy ?? "-")" }
        if !decisions.isEmpty, let edit = decisions[line.key] { return "edit \(edit.value) decides" }
        guard let deadline = line.deadline else { return "none" }
        let then = line.fallback ?? "stays open"
        return deadline > now ? "\(DeskTime(now: now).about(deadline)): \(then)" : "due: \(then)"
    }

    /// What is said when there is nothing to list.
    static func nothing(_ selection: ConflictSelection) -> String {
        let which = selection.onlyOpen ? "no conflicts wait for a person" : "there are no conflicts"
        return which + (selection.customer != nil || selection.author != nil ? " among those asked for" : "")
    }
}
