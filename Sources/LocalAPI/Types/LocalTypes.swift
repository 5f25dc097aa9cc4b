import Diagnostics
package import SyncProtocol

/// Types of the daemon's local interface: HTTP and JSON over a Unix socket of mode 0600.
///
/// Both sides name their version in the `Fieldbook-API` header; a difference is refused with both named. Versions: 1
/// took one edit a request; 2 takes several, and a daemon that would drop all but the first must not be asked; 3 knows
/// that several members use one machine account, and whose edits a request is about; 4 knows the lines of a file, each
/// of which makes one edit only.
package enum Local {
    package static let version = 4
    package static let versionHeader = "Fieldbook-API"
    /// Names the user whose replica the asking program reads, so that an edit never gets into another's queue.
    package static let userHeader = "Fieldbook-User"
    /// Longest wait that one request may ask for.
    package static let waitSecondsMax = 600
    /// Edits of one request, and bytes of its body; both bound the daemon's memory and its engine's time.
    package static let editsMax = 1_000
    package static let bodyBytesMax = 1 << 20
    /// Edits of which a reply says step by step what each does.
    package static let stepsMax = 20

    /// What to do about a socket path that the system does not take.
    package static let shorterPath = "name a shorter folder with XDG_RUNTIME_DIR or FIELDBOOK_HOME"

    /// Why a program and a daemon of different versions do not talk, and which of them to upgrade.
    static func versionFailure(program: String, daemon: String) -> Failure {
        let next: String
        switch (Int(program), Int(daemon)) {
        case (let program?, let daemon?) where program < daemon: next = "upgrade this program; the daemon is newer"
        case (let program?, let daemon?) where program > daemon:
            next =
                "upgrade the daemon; it is older, or was started before the upgrade: fieldbook daemon stop; fieldbook daemon start. As a service: systemctl --user restart fieldbook"
        default: next = "install the same version of both, then: fieldbook daemon stop; fieldbook daemon start"
        }
        return Failure(
            what: "this program and the daemon do not fit",
            why:
                "the program speaks version \(program.prefix(10)) of the local interface, the daemon \(daemon.prefix(10))",
            next: next, exitCode: ExitCode.failed.rawValue)
    }

    /// Reply to `GET /v1/status`.
    package struct Status: Sendable, Hashable, Codable {
        package var apiVersion: Int
        package var software: String
        package var processID: Int
        package var startedAt: String
        package var phase: String
        package var server: String
        /// The folders of the member it works for; absent before the first log-in.
        package var user: String?
        package var lastContactAt: String?
        package var lastCheckpointAt: String?
        package var nextAttemptAt: String?
        package var problem: Failure?
        package var loadRowsDone: WireInteger?
        package var loadRowsTotal: WireInteger?
        /// Nil when no old records of customers that joined are on their way.
        package var joining: Joining?
        package var residentBytes: WireInteger?
        /// Why settings that were to be read again were not taken.
        package var settingsProblem: Failure?
        /// Settings that were changed and act after a restart only; absent when there are none.
        package var settingsWaiting: [String]?
        /// When replica and server last agreed in full. This and what follows is absent from a daemon older than it.
        package var lastAgreementAt: String?
        /// One entry a lane.
        package var waits: [LaneWait]?
        package var traffic: [LaneTraffic]?
        /// Absent where the link is not metered.
        package var metering: Metering?

        package init(software: String, processID: Int, startedAt: String, phase: String, server: String) {
            apiVersion = Local.version
            self.software = software
            self.processID = processID
            self.startedAt = startedAt
            self.phase = phase
            self.server = server
        }
    }

    /// How far the old records of customers that joined are here.
    package struct Joining: Sendable, Hashable, Codable {
        package var customers: WireInteger
        package var recordsDone: WireInteger
        package var recordsTotal: WireInteger
        package init(customers: Int64, recordsDone: Int64, recordsTotal: Int64) {
            self.customers = WireInteger(customers)
            self.recordsDone = WireInteger(recordsDone)
            self.recordsTotal = WireInteger(recordsTotal)
        }
    }

    /// A failure in the form shown to people; the body of every refusal.
    package struct Failure: Sendable, Hashable, Codable {
        package var what: String
        package var why: String
        package var next: String
        /// Exit code that a command ends with.
        package var exitCode: Int32
        /// Code of the limit that an edit broke, when it is that.
        package var code: String?
        /// The part of the edit that broke it: `amount`, `valid-through`.
        package var field: String?
        /// Which edit of the request it is about, counted from 0; absent when it is about all of them.
        package var position: Int?

        package init(what: String, why: String, next: String, exitCode: Int32, code: String? = nil) {
            self.what = what
            self.why = why
            self.next = next
            self.exitCode = exitCode
            self.code = code
        }
    }

    /// Body of `POST /v1/users/current`: whose replica the daemon goes over to, by the name of the folders.
    package struct UserRequest: Sendable, Hashable, Codable {
        package var user: String
        package init(user: String) { self.user = user }
    }

    /// How long the daemon may take to close one replica and open another.
    package static let goOverSecondsMax = 120

    /// Longest time that a code's result is waited for.
    package static let confirmSecondsMax = 30

    /// Body of `POST /v1/edits/NUMBER/confirm`.
    package struct ConfirmRequest: Sendable, Hashable, Codable {
        package var code: String
        package init(code: String) { self.code = code }

        /// Six digits; anything else is no code.
        package var isCode: Bool { code.utf8.count == 6 && code.utf8.allSatisfy { (48...57).contains($0) } }
    }

    /// Reply to it: what the server made of the edit.
    package struct ConfirmReply: Sendable, Hashable, Codable {
        package var result: V1.Result
        package init(result: V1.Result) { self.result = result }
    }

    /// Reply to `GET /v1/sync/wait`.
    package struct WaitReply: Sendable, Hashable, Codable {
        package var reached: Bool
        package var phase: String
        package var problem: Failure?
        package init(reached: Bool, phase: String, problem: Failure?) {
            self.reached = reached
            self.phase = phase
            self.problem = problem
        }
    }
}
