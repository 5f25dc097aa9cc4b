import Diagnostics
import Digests
import HTTPKit
import LedgerStore
import ThreadKit

/// Keeps the parts of snapshots as files, so that a part is read out of the ledger once, whoever asks for it, and
/// one that was cut goes on at its next byte. It is a cache: what is not kept is made anew.
///
/// Requests call it on their own threads, each inside a reading transaction of its own.
final class PartStore: Sendable {
    /// A part as it is answered.
    struct Part: Sendable {
        let body: HTTPResponse.Body
        let count: Int
        let hash: String
        var tag: String { PartLabel.tag(hash) }
        /// It lies in the folder.
        var isKept: Bool {
            if case .file = body { return true }
            return false
        }
    }

    private struct State: Sendable {
        var shelf = PartShelf()
        /// Names of parts that a request makes now.
        var making: Set<String> = []
        var facts: [String: PartShelf.LedgerFacts] = [:]
        var scopes: [String: PartShelf.ScopeFacts] = [:]
        /// Up to where a partner's feed was looked through for changes of contacts, and the last that was found.
        var contacts: [String: (through: Int64, last: Int64)] = [:]
        var counts = Counts()
    }

    /// What it has done since the start.
    struct Counts: Sendable, Hashable {
        var made: Int64 = 0
        var fromFile: Int64 = 0
        var sentBytes: Int64 = 0
        var resumed: Int64 = 0
        var notKept: Int64 = 0
        var dropped: [Reason: Int64] = [:]
    }

    /// Why a kept part was removed.
    enum Reason: String, Sendable, CaseIterable { case room, disk, unusable, erased, damaged }

    private let folder: PartFolder
    let limits: PartLimits
    /// Gzip, where there is one.
    let compress: (@Sendable ([UInt8]) -> [UInt8]?)?
    /// SHA-256, by whatever does it fastest here.
    private let digest: @Sendable ([UInt8]) -> [UInt8]
    private let state = Monitor(State())
    /// Real time, which waiting for another thread takes whatever the server's clock says.
    private let patience = SystemClock()

    init(
        folder: String, limits: PartLimits, compress: (@Sendable ([UInt8]) -> [UInt8]?)? = nil,
        digest: @escaping @Sendable ([UInt8]) -> [UInt8] = SHA256.digest, log: Logger
    ) {
        self.folder = PartFolder(path: folder)
        self.compress = compress
        self.digest = digest
        do throws(UserError) {
            try self.folder.prepare()
            self.limits = limits
        } catch {
            log.log(.error, "parts-not-kept", [("what", error.what), ("why", error.why)])
            self.limits = PartLimits(bytesMax: 0)
            return
        }
        let found = self.folder.labels()
        let kept = state.withLock { state -> Set<String> in
            // The order of names is any order, but the same one each time.
            for (name, label) in found where label.identity.maker == PartIdentity.maker {
                guard state.shelf.toMakeRoom(for: label.count, limits: limits)?.isEmpty == true else { continue }
                state.shelf.add(name, label, isVerified: false)
            }
            return Set(state.shelf.entries.keys)
        }
        for (name, _) in found where !kept.contains(name) { self.folder.remove(name) }
    }

    var counts: Counts { state.withLock { $0.counts } }
    /// How many parts are kept, and their bytes.
    var kept: (parts: Int, bytes: Int) { state.withLock { ($0.shelf.entries.count, $0.shelf.bytes) } }

    // MARK: What may be kept

    /// Looks after the parts of a partner by a state of its ledger: those that no load can use any more go, and all of
    /// them when contact data were erased. Cost: one look-up a row changed since the last look.
    func review(_ partner: String, _ reader: LedgerReader, isStart: Bool = false) throws {
        let first = state.withLock { state in
            state.contacts[partner]?.through
                ?? state.shelf.entries.values.filter { $0.label.identity.partner == partner }.map(\.label.madeAt).min()
        }
        // At the start nobody makes a part: without one there is nothing to lose by what happened before.
        let through = first ?? (isStart ? reader.state.sequence : 0)
        let change = try reader.lastContactChange(after: through)
        let ledger = reader.state
        state.withLock { state in
            let known = state.contacts[partner] ?? (through, 0)
            let last = max(known.last, change ?? 0)
            state.contacts[partner] = (max(known.through, ledger.sequence), last)
            let facts = PartShelf.LedgerFacts(
                epoch: ledger.epoch, sequence: ledger.sequence, lowWatermark: ledger.lowWatermark,
                lastContactChange: last)
            let before = state.facts[partner]
            state.facts[partner] = facts
            if let before, before.epoch == facts.epoch, before.lowWatermark == facts.lowWatermark,
                before.lastContactChange == facts.lastContactChange, before.sequence <= facts.sequence
            {
                return
            }
            let erased = state.shelf.names { $0.identity.partner == partner && $0.madeAt < last }
            drop(erased, .erased, &state)
            drop(state.shelf.unusable(of: partner, facts), .unusable, &state)
        }
    }

