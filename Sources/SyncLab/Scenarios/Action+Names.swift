extension Action {
    /// The member that the action is of; nil for one of the server or of everybody.
    package var member: String? {
        switch self {
        case .start(let name), .stop(let name), .kill(let name, _), .powerLoss(let name, _), .offline(let name),
            .online(let name), .sleep(let name, _),
            .edit(let name, _), .edits(let name, _, _), .discard(let name, _), .resend(let name, _),
            .undo(let name, _), .decide(let name, _), .sync(let name), .look(let name),
            .syncRecords(let name), .metered(let name, _), .unmetered(let name),
            .hold(let name), .release(let name), .network(let name, _, _, _), .clock(let name, _), .disk(let name, _),
            .revoke(let name), .renew(let name), .useToken(let name, _):
            name
        case .serverStop, .serverStart, .serverKill, .serverPowerLoss, .system, .wait, .later, .heal, .settle,
            .bothOrders, .expect:
            nil
        }
    }

    /// Members and customers that the action names.
    var names: [String] {
        var names = member.map { [$0] } ?? []
        switch self {
        case .edit(_, let wish): names.append(wish.customer)
        case .edits(_, let wishes, _): names += wishes.map(\.customer)
        case .system(let write): names += write.names
        case .later(let action): names += action.names
        case .bothOrders(let members): names += members
        case .useToken(_, let other): names.append(other)
        case .expect(let expectation, let first): names += expectation.names + (first.map { [$0] } ?? [])
        default: break
        }
        return names
    }
}

extension SystemWrite {
    /// Members and customers that it is about.
    var names: [String] {
        switch self {
        case .role(let account, let roles): [account] + roles.managers
        case .disable(let account), .enable(let account): [account]
        case .usage(let name, _), .freeze(let name, _, _), .unfreeze(let name), .budget(let name, _),
            .discount(let name, _),
            .bill(let name, _), .bills(let name, _), .correctBill(let name), .removeBill(let name),
            .rename(let name, _), .leave(let name), .join(let name), .association(let name, _),
            .delegate(let name, _), .request(let name, _), .manager(let name, _), .label(let name, _),
            .release(let name, _):
            [name]
        case .closeCycle, .touchAll, .partner, .range, .resetMonth: []
        }
    }
}

extension Expectation {
    var names: [String] {
        switch self {
        case .edit(let name, _, _), .rule(let name, _, _), .reason(let name, _, _), .warned(let name, _, _),
            .refused(let name, _), .unsettled(let name, _), .phase(let name, _):
            [name]
        case .budget(let customer, _), .discount(let customer, _), .freezes(let customer, _),
            .manager(let customer, _), .label(let customer, _), .request(let customer, _), .former(let customer, _),
            .seesBills(_, let customer, _):
            [customer]
        case .sees(let name, let customer, _), .seesFreezes(let name, let customer, _),
            .seesDiscount(let name, let customer, _), .seesManager(let name, let customer, _),
            .seesLabel(let name, let customer, _):
            [name, customer]
        case .conflicts, .agreement: []
        }
    }
}
