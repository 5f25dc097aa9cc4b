import PartnerModel
import SyncEngine

/// The written form of a scenario; `ScenarioParser` reads it back to the same value.
extension Scenario {
    package var text: String {
        var lines = ["scenario \(Words.quoted(title))"]
        if !incident.isEmpty { lines.append("incident \(Words.quoted(incident))") }
        if let hazard { lines.append("hazard \(hazard)") }
        if let focus { lines.append("focus \(Words.quoted(focus))") }
        for customer in customers {
            var line = "customer \(customer.name) \(customer.association.rawValue)"
            if let cents = customer.budgetCents { line += " budget \(Words.cents(cents))" }
            if let share = customer.discountBasisPoints { line += " discount \(BasisPoints(share).percentText)" }
            if customer.bills > 0 { line += " bills \(customer.bills)" }
            lines.append(line)
        }
        for member in members {
            var line = "member \(member.name) "
            if member.account == member.name {
                line += member.roles.text
            } else {
                line += "\(Words.list(member.roles.list)) account \(member.account)"
            }
            // A second replica has the items, managers and customers of its account.
            if member.account == member.name, !member.customers.isEmpty {
                line += " customers " + member.customers.joined(separator: " ")
            }
            lines.append(line)
        }
        return (lines + steps.map(\.action.text)).joined(separator: "\n") + "\n"
    }
}

extension Action {
    package var text: String {
        switch self {
        case .start(let name): "\(name) start"
        case .stop(let name): "\(name) stop"
        case .kill(let name, let write): "\(name) kill" + Words.atWrite(write)
        case .powerLoss(let name, let write): "\(name) power-loss" + Words.atWrite(write)
        case .offline(let name): "\(name) offline"
        case .online(let name): "\(name) online"
        case .sleep(let name, let seconds): "\(name) sleep \(Words.duration(seconds))"
        case .edit(let name, let wish): "\(name) \(wish.text)"
        case .edits(let name, let wishes, let tie):
            "\(name) \(tie.rawValue) " + wishes.map(\.text).joined(separator: " and ")
        case .discard(let name, let number): "\(name) discard \(number)"
        case .resend(let name, let number): "\(name) resend \(number)"
        case .undo(let name, let number): "\(name) undo \(number)"
        case .decide(let name, let decision): "\(name) decide \(decision.text)"
        case .sync(let name): "\(name) sync"
        case .syncRecords(let name): "\(name) sync-records"
        case .metered(let name, let bytes): "\(name) metered" + (bytes.map { " \($0)" } ?? "")
        case .unmetered(let name): "\(name) unmetered"
        case .look(let name): "\(name) look"
        case .hold(let name): "\(name) hold-reader"
        case .release(let name): "\(name) release-reader"
        case .network(let name, let fault, let lane, let count):
            "\(name) network \(fault.text)" + (lane.map { " \($0)" } ?? "") + (count == 1 ? "" : " times \(count)")
        case .clock(let name, let fault): "\(name) clock \(fault.text)"
        case .disk(let name, let fault): "\(name) disk \(fault.text)"
        case .revoke(let name): "\(name) token-revoked"
        case .renew(let name): "\(name) token-renewed"
        case .useToken(let name, let other): "\(name) uses-token-of \(other)"
        case .serverStop: "server stop"
        case .serverStart: "server start"
        case .serverKill(let write): "server kill" + Words.atWrite(write)
        case .serverPowerLoss(let write): "server power-loss" + Words.atWrite(write)
        case .system(let write): "system \(write.text)"
        case .wait(let seconds): "wait \(Words.duration(seconds))"
        case .later(let action): "later \(action.text)"
        case .heal: "heal"
        case .settle: "settle"
        case .bothOrders(let names): "reconnect \(names.joined(separator: " ")) in both orders"
        case .expect(let expectation, let first):
            "expect " + (first.map { "when \($0) first " } ?? "") + expectation.text
        }
    }
}

