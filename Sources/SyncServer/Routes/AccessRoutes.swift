import Diagnostics
import HTTPKit
import LedgerStore
import SyncProtocol

/// The routes of the directory for one request: a member's own token, and the end of an access. No token stands in a
/// log.
struct AccessRoutes {
    /// How long a token still opens after its member has asked for another, in seconds: so long a lost reply can be
    /// asked for again.
    static let overlapSeconds: Int64 = 86_400

    let request: HTTPRequest
    let access: Access
    /// Of the token that came.
    let hash: [UInt8]
    /// By the machine's clock, which tokens follow wherever the ledger's was set to.
    let now: Int64
    let chance: any Chance
    let directory: ((Directory) throws -> Void) throws -> Void

    /// Gives a member another token in place of the one that the request came with.
    func rotate() throws -> HTTPResponse {
        let token = DataFolder.makeToken(chance)
        var rotation = Directory.Rotation.notInForce
        try directory {
            rotation = try $0.rotate(
                hash: hash, to: token, at: now, overlapSeconds: AccessRoutes.overlapSeconds)
        }
        switch rotation {
        case .done(let previousEndsAt, let expiresAt):
            return .json(
                200,
                try WireCoding.encode(
                    V1.NewToken(token: token, previousEndsAt: previousEndsAt, expiresAt: expiresAt)))
        case .notInForce:
            throw RouteRefusal(.unauthenticated, "the token is no longer in force", "ask an administrator for another")
        case .tooMany:
            throw RouteRefusal(
                .forbidden, "\(Directory.tokensMax) tokens of the member are in force",
                "ask an administrator to revoke some with: fieldbook-server token revoke")
        }
    }

    /// Notes that a replica has wiped itself. From one that was not to, the word is taken and says nothing: its access
    /// was opened again meanwhile.
    func wiped() throws -> HTTPResponse {
        let wiped = try request.message(V1.Wiped.self)
        guard ReplicaName.isOne(wiped.replica) else {
            throw RouteRefusal(.badRequest, "the replica's name is malformed", "give 32 hex digits")
        }
        if case .ended = access { try directory { try $0.noteWiped(hash: hash, at: now) } }
        return HTTPResponse(status: 204)
    }
}
