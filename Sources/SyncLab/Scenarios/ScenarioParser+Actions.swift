import PartnerModel
import ReplicaStore
import SyncEngine
import SyncProtocol

/// What happens: the steps of members, of the server and of everybody.
extension ScenarioParser {
    mutating func action(_ words: inout LineWords) throws(ScenarioError) -> Action {
        switch words.peek {
        case "wait":
            words.skip()
            let wanted = try words.duration()
            seconds += wanted
            guard seconds <= ScenarioParser.secondsMax else {
                throw words.lastFailure("makes the story longer than 40 days", "wait less")
            }
            return .wait(seconds: wanted)
        case "heal":
            words.skip()
            return .heal
        case "settle":
            words.skip()
            return .settle
        case "reconnect":
            words.skip()
            return try reconnect(&words)
        case "server":
            words.skip()
            return try server(&words)
        case "system":
            words.skip()
            return .system(try systemWrite(&words))
        case "later":
            words.skip()
            return try later(&words)
        case "expect":
            words.skip()
            return try expectation(&words)
        default:
            let name = try words.name(
                "a member, or wait, heal, settle, reconnect, server, system, later or expect",
                of: scenario.members.map(\.name))
            return try act(name, &words)
        }
    }

    func reconnect(_ words: inout LineWords) throws(ScenarioError) -> Action {
        var names: [String] = []
        while words.peek != "in", !words.isAtEnd {
            let name = try words.name("a member or system", of: scenario.members.map(\.name) + [Scenario.system])
            guard !names.contains(name) else { throw words.lastFailure("stands twice", "name each member once") }
            guard name != Scenario.system || isAnythingPutOff else {
                throw words.lastFailure("has nothing to do in its turn", "put it above: later system usage acme 700")
            }
            names.append(name)
        }
        try words.expect("in")
        try words.expect("both")
        try words.expect("orders")
        guard names.count >= 2 else {
            throw words.lastFailure("needs two members", "say: reconnect A B in both orders")
        }
        guard scenario.bothOrders == nil else { throw words.lastFailure("stands twice in this scenario", "keep one") }
        guard !isAnythingPutOff || names.contains(Scenario.system) else {
            throw words.failure("what was put off has no turn", "name system too: reconnect A system in both orders")
        }
        return .bothOrders(names)
    }

    private var isAnythingPutOff: Bool {
        scenario.steps.contains { if case .later = $0.action { true } else { false } }
    }

    private mutating func later(_ words: inout LineWords) throws(ScenarioError) -> Action {
        guard scenario.bothOrders == nil else {
            throw words.lastFailure("stands below 'reconnect'", "put it above, or leave the word out")
        }
        guard words.peek == "system" || words.peek == "wait" else {
            throw words.failure("what is put off is missing", "say: later system CHANGE, or later wait TIME")
        }
        return .later(try action(&words))
    }

    func act(_ name: String, _ words: inout LineWords) throws(ScenarioError) -> Action {
        let verb = try words.word("what \(name) does")
        switch verb {
        case "start": return .start(name)
        case "stop": return .stop(name)
        case "offline": return .offline(name)
        case "online": return .online(name)
        case "sync": return .sync(name)
        case "sync-records": return .syncRecords(name)
        case "metered":
            let isLimited = !words.isAtEnd
            return .metered(
                name, dailyBytes: isLimited ? try words.integer("bytes of a day", in: 1...1_000_000_000) : nil)
        case "unmetered": return .unmetered(name)
        case "sleep": return .sleep(name, seconds: try words.duration())
        case "look": return .look(name)
        case "hold-reader": return .hold(name)
        case "release-reader": return .release(name)
        case "token-revoked": return .revoke(name)
        case "token-renewed": return .renew(name)
        case "uses-token-of": return .useToken(name, of: try words.name("a member", of: scenario.members.map(\.name)))
        case "kill": return .kill(name, atWrite: try words.atWrite())
        case "power-loss": return .powerLoss(name, atWrite: try words.atWrite())
        case "discard": return .discard(name, try words.integer("the number of an edit", in: 1...1000))
        case "resend": return .resend(name, try words.integer("the number of an edit", in: 1...1000))
        case "undo": return .undo(name, try words.integer("the number of an edit", in: 1...1000))
        case "linked": return .edits(name, try wishes(&words), .linked)
        case "together": return .edits(name, try wishes(&words), .together)
        case "decide": return .decide(name, try decision(&words))
        case "network": return try network(name, &words)
        case "clock": return .clock(name, try clockFault(&words))
        case "disk": return .disk(name, try diskFault(&words))
        default:
            if let wish = try wish(verb, &words) { return .edit(name, wish) }
            throw words.lastFailure(
                "is nothing that a member does", "say one of: \(ScenarioParser.verbs.joined(separator: ", "))")
        }
    }

