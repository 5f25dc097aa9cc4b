import TestKit
import Testing

@testable import HTTPKit

/// Which proxy is taken, and what is said of its failures.
@Suite struct ProxyTests {
    private func chosen(
        _ host: String, _ environment: [String: String], setting: String? = nil, port: UInt16 = 443
    ) throws(HTTPError) -> String? {
        try Proxy.choose(host: host, port: port, setting: setting) { environment[$0] }?.endpoint.description
    }

    @Test(arguments: [
        ("", true), ("*", false), ("books.example.com", false), ("BOOKS.example.com", false), (".example.com", false),
        ("example.com", false), ("*.example.com", false), ("other.org, example.com", false), ("ample.com", true),
        ("books.example.com:443", false), ("books.example.com:8443", true), ("10.0.0.0/8", true), ("]:,[,/", true),
    ])
    func `exceptions name hosts, suffixes and ports`(exceptions: String, isProxied: Bool) throws {
        let environment = ["https_proxy": "http://p:3128", "no_proxy": exceptions]
        #expect(try chosen("books.example.com", environment) == (isProxied ? "p:3128" : nil))
    }

    @Test(arguments: [
        ("10.1.2.3", "10.0.0.0/8", false), ("11.1.2.3", "10.0.0.0/8", true), ("10.1.2.3", "10.1.2.3", false),
        ("10.1.2.3", "10.1.2.2/31", false), ("10.1.2.3", "10.1.2.4/31", true), ("10.1.2.3", "0.0.0.0/0", false),
        ("10.1.2.3", "10.0.0.0/33", true), ("10.1.2.3", "10.0.0.0/-1", true), ("fd00::7", "fd00::/8", false),
        ("fd00::7", "fd00:0::7", false), ("fe00::7", "fd00::/8", true), ("10.1.2.3", ".2.3", true),
        ("10.1.2.3", "10.1.2.3:443", false), ("localhost", "", false), ("127.8.8.8", "", false), ("::1", "", false),
    ])
    func `exceptions name addresses and ranges, and this machine is always one`(
        host: String, exceptions: String, isProxied: Bool
    ) throws {
        let environment = ["HTTPS_PROXY": "http://p:3128/", "NO_PROXY": exceptions]
        #expect(try chosen(host, environment) == (isProxied ? "p:3128" : nil))
    }

    @Test func `a setting outranks the environment, small letters outrank capitals, none is none`() throws {
        let environment = ["https_proxy": "http://small:1", "HTTPS_PROXY": "http://large:1", "no_proxy": "*"]
        #expect(try chosen("h", environment, setting: "http://set") == "set:80")
        #expect(try chosen("localhost", environment, setting: "http://[::1]:8") == "[::1]:8")
        #expect(try chosen("h", environment, setting: "none") == nil)
        #expect(try chosen("h", ["https_proxy": "small:1", "HTTPS_PROXY": "http://large:1"]) == "small:1")
        #expect(try chosen("h", ["https_proxy": "", "HTTPS_PROXY": "http://large:1"]) == "large:1")
        #expect(try chosen("h", ["http_proxy": "http://p:1", "all_proxy": "http://p:1"]) == nil)
    }

