import PartnerModel
import SyncEngine
import SyncProtocol

/// Reads the line-based form of a scenario. Every refusal names line and column, what is wrong, and what would be right.
package struct ScenarioParser {
    /// Bytes of a file at most.
    package static let bytesMax = 262_144
    /// Bytes of a line at most.
    package static let lineBytesMax = 1_000
    /// Steps of a story at most.
    package static let stepsMax = 2_000
    /// Customers of a story at most.
    package static let customersMax = 50
    /// Members of a story at most; each is a replica with its files.
    package static let membersMax = 8
    /// Bill records of one line at most.
    package static let billsMax = 5_000
    /// Seconds of simulated time that the waits of a story add up to at most.
    package static let secondsMax = 40 * 86_400

    private var scenario = Scenario()
    private var seconds = 0

    /// The scenario of a text.
    package static func parse(_ text: String) throws(ScenarioError) -> Scenario {
        try parse(Array(text.utf8))
    }

    /// The scenario of a file's bytes.
    package static func parse(_ bytes: [UInt8]) throws(ScenarioError) -> Scenario {
        guard bytes.count <= bytesMax else {
            throw ScenarioError(
                line: 1, column: 1, why: "the file is larger than \(bytesMax) bytes",
                next: "split it into several scenarios")
        }
        var parser = ScenarioParser()
        for (index, line) in bytes.split(separator: 10, omittingEmptySubsequences: false).enumerated() {
            try parser.take(line, number: index + 1)
        }
        return try parser.finished()
    }

    private mutating func take(_ bytes: ArraySlice<UInt8>, number: Int) throws(ScenarioError) {
        guard bytes.count <= ScenarioParser.lineBytesMax else {
            throw ScenarioError(
                line: number, column: ScenarioParser.lineBytesMax,
                why: "the line is longer than \(ScenarioParser.lineBytesMax) bytes", next: "shorten it")
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw ScenarioError(line: number, column: 1, why: "the line is not UTF-8", next: "save the file as UTF-8")
        }
        var words = try LineWords(text, line: number)
        guard !words.isAtEnd else { return }
        switch words.peek {
        case "scenario":
            words.skip()
            scenario.title = try words.text("a title in quotes")
        case "incident":
            words.skip()
            scenario.incident = try words.text("the incident in quotes")
        case "focus":
            words.skip()
            scenario.focus = try words.text("the name of a file in quotes")
        case "customer": try takeCustomer(&words)
        case "member": try takeMember(&words)
        default:
            let action = try action(&words)
            guard scenario.steps.count < ScenarioParser.stepsMax else {
                throw words.failure("a scenario has at most \(ScenarioParser.stepsMax) steps", "split it")
            }
            scenario.steps.append(Scenario.Step(line: number, action: action))
        }
        try words.end()
    }

    private func finished() throws(ScenarioError) -> Scenario {
        guard !scenario.title.isEmpty else {
            throw ScenarioError(
                line: 1, column: 1, why: "the scenario has no title", next: "begin with: scenario \"what it shows\"")
        }
        guard !scenario.members.isEmpty else {
            throw ScenarioError(
                line: 1, column: 1, why: "nobody takes part", next: "add a line such as: member ann administrator")
        }
        return scenario
    }

    // MARK: Who there is

    private mutating func takeCustomer(_ words: inout LineWords) throws(ScenarioError) {
        words.skip()
        guard scenario.customers.count < ScenarioParser.customersMax else {
            throw words.failure("there are more than \(ScenarioParser.customersMax) customers", "use fewer")
        }
        let name = try words.newName(
            "the customer", known: scenario.customers.map(\.name) + scenario.members.map(\.name))
        var customer = Scenario.Customer(
            name: name, association: try words.one(of: AssociationType.self, "the association"))
        while !words.isAtEnd {
            switch try words.word("budget, discount or bills") {
            case "budget": customer.budgetCents = try words.cents()
            case "discount": customer.discountBasisPoints = try words.percent()
            case "bills":
                customer.bills = try words.integer("a number of bill records", in: 0...ScenarioParser.billsMax)
            default: throw words.lastFailure("is not known here", "say budget AMOUNT, discount PERCENT or bills N")
            }
        }
        scenario.customers.append(customer)
    }

    private mutating func takeMember(_ words: inout LineWords) throws(ScenarioError) {
        words.skip()
        guard scenario.members.count < ScenarioParser.membersMax else {
            throw words.failure("there are more than \(ScenarioParser.membersMax) members", "use fewer")
        }
        let name = try words.newName("the member", known: scenario.customers.map(\.name) + scenario.members.map(\.name))
        var member = Scenario.Member(name: name, account: name, role: try words.one(of: MemberRole.self, "the role"))
        while !words.isAtEnd {
            switch try words.word("account or customers") {
            case "account":
                let account = try words.word("an account")
                guard let other = scenario.members.first(where: { $0.account == account }) else {
                    throw words.lastFailure("is not a member above", "name the member whose second replica this is")
                }
                guard other.role == member.role else {
                    throw words.lastFailure("has another role", "give both the role \(other.role.rawValue)")
                }
                member.account = account
                member.customers = other.customers
            case "customers":
                guard member.role == .manager else {
                    throw words.lastFailure("belong to managers only", "make the member a manager, or leave them out")
                }
                guard member.account == member.name else {
                    throw words.lastFailure("belong to the account", "leave them out")
                }
                repeat {
                    let customer = try customer(&words)
                    guard !member.customers.contains(customer) else {
                        throw words.lastFailure("stands twice", "name each customer once")
                    }
                    member.customers.append(customer)
                } while !words.isAtEnd
            default: throw words.lastFailure("is not known here", "say account NAME or customers NAME …")
            }
        }
        scenario.members.append(member)
    }

    // MARK: What happens

    private mutating func action(_ words: inout LineWords) throws(ScenarioError) -> Action {
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
        case "expect":
            words.skip()
            return try expectation(&words)
        default:
            let name = try words.name(
                "a member, or wait, heal, settle, reconnect, server, system or expect", of: scenario.members.map(\.name)
            )
            return try act(name, &words)
        }
    }

    private func reconnect(_ words: inout LineWords) throws(ScenarioError) -> Action {
        var names: [String] = []
        while words.peek != "in", !words.isAtEnd {
            let name = try words.name("a member", of: scenario.members.map(\.name))
            guard !names.contains(name) else { throw words.lastFailure("stands twice", "name each member once") }
            names.append(name)
        }
        try words.expect("in")
        try words.expect("both")
        try words.expect("orders")
        guard names.count >= 2 else {
            throw words.lastFailure("needs two members", "say: reconnect A B in both orders")
        }
        guard scenario.bothOrders == nil else { throw words.lastFailure("stands twice in this scenario", "keep one") }
        return .bothOrders(names)
    }

    private func act(_ name: String, _ words: inout LineWords) throws(ScenarioError) -> Action {
        let verb = try words.word("what \(name) does")
        switch verb {
        case "start": return .start(name)
        case "stop": return .stop(name)
        case "offline": return .offline(name)
        case "online": return .online(name)
        case "sync": return .sync(name)
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

    private static let verbs = [
        "start", "stop", "offline", "online", "sleep", "sync", "look", "budget", "adjust", "freeze", "unfreeze",
        "discount", "cancel-discount",
        "decide", "discard", "resend", "network", "kill", "power-loss", "disk", "clock", "hold-reader",
        "release-reader",
        "token-revoked", "token-renewed", "uses-token-of",
    ]

    private func customer(_ words: inout LineWords) throws(ScenarioError) -> String {
        try words.name("a customer", of: scenario.customers.map(\.name))
    }

    private func wish(_ verb: String, _ words: inout LineWords) throws(ScenarioError) -> Wish? {
        switch verb {
        case "budget":
            let name = try customer(&words)
            let cents = try words.cents()
            var (type, action, thisCycle) = (BudgetType?.none, ExhaustionAction?.none, false)
            while !words.isAtEnd {
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
        default: return nil
        }
    }

    private func decision(_ words: inout LineWords) throws(ScenarioError) -> Decision {
        switch try words.word("mine, theirs, budget or discount") {
        case "mine": return .mine
        case "theirs": return .theirs
        case "budget": return .budget(cents: try words.cents())
        case "discount": return .discount(basisPoints: try words.percent())
        default: throw words.lastFailure("is no decision", "say mine, theirs, budget AMOUNT or discount PERCENT")
        }
    }

    // MARK: Faults

    private func network(_ name: String, _ words: inout LineWords) throws(ScenarioError) -> Action {
        let fault = try networkFault(&words)
        var lane: Lane?
        if let word = words.peek, let known = Lane.allCases.first(where: { "\($0)" == word }) {
            words.skip()
            lane = known
        }
        var count = 1
        if words.peek == "times" {
            words.skip()
            count = try words.integer("how often", in: 1...10_000)
        }
        return .network(name, fault, lane, count: count)
    }

    private func networkFault(_ words: inout LineWords) throws(ScenarioError) -> NetworkFault {
        switch try words.word("a fault") {
        case "refuse": return .refuse
        case "drop": return .drop
        case "lose-reply": return .loseReply
        case "stale": return .stale
        case "portal": return .portal
        case "junk": return .junk
        case "cut": return .cut(perMille: try words.integer("thousandths of the reply", in: 0...999))
        case "cut-request": return .cutRequest(perMille: try words.integer("thousandths of the request", in: 0...999))
        case "delay": return .delay(seconds: try words.duration())
        case "duplicate": return .duplicate(seconds: try words.duration())
        case "status": return .status(try words.integer("a status", in: 400...599))
        default:
            throw words.lastFailure(
                "is no fault of a network",
                "say refuse, drop, lose-reply, cut N, cut-request N, delay TIME, duplicate TIME, stale, portal, junk or status N"
            )
        }
    }

    private func clockFault(_ words: inout LineWords) throws(ScenarioError) -> ClockFault {
        switch try words.word("jump, stopped or right") {
        case "jump": return .jump(seconds: try words.signedDuration())
        case "stopped": return .stopped
        case "right": return .right
        default: throw words.lastFailure("is no fault of a clock", "say jump +TIME, jump -TIME, stopped or right")
        }
    }

    private func diskFault(_ words: inout LineWords) throws(ScenarioError) -> DiskFault {
        switch try words.word("full, free or error") {
        case "full": return .full
        case "free": return .free
        case "error":
            guard let write = try words.atWrite() else {
                throw words.failure("at-write N is missing", "say: disk error at-write 3")
            }
            return .error(atWrite: write)
        default: throw words.lastFailure("is no fault of a disk", "say full, free or error at-write N")
        }
    }

    private func server(_ words: inout LineWords) throws(ScenarioError) -> Action {
        switch try words.word("stop, start, kill or power-loss") {
        case "stop": return .serverStop
        case "start": return .serverStart
        case "kill": return .serverKill(atWrite: try words.atWrite())
        case "power-loss": return .serverPowerLoss(atWrite: try words.atWrite())
        default: throw words.lastFailure("is nothing that the server does", "say stop, start, kill or power-loss")
        }
    }

    private func systemWrite(_ words: inout LineWords) throws(ScenarioError) -> SystemWrite {
        switch try words.word("a change") {
        case "usage": return .usage(try customer(&words), cents: try words.cents())
        case "freeze":
            return .freeze(
                try customer(&words), try words.one(of: FreezeCause.self, "the cause"),
                try words.one(of: FreezeKind.self, "the kind"))
        case "unfreeze": return .unfreeze(try customer(&words))
        case "budget": return .budget(try customer(&words), cents: try words.cents())
        case "discount": return .discount(try customer(&words), basisPoints: try words.percent())
        case "bill": return .bill(try customer(&words), cents: try words.cents())
        case "bills":
            return .bills(
                try customer(&words),
                count: try words.integer("a number of bill records", in: 1...ScenarioParser.billsMax))
        case "correct-bill": return .correctBill(try customer(&words))
        case "remove-bill": return .removeBill(try customer(&words))
        case "rename": return .rename(try customer(&words), try words.text("the new name in quotes"))
        case "close-cycle": return .closeCycle
        case "touch-all": return .touchAll
        case "partner": return .partner(try words.one(of: PartnerState.self, "the state"))
        case "leave": return .leave(try customer(&words))
        case "join": return .join(try customer(&words))
        default:
            throw words.lastFailure(
                "is no change by the system",
                "say usage, freeze, unfreeze, budget, discount, bill, bills, correct-bill, remove-bill, rename, close-cycle, touch-all, partner, leave or join"
            )
        }
    }

    // MARK: What must be so

    private func expectation(_ words: inout LineWords) throws(ScenarioError) -> Action {
        var first: String?
        if words.peek == "when" {
            words.skip()
            first = try words.name("a member", of: scenario.bothOrders ?? [])
            try words.expect("first")
        }
        return .expect(try expected(&words), first: first)
    }

    private static let states = [
        "saved", "sent", "waiting", "held", "resulted", "settled", "dead", "discarded", "refused",
    ]

    private func expected(_ words: inout LineWords) throws(ScenarioError) -> Expectation {
        let members = scenario.members.map(\.name)
        switch try words.word("what is expected") {
        case "edit":
            let name = try words.name("a member", of: members)
            let number = try words.integer("the number of an edit", in: 1...1000)
            let word = try words.word("a state or result")
            guard ScenarioParser.states.contains(word) || ResultCode(rawValue: word) != nil else {
                throw words.lastFailure(
                    "is no state or result",
                    "say one of \(ScenarioParser.states.joined(separator: ", ")) or a result such as applied")
            }
            return .edit(name, number, word)
        case "refused": return .refused(try words.name("a member", of: members), code: try words.word("a code"))
        case "budget": return .budget(try customer(&words), cents: try words.centsOrNone())
        case "discount":
            let name = try customer(&words)
            if words.peek == "none" {
                words.skip()
                return .discount(name, basisPoints: nil)
            }
            return .discount(name, basisPoints: try words.percent())
        case "freezes": return .freezes(try customer(&words), try words.integer("a number", in: 0...1000))
        case "conflicts": return .conflicts(try words.integer("a number", in: 0...1000))
        case "unsettled":
            return .unsettled(try words.name("a member", of: members), try words.integer("a number", in: 0...1000))
        case "agreement": return .agreement
        case "phase":
            let name = try words.name("a member", of: members)
            return .phase(name, try words.one(of: EngineStatus.Phase.self, "the phase").rawValue)
        case "sees":
            let name = try words.name("a member", of: members)
            switch try words.word("budget or freezes") {
            case "budget": return .sees(name, customer: try customer(&words), cents: try words.centsOrNone())
            case "freezes":
                return .seesFreezes(name, customer: try customer(&words), try words.integer("a number", in: 0...1000))
            default:
                throw words.lastFailure(
                    "cannot be expected of what a member sees", "say: expect sees MEMBER budget CUSTOMER AMOUNT")
            }
        default:
            throw words.lastFailure(
                "cannot be expected",
                "say edit, refused, budget, discount, freezes, conflicts, unsettled, phase, sees or agreement")
        }
    }
}