    static let verbs = [
        "start", "stop", "offline", "online", "metered", "unmetered", "sleep", "sync", "sync-records", "look", "budget",
        "adjust", "freeze", "unfreeze",
        "discount", "cancel-discount", "manager", "label", "approve", "reject",
        "linked", "together", "decide", "discard", "resend", "undo", "network", "kill", "power-loss", "disk", "clock",
        "hold-reader", "release-reader", "token-revoked", "token-renewed", "uses-token-of",
    ]

    func customer(_ words: inout LineWords) throws(ScenarioError) -> String {
        try words.name("a customer", of: scenario.customers.map(\.name))
    }

    /// Two edits and more with `and` between them.
    func wishes(_ words: inout LineWords) throws(ScenarioError) -> [Wish] {
        var wishes: [Wish] = []
        repeat {
            if !wishes.isEmpty { try words.expect("and") }
            guard wishes.count < ScenarioParser.wishesMax else {
                throw words.failure("more than \(ScenarioParser.wishesMax) edits are tied", "tie fewer")
            }
            guard let wish = try wish(try words.word("an edit"), &words) else {
                throw words.lastFailure("is no edit", "say one of: \(ScenarioParser.editVerbs.joined(separator: ", "))")
            }
            wishes.append(wish)
        } while !words.isAtEnd || wishes.count < 2
        return wishes
    }

    /// Edits that can be tied; what the replica takes at most.
    static let wishesMax = EditLink.linkedMax

    static let editVerbs = [
        "budget", "adjust", "freeze", "unfreeze", "discount", "cancel-discount", "manager", "label", "approve",
        "reject",
    ]

    func wish(_ verb: String, _ words: inout LineWords) throws(ScenarioError) -> Wish? {
        switch verb {
        case "budget":
            let name = try customer(&words)
            let cents = try words.cents()
            var (type, action, thisCycle) = (BudgetType?.none, ExhaustionAction?.none, false)
            while !words.isAtEnd, words.peek != "and" {
                switch try words.word("an option") {
                case let word where BudgetType(rawValue: word) != nil: type = BudgetType(rawValue: word)
                case "on-exhaustion-manual": action = .manual
                case "on-exhaustion-freeze": action = .freeze
                case "this-cycle": thisCycle = true
                default:
                    throw words.lastFailure(
                        "is no option of budget",
                        "say monthly, one-time, on-exhaustion-manual, on-exhaustion-freeze or this-cycle")
                }
            }
            return .budget(name, cents: cents, type: type, action: action, thisCycle: thisCycle)
        case "adjust": return .adjust(try customer(&words), cents: try words.cents())
        case "freeze":
            return .freeze(
                try customer(&words), try words.one(of: FreezeKind.self, "the kind"),
                reason: try words.text("the reason in quotes"))
        case "unfreeze": return .unfreeze(try customer(&words), try words.one(of: FreezeKind.self, "the kind"))
        case "discount":
            let name = try customer(&words)
            let share = try words.percent()
            try words.expect("days")
            return .discount(name, basisPoints: share, days: try words.integer("a number of days", in: 0...3650))
        case "cancel-discount": return .cancelDiscount(try customer(&words))
        case "manager": return .manager(try customer(&words), try words.accountOrNone())
        case "label": return .label(try customer(&words), try words.textOrNone("the label in quotes, or none"))
        case "approve": return .request(try customer(&words), approve: true)
        case "reject": return .request(try customer(&words), approve: false)
        default: return nil
        }
    }

    func decision(_ words: inout LineWords) throws(ScenarioError) -> Decision {
        switch try words.word("mine, theirs, budget, discount or freeze") {
        case "mine": return .mine
        case "theirs": return .theirs
        case "budget": return .budget(cents: try words.cents())
        case "discount": return .discount(basisPoints: try words.percent())
        case "freeze": return .freeze(try words.one(of: FreezeKind.self, "the kind"))
        default:
            throw words.lastFailure(
                "is no decision", "say mine, theirs, budget AMOUNT, discount PERCENT or freeze KIND")
        }
    }
}
