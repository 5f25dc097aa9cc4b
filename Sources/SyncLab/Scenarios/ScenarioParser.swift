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

    var scenario = Scenario()
    var seconds = 0

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
        case "hazard":
            words.skip()
            scenario.hazard = try words.integer("the number of a hazard", in: 1...24)
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
        let first = scenario.steps.first { if case .later = $0.action { true } else { false } }
        if let first, scenario.bothOrders == nil {
            throw ScenarioError(
                line: first.line, column: 1, why: "what is put off has no turn",
                next: "add a line such as: reconnect ann system in both orders")
        }
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
}
