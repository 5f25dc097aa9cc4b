import PartnerModel

/// What an edit needs to find in the register it changes, so that nothing is queued that can't mean anything.
enum Standing {
    /// Why an intent has nothing to act on; nil when it has.
    static func violation(_ intent: EditIntent, _ state: RegisterState) -> LimitViolation? {
        switch (intent, state) {
        case (.assignManager(let account), .manager(let current?)):
            LimitViolation(
                code: "FB.HAS_MANAGER", field: "manager",
                message: current == account
                    ? "\(account) is the account manager already" : "\(current) is the account manager",
                next: current == account
                    ? "there is nothing to do" : "put another in place with: fieldbook manager replace CUSTOMER ACCOUNT"
            )
        case (.withdrawManager, .manager(nil)):
            LimitViolation(
                code: "FB.NO_MANAGER", field: "manager", message: "this customer has no account manager",
                next: "name one with: fieldbook manager assign CUSTOMER ACCOUNT")
        case (.decideRequest, .request(let request)) where request?.status != .pending:
            LimitViolation(
                code: "FB.NO_REQUEST", field: "customer",
                message: request.map { "the association request is \($0.status.rawValue) already" }
                    ?? "nobody asked to associate or disassociate this customer",
                next: "see what waits with: fieldbook association list")
        default: nil
        }
    }
}
