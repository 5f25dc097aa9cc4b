import HTTPKit
package import PartnerModel
package import ReplicaStore
import SyncCore
package import SyncEngine
import SyncProtocol

/// The replica of one member at an office: the production engine and store behind a link of a set speed, which its lanes
/// share evenly.
package final class Desk: EngineShell {
    /// What went over the link to one path of the server.
    package struct Traffic: Sendable, Hashable {
        package var requests = 0
        package var bytesUp = 0
        package var bytesDown = 0

        package static func + (left: Traffic, right: Traffic) -> Traffic {
            Traffic(
                requests: left.requests + right.requests, bytesUp: left.bytesUp + right.bytesUp,
                bytesDown: left.bytesDown + right.bytesDown)
        }
    }

    /// An exchange on the link.
    private struct Transfer {
        let exchange: Exchange
        /// Millionths of bytes that have still to move.
        var left: Int64
        /// Nil while the request is on its way.
        var reply: [UInt8]?
    }

    package let account: String
    /// Bytes a second of the link, both ways together.
    package var speed: Int
    package let store: ReplicaStore
    /// The folder of the replica.
    package let folder: String
    package private(set) var traffic: [String: Traffic] = [:]
    private unowned let office: Office
    private(set) var engine: SyncEngine?
    private var transfers: [Transfer] = []
    private var jobs: [@Sendable () -> SyncEngine.Event] = []
    private var timers: [Int64?] = Lane.allCases.map { _ in nil }

    init(_ account: String, token: String, speed: Int, folder: String, office: Office) throws {
        self.account = account
        self.speed = speed
        self.office = office
        self.folder = folder
        let chance = LabChance(seed: Mix.text(account))
        store = try ReplicaStore(
            directory: folder, clock: office.clock, chance: chance, networkFileSystem: { _ in nil })
        engine = SyncEngine(
            store: store, server: World.host, token: token, clock: office.clock, chance: chance, log: office.log,
            limits: PullMachine.Limits(holds: false), shell: self)
    }

    package var status: EngineStatus { engine?.status ?? EngineStatus() }
    package func reader() throws -> ReplicaReader { try ReplicaReader(directory: folder) }
    package var isResting: Bool { transfers.isEmpty && jobs.isEmpty }

    /// Everything that went over the link.
    package var total: Traffic { traffic.values.reduce(Traffic(), +) }
    package func requests(_ path: String) -> Int { traffic[path]?.requests ?? 0 }

    package func start() { engine?.handle(.start) }
    package func sync() { engine?.handle(.syncRequested) }

    /// An edit of the member.
    @discardableResult
    package func edit(_ customer: CustomerKey, _ intent: EditIntent) throws -> EditNumber {
        let edit = try store.add(EditDraft(customer: customer, intent: intent))
        engine?.handle(.editAdded)
        return edit.number
    }

    func end() {
        engine = nil
        store.close()
    }

    // MARK: Shell

    package func send(_ exchange: Exchange) {
        let bytes = MemoryExchange.bytes(of: exchange.request, host: "lab").count
        count(exchange) { $0 = $0 + Traffic(requests: 1, bytesUp: bytes) }
        transfers.append(Transfer(exchange: exchange, left: Int64(bytes) * 1_000_000))
    }

    package func wake(_ lane: Lane, after delay: Duration) {
        let (seconds, attoseconds) = delay.components
        timers[lane.rawValue] = office.time.now + seconds * 1_000_000 + attoseconds / 1_000_000_000_000
    }

    package func abandon(_ lane: Lane) { transfers.removeAll { $0.exchange.lane == lane } }

    package func perform(_ job: @escaping @Sendable () -> SyncEngine.Event) { jobs.append(job) }

    package func stepped(_ step: MachineStep) {}

    private func count(_ exchange: Exchange, _ change: (inout Traffic) -> Void) {
        change(&traffic[exchange.request.path ?? "", default: Traffic()])
    }

    // MARK: Time

    /// Bytes a second that one exchange has now.
    private var share: Int64 { Int64(max(1, speed / max(1, transfers.count))) }

    /// The moment of the next thing that happens here; nil when nothing will.
    var next: Int64? {
        let moved = transfers.map(\.left).min().map { office.time.now + ($0 + share - 1) / share }
        return (timers.compactMap { $0 } + [moved].compactMap { $0 }).min()
    }

    /// Moves what `passed` microseconds move.
    func move(_ passed: Int64) {
        let moved = passed.multipliedReportingOverflow(by: share)
        for index in transfers.indices {
            transfers[index].left = moved.overflow ? 0 : max(0, transfers[index].left - moved.partialValue)
        }
    }

    /// Does one thing whose moment has come; false when there is none.
    func act() throws -> Bool {
        if !jobs.isEmpty {
            engine?.handle(jobs.removeFirst()())
            return true
        }
        for lane in Lane.allCases {
            if let at = timers[lane.rawValue], at <= office.time.now {
                timers[lane.rawValue] = nil
                engine?.handle(.timerFired(lane))
                return true
            }
        }
        guard let index = transfers.firstIndex(where: { $0.left == 0 }) else { return false }
        let transfer = transfers[index]
        let exchange = transfer.exchange
        guard let reply = transfer.reply else {
            let request = MemoryExchange.bytes(of: exchange.request, host: "lab")
            let reply = try office.answer(request)
            count(exchange) { $0.bytesDown += reply.count }
            transfers[index].reply = reply
            transfers[index].left = Int64(reply.count) * 1_000_000
            return true
        }
        transfers.remove(at: index)
        let outcome: ExchangeOutcome =
            switch MemoryExchange.reply(reply, toMethod: exchange.request.method, bodyLimit: exchange.bodyLimit) {
            case .whole(let status, let headers, let body):
                .reply(status: status, headers: headers, body: body, isWhole: true)
            case .cut(let status, let headers, let body):
                .reply(status: status, headers: headers, body: body, isWhole: false)
            case .failed(let error): .failed(error)
            }
        engine?.handle(.outcome(exchange: exchange.id, outcome))
        return true
    }
}
