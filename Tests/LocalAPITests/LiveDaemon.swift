import Diagnostics
import Glibc
import LocalAPI
import PartnerModel
import SyncProtocol
import TestKit
import ThreadKit

@testable import HTTPKit

/// A daemon's side that answers at once and keeps what it was asked.
final class Desk: LocalAPIHandler {
    enum Call: Sendable, Hashable {
        case sync, syncRecords
        case goOver(String)
        case wait(Int)
        case add([Local.Draft], Local.Link?, dryRun: Bool)
        case discard(EditNumber, dryRun: Bool)
        case resend(EditNumber, EditIntent?, dryRun: Bool)
        case undo(EditNumber, dryRun: Bool)
        case confirm(EditNumber, String)
    }

    private let kept = Monitor<[Call]>([])
    private let refusal: Local.Failure?
    /// How often a reply waited until everybody could read what it told.
    private let shownCount = Monitor(0)
    var shown: Int { shownCount.withLock { $0 } }

    /// `refusal` is what every edit is answered with.
    init(refusal: Local.Failure? = nil) { self.refusal = refusal }

    var calls: [Call] { kept.withLock { $0 } }

    static let status: Local.Status = {
        var status = Local.Status(
            software: "test", processID: 42, startedAt: "2026-11-21T00:00:00Z", phase: "in-sync", server: "http://h:1")
        status.loadRowsTotal = WireInteger(.max)
        status.joining = Local.Joining(customers: 2, recordsDone: 1, recordsTotal: .max)
        return status
    }()
    static let reply = Local.EditReply(
        number: 7, before: V1.State(register: "budget"), after: V1.State(register: "budget"), base: 9, predecessor: 6)

    var userName: String { "p-ana" }

    func goOver(to user: String) -> Result<Local.Status, LocalRefusal> {
        keep(.goOver(user))
        return answer(Desk.status)
    }

    func status() -> Local.Status { Desk.status }
    func metrics() -> String { "# HELP up x\n" }
    func sync(records: Bool) { keep(records ? .syncRecords : .sync) }

    func waitForSync(seconds: Int) -> Local.WaitReply {
        keep(.wait(seconds))
        return Local.WaitReply(reached: true, phase: "in-sync", problem: nil)
    }

    func add(
        _ drafts: [Local.Draft], link: Local.Link?, dryRun: Bool
    ) -> Result<EarlyAnswer<Local.EditReply>, LocalRefusal> {
        keep(.add(drafts, link, dryRun: dryRun))
        return answer(EarlyAnswer(Desk.reply) { [shownCount] in shownCount.withLock { $0 += 1 } })
    }

    func discard(_ number: EditNumber, dryRun: Bool) -> Result<Local.DiscardReply, LocalRefusal> {
        keep(.discard(number, dryRun: dryRun))
        return answer(Local.DiscardReply(edits: [number.value, .max]))
    }

    func resend(_ number: EditNumber, as intent: EditIntent?, dryRun: Bool) -> Result<Local.EditReply, LocalRefusal> {
        keep(.resend(number, intent, dryRun: dryRun))
        return answer(Desk.reply)
    }

    func undo(_ number: EditNumber, dryRun: Bool) -> Result<Local.EditReply, LocalRefusal> {
        keep(.undo(number, dryRun: dryRun))
        return answer(Desk.reply)
    }

    func confirm(_ number: EditNumber, code: String) -> Result<Local.ConfirmReply, LocalRefusal> {
        keep(.confirm(number, code))
        return answer(Local.ConfirmReply(result: Desk.result))
    }

    static let result = V1.Result(number: 7, code: .applied, epoch: "00aa", sequence: 3, baseWasIntact: true)

    private func keep(_ call: Call) { kept.withLock { $0.append(call) } }

    private func answer<Value>(_ value: Value) -> Result<Value, LocalRefusal> {
        refusal.map { .failure(LocalRefusal($0)) } ?? .success(value)
    }
}

/// The production listener on a socket in a folder of its own.
final class LiveDaemon {
    let folder = TemporaryDirectory()
    let desk: Desk
    private let server: HTTPServer

    var path: String { folder.file("daemon.sock") }
    var client: LocalAPIClient { LocalAPIClient(socket: path) }

    init(refusal: Local.Failure? = nil, limits: ServerLimits = LocalAPIServer.limits) throws {
        desk = Desk(refusal: refusal)
        server = LocalAPIServer(handler: desk).listener(socket: folder.file("daemon.sock"), limits: limits)
        try server.start()
    }

    deinit { server.stop() }

    /// All that comes back for some bytes, until the daemon ends the connection. `ends` tells it that no more will come.
    func raw(_ bytes: [UInt8], ends: Bool = false) throws -> String {
        let line = try Line(path)
        try line.send(bytes)
        if ends { line.finish() }
        return try line.rest()
    }

    func raw(_ text: String) throws -> String { try raw(Array(text.utf8)) }

    /// One whole request, and the reply to it.
    func ask(_ method: String, _ target: String, _ fields: String = "", body: String = "") throws -> String {
        try raw(
            "\(method) \(target) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\(fields)"
                + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
    }
}

/// One connection to a socket, byte by byte.
final class Line {
    private let stream: SocketStream

    init(_ path: String) throws { stream = try Sys.connect(.unix(path: path), deadline: Line.soon) }

    private static var soon: Duration { SystemClock().monotonicNow() + .seconds(90) }

    func send(_ bytes: [UInt8]) throws { try stream.write(bytes, deadline: Line.soon) }
    func send(_ text: String) throws { try send(Array(text.utf8)) }
    func finish() { stream.finishWriting() }

    /// What comes until the other side ends the connection.
    func rest() throws -> String {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = try buffer.withUnsafeMutableBytes { try stream.read(into: $0, deadline: Line.soon) }
            if count == 0 { return String(decoding: bytes, as: UTF8.self) }
            bytes += buffer[..<count]
        }
    }
}

/// A socket that is listened on while nobody ever takes a connection in: what a hanging daemon looks like.
final class DeafListener {
    private let descriptor: Int32

    init(_ path: String, backlog: Int32 = 16) {
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let bound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        precondition(bound == 0 && listen(descriptor, backlog) == 0, "cannot listen on \(path)")
    }

    /// Leaves the socket file behind, as a killed process does.
    deinit { close(descriptor) }
}
