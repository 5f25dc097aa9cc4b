import Diagnostics
import PartnerModel
import SyncProtocol

/// The written rules, version 2: what each kind of edit must pass, and how it is combined with what it meets.
extension Model {
    /// One guard of a rule as it stands on an edit.
    struct Guarded {
        let fails: Bool
        let code: ResultCode
        /// Whether it is asked of an edit that would change nothing.
        var isAskedOfEqual = true
    }

    private static let hour: Int64 = 3600
    private static let day: Int64 = 86_400
    /// What a manager sets without a code, in units.
    private static let ceiling: Int64 = 1_000_000 * 100_000_000

    // MARK: Guards

    func guards(_ view: View) -> [Guarded] {
        let edit = view.edit
        let customer = customers[view.customer] ?? Customer()
        let isHere = Guarded(fails: customer.isFormer, code: .rejected)
        let forReseller = [
            isHere, Guarded(fails: customer.association != .reseller, code: .rejected),
            Guarded(fails: customer.managedBy != nil, code: .rejected),
        ]
        let forReferral = [isHere, Guarded(fails: customer.association != .referral, code: .rejected)]
        switch edit.kind {
        case "set-budget": return forReseller + [inTime(view), underCeiling(view)]
        case "adjust-budget":
            return forReseller + [
                inTime(view), Guarded(fails: !hasBudget(view), code: .rejected, isAskedOfEqual: false),
                underCeiling(view), aboveUsed(view),
            ]
        case "freeze": return forReseller
        case "unfreeze":
            let isBlockedByPartner = partner.state == .frozen && edit.freezeKind == "account-and-resources"
            return forReseller + [
                Guarded(fails: isBlockedByPartner, code: .rejected),
                Guarded(fails: !freezeStands(view), code: .rejected),
                Guarded(fails: !cures(view), code: .rejected),
            ]
        case "set-discount":
            let over = (edit.validUntil?.value ?? 0) <= max(view.now, edit.validFrom?.value ?? 0)
            return forReferral + [inRange(view), Guarded(fails: over, code: .expired)]
        case "cancel-discount":
            return forReferral + [Guarded(fails: isNone(view.current), code: .rejected, isAskedOfEqual: false)]
        case "assign-manager":
            return [
                isHere,
                Guarded(fails: view.isIntact && !isNone(view.current), code: .rejected, isAskedOfEqual: false),
            ]
        case "withdraw-manager":
            return [
                isHere, Guarded(fails: view.isIntact && isNone(view.current), code: .rejected, isAskedOfEqual: false),
            ]
        case "set-label": return [isHere]
        case "decide-request": return requestGuards(view)
        default: return []
        }
    }

    private func requestGuards(_ view: View) -> [Guarded] {
        var (purpose, status) = (String?.none, String?.none)
        if case .request(let found, let state) = view.current { (purpose, status) = (found, state) }
        let approves = view.edit.approve == true
        let isFrozenByHand =
            purpose == "disassociate" && freezes(of: view.customer).contains { $0.cause == .manual }
        return [
            Guarded(fails: view.role != .administrator, code: .forbidden),
            Guarded(fails: view.isIntact && status != "pending", code: .rejected, isAskedOfEqual: false),
            Guarded(fails: approves && partner.state == .frozen, code: .rejected),
            Guarded(fails: approves && isFrozenByHand, code: .rejected, isAskedOfEqual: false),
        ]
    }

    private func isNone(_ value: RowValue) -> Bool {
        switch value {
        case .discount(let discount): discount == nil
        case .manager(let account): account == nil
        default: false
        }
    }

    /// Cycles are months of Beijing time, eight hours ahead of UTC.
    private func inTime(_ view: View) -> Guarded {
        guard let last = view.edit.validThrough else { return Guarded(fails: false, code: .expired) }
        let (year, month, _) = CivilDate.date(fromDays: (view.now + 8 * Model.hour) / Model.day)
        return Guarded(fails: "\(year)-\(month < 10 ? "0" : "")\(month)" > last, code: .expired)
    }

    private func hasBudget(_ view: View) -> Bool {
        if case .budget(.some) = view.current { return true }
        return false
    }

    /// The amount that would stand; nil without one.
    private func amountAfter(_ view: View) -> Int64? {
        if view.edit.kind == "set-budget" { return view.edit.amount.flatMap { Money($0) }?.units }
        guard case .budget(let budget?) = view.current, let delta = view.edit.delta.flatMap({ Money($0) }) else {
            return nil
        }
        return budget.amount.units + delta.units
    }

    private func underCeiling(_ view: View) -> Guarded {
        let isAbove = view.role == .manager && (amountAfter(view) ?? 0) > Model.ceiling
        return Guarded(fails: isAbove, code: .needsStepUp, isAskedOfEqual: false)
    }

    private func aboveUsed(_ view: View) -> Guarded {
        let delta = view.edit.delta.flatMap { Money($0) }?.units ?? 0
        let isBelow = delta < 0 && (amountAfter(view) ?? .max) < (used[view.customer] ?? .min)
        return Guarded(fails: isBelow, code: .rejected, isAskedOfEqual: false)
    }

    /// A freeze of the kind stands that a partner may lift. That none stands at all matters only where one is to be lifted.
    private func freezeStands(_ view: View) -> Bool {
        guard case .freezes(let members) = view.current else { return false }
        if members.isEmpty { return isAlready(view.edit, view.current) }
        return members.contains {
            $0.kind.rawValue == view.edit.freezeKind && $0.cause != .partnerState && $0.cause != .vendor
        }
    }

