import Diagnostics
import HTTPKit
import LocalAPI
import SyncProtocol
import ThreadKit

/// The way to the server, and whether it takes us.
extension Doctor {
    private static let stackBytes = 1 << 19

    /// What came of greeting the server.
    private enum Greeting: Sendable {
        case failed(HTTPError)
        case reply(status: Int, isOurs: Bool, body: [UInt8], location: String?)
    }

    /// Address, way, portal, token, versions: each is told once, as far as it can be known.
    func server(_ findings: inout Findings) -> [Check] {
        // A line that is wrong counts as not said, and what stands in its place may lead a token elsewhere.
        guard let settings = findings.settings, settings.mistakes.isEmpty, let address = settings.text(.serverURL)
        else {
            return []
        }
        let url: ServerURL
        do { url = try ServerURL(address) } catch {
            return [
                .failed("server", error.what, why: error.why, next: "name it anew: fieldbook setup --server URL")
            ]
        }
        guard let greeting = greet(url, findings) else {
            return [
                .failed(
                    "server", "\(url.text) is not reached", why: "no answer came in time",
                    next: "check the network; nothing is lost, edits are kept")
            ]
        }
        switch greeting {
        case .failed(let error): return [unreached(url, error)]
        case .reply(let status, let isOurs, let body, let location):
            guard isOurs else { return [portal(url, status, location)] }
            findings.hello = try? WireCoding.decode(V1.Hello.self, from: body)
            let reached = Check.ok("server", "\(url.text) answers")
            return [reached, plain(url), login(status, body, findings)].compactMap { $0 }
        }
    }

    /// Asks on a thread of its own: the look-up of a name can't be ended. Nil when the time is over.
    private func greet(_ url: ServerURL, _ findings: Findings) -> Greeting? {
        let connection = findings.settings.map { ConnectionSettings($0) } ?? ConnectionSettings()
        let client = HTTPClient(
            connector: Connector(url: url, settings: connection, environment: environment),
            limits: ClientLimits(connect: patience, idle: patience))
        let delivery = Delivery<Greeting>()
        var headers = HTTPHeaders()
        if let token = findings.token { headers.add("Authorization", "Bearer \(token)") }
        let request = HTTPRequest(method: "GET", target: "/sync/v1/hello", headers: headers)
        let thread = WorkerThread(stackBytes: Doctor.stackBytes) {
            do throws(HTTPError) {
                let reply = try client.send(request, bodyLimit: ProtocolLimits.controlBytesMax)
                delivery.deliver(
                    .reply(
                        status: reply.status, isOurs: reply.headers["Fieldbook"] != nil, body: reply.body,
                        location: reply.headers["Location"]))
            } catch { delivery.deliver(.failed(error)) }
        }
        thread?.detach()
        let greeting = delivery.wait(until: clock.monotonicNow() + patience)
        if greeting == nil { client.interrupt() }
        return greeting
    }

    /// An address without TLS is told when the way leaves this machine.
    private func plain(_ url: ServerURL) -> Check? {
        guard url.text.hasPrefix("http://") else { return .ok("tls", "the way to the server is protected") }
        guard case .tcp(let host, _) = url.endpoint else { return nil }
        if host == "localhost" || host == "::1" || host.hasPrefix("127.") {
            return .ok("tls", "none is needed: the server is reached over this machine's own loopback")
        }
        return .warning(
            "tls", "the way to the server is not protected", why: "the address begins with http://",
            next: "see that it runs through a private link or a tunnel")
    }

    private func unreached(_ url: ServerURL, _ error: HTTPError) -> Check {
        // Certificates, proxies, a library that is not there: it knows best what to do.
        if error.needsPerson {
            return .failed("tls", "\(url.text) is not reached", why: error.why, next: error.next ?? "")
        }
        let next =
            error.code == .refused
            ? "the machine is there and nobody listens: check the port, and whether the server runs"
            : "check the network and the address; nothing is lost, edits are kept"
        return .failed("server", "\(url.text) is not reached", why: error.why, next: next)
    }

    /// A reply that is not ours: a log-in page of a hotel, a proxy, or another server.
    private func portal(_ url: ServerURL, _ status: Int, _ location: String?) -> Check {
        let isSentOn = (300..<400).contains(status) || status == 511
        let why =
            isSentOn
            ? "it sends to another page\(location.map { " (\($0.prefix(200)))" } ?? ""), as networks do that ask for a log-in"
            : "the answer (status \(status)) bears no mark of a Fieldbook server; a captive portal may stand between"
        return .failed(
            "server", "something else answers at \(url.text)", why: why,
            next: "open a web page and log in to the network there; else check the address")
    }

    private func login(_ status: Int, _ body: [UInt8], _ findings: Findings) -> Check? {
        guard findings.token != nil else { return nil }
        let name = "login"
        if status == 401 {
            return .failed(
                name, "the server does not take the token", why: "it expired, was revoked, or is of another server",
                next: "ask an administrator for another, then: fieldbook login; queued edits are kept")
        }
        guard status == 200 else {
            let problem = try? WireCoding.decode(V1.Problem.self, from: body)
            return .failed(
                name, "the server refuses us", why: problem?.detail ?? "it answered \(status)",
                next: problem?.next ?? "ask an administrator")
        }
        guard let hello = findings.hello else {
            return .failed(
                name, "the greeting cannot be read", why: "the versions may be too far apart",
                next: "compare them: fieldbook --version; fieldbook-server --version")
        }
        guard hello.protocol == V1.version else {
            return .failed(
                name, "the server speaks another protocol",
                why: "it speaks \(hello.protocol), this program \(V1.version)", next: "upgrade the older side")
        }
        return .ok(
            name, "the server (\(hello.software), protocol \(hello.protocol)) takes the token of \(hello.member)")
    }
}
