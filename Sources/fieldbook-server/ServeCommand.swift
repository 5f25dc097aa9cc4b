import ConflictRules
import Diagnostics
import HTTPKit
import PartnerModel
import SyncServer
import TerminalKit

extension ServerContext {
    /// `serve`: until TERM or INT.
    func serve() throws {
        Signals.prepare()
        let address = command.option("address") ?? "127.0.0.1"
        let port = UInt16(try number("port", default: 8787, in: 0...65_535))
        let log = Logger.ofEnvironment(program: "fieldbook-server")
        try folder.alignScopes(clock: SystemClock())
        let core = try ServerCore(folder: folder, clock: SystemClock(), log: log)
        ServerContext.tell(core.rules.current.warnings, log)
        let server = HTTPServer(endpoint: .tcp(host: address, port: port), handler: { core.handle($0) })
        do { try server.start() } catch {
            throw UserError(
                .failed, what: error.what, why: error.why,
                next: error.code == .addressInUse
                    ? "choose another port with --port, or stop the program that holds it"
                    : "give an address of this machine with --address, and a port you may open")
        }
        let watching = try OperatorListener.start(command.option("metrics"), core: core, server: server, log)
        if let file = command.option("port-file") { try SecureFile.write(Array("\(server.port)\n".utf8), to: file) }
        terminal.writeOutput("listening on http://\(address):\(server.port)\n")
        if let watching { terminal.writeOutput("metrics on http://\(watching.address)/metrics\n") }
        ServiceManager.notify("READY=1")
        log.log(.notice, "stopping", [("signal", "\(run(core, log))")])
        ServiceManager.notify("STOPPING=1")
        watching?.routes.end()
        server.stop(deadline: .seconds(5))
        watching?.listener.stop(deadline: .seconds(1))
    }

    private static func tell(_ warnings: [RuleWarning], _ log: Logger) {
        for warning in warnings {
            log.log(
                .notice, "rules-warning",
                [("edit", warning.edit.rawValue), ("guard", warning.word.rawValue), ("why", warning.text)])
        }
    }

    /// How often what time alone brings is looked after, in seconds.
    private static let tick = 60

    /// Until a signal says stop, whose number it gives; a hang-up reads the rules again.
    private func run(_ core: ServerCore, _ log: Logger) -> Int32 {
        while true {
            switch Signals.waitForStop(seconds: ServerContext.tick) {
            case nil: core.tick()
            case Signals.hangUp:
                do throws(UserError) {
                    let rules = try core.rules.reload()
                    log.log(.notice, "rules-reloaded", [("version", "\(rules.version)"), ("hash", rules.hash)])
                    ServerContext.tell(rules.warnings, log)
                } catch {
                    log.log(.error, "rules-kept", [("what", error.what), ("why", error.why), ("next", error.next)])
                }
            case let signal?: return signal
            }
        }
    }
}
