package import Diagnostics
import Digests
package import LedgerStore
import PartnerModel
import SQLiteKit

/// A server's data folder: the directory of members and one ledger a partner. Mode 0700.
package struct DataFolder: Sendable, Hashable {
    package let path: String
    /// The partner that is meant where a folder holds several.
    package let chosenPartner: String?

    package init(_ path: String, partner: String? = nil) {
        self.path = path
        chosenPartner = partner
    }

    package var directoryFile: String { "\(path)/directory.db" }
    /// The file of a partner's ledger.
    package func ledgerFile(_ partner: String) -> String { "\(path)/partner-\(partner).db" }

    /// Parts of snapshots that the server keeps. It can be removed while no server runs: they are made anew.
    package var partsFolder: String { "\(path)/parts" }

    /// Makes the folder with one partner and its first administrator; returns the administrator's token, which is kept
    /// nowhere else. Refuses a folder that holds data already.
    package func initialize(
        partnerName: String, account: String, currency: String, clock: any WallClock, chance: any Chance
    ) throws -> String {
        if (try? Connection(path: directoryFile, mode: .readOnly, durability: .reader)) != nil {
            throw UserError(
                .refused, what: "cannot initialise \(path)", why: "it holds a server's data already",
                next: "name another folder, or use this one with: fieldbook-server serve --data \(path)")
        }
        try DataFolder.check(account: account)
        try SecureFile.makeFolder(path)
        return try makePartner(
            try Directory(path: directoryFile, create: true), name: partnerName, account: account, currency: currency,
            clock: clock, chance: chance
        ).token
    }

    /// Adds a partner with its first administrator; returns its id and the administrator's token. A running server
    /// serves it from the next request on.
    package func addPartner(
        name: String, account: String, currency: String, clock: any WallClock, chance: any Chance
    ) throws -> (partner: String, token: String) {
        try DataFolder.check(account: account)
        return try makePartner(
            try openDirectory(), name: name, account: account, currency: currency, clock: clock, chance: chance)
    }

    /// The ledger is there before the directory names it.
    private func makePartner(
        _ directory: Directory, name: String, account: String, currency: String, clock: any WallClock,
        chance: any Chance
    ) throws -> (partner: String, token: String) {
        let partner = Hex.encode(chance.bytes(8))
        let row = PartnerRow(
            name: name, state: .active, currency: currency, discountRange: BasisPoints(1)...BasisPoints(3000))
        let ledger = try Ledger.create(
            path: ledgerFile(partner), epoch: Hex.encode(chance.bytes(8)), sealKey: chance.bytes(32), partner: row)
        ledger.close()
        let token = DataFolder.makeToken(chance)
        try directory.addPartner(
            partner, name: name,
            administrator: Member(partner: partner, account: account, role: .administrator, scope: 1), token: token,
            at: clock.now().seconds)
        return (partner, token)
    }

    /// Opens the directory of members and tokens; refuses a folder that was not made by `init`.
    package func openDirectory() throws -> Directory {
        do { return try Directory(path: directoryFile, create: false) } catch let error as SQLiteError
            where error.code == .cannotOpen
        {
            throw UserError(
                .settings, what: "cannot open the data folder \(path)", why: "it holds no server's data",
                next: "make it with: fieldbook-server init --data \(path)")
        }
    }

    /// Keeps a second server off the folder for as long as the value lives: both would answer from their own memory of
    /// sequences, rules and ticks. Commands beside a running server need no lock, their changes are transactions.
    package func lockForServing() throws -> FileLock {
        // A folder that was not made by `init` is left as it is.
        if !SecureFile.exists(directoryFile) { _ = try openDirectory() }
        do { return try FileLock(path: "\(path)/serve.lock") } catch let held as FileLock.Held {
            throw UserError(
                .failed, what: "cannot serve the data folder \(path)",
                why: "another server (process \(held.processID.map(String.init) ?? "unknown")) serves it",
                next: held.processID.map { "use that one, or stop it first: kill \($0)" } ?? "use that one")
        }
    }

    /// The chosen partner of the folder, or the only one.
    package func onlyPartner() throws -> String {
        let partners = try openDirectory().partnerNames()
        guard let first = partners.first else {
            throw UserError(
                .settings, what: "cannot use the data folder \(path)", why: "it holds no partner",
                next: "make one with: fieldbook-server init --data \(path)")
        }
        let known = partners.map { "\($0.partner) (\($0.name))" }.joined(separator: ", ")
        if let chosenPartner {
            guard partners.contains(where: { $0.partner == chosenPartner }) else {
                throw UserError(
                    .refused, what: "cannot use the partner \(chosenPartner.prefix(64))",
                    why: "the folder holds none of that id, only \(known)", next: "give one of these with --partner ID")
            }
            return chosenPartner
        }
        guard partners.count == 1 else {
            throw UserError(
                .usage, what: "cannot tell which partner is meant", why: "the folder holds several: \(known)",
                next: "give one of them with --partner ID")
        }
        return first.partner
    }

    func newToken(
        _ directory: Directory, partner: String, account: String, clock: any WallClock, chance: any Chance
    ) throws -> String {
        let token = DataFolder.makeToken(chance)
        try directory.addToken(token, partner: partner, account: account, at: clock.now().seconds)
        return token
    }

    /// A token that nobody can guess: 256 bits of chance.
    package static func makeToken(_ chance: any Chance) -> String { "fbt_" + Hex.encode(chance.bytes(32)) }

    static func check(account: String) throws {
        let allowed = Array("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.@".utf8)
        guard (1...64).contains(account.utf8.count), account.utf8.allSatisfy(allowed.contains) else {
            throw UserError(
                .refused, what: "cannot use the account name",
                why: "it must be 1 to 64 letters, digits or any of - _ . @",
                next: "choose another name")
        }
    }
}
