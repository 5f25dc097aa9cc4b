import Diagnostics
import LocalAPI
import PartnerModel
import ReplicaStore
import TerminalKit

/// Account managers and the requests to associate or disassociate customers.
extension Context {
    /// `manager replace CUSTOMER ACCOUNT`: the old one goes and the new one comes, or nothing happens.
    func replaceManager() throws(UserError) -> Asking {
        let customer = try customer(command.arguments[0])
        return Asking([.withdrawManager, .assignManager(command.arguments[1])], customer, link: .group)
    }

    /// `association list`: customers with a request that waits, oldest first.
    func listRequests() throws(UserError) -> Answer {
        let reader = try reader()
        let waiting = try ask { () throws(StoreError) in try reader.pendingRequests() }
        var table = Table([
            .init("CUSTOMER"), .init("ACCOUNT"), .init("ASKS TO"), .init("REASON"), .init("ASKED"), .init("STATE"),
        ])
        var answer = Answer()
        var entries: [JSONOutput] = []
        for entry in waiting {
            guard case .request(let request?) = entry.request.confirmed else { continue }
            let decision = entry.request.edits.last
            table.add([
                entry.customer.name, entry.customer.accountName, request.purpose.rawValue,
                request.reason.isEmpty ? "-" : request.reason, age(request.requestedAt.seconds),
                decision.map { "your edit \($0.number.value) decides it" } ?? "waits",
            ])
            var json = Wording.json(entry.customer)
            json["request"] = Wording.json(entry.request)
            json["pendingDecision"] = .optional(decision?.number.value)
            entries.append(.object(json))
        }
        answer.text = table.isEmpty ? "" : table.render(for: terminal)
        if table.isEmpty { answer.notes.append("no association requests wait") }
        answer.json["requests"] = .array(entries)
        try addAge(to: &answer, reader)
        return answer
    }

    /// `association approve CUSTOMER`. To let a customer go is asked about first.
    func approveRequest() throws(UserError) -> Asking {
        let reader = try reader()
        let summary = try ask { () throws(StoreError) in
            try reader.customer(try reader.resolveCustomer(command.arguments[0]).key).summary
        }
        if case .request(let request?) = visible(summary.request, of: summary.customer), request.status == .pending,
            request.purpose == .disassociate
        {
            try confirm(
                "approving a disassociation ends the association with the customer",
                "Let \(Wording.text(summary.customer)) go? Its budget ends and its contact data is erased here.")
        }
        return Asking(.decideRequest(approve: true), summary.customer)
    }
}