    @Test(arguments: [
        "https://u:hunter2@p:1", "socks5://u:hunter2@p:1", "http://u:hunter2@", "http://u:hunter2@p:0",
        "http://u:hunter2@p/x", "http://u:hunter2%@p:1", "http://u:hunter2 @p:1", "http://u%3Av:hunter2@p:1",
        "http://\(String(repeating: "hunter2", count: 200))@p", "http://u:hunter2\r\nX: y@p:1",
    ])
    func `a proxy that is none is refused without showing its text`(text: String) throws {
        let error = try #require(throws: HTTPError.self) { try chosen("h", [:], setting: text) }
        #expect(error.code == .badSettings && error.needsPerson && error.next?.isEmpty == false)
        #expect(!"\(error) \(error.next ?? "")".contains("hunter2"))
        let named = try #require(throws: HTTPError.self) { try chosen("h", ["HTTPS_PROXY": text]) }
        #expect(named.what.contains("HTTPS_PROXY") && !"\(named)".contains("hunter2"))
    }

    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"),
    ])
    func `base64 is that of RFC 4648`(text: String, encoded: String) {
        #expect(Base64.encode(Array(text.utf8)) == encoded)
    }

    // MARK: Over sockets

    /// The failure of a connection through a proxy; the server behind it does not matter.
    private func failure(
        _ proxy: ConnectProxy, login: String = "", connect: Duration = .seconds(20)
    ) throws -> HTTPError {
        defer { proxy.stop() }
        let error = try #require(
            try secureClient(
                "https://books.example.com:1", TLSSettings(), proxy: "http://\(login)127.0.0.1:\(proxy.port)",
                connect: connect
            ).failure())
        let told = "\(error) \(error.next ?? "")"
        #expect(error.isBeforeSending && !told.contains("hunter2") && !told.contains("bWU6"), "\(error)")
        #expect(error.why.contains("127.0.0.1:\(proxy.port)"), "\(error)")
        return error
    }

    @Test func `a proxy that wants a login is told so, with and without one`() throws {
        let wanted = "Basic " + Base64.encode(Array("me:pass".utf8))
        let without = try failure(ConnectProxy(.login(wanted)))
        #expect(without.code == .proxy && without.why.contains("wants a name and a password"))
        let wrong = try failure(ConnectProxy(.login(wanted)), login: "me:hunter2@")
        #expect(wrong.code == .proxy && wrong.why.contains("does not take name and password"))
    }

    @Test(arguments: [
        ("HTTP/1.1 403 No\r\nContent-Length: 999999999999\r\n\r\nno", HTTPError.Code.proxy, "does not allow"),
        ("HTTP/1.1 403 No\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\nno", .proxy, "does not allow"),
        ("HTTP/1.1 403 No\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nno", .proxy, "does not allow"),
        ("HTTP/1.1 502 Gone\r\n\r\n", .unreachable, "does not reach books.example.com:1"),
        ("HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n", .proxy, "status 302"),
        ("SSH-2.0-x\r\n\r\n", .proxy, "not an HTTP proxy"), ("HTTP/1.1 200 OK", .unreachable, "without an answer"),
        ("", .unreachable, "without an answer"), ("HTTP/1.1 200 OK\r\n\r\nhello", .proxy, "before the server can"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", .proxy, "before the server can"),
    ])
    func `a refusal and an answer that is none are told apart`(answer: String, code: HTTPError.Code, why: String) throws
    {
        let error = try failure(ConnectProxy(.answer(Array(answer.utf8))))
        #expect(error.code == code && error.why.contains(why), "\(error)")
    }

    @Test func `a proxy that stays silent, or whose head has no end, is given up`() throws {
        let silent = try failure(ConnectProxy(.silent), connect: .milliseconds(100))
        #expect(silent.code == .unreachable && silent.why.contains("in time") && !silent.needsPerson)
        for (first, again) in [("HTTP/1.1 200 OK\r\n", "X-Filler: yes\r\n"), ("", "HTTP/1.1 100 Wait\r\n\r\n")] {
            let endless = ConnectProxy(.endless(first, again))
            #expect(try failure(endless).code == .proxy)
            // What the kernel takes in, not what the proxy would send.
            #expect(endless.sent < 32 << 20)
        }
    }

    @Test func `a proxy that is not there is named`() throws {
        let host = DeadHost()
        let error = try #require(
            try secureClient(
                "https://h", TLSSettings(), proxy: "http://u:hunter2@127.0.0.1:\(host.port)",
                connect: .milliseconds(50)
            ).failure())
        #expect(error.code == .timeout && error.why.contains("proxy 127.0.0.1:\(host.port)"), "\(error)")
        #expect(!"\(error)".contains("hunter2"))
    }

    @Test(.enabled(if: TestCertificates.isPossible, "\(TestCertificates.absence)"))
    func `a request goes through, and the proxy sees the server's name and nothing else`() throws {
        let issuer = TestCertificates()
        let running = try SecurePair(issuer.issue("DNS:books.example.com"))
        let proxy = ConnectProxy(.login("Basic " + Base64.encode(Array("me:p@ss".utf8))))
        defer { proxy.stop() }
        let client = try secureClient(
            "https://books.example.com:\(running.server.port)", TLSSettings(authorityFile: issuer.authority),
            proxy: "http://me:p%40ss@127.0.0.1:\(proxy.port)")
        for _ in 0..<3 { #expect(try client.get("/secret").status == 200) }
        #expect(proxy.heads.count == 1)
        #expect(proxy.heads.first?.hasPrefix("CONNECT books.example.com:\(running.server.port) HTTP/1.1\r\n") == true)
        #expect(proxy.heads.first?.contains("secret") == false)
        // Plain HTTP goes straight.
        let plain = HTTPServer(endpoint: .tcp(host: "127.0.0.1", port: 0)) { _ in HTTPResponse(status: 200) }
        try plain.start()
        defer { plain.stop(deadline: .seconds(1)) }
        #expect(
            try secureClient(
                "http://127.0.0.1:\(plain.port)", TLSSettings(), proxy: "http://127.0.0.1:\(proxy.port)"
            ).get().status == 200)
        #expect(proxy.heads.count == 1)
    }
}
