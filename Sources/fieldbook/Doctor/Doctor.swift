import Diagnostics
import HTTPKit
import LocalAPI
import ReplicaStore
import SyncProtocol
import TerminalKit

/// Looks over the machine, one check after the other. Each is bounded in time, changes nothing of the replica, and
/// works without daemon, server, replica or settings, and as a user whom nothing here belongs to.
struct Doctor {
    let paths: Paths
    let clock: any WallClock
    let environment: @Sendable (String) -> String?
    /// Looks through the whole image too.
    let isDeep: Bool
    /// Longest time of all that is asked of the network.
    var patience = Duration.seconds(5)
    let inspection: ReplicaInspection

    /// What the first checks learn for those that come after them.
    struct Findings {
        var status: Local.Status?
        var settings: Settings?
        var token: String?
        var hello: V1.Hello?
    }

    init(
        _ paths: Paths, clock: any WallClock, isDeep: Bool = false,
        environment: @escaping @Sendable (String) -> String? = Paths.variable
    ) {
        self.paths = paths
        self.clock = clock
        self.isDeep = isDeep
        self.environment = environment
        inspection = ReplicaInspection(directory: paths.state)
    }

    /// All checks, in the order in which one explains the next.
    func run() -> [Check] {
        var findings = Findings()
        var checks = daemon(&findings)
        checks += [service, fileSystem, space, writable]
        checks += permissions
        checks.append(settings(&findings))
        checks += hooks(findings)
        checks += clientKey(findings)
        checks.append(token(&findings))
        checks.append(sqlite)
        checks += ReplicaInspection.File.allCases.map { health(of: $0) }
        checks.append(log(findings.status))
        checks += server(&findings)
        checks += [proxy(findings), clock(findings)]
        return checks
    }
}

extension Context {
    /// Commands that look and mend nothing.
    static let diagnoses = ["doctor", "bugreport"]

    /// `doctor`: exit code 1 when a check failed.
    func doctor() -> Answer {
        let checks = Doctor(paths, clock: clock, isDeep: command.flag("deep")).run()
        let (failed, warnings) = (checks.count(.failed), checks.count(.warning))
        var answer = Answer()
        answer.json = [
            "checks": checks.json, "failed": .integer(Int64(failed)), "warnings": .integer(Int64(warnings)),
            "version": .text(SoftwareVersion.text),
        ]
        answer.text = checks.map { $0.text(width: terminal.width) }.joined()
        answer.notes.append(
            failed + warnings == 0
                ? "nothing is wrong here" : "\(failed) failed, \(warnings) to look at, \(checks.count(.ok)) in order")
        if failed > 0 { answer.exitCode = .failed }
        return answer
    }
}
