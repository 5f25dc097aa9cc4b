import ConflictRules
import Diagnostics
import HTTPKit
import ReplicaStore
import SyncCore
import SyncProtocol

/// Rules that the server shipped anew: fetched by the lane that learns of them, before it goes on.
///
/// Every reply names the rules in force, so a change is known with the next exchange of either lane, whichever comes
/// first. Rules that can't be had keep nobody from syncing: the server judges, the agent only foretells.
extension SyncEngine {
    func rulesMark(of outcome: ExchangeOutcome) -> V1.RulesMark? {
        guard case .reply(_, let headers, _, _) = outcome else { return nil }
        return headers[V1.rulesHeader].flatMap { V1.RulesMark($0) }
    }

    /// Asks for the rules when they are other ones than those held, could be read, and no lane has asked already; the
    /// lane goes on with `then` afterwards. Rules of another vocabulary are not asked for: predictions then follow what
    /// this build carries.
    func asksForRules(_ mark: V1.RulesMark?, on lane: Lane, then: AfterRules) -> Bool {
        guard let mark, mark.vocabulary == RuleSet.vocabulary, store.wantsRules(hash: mark.hash),
            mark.hash != unreadableRules, mark.hash != unfetchedRules, !isAskingForRules, maySendEverything
        else { return false }
        var request = get("/sync/v1/rules", query: [])
        if allowance.wantsGzip { request.headers.add("Accept-Encoding", "gzip") }
        request.headers.add("If-None-Match", store.rulesTag)
        send(lane, .rules(hash: mark.hash, then: then), request)
        return true
    }

    private var isAskingForRules: Bool {
        inFlight.contains { if case .rules = $0.purpose { true } else { false } }
    }

    /// A greeting without the rules it announced has failed like any other. Later they are let be until the next one:
    /// what is wrong with the server or the way to it, the lane's next exchange tells.
    func receiveRules(_ outcome: ExchangeOutcome, announced hash: String, then: AfterRules) throws {
        let what = "cannot fetch the rules"
        do {
            // They were changed back meanwhile: those held are in force.
            if replies.isUnchanged(outcome) {
                unfetchedRules = hash
            } else {
                let (bytes, isWhole) = try replies.body(outcome, asking: what)
                guard isWhole else { throw replies.malformed("the rules came in part", asking: what) }
                try store.takeRules(bytes, announced: hash)
            }
        } catch let error as StoreError where error.code == .badPage {
            if case .greeted = then { unreadableRules = hash } else { unfetchedRules = hash }
            log.log(.error, "rules-not-taken", [("why", error.why)])
        } catch let refusal as ReplyReader.Refusal {
            if case .greeted = then { throw refusal }
            unfetchedRules = hash
            log.log(.info, "rules-not-fetched", [("why", refusal.problem.why)])
        }
        switch then {
        case .greeted: try greeted()
        case .pageKept(let need): stepPull(.pageKept(need))
        case .exchanged(let madeProgress): exchanged(madeProgress: madeProgress)
        }
    }
}
