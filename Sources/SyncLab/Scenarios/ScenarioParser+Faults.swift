import PartnerModel
import SyncEngine
import SyncProtocol

/// What goes wrong, and what others than members change.
extension ScenarioParser {
    func network(_ name: String, _ words: inout LineWords) throws(ScenarioError) -> Action {
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

    func networkFault(_ words: inout LineWords) throws(ScenarioError) -> NetworkFault {
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
        case "delay-reply": return .delayReply(seconds: try words.duration())
        case "duplicate": return .duplicate(seconds: try words.duration())
        case "status": return .status(try words.integer("a status", in: 400...599))
        default:
            throw words.lastFailure(
                "is no fault of a network",
                "say refuse, drop, lose-reply, cut N, cut-request N, delay TIME, delay-reply TIME, duplicate TIME, stale, portal, junk or status N"
            )
        }
    }

    func clockFault(_ words: inout LineWords) throws(ScenarioError) -> ClockFault {
        switch try words.word("jump, stopped or right") {
        case "jump": return .jump(seconds: try words.signedDuration())
        case "stopped": return .stopped
        case "right": return .right
        default: throw words.lastFailure("is no fault of a clock", "say jump +TIME, jump -TIME, stopped or right")
        }
    }

    func diskFault(_ words: inout LineWords) throws(ScenarioError) -> DiskFault {
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

    func server(_ words: inout LineWords) throws(ScenarioError) -> Action {
        switch try words.word("stop, start, kill or power-loss") {
        case "stop": return .serverStop
        case "start": return .serverStart
        case "kill": return .serverKill(atWrite: try words.atWrite())
        case "power-loss": return .serverPowerLoss(atWrite: try words.atWrite())
        default: throw words.lastFailure("is nothing that the server does", "say stop, start, kill or power-loss")
        }
    }

    func systemWrite(_ words: inout LineWords) throws(ScenarioError) -> SystemWrite {
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
        default: return try systemDecision(&words)
        }
    }

    /// What others decide about customers and the partner.
    private func systemDecision(_ words: inout LineWords) throws(ScenarioError) -> SystemWrite {
        switch words.lastWord {
        case "association":
            return .association(try customer(&words), try words.one(of: AssociationType.self, "the association"))
        case "delegate": return .delegate(try customer(&words), to: try words.accountOrNone())
        case "range":
            if words.peek == "none" {
                words.skip()
                return .range(nil)
            }
            let low = try words.percent()
            let high = try words.percent()
            guard low <= high else { throw words.lastFailure("is below the lower end", "give the lower one first") }
            return .range(low...high)
        case "request":
            return .request(try customer(&words), try words.one(of: RequestPurpose.self, "the purpose"))
        case "manager": return .manager(try customer(&words), try words.accountOrNone())
        case "label": return .label(try customer(&words), try words.textOrNone("the label in quotes, or none"))
        case "reset-month": return .resetMonth
        case "release":
            return .release(try customer(&words), try words.one(of: FreezeCause.self, "the cause"))
        default:
            if let write = try accountWrite(&words) { return write }
            throw words.lastFailure(
                "is no change by the system",
                "say usage, freeze, unfreeze, budget, discount, bill, bills, correct-bill, remove-bill, rename, close-cycle, touch-all, partner, leave, join, association, delegate, range, request, manager, label, reset-month, release, role, disable or enable"
            )
        }
    }
}
