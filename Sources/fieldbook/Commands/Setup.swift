import Diagnostics
import Glibc
import HTTPKit
import LocalAPI
import ReplicaStore
import SyncProtocol
import TerminalKit

extension Context {
    /// `setup`: asks the server who we are, if it can be reached, and then writes settings and token. A token that the
    /// server or this replica does not take leaves the old ones as they are, and so do a file that can't be used and a
    /// server that is not trusted or does not take our certificate.
    func setup() throws(UserError) -> Answer {
        guard let address = command.option("server") ?? settings().text(.serverURL) else {
            throw usage("--server is missing")
        }
        let url: ServerURL
        do { url = try ServerURL(address) } catch {
            throw UserError(.refused, what: error.what, why: error.why, next: "give it as \(ServerURL.form)")
        }
        let token = try readToken()
        var settings =
            SecureFile.exists(paths.settingsFile) ? try SettingsFile.load(paths.settingsFile) : SettingsFile()
        settings.set(SettingSpec.serverURL.name, url.text)
        try keepConnection(in: &settings)
        let greeting = greet(url, token, try askedConnection())
        switch greeting {
        case .success(let hello): try checkOwner(hello, url.text)
        case .failure(let failure): if failure.isLasting { throw failure.error }
        }
        try SecureFile.makeFolder(paths.config)
        try SecureFile.write(Array(settings.text.utf8), to: paths.settingsFile)
        try SecureFile.write(Array((token + "\n").utf8), to: paths.tokenFile)
        var answer = Answer(json: ["server": .text(url.text)], text: "set up for \(url.text)\n")
        switch greeting {
        case .success(let hello):
            answer.json["member"] = .text(hello.member)
            answer.json["partner"] = .text(hello.partnerName)
            answer.text += "you are \(hello.member) (\(hello.role)) of \(hello.partnerName)\n"
        case .failure(let ungreeted):
            let failure = ungreeted.error
            answer.notes.append("\(failure.what): \(failure.why); the settings are kept and used when it is reachable")
            if !failure.next.isEmpty { answer.notes.append(failure.next) }
        }
        let isRunning = (try? daemon.statusIfRunning()) != nil
        answer.notes.append(
            isRunning
                ? "the running daemon keeps the old settings until: fieldbook daemon stop; fieldbook daemon start"
                : "next: fieldbook daemon start")
        return answer
    }

    /// A replica never changes its owner, so a token of somebody else would only stop the daemon.
    private func checkOwner(_ hello: V1.Hello, _ address: String) throws(UserError) {
        guard let reader = try? ReplicaReader(directory: paths.state), let identity = try? reader.identity(),
            let member = identity.member, member != hello.member || identity.partner != hello.partner
        else { return }
        throw UserError(
            .denied, what: "cannot set up",
            why:
                "this replica belongs to \(member) of \(identity.partnerName ?? "another partner"), the token to \(hello.member) of \(hello.partnerName)",
            next: "to use it beside \(member)'s: fieldbook login --server \(address); nothing was changed")
    }