extension Wish {
    var text: String {
        switch self {
        case .budget(let customer, let cents, let type, let action, let thisCycle):
            "budget \(customer) \(Words.cents(cents))" + (type.map { " \($0.rawValue)" } ?? "")
                + (action.map { " on-exhaustion-\($0.rawValue)" } ?? "") + (thisCycle ? " this-cycle" : "")
        case .adjust(let customer, let cents): "adjust \(customer) \(cents < 0 ? "" : "+")\(Words.cents(cents))"
        case .freeze(let customer, let kind, let reason): "freeze \(customer) \(kind.rawValue) \(Words.quoted(reason))"
        case .unfreeze(let customer, let kind): "unfreeze \(customer) \(kind.rawValue)"
        case .discount(let customer, let share, let days):
            "discount \(customer) \(BasisPoints(share).percentText) days \(days)"
        case .cancelDiscount(let customer): "cancel-discount \(customer)"
        case .manager(let customer, let account): "manager \(customer) \(account ?? "none")"
        case .label(let customer, let label): "label \(customer) \(label.map { Words.quoted($0) } ?? "none")"
        case .request(let customer, let approve): "\(approve ? "approve" : "reject") \(customer)"
        }
    }
}

extension Decision {
    var text: String {
        switch self {
        case .mine: "mine"
        case .theirs: "theirs"
        case .budget(let cents): "budget \(Words.cents(cents))"
        case .discount(let share): "discount \(BasisPoints(share).percentText)"
        case .freeze(let kind): "freeze \(kind.rawValue)"
        }
    }
}

extension NetworkFault {
    var text: String {
        switch self {
        case .refuse: "refuse"
        case .drop: "drop"
        case .cutRequest(let part): "cut-request \(part)"
        case .loseReply: "lose-reply"
        case .cut(let part): "cut \(part)"
        case .delay(let seconds): "delay \(Words.duration(seconds))"
        case .delayReply(let seconds): "delay-reply \(Words.duration(seconds))"
        case .duplicate(let seconds): "duplicate \(Words.duration(seconds))"
        case .stale: "stale"
        case .portal: "portal"
        case .junk: "junk"
        case .status(let status): "status \(status)"
        }
    }
}

extension ClockFault {
    var text: String {
        switch self {
        case .jump(let seconds): "jump \(seconds < 0 ? "-" : "+")\(Words.duration(abs(seconds)))"
        case .stopped: "stopped"
        case .right: "right"
        }
    }
}

extension DiskFault {
    var text: String {
        switch self {
        case .full: "full"
        case .free: "free"
        case .error(let write): "error" + Words.atWrite(write)
        }
    }
}

extension SystemWrite {
    var text: String {
        switch self {
        case .usage(let customer, let cents): "usage \(customer) \(Words.cents(cents))"
        case .freeze(let customer, let cause, let kind): "freeze \(customer) \(cause.rawValue) \(kind.rawValue)"
        case .unfreeze(let customer): "unfreeze \(customer)"
        case .budget(let customer, let cents): "budget \(customer) \(Words.cents(cents))"
        case .discount(let customer, let share): "discount \(customer) \(BasisPoints(share).percentText)"
        case .bills(let customer, let count): "bills \(customer) \(count)"
        case .bill(let customer, let cents): "bill \(customer) \(Words.cents(cents))"
        case .correctBill(let customer): "correct-bill \(customer)"
        case .removeBill(let customer): "remove-bill \(customer)"
        case .rename(let customer, let name): "rename \(customer) \(Words.quoted(name))"
        case .closeCycle: "close-cycle"
        case .touchAll: "touch-all"
        case .partner(let state): "partner \(state.rawValue)"
        case .leave(let customer): "leave \(customer)"
        case .join(let customer): "join \(customer)"
        case .association(let customer, let type): "association \(customer) \(type.rawValue)"
        case .delegate(let customer, let reseller): "delegate \(customer) \(reseller ?? "none")"
        case .range(let range):
            "range "
                + (range.map {
                    "\(BasisPoints($0.lowerBound).percentText) \(BasisPoints($0.upperBound).percentText)"
                } ?? "none")
        case .request(let customer, let purpose): "request \(customer) \(purpose.rawValue)"
        case .manager(let customer, let account): "manager \(customer) \(account ?? "none")"
        case .label(let customer, let label): "label \(customer) \(label.map { Words.quoted($0) } ?? "none")"
        case .resetMonth: "reset-month"
        case .release(let customer, let cause): "release \(customer) \(cause.rawValue)"
        case .role(let account, let roles): "role \(account) \(roles.text)"
        case .disable(let account): "disable \(account)"
        case .enable(let account): "enable \(account)"
        }
    }
}

