package import HTTPKit
package import ReplicaStore
package import SyncCore

/// The roads to the server: the feed, the queue, and old records of customers that joined. They never wait for each other.
package enum Lane: Int, Sendable, Hashable, CaseIterable { case pull, push, fill }

/// One request that the engine wants sent. The shell answers it with exactly one outcome.
package struct Exchange: Sendable {
    /// Rises with every exchange of this process.
    package let id: Int
    package let lane: Lane
    package let request: HTTPRequest
    /// Bytes of reply body after which the shell gives up.
    package let bodyLimit: Int
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
}

/// What the engine needs of the outside: the daemon's shell or a simulator.
package protocol EngineShell: AnyObject {
    /// Sends an exchange; its outcome comes back as an event on the engine's own thread.
    func send(_ exchange: Exchange)
    /// Sets the lane's timer, in place of an earlier one.
    func wake(_ lane: Lane, after: Duration)
    /// A machine took an event; for the log and for what watches.
    func stepped(_ step: MachineStep)
    /// Something came in, or the server stopped taking the token, that a person may want to be told of. Each is told
    /// once, after what it tells of is durable.
    func noticed(_ news: EngineNews)
}

extension EngineShell {
    package func noticed(_ news: EngineNews) {}
}

/// What the engine tells of, for those who asked it to watch.
package enum EngineNews: Sendable {
    case notices([Notice])
    /// Once until a sync was reached again.
    case loginNeeded(EngineStatus.Problem)
}