    func readToken() throws(UserError) -> String {
        let text: String
        if let file = command.option("token-file") {
            text = String(decoding: try SecureFile.read(file, limit: 1024), as: UTF8.self)
        } else {
            text = try terminal.promptSecret("token: ")
        }
        let words = text.split(whereSeparator: \.isWhitespace)
        guard words.count == 1, words[0].utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw UserError(
                .refused, what: "cannot use the token", why: "it is not one word of plain characters",
                next: "give the token as the server printed it")
        }
        return String(words[0])
    }

    /// The options about certificates and proxy, each with its setting.
    private static let connectionOptions: [(option: String, spec: SettingSpec)] = [
        ("ca-file", .caFile), ("client-certificate", .clientCertificate), ("client-key", .clientKey),
        ("proxy", .serverProxy),
    ]

    /// Sets what the options say of certificates and proxy; an empty value takes a setting back. A path is kept whole,
    /// since the daemon runs elsewhere.
    func keepConnection(in settings: inout SettingsFile) throws(UserError) {
        for (option, spec) in Context.connectionOptions {
            guard let value = try asked(option, spec) else { continue }
            if value.isEmpty { settings.remove(spec.name) } else { settings.set(spec.name, value) }
        }
    }

    /// A member who comes to this machine reaches the server as the one before did, unless it is told otherwise.
    func inheritConnection(in settings: inout SettingsFile) {
        guard paths.user != nil, let current = try? SettingsFile.load(paths.settingsFile) else { return }
        for (option, spec) in Context.connectionOptions where command.option(option) == nil {
            guard settings.value(spec.name) == nil, let value = current.value(spec.name) else { continue }
            settings.set(spec.name, value)
        }
    }

    /// How the server is to be reached by the settings in force and the options of this command. Files that an option
    /// names are read, so that one that can't be used is told whatever the address, and nothing is kept.
    func askedConnection() throws(UserError) -> ConnectionSettings {
        var connection = ConnectionSettings(settings())
        var isFileNamed = false
        for (option, spec) in Context.connectionOptions {
            guard let value = try asked(option, spec) else { continue }
            let given = value.isEmpty ? nil : value
            switch option {
            case "ca-file": connection.tls.authorityFile = given
            case "client-certificate": connection.tls.certificateFile = given
            case "client-key": connection.tls.keyFile = given
            default: connection.proxy = given
            }
            guard given != nil, spec.kind == .path else { continue }
            isFileNamed = true
        }
        guard isFileNamed else { return connection }
        do throws(HTTPError) { try connection.tls.check() } catch {
            throw UserError(.settings, what: error.what, why: error.why, next: Context.unchanged(error.next))
        }
        return connection
    }

    private func asked(_ option: String, _ spec: SettingSpec) throws(UserError) -> String? {
        guard let value = command.option(option) else { return nil }
        let isFolderNeeded = spec.kind == .path && !value.isEmpty && !value.hasPrefix("/")
        let whole = isFolderNeeded ? "\(Paths.workingFolder)/\(value)" : value
        guard !whole.unicodeScalars.contains(where: VisibleText.isUnsafe) else {
            throw usage("--\(option) holds a control character")
        }
        if !whole.isEmpty, let complaint = spec.kind.complaint(whole) {
            throw usage("--\(option): \(complaint.why); \(complaint.next)")
        }
        return whole
    }

    /// Why a server did not tell who we are.
    struct Ungreeted: Error {
        let error: UserError
        /// Whether it stays so until a person has changed something, here or there; a server that is away comes back.
        let isLasting: Bool
    }

    private static func unchanged(_ next: String?) -> String {
        (next.map { "\($0); " } ?? "") + "nothing was changed"
    }

    func greet(
        _ url: ServerURL, _ token: String, _ connection: ConnectionSettings, doing what: String = "cannot set up"
    ) -> Result<V1.Hello, Ungreeted> {
        var headers = HTTPHeaders()
        headers.add("Authorization", "Bearer \(token)")
        let client = HTTPClient(
            connector: Connector(url: url, settings: connection, environment: Paths.variable),
            limits: ClientLimits(connect: .seconds(5), idle: .seconds(10)))
        do throws(HTTPError) {
            let reply = try client.send(
                HTTPRequest(method: "GET", target: "/sync/v1/hello", headers: headers),
                bodyLimit: ProtocolLimits.controlBytesMax)
            if reply.status == 401, reply.headers["Fieldbook"] != nil {
                let error = UserError(
                    .denied, what: what, why: "the server does not take the token",
                    next: Context.unchanged("ask an administrator for a new one"))
                return .failure(Ungreeted(error: error, isLasting: true))
            }
            guard reply.status == 200, reply.headers["Fieldbook"] != nil,
                let hello = try? WireCoding.decode(V1.Hello.self, from: reply.body)
            else {
                guard let hint = TLSHint.read(status: reply.status, body: reply.body, server: url.text) else {
                    let error = UserError(
                        .failed, what: "cannot greet the server",
                        why: "what answers at \(url.text) is not a Fieldbook server", next: "")
                    return .failure(Ungreeted(error: error, isLasting: false))
                }
                let error = UserError(.unreachable, what: what, why: hint.why, next: Context.unchanged(hint.next))
                return .failure(Ungreeted(error: error, isLasting: true))
            }
            return .success(hello)
        } catch {
            guard error.needsPerson else {
                let error = UserError(
                    .unreachable, what: "cannot greet the server now", why: error.why, next: error.next ?? "")
                return .failure(Ungreeted(error: error, isLasting: false))
            }
            let lasting = UserError(
                error.code == .badSettings ? .settings : .unreachable, what: what, why: error.why,
                next: Context.unchanged(error.next))
            return .failure(Ungreeted(error: lasting, isLasting: true))
        }
    }
}
