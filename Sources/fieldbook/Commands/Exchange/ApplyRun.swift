import Diagnostics
import LocalAPI
import PartnerModel
import ReplicaStore
import SyncProtocol
import TerminalKit

/// Takes a file to apply from its lines to queued edits.
struct ApplyRun {
    /// Edits of one request; with the longest reasons and their marks they fit into a body.
    private static let editsAtOnce = 500
    /// Lines that the daemon may refuse one after the other before it is not asked any more.
    private static let refusalsMax = 100

    /// A line that asks for an edit which can be made.
    struct Order {
        let line: ApplyLine
        let wanted: Wanted
        var edit: Int64?
    }

    private var sheet: ApplySheet
    private let reader: ReplicaReader
    private let context: Context
    private var bar: ProgressBar?
    private let startedAt: Duration
    private var refusals = 0
    /// Customers by the words that lines name them by.
    private var customers: [String: Customer] = [:]
    private(set) var orders: [Order] = []
    /// Lines that made an edit in a run before.
    private(set) var made: [(line: ApplyLine, applied: AppliedLine)] = []
    private(set) var faults: [ApplyFault] = []

    init(sheet: ApplySheet, reader: ReplicaReader, context: Context, bar: ProgressBar?) {
        self.sheet = sheet
        self.reader = reader
        self.context = context
        self.bar = bar
        faults = sheet.faults
        startedAt = context.clock.monotonicNow()
    }

    private mutating func show(_ done: Int, of total: Int) {
        guard context.clock.monotonicNow() - startedAt > .seconds(1) else { return }
        bar?.update(done: Int64(done), total: Int64(total))
        if done == total { bar?.finish() }
    }

    // MARK: Understanding

    /// Finds what each line asks for. A line that made its edit is not looked at any further: what it asked for may not
    /// fit any more.
    mutating func understand() throws(UserError) {
        var broken: Set<String> = []
        var earlier: [CustomerKey: [Wanted]] = [:]
        for (place, line) in sheet.lines.enumerated() {
            if place % 64 == 0 { show(place, of: 2 * sheet.lines.count) }
            let applied = try context.ask { () throws(StoreError) in try reader.appliedLine(line.mark.key) }
            if let applied {
                if applied.digest == line.mark.digest {
                    made.append((line, applied))
                } else {
                    fault(
                        line, "key", "it was used for another edit, \(applied.edit.value)",
                        "give the line a key of its own")
                }
                continue
            }
            do {
                let customer = try customer(of: line)
                let wanted = try context.wanted(line, customer, reader, earlier: earlier[customer.key] ?? [])
                earlier[customer.key, default: []].append(wanted)
                orders.append(Order(line: line, wanted: wanted))
            } catch {
                fault(line, ApplyRun.column(error, line), error.why, error.next)
                if let group = line.group { broken.insert(group) }
            }
        }
        let open = Set(orders.compactMap(\.line.group))
        for (line, _) in made {
            guard let group = line.group, open.contains(group), !broken.contains(group) else { continue }
            fault(line, "group", "a part of its group was made already", "put the new lines into a group of their own")
            broken.insert(group)
        }
        orders.removeAll { $0.line.group.map { broken.contains($0) } ?? false }
        gatherGroups()
    }

    /// The lines of a group go together, at the place of the first.
    private mutating func gatherGroups() {
        var firsts: [String: Int] = [:]
        for order in orders {
            if let group = order.line.group, firsts[group] == nil { firsts[group] = order.line.number }
        }
        func place(_ order: Order) -> (Int, Int) {
            (order.line.group.flatMap { firsts[$0] } ?? order.line.number, order.line.number)
        }
        orders.sort { place($0) < place($1) }
    }

    /// The customer of a line. A file names few customers many times, and a name is looked for among all of them.
    private mutating func customer(of line: ApplyLine) throws(UserError) -> Customer {
        if let known = customers[line.customer] { return known }
        let found = try context.ask { () throws(StoreError) in try reader.resolveCustomer(line.customer) }
        customers[line.customer] = found
        return found
    }

    /// The column that an error of a command is about, by the option that it names.
    private static func column(_ error: UserError, _ line: ApplyLine) -> String? {
        if error.what.hasPrefix("cannot find the customer") || error.what.contains("names more than one customer") {
            return "customer"
        }
        if error.why.contains("clear yes") { return "confirm" }
        if error.why.contains("a day must be") {
            return ["from", "until"].first { name in
                line.cells[name].map { $0.utf8.count != 10 || Instant(rfc3339: $0) == nil } ?? false
            }
        }
        return line.kind.options.first { error.why.contains("--\($0.option)") }?.column
    }

    private mutating func fault(_ line: ApplyLine, _ column: String?, _ why: String, _ next: String) {
        faults.append(ApplyFault(line: line.number, column: column, why: why, next: next))
    }

    // MARK: Asking the daemon

    /// Has the daemon check all of it. Each request is checked on what stands now, without the requests before it.
    mutating func check() throws(UserError) {
        _ = try send(dryRun: true, isPatient: true)
        faults.sort { $0.line < $1.line }
    }

    /// Queues what is right, a request after the other, each whole or not at all.
    mutating func queue(keepsGoing: Bool) throws(UserError) {
        do throws(UserError) { try send(dryRun: false, isPatient: keepsGoing) } catch {
            // A reply may have been lost with the daemon, so that more is queued than is known here.
            let queued = orders.filter { $0.edit != nil }.count
            throw UserError(
                error.exitCode, what: error.what, why: error.why,
                next:
                    "\(error.next), then run this again: at least \(Context.count(queued, "line")) \(queued == 1 ? "is" : "are") queued, and none is made twice"
            )
        }
        faults.sort { $0.line < $1.line }
    }

    /// Sends the orders that have no edit yet. One that is refused is left out with its group, and what was asked with
    /// it is asked anew; unless `isPatient`, the first refusal ends it.
    private mutating func send(dryRun: Bool, isPatient: Bool) throws(UserError) {
        var first = 0
        while first < orders.count {
            let count = length(from: first)
            show((dryRun ? 1 : 2) * orders.count + first, of: 3 * orders.count)
            let some = orders[first..<(first + count)]
            let reply = try context.daemon.attempt(
                some.map { Local.Draft($0.wanted.intent, customer: $0.wanted.customer.key, line: $0.line.mark) },
                link: some.first?.line.group == nil ? nil : .group, dryRun: dryRun)
            switch reply {
            case .success(let reply):
                for (place, number) in reply.edits.enumerated() where place < count {
                    orders[first + place].edit = number.value
                }
                first += count
            case .failure(let refusal):
                refuse(first + min(max(0, refusal.failure.position ?? 0), count - 1), refusal.failure)
                refusals += 1
                if !isPatient || refusals >= ApplyRun.refusalsMax { return }
            }
        }
        show(1, of: 1)
    }

    /// How many orders go in one request: a group, or what stands before the next one.
    private func length(from first: Int) -> Int {
        let group = orders[first].line.group
        if let group { return orders[first...].prefix { $0.line.group == group }.count }
        return orders[first...].prefix(ApplyRun.editsAtOnce).prefix { $0.line.group == nil }.count
    }

    private mutating func refuse(_ place: Int, _ failure: Local.Failure) {
        let line = orders[place].line
        fault(line, failure.field.flatMap { line.kind.column(of: $0) }, failure.why, failure.next)
        if let group = line.group {
            orders.removeAll { $0.line.group == group && $0.edit == nil }
        } else {
            orders.remove(at: place)
        }
    }
}
