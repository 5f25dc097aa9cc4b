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
        DescriptorLimit.raise()
        let address = command.option("address") ?? "127.0.0.1"
        let port = UInt16(try number("port", default: 8787, in: 0...65_535))
        let lock = try folder.lockForServing()
        // Others may serve the folder once nothing of it is in use here.
        defer { withExtendedLifetime(lock) {} }
        let log = Logger(program: "fieldbook-server", level: .notice)
        log.follow(Settings(variables: Paths.variable))
        let parts = PartLimits(bytesMax: try number("parts-bytes", default: PartLimits().bytesMax, in: 0...1 << 40))
        try folder.alignScopes(clock: SystemClock())
        let core = try ServerCore(folder: folder, clock: SystemClock(), log: log, parts: parts)
        ServerContext.tell(core.rules.current.warnings, log)
        let tls = try readTLS(log)
        let server = HTTPServer(endpoint: .tcp(host: address, port: port), tls: tls, holding: { core.reply($0) })
        guard core.beginHolding() else {
            throw UserError(
                .failed, what: "cannot start the server", why: "the system refuses another thread",
                next: "stop other programs, or raise the limit of threads")
        }
        defer { core.endHolding() }
        core.beginMakingAhead()
        defer { core.endMakingAhead() }
        do { try server.start() } catch {
            throw UserError(
                .failed, what: error.what, why: error.why,
                next: error.code == .addressInUse
                    ? "choose another port with --port, or stop the program that holds it"
                    : "give an address of this machine with --address, and a port you may open")
        }
        ServerContext.tellLimit(server, log)
        let watching = try OperatorListener.start(command.option("metrics"), core: core, server: server, log)
        if let file = command.option("port-file") { try SecureFile.write(Array("\(server.port)\n".utf8), to: file) }
        terminal.writeOutput("listening on \(tls == nil ? "http" : "https")://\(address):\(server.port)\n")
        if let watching { terminal.writeOutput("metrics on http://\(watching.address)/metrics\n") }
        ServiceManager.notify("READY=1")
        ServiceManager.status("serves on \(address):\(server.port)")
        log.log(.notice, "stopping", [("signal", "\(run(core, tls, log))")])
        ServiceManager.notify("STOPPING=1")
        watching?.routes.end()
        server.stop(deadline: .seconds(5))
        watching?.listener.stop(deadline: .seconds(1))
    }

    /// The server's certificate; nil when it is to speak plain HTTP.
    private func readTLS(_ log: Logger) throws -> TLSServer? {
        guard let certificate = command.option("tls-certificate") else {
            for option in ["tls-key", "tls-client-ca"] where command.option(option) != nil {
                throw usage("--\(option) goes with --tls-certificate", "name the certificate too, or leave it out")
            }
            return nil
        }
        guard let key = command.option("tls-key") else {
            throw usage("--tls-certificate goes with --tls-key", "name the key too")
        }
        let settings = TLSServerSettings(
            certificateFile: certificate, keyFile: key, clientAuthorityFile: command.option("tls-client-ca"))
        do throws(HTTPError) {
            return try TLSServer(settings) { log.log(.info, "tls-refused", [("what", $0.what), ("why", $0.why)]) }
        } catch { throw UserError(.settings, what: error.what, why: error.why, next: error.next ?? "") }
    }

    /// Says so when the system lets us hold fewer connections than we would.
    private static func tellLimit(_ server: HTTPServer, _ log: Logger) {
        let wanted = ServerLimits().connections
        guard server.connectionsMax < wanted else { return }
        log.log(
            .notice, "connections-limited",
            [
                ("connections", "\(server.connectionsMax)"), ("wanted", "\(wanted)"),
                ("why", "the process may not have more files open"),
                ("next", "raise the hard limit: LimitNOFILE=16384 in the unit, or ulimit -Hn 16384"),
            ])
    }

    /// Reads certificate and key again, for the connections to come.
    private static func reload(_ tls: TLSServer, _ log: Logger) {
        do throws(HTTPError) {
            try tls.reload()
            log.log(.notice, "tls-reloaded")
        } catch {
            log.log(.error, "tls-kept", [("what", error.what), ("why", error.why), ("next", error.next ?? "")])
        }
    }

    private static func tell(_ warnings: [RuleWarning], _ log: Logger) {
        for warning in warnings {
            log.log(
                .notice, "rules-warning",
                [("edit", warning.edit.rawValue), ("guard", warning.word.rawValue), ("why", warning.text)])
        }
    }

    /// How often what time alone brings is looked after.
    private static let tick = Duration.seconds(60)

    /// Until a signal says stop, whose number it gives; a hang-up reads rules and certificate again.
    private func run(_ core: ServerCore, _ tls: TLSServer?, _ log: Logger) -> Int32 {
        // A sign of life follows a look at every ledger, so a server that hangs in one is ended and started anew.
        let watchdog = ServiceManager.watchdog()
        let tick = min(ServerContext.tick, watchdog.map { $0 / 4 } ?? ServerContext.tick)
        while true {
            switch Signals.waitForStop(within: tick) {
            case nil:
                core.tick()
                if watchdog != nil { ServiceManager.notify("WATCHDOG=1") }
            case Signals.hangUp:
                ServiceManager.reloading()
                defer { ServiceManager.notify("READY=1") }
                if let tls { ServerContext.reload(tls, log) }
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
