import PartnerModel
import SyncEngine
import SyncProtocol

/// What must be so.
extension ScenarioParser {
    func expectation(_ words: inout LineWords) throws(ScenarioError) -> Action {
        var first: String?
        if words.peek == "when" {
            words.skip()
            first = try words.name("a member of 'in both orders'", of: scenario.bothOrders ?? [])
            try words.expect("first")
        }
        return .expect(try expected(&words), first: first)
    }

    static let states = [
        "saved", "sent", "waiting", "held", "resulted", "settled", "dead", "discarded", "combined", "refused",
    ]

    func expected(_ words: inout LineWords) throws(ScenarioError) -> Expectation {
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
        case "rule":
            return .rule(
                try words.name("a member", of: members), try words.integer("the number of an edit", in: 1...1000),
                try words.word("the name of a rule"))
        case "reason":
            return .reason(
                try words.name("a member", of: members), try words.integer("the number of an edit", in: 1...1000),
                try words.word("a code"))
        case "warned":
            return .warned(
                try words.name("a member", of: members), try words.integer("the number of an edit", in: 1...1000),
                try words.word("the name of a guard"))
        case "refused": return .refused(try words.name("a member", of: members), code: try words.word("a code"))
        case "budget": return .budget(try customer(&words), cents: try words.centsOrNone())
        case "discount":
            return .discount(try customer(&words), basisPoints: try words.percentOrNone())
        case "freezes": return .freezes(try customer(&words), try words.integer("a number", in: 0...1000))
        case "manager": return .manager(try customer(&words), try words.accountOrNone())
        case "label": return .label(try customer(&words), try words.textOrNone("the label in quotes, or none"))
        case "request":
            return .request(try customer(&words), try words.one(of: RequestStatus.self, "the status"))
        case "former":
            let name = try customer(&words)
            switch try words.word("yes or no") {
            case "yes": return .former(name, true)
            case "no": return .former(name, false)
            default: throw words.lastFailure("is no answer", "say yes or no")
            }
        case "conflicts": return .conflicts(try words.integer("a number", in: 0...1000))
        case "unsettled":
            return .unsettled(try words.name("a member", of: members), try words.integer("a number", in: 0...1000))
        case "agreement": return .agreement
        case "phase":
            let name = try words.name("a member", of: members)
            return .phase(name, try words.one(of: EngineStatus.Phase.self, "the phase").rawValue)
        case "sees":
            let name = try words.name("a member", of: members)
            switch try words.word("budget, freezes, discount, manager, label or bills") {
            case "bills":
                let customer = try customer(&words)
                if words.peek == "none" {
                    _ = try words.word("none")
                    return .seesBills(name, customer: customer, nil)
                }
                return .seesBills(name, customer: customer, try words.integer("a number or none", in: 0...100_000))
            case "budget": return .sees(name, customer: try customer(&words), cents: try words.centsOrNone())
            case "freezes":
                return .seesFreezes(name, customer: try customer(&words), try words.integer("a number", in: 0...1000))
            case "discount":
                return .seesDiscount(
                    name, customer: try customer(&words), basisPoints: try words.percentOrNone())
            case "manager":
                return .seesManager(name, customer: try customer(&words), try words.accountOrNone())
            case "label":
                return .seesLabel(
                    name, customer: try customer(&words), try words.textOrNone("the label in quotes, or none"))
            default:
                throw words.lastFailure(
                    "cannot be expected of what a member sees", "say: expect sees MEMBER budget CUSTOMER AMOUNT")
            }
        default:
            throw words.lastFailure(
                "cannot be expected",
                "say edit, rule, reason, warned, refused, budget, discount, freezes, manager, label, request, former, conflicts, unsettled, phase, sees or agreement"
            )
        }
    }
}