    /// A freeze for an exhausted budget is lifted when the budget is above what is used.
    private func cures(_ view: View) -> Bool {
        guard case .freezes(let members) = view.current else { return true }
        let ids = (view.edit.seen ?? []).map(\.value)
        let lifts = members.contains {
            $0.cause == .budget && $0.kind.rawValue == view.edit.freezeKind && ids.contains($0.id)
        }
        guard lifts, let budget = budget(of: view.customer), let used = used[view.customer] else { return true }
        return budget.amount.units > used
    }

    /// A discount out of the authorised range is refused, unless the range may have changed since its author looked.
    private func inRange(_ view: View) -> Guarded {
        let percent = Int64(view.edit.percentBasisPoints ?? -1)
        var isInside = false
        if let lowest = partner.lowest, let highest = partner.highest {
            isInside = (lowest...max(lowest, highest)).contains(percent)
        }
        let seen = seen(view)
        let mayHaveMoved =
            seen.map { partnerVersion > $0.sequence && view.now - $0.at <= 30 * Model.day } ?? false
        return Guarded(fails: !isInside, code: mayHaveMoved ? .held : .rejected, isAskedOfEqual: !mayHaveMoved)
    }

    /// Sequence and server time of what the author had seen: the fifth and sixth part of the cursor's text.
    private func seen(_ view: View) -> (sequence: Int64, at: Int64)? {
        let parts = (view.edit.madeUpon ?? "").split(separator: "-")
        guard parts.count == 7, parts[0] == "f2", let sequence = Int64(parts[4]), let at = Int64(parts[5]) else {
            return nil
        }
        return (sequence, at)
    }

    // MARK: Form

    private static let largest: Int64 = 2_147_483_647 * 100_000_000
    private static let cent: Int64 = 1_000_000

    /// What no rule can allow.
    func formIsWrong(_ view: View) -> Bool {
        let edit = view.edit
        switch edit.kind {
        case "set-budget": return amountIsWrong(edit.amount.flatMap { Money($0) }?.units ?? 0)
        case "adjust-budget": return edit.delta.flatMap({ Money($0) })?.units == 0
        case "freeze", "unfreeze": return textIsWrong(edit.reason ?? "", max: 256)
        case "assign-manager": return textIsWrong(edit.manager ?? "", max: 64)
        case "set-label": return edit.label.map { textIsWrong($0, max: 64) } ?? false
        default: return false
        }
    }

    private func amountIsWrong(_ units: Int64) -> Bool {
        units <= 0 || units > Model.largest || units % Model.cent != 0
    }

    private func textIsWrong(_ text: String, max: Int) -> Bool {
        text.allSatisfy { $0 == " " } || text.unicodeScalars.count > max
    }

    // MARK: Combining

    /// Its author wanted the customer free; the freezes seen are gone, another stands.
    func isFrozenAnew(_ view: View) -> Bool {
        guard view.edit.kind == "unfreeze", case .freezes(let members) = view.current, !members.isEmpty else {
            return false
        }
        let ids = (view.edit.seen ?? []).map(\.value)
        return !members.contains { $0.kind.rawValue == view.edit.freezeKind && ids.contains($0.id) }
    }

    func combined(_ view: View) -> Fate {
        switch view.edit.kind {
        case "set-budget", "set-discount", "cancel-discount":
            return view.isIntact ? .carriedOut(.applied) : .code(.held)
        case "adjust-budget":
            if !view.isIntact, typeHasMoved(view) { return .code(.held) }
            guard let units = amountAfter(view), !amountIsWrong(units) else { return .code(.rejected) }
            return .carriedOut(view.isIntact ? .applied : .merged)
        case "freeze": return freeze(view)
        case "unfreeze":
            if isFrozenAnew(view) { return .code(.overruled) }
            guard case .freezes(let left) = after(view.edit, view.current), case .freezes(let all) = view.current,
                left.count < all.count
            else { return .code(.overruled) }
            return .carriedOut(left.isEmpty ? .applied : .merged)
        case "assign-manager", "withdraw-manager", "decide-request":
            return view.isIntact ? .carriedOut(.applied) : .code(.overruled)
        case "set-label": return .carriedOut(.applied)
        default: return .code(.unsupported)
        }
    }

    private func typeHasMoved(_ view: View) -> Bool {
        guard case .budget(let current) = view.current else { return false }
        return current?.type.rawValue != view.edit.before?.budget?.type
    }

    /// A freeze adds to the set. One that leads to deletion is never carried out late, and one against a release by someone
    /// else only while the release is fresh.
    private func freeze(_ view: View) -> Fate {
        let age = seen(view).map { max(0, view.now - $0.at) } ?? .max
        if view.edit.freezeKind == "account-and-resources" {
            return view.isIntact && age <= Model.day ? .carriedOut(.applied) : .code(.held)
        }
        guard !view.isIntact, case .freezes(let members) = view.current else { return .carriedOut(.applied) }
        let seenIDs = (view.edit.before?.freezes ?? []).map(\.id.value)
        let isReleased = members.isEmpty || seenIDs.contains { id in !members.contains { $0.id == id } }
        guard isReleased else { return .carriedOut(.applied) }
        guard age <= Model.hour else { return .code(.held) }
        return members.contains { $0.kind == .accountAndResources } ? .code(.overruled) : .carriedOut(.applied)
    }
}