extension Scenario.Roles {
    var text: String {
        Words.list(list) + (managers.isEmpty ? "" : " of " + managers.joined(separator: ","))
            + (items.map { " items " + Words.list($0) } ?? "")
    }
}

extension Expectation {
    package var text: String {
        switch self {
        case .edit(let name, let number, let word): "edit \(name) \(number) \(word)"
        case .rule(let name, let number, let rule): "rule \(name) \(number) \(rule)"
        case .reason(let name, let number, let code): "reason \(name) \(number) \(code)"
        case .warned(let name, let number, let guarding): "warned \(name) \(number) \(guarding)"
        case .refused(let name, let code): "refused \(name) \(code)"
        case .budget(let customer, let cents): "budget \(customer) \(cents.map(Words.cents) ?? "none")"
        case .discount(let customer, let share):
            "discount \(customer) \(share.map { BasisPoints($0).percentText } ?? "none")"
        case .freezes(let customer, let count): "freezes \(customer) \(count)"
        case .manager(let customer, let account): "manager \(customer) \(account ?? "none")"
        case .label(let customer, let label): "label \(customer) \(label.map { Words.quoted($0) } ?? "none")"
        case .request(let customer, let status): "request \(customer) \(status.rawValue)"
        case .seesBills(let name, let customer, let count):
            "sees \(name) bills \(customer) \(count.map { "\($0)" } ?? "none")"
        case .former(let customer, let isFormer): "former \(customer) \(isFormer ? "yes" : "no")"
        case .sees(let name, let customer, let cents):
            "sees \(name) budget \(customer) \(cents.map(Words.cents) ?? "none")"
        case .seesFreezes(let name, let customer, let count): "sees \(name) freezes \(customer) \(count)"
        case .seesDiscount(let name, let customer, let share):
            "sees \(name) discount \(customer) \(share.map { BasisPoints($0).percentText } ?? "none")"
        case .seesManager(let name, let customer, let account):
            "sees \(name) manager \(customer) \(account ?? "none")"
        case .seesLabel(let name, let customer, let label):
            "sees \(name) label \(customer) \(label.map { Words.quoted($0) } ?? "none")"
        case .conflicts(let count): "conflicts \(count)"
        case .unsettled(let name, let count): "unsettled \(name) \(count)"
        case .phase(let name, let phase): "phase \(name) \(phase)"
        case .agreement: "agreement"
        }
    }
}

/// The written forms of single values.
enum Words {
    static func cents(_ cents: Int64) -> String {
        let whole = cents.magnitude / 100
        let part = cents.magnitude % 100
        return (cents < 0 ? "-" : "") + "\(whole)" + (part == 0 ? "" : ".\(part < 10 ? "0" : "")\(part)")
    }

    static func duration(_ seconds: Int) -> String {
        for (unit, size) in [("d", 86_400), ("h", 3600), ("m", 60)] where seconds != 0 && seconds % size == 0 {
            return "\(seconds / size)\(unit)"
        }
        return "\(seconds)s"
    }

    static func atWrite(_ write: Int?) -> String { write.map { " at-write \($0)" } ?? "" }

    static func list<Value: RawRepresentable>(_ values: [Value]) -> String where Value.RawValue == String {
        values.map(\.rawValue).joined(separator: ",")
    }

    static func quoted(_ text: String) -> String { "\"\(text)\"" }
}
