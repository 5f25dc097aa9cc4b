import Glibc
import TestKit
import Testing

@testable import HTTPKit

/// Bodies that are read from a file while they are sent.
@Suite struct FileBodyTests {
    private let folder = TemporaryDirectory()
    private let content = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }

    private func body(offset: Int = 0, count: Int? = nil) -> FileBody {
        writeFile(folder.file("f"), content)
        let descriptor = open(folder.file("f"), O_RDONLY | O_CLOEXEC)
        return FileBody(descriptor: descriptor, offset: offset, count: count ?? content.count - offset)
    }

    private func exchange(_ method: String, _ body: FileBody) throws -> [UInt8] {
        let request = MemoryExchange.bytes(of: HTTPRequest(method: method, target: "/"), host: "h")
        return try #require(
            MemoryExchange.answer(request, bodyLimit: 10) { _ in HTTPResponse(status: 206, body: .file(body)) })
    }

    @Test func `a file goes out with its length, in pieces of 64 KiB at most`() throws {
        let body = body(offset: 5)
        var sizes: [Int] = []
        try body.forEachPiece { sizes.append($0.count) }
        #expect(sizes == [65_536, 65_536, 65_536, 200_000 - 5 - 3 * 65_536])
        let reply = try exchange("GET", body)
        let head = Array("HTTP/1.1 206 Partial Content\r\nContent-Length: 199995\r\n\r\n".utf8)
        #expect(reply == head + content[5...])
        #expect(try exchange("HEAD", body) == head)
    }

    @Test func `part of a body is that part, and goes on when the file's name is gone`() throws {
        let body = body(offset: 100)
        unlink(folder.file("f"))
        #expect(try body.part(1000..<150_000).bytes() == Array(content[1100..<150_100]))
        #expect(try body.part(7..<7).bytes().isEmpty)
    }

    @Test func `a file that has become shorter cuts the reply and never fills it up`() throws {
        let body = body()
        truncate(folder.file("f"), 70_000)
        var sent = 0
        #expect(throws: HTTPError.self) { try body.forEachPiece { sent += $0.count } }
        #expect(sent == 70_000)
    }

    @Test func `the file is closed when the last part of it goes`() throws {
        let before = openFiles()
        var parts: [FileBody]? = [body(), body().part(1..<2)]
        #expect(openFiles() == before + 2 && parts?.count == 2)
        parts = nil
        #expect(openFiles() == before)
    }

    /// Descriptors of this process that name the test's file; other tests hold hundreds meanwhile.
    private func openFiles() -> Int {
        (0..<8192).count { number in
            var target = [UInt8](repeating: 0, count: 512)
            let count = target.withUnsafeMutableBufferPointer { buffer in
                buffer.withMemoryRebound(to: CChar.self) { memory in
                    memory.baseAddress.map { readlink("/proc/self/fd/\(number)", $0, memory.count) } ?? -1
                }
            }
            return count > 0 && String(decoding: target[..<count], as: UTF8.self) == folder.file("f")
        }
    }
}
