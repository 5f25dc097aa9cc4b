import Diagnostics
import SQLiteKit

/// What administrators do with the accounts of members while the world runs.
extension World {
    /// A resting replica looks this often, with all that a look takes.
    private static let lookSeconds: Int64 = 45

    /// A change that the server's death cut off; whoever asked for it asks again.
    struct CutOff {
        let write: SystemWrite
        /// The server's sequence before it was asked for first.
        let before: Int64
    }

    /// Gives an account other roles, ends its access or opens it again.
    func changeAccount(_ write: SystemWrite) {
        changeAccount(CutOff(write: write, before: server.eye?.sequence ?? 0))
    }

    /// Goes on with the change that was cut off, if any.
    func finishChange() {
        guard let change = cutOff else { return }
        cutOff = nil
        changeAccount(change)
    }

    private func changeAccount(_ change: CutOff) {
        var isRefused = false
        do { try carryOut(change.write) } catch let error as UserError where error.exitCode == .refused {
            isRefused = true
        } catch { if !server.disk.isDead { note("an account cannot be changed: \(error)") } }
        guard !server.disk.isDead else {
            cutOff = change
            return crashServer()
        }
        lookAtTruth(isPush: false)
        guard !isRefused else { return }
        switch change.write {
        case .role(let account, let roles):
            record(
                .rights(
                    RightsChange(
                        account: account, rights: RightsFacts(roles, of: account), before: change.before,
                        after: server.eye?.sequence ?? change.before)))
            moved(account)
        case .disable(let account):
            record(.access(account: account, isOpen: false))
            moved(account)
        case .enable(let account):
            record(.access(account: account, isOpen: true))
            moved(account)
        default: break
        }
    }

    private func carryOut(_ write: SystemWrite) throws {
        switch write {
        case .role(let account, let roles): try server.setRoles(roles, of: account)
        case .disable(let account): try server.setAccess(of: account, isOpen: false)
        case .enable(let account): try server.setAccess(of: account, isOpen: true)
        default: break
        }
    }

    /// Replicas of the account learn of it when they look next: until then none is at rest.
    private func moved(_ account: String) {
        for agent in agents where agent.member.account == account {
            agent.isUnawareUntil = time.now + World.lookSeconds * 1_000_000
        }
    }
}
