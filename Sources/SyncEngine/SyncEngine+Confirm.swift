import HTTPKit
import PartnerModel
import ReplicaStore
import SyncCore
import SyncProtocol

/// Codes that confirm edits: each is sent once, with its edit alone, at once or not at all. It is never stored.
extension SyncEngine {
    func confirm(_ number: EditNumber, _ text: String) {
        if let why = whyNotNow {
            return tellConfirmed(
                .failed(
                    EngineStatus.Problem(
                        what: "cannot confirm edit \(number.value)", why: why,
                        next: "a code is sent at once or not at all; look with: fieldbook status")))
        }
        code = (number, text)
        stepPush(.poked)
    }

    /// Why a code could not be sent at once; nil when it can.
    private var whyNotNow: String? {
        if code != nil || confirming != nil { return "another code is on its way" }
        if push.isPausedByServer { return "the server asked for a pause" }
        switch status.phase {
        case .syncing, .loading, .joining, .inSync, .needsPerson, .sending, .metered:
            return push.state == .unmet || push.state == .stopped ? "the server was not greeted yet" : nil
        case .stopped, .starting: return "the server was not greeted yet"
        case .offline: return "the server cannot be reached now"
        case .failing: return "the server cannot take edits now"
        case .needsLogin: return "the server does not take the token"
        case .blocked: return "syncing needs a person first"
        }
    }

    /// Sends the edit that waits for its code; false when there is none or it can't be sent.
    func sendConfirmed() throws -> Bool {
        guard let (number, text) = code else { return false }
        code = nil
        // The next in turn after the one before it is the edit itself, if it can be sent at all.
        let found = try store.nextPush(aloneAfter: EditNumber(number.value - 1), confirming: number)
        guard var batch = found else {
            tellUnsendable(number)
            return false
        }
        if batch.edits.contains(where: { $0.number.value == number.value }) {
            batch.stepUp = V1.StepUp(number: number.value, code: text)
            confirming = (number, nextExchange)
        } else {
            tellUnsendable(number)
        }
        let body = try WireCoding.encode(batch)
        let numbers = batch.edits.map { EditNumber($0.number.value) }
        send(.push, .push(numbers), request("POST", "/sync/v1/push", query: [], body: body))
        return true
    }

    private func tellUnsendable(_ number: EditNumber) {
        tellConfirmed(
            .failed(
                EngineStatus.Problem(
                    what: "cannot confirm edit \(number.value)", why: "it does not wait to be sent",
                    next: "look at it with: fieldbook edits show \(number.value)")))
    }

    /// A code that can't be sent any more is forgotten, and who waits for it is told.
    func forgetCode() {
        guard let number = code?.number ?? confirming?.number else { return }
        code = nil
        confirming = nil
        tellConfirmed(
            .failed(
                EngineStatus.Problem(
                    what: "cannot confirm edit \(number.value)", why: "the code was not sent, or its reply not kept",
                    next: "look at the edit with: fieldbook edits show \(number.value)")))
    }

    /// Tells the result of the edit whose code an exchange carried.
    func noteConfirmed(_ results: V1.Results, _ id: Int) {
        guard let (number, exchange) = confirming, exchange == id else { return }
        confirming = nil
        guard let result = results.results.first(where: { $0.number.value == number.value }) else { return }
        tellConfirmed(.result(result))
    }

    /// Tells that the exchange that carried a code failed. The edit itself is tried again, without a code.
    func noteUnconfirmed(_ problem: EngineStatus.Problem, _ id: Int, wasSent: Bool) {
        guard let (number, exchange) = confirming, exchange == id else { return }
        confirming = nil
        let next =
            wasSent
            ? "it may have arrived; look with: fieldbook edits show \(number.value)"
            : "the code did not leave; confirm again when the server is reachable"
        tellConfirmed(
            .failed(
                EngineStatus.Problem(what: "cannot confirm edit \(number.value)", why: problem.why, next: next)))
    }

    func wasSent(_ outcome: ExchangeOutcome) -> Bool {
        if case .failed(let error) = outcome { return !error.isBeforeSending }
        return true
    }

    private func tellConfirmed(_ outcome: EngineStatus.Confirmation.Outcome) {
        status.confirmation = EngineStatus.Confirmation(
            count: (status.confirmation?.count ?? 0) + 1, outcome: outcome)
    }
}
