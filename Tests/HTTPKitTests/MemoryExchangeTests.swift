import HTTPKit
import Testing

/// Exchanges without a socket read and write what sockets do.
struct MemoryExchangeTests {
    private let request = HTTPRequest(method: "POST", target: "/echo", body: Array("hello".utf8))

    private func answer(_ bytes: [UInt8]) -> [UInt8]? {
        MemoryExchange.answer(bytes, bodyLimit: 100) { .json(200, $0.body + $0.body) }
    }

    @Test func `a request cut at any byte gets no answer, a whole one gets it`() throws {
        let bytes = MemoryExchange.bytes(of: request, host: "h")
        for count in 0..<bytes.count { #expect(answer(Array(bytes.prefix(count))) == nil, "\(count)") }
        #expect(answer(bytes) != nil)
    }

    @Test func `a reply cut at any byte is never taken as whole`() throws {
        let reply = try #require(answer(MemoryExchange.bytes(of: request, host: "h")))
        var cuts = 0
        for count in 0..<reply.count {
            switch MemoryExchange.reply(Array(reply.prefix(count)), toMethod: "POST", bodyLimit: 100) {
            case .whole: Issue.record("\(count) bytes pass for a whole reply")
            case .cut(let status, _, let body):
                cuts += 1
                #expect(status == 200 && Array("hellohello".utf8).starts(with: body))
            case .failed(let error): #expect(error.code == .closed || error.code == .truncated)
            }
        }
        #expect(cuts == 9)
        guard
            case .whole(200, _, Array("hellohello".utf8)) = MemoryExchange.reply(
                reply, toMethod: "POST", bodyLimit: 100)
        else {
            Issue.record("the whole reply is not read")
            return
        }
    }

    @Test func `junk and oversized messages are refused on both sides`() throws {
        #expect(
            answer(Array("\u{1}junk\r\n\r\n".utf8)).map {
                String(decoding: $0, as: UTF8.self).hasPrefix("HTTP/1.1 400")
            } == true)
        let large = MemoryExchange.bytes(
            of: HTTPRequest(method: "POST", target: "/", body: [UInt8](repeating: 1, count: 101)), host: "h")
        #expect(answer(large).map { String(decoding: $0, as: UTF8.self).hasPrefix("HTTP/1.1 413") } == true)
        for bytes in [Array("SSH-2.0\r\n\r\n".utf8), Array("HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n".utf8)] {
            guard case .failed = MemoryExchange.reply(bytes, toMethod: "GET", bodyLimit: 100) else {
                Issue.record("taken as a reply")
                continue
            }
        }
    }
}