    /// The last sequence at which a customer left the scope. Parts from before it go, and those of an older version of
    /// the scope.
    func review(_ scope: Scope, of partner: String, _ reader: LedgerReader) throws -> Int64 {
        let left = try reader.lastLeft(scope: scope)
        let facts = PartShelf.ScopeFacts(number: scope.number, version: scope.version, left: left)
        state.withLock { state in
            let key = "\(partner)-\(scope.number)"
            guard state.scopes[key] != facts else { return }
            state.scopes[key] = facts
            drop(state.shelf.unusable(of: partner, facts), .unusable, &state)
        }
        return left
    }

    /// Looks after all parts of a partner: of its ledger, and of each scope that has some.
    func reviewAll(_ partner: String, _ reader: LedgerReader, isStart: Bool) throws {
        try review(partner, reader, isStart: isStart)
        let numbers = state.withLock { state in
            Set(state.shelf.entries.values.map(\.label.identity).filter { $0.partner == partner }.map(\.scope)).sorted()
        }
        for number in numbers {
            if let scope = try reader.scope(number) {
                _ = try review(scope, of: partner, reader)
            } else {
                state.withLock { state in
                    let gone = state.shelf.names { $0.identity.partner == partner && $0.identity.scope == number }
                    drop(gone, .unusable, &state)
                }
            }
        }
    }

    /// Removes the parts of partners that are served no more, and all of them when the disk is nearly full.
    func tidy(partners: [String]) {
        let isFull = isDiskFull(for: 0)
        state.withLock { state in
            drop(state.shelf.names { !partners.contains($0.identity.partner) }, .unusable, &state)
            if isFull { drop(state.shelf.names { _ in true }, .disk, &state) }
        }
    }

    private func drop(_ names: [String], _ reason: Reason, _ state: inout State) {
        for name in names where state.shelf.remove(name) {
            folder.remove(name)
            state.counts.dropped[reason, default: 0] += 1
        }
    }

    private func isDiskFull(for count: Int) -> Bool {
        guard let free = DiskSpace(at: folder.path)?.freeBytes else { return true }
        return free < limits.freeBytesMin + Int64(count)
    }

    // MARK: Parts

    /// The part of an identity: the kept one, or what `make` gives, which is kept if it can be. `sequence` is the
    /// ledger's in the caller's transaction. While one request makes a part the others that ask for it wait, for a bounded time.
    func part(_ identity: PartIdentity, at sequence: Int64, _ make: () throws -> [UInt8]) throws -> Part {
        let name = identity.name
        let end = patience.monotonicNow() + limits.patience
        while true {
            let entry = state.wait(until: end) { state -> PartShelf.Entry?? in
                if let entry = state.shelf.use(name) { return .some(entry) }
                guard !state.making.contains(name) else { return nil }
                state.making.insert(name)
                return .some(nil)
            }
            // Who waited too long makes it for itself.
            guard let entry else { return try answer(make(), identity, at: sequence, keeping: false) }
            guard let entry else { break }
            if let part = open(name, entry) { return part }
        }
        defer { state.withLock { _ = $0.making.remove(name) } }
        return try answer(make(), identity, at: sequence, keeping: true)
    }

    private func open(_ name: String, _ entry: PartShelf.Entry) -> Part? {
        guard let body = folder.body(name, entry.label, verifying: !entry.isVerified) else {
            // Unless it was replaced meanwhile.
            state.withLock { state in
                if state.shelf.entries[name]?.label == entry.label { drop([name], .damaged, &state) }
            }
            return nil
        }
        state.withLock { state in
            state.shelf.noteVerified(name)
            state.counts.fromFile += 1
        }
        return Part(body: .file(body), count: body.count, hash: entry.label.hash)
    }

    private func answer(
        _ bytes: [UInt8], _ identity: PartIdentity, at sequence: Int64, keeping: Bool
    ) throws -> Part {
        let hash = Hex.encode(digest(bytes))
        let label = PartLabel(identity: identity, madeAt: sequence, count: bytes.count, hash: hash)
        let body = keeping ? keep(bytes, label) : nil
        state.withLock { state in
            state.counts.made += 1
            if body == nil { state.counts.notKept += 1 }
        }
        return Part(body: body.map { .file($0) } ?? .bytes(bytes), count: bytes.count, hash: hash)
    }

    /// Nil when the part is not kept: there is no room, the disk is full, or it is out of date already.
    private func keep(_ bytes: [UInt8], _ label: PartLabel) -> FileBody? {
        guard limits.bytesMax > 0, bytes.count + PartFolder.labelBytes <= limits.bytesMax else { return nil }
        guard !isDiskFull(for: bytes.count) else { return nil }
        guard let (temporary, body) = folder.write(bytes, label) else { return nil }
        let name = label.identity.name
        let isKept = state.withLock { state -> Bool in
            let isCurrent = label.madeAt >= state.contacts[label.identity.partner]?.last ?? 0
            guard isCurrent, let going = state.shelf.toMakeRoom(for: bytes.count, limits: limits) else {
                folder.remove(temporary)
                return false
            }
            drop(going, .room, &state)
            guard folder.place(temporary, as: name) else { return false }
            state.shelf.add(name, label, isVerified: true)
            return true
        }
        return isKept ? body : nil
    }

    /// Counts an answer with a part, or the rest of one.
    func noteSent(_ bytes: Int, isRest: Bool) {
        state.withLock { state in
            state.counts.sentBytes += Int64(bytes)
            if isRest { state.counts.resumed += 1 }
        }
    }
}
