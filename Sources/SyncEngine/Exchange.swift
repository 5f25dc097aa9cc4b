package import HTTPKit
package import ReplicaStore
package import SyncCore

/// The roads to the server: the feed, the queue, old records of customers that joined, and the bulk of a load. They never
/// wait for each other.
package enum Lane: Int, Sendable, Hashable, CaseIterable, CustomStringConvertible {
    case pull, push, fill, load

    /// Its name in status, log and metrics.
    package var description: String {
        switch self {
        case .pull: "pull"
        case .push: "push"
        case .fill: "fill"
        case .load: "load"
        }
    }
}

/// One request that the engine wants sent. The shell answers it with one outcome.
package struct Exchange: Sendable {
    /// Rises with every exchange of this process.
    package let id: Int
    package let lane: Lane
    package let request: HTTPRequest
    /// Bytes of reply body after which the shell gives up.
    package let bodyLimit: Int
    /// The reply's body is handed over in the coding that it came in.
    package let keepsCoding: Bool
    /// For how long the server may hold it before a reply begins; nil for one that it answers at once.
    package let held: Duration?
}

/// What came of an exchange.
package enum ExchangeOutcome: Sendable {
    /// A reply; `isWhole` is false when the connection ended inside the body.
    case reply(status: Int, headers: HTTPHeaders, body: [UInt8], isWhole: Bool)
    case failed(HTTPError)
}

/// One event of one machine, with the states before and after.
package enum MachineStep: Sendable {
    case pull(from: PullMachine.State, on: PullMachine.Event, to: PullMachine.State)
    case push(from: PushMachine.State, on: PushMachine.Event, to: PushMachine.State)
    case fill(from: FillMachine.State, on: FillMachine.Event, to: FillMachine.State)
    case load(from: FillMachine.State, on: FillMachine.Event, to: FillMachine.State)
}

/// What the engine needs of the outside: the daemon's shell or a simulator.
package protocol EngineShell: AnyObject {
    /// Sends an exchange; its outcome comes back as an event on the engine's own thread, unless it is abandoned before.
    func send(_ exchange: Exchange)
    /// The engine does not wait for the lane's exchange any more: its outcome changes nothing.
    func abandon(_ lane: Lane)
    /// Sets the lane's timer, in place of an earlier one.
    func wake(_ lane: Lane, after: Duration)
    /// Bytes a second of the link, by the last reply that was large enough to tell; nil while none was.
    var linkSpeed: Int64? { get }
    /// Bytes that all lanes carried in both directions since the start, heads and all; never less than before.
    var carriedBytes: Int64 { get }
    /// Runs a job of the load lane off the engine's thread, one after the other in their order, and hands back what it gives
    /// as an event on the engine's own thread, never within this call.
    func perform(_ job: @escaping @Sendable () -> SyncEngine.Event)
    /// A machine took an event; for the log and for what watches.
    func stepped(_ step: MachineStep)
    /// Something came in, or the server stopped taking the token, that a person may want to be told of. Each is told
    /// once, after what it tells of is durable.
    func noticed(_ news: EngineNews)
}

extension EngineShell {
    package func noticed(_ news: EngineNews) {}
    package var linkSpeed: Int64? { nil }
    package var carriedBytes: Int64 { 0 }
}

/// What the engine tells of, for those who asked it to watch.
package enum EngineNews: Sendable {
    case notices([Notice])
    /// Once until a sync was reached again.
    case loginNeeded(EngineStatus.Problem)
}
