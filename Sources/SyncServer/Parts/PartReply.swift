import HTTPKit
import LedgerStore
import SyncProtocol

/// Answers with parts: whole, or the rest of one that was cut (RFC 9110, sections 13.1.5 and 14).
enum PartReply {
    static func reply(
        _ part: PartStore.Part, coding: PartIdentity.Coding, to request: HTTPRequest, _ store: PartStore
    ) -> HTTPResponse {
        switch ByteRange(request.headers, length: part.count, tag: part.tag) {
        case .unsatisfiable:
            var response = Problem.reply(
                .rangeNotSatisfiable, "the part has \(part.count) bytes and none of those asked for",
                "ask for it without a range")
            response.headers.add("Content-Range", ByteRange.unsatisfied(part.count))
            addFields(&response, part)
            return response
        case .whole:
            store.noteSent(part.count, isRest: false)
            return make(200, part.body, part, coding)
        case .part(let range):
            store.noteSent(range.count, isRest: true)
            let body: HTTPResponse.Body =
                switch part.body {
                case .bytes(let bytes): .bytes(Array(bytes[range]))
                case .file(let file): .file(file.part(range))
                case .pieces: part.body
                }
            var response = make(206, body, part, coding)
            response.headers.add("Content-Range", ByteRange.contentRange(range, of: part.count))
            return response
        }
    }

    private static func make(
        _ status: Int, _ body: HTTPResponse.Body, _ part: PartStore.Part, _ coding: PartIdentity.Coding
    ) -> HTTPResponse {
        var response = HTTPResponse(status: status, body: body)
        response.headers.add("Content-Type", V1.pageMediaType)
        if coding == .gzip { response.headers.add("Content-Encoding", "gzip") }
        addFields(&response, part)
        return response
    }

    private static func addFields(_ response: inout HTTPResponse, _ part: PartStore.Part) {
        response.headers.add("ETag", part.tag)
        response.headers.add("Accept-Ranges", "bytes")
        response.headers.add("Vary", "Accept-Encoding")
    }
}
