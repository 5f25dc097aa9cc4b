extension HTTPResponse {
    /// A body below this many bytes goes as it is: it fits a packet either way.
    static let gzipBytesMin = 1024

    /// The reply with its body in gzip, where the request allows that, there is a zlib and it comes out smaller. Bodies
    /// in pieces, small ones, those that have a content coding, and those whose bytes have a name of their own (ETag, Content-Range)
    /// stay as they are. One that could have been coded is
    /// told to vary with the request even where it was not (RFC 9110, section 12.5.5). `level` is from 1 to 9.
    ///
    /// Not for a body that holds a secret beside something another can choose: its length would tell of the secret.
    package func gzipped(ifAccepted request: HTTPRequest, level: Int = 6) -> HTTPResponse {
        gzipped(ifAccepted: request, level: level, zlib: Zlib.load)
    }

    func gzipped(ifAccepted request: HTTPRequest, level: Int = 6, zlib: () -> Zlib?) -> HTTPResponse {
        guard case .bytes(let bytes) = body, bytes.count >= HTTPResponse.gzipBytesMin,
            headers["Content-Encoding"] == nil, headers["ETag"] == nil, headers["Content-Range"] == nil
        else { return self }
        var reply = self
        if !variesWithCoding { reply.headers.add("Vary", "Accept-Encoding") }
        guard AcceptEncoding(request.headers).prefersGzip, let zlib = zlib(),
            let coded = Deflater.member(bytes, level: level, zlib), coded.count < bytes.count
        else { return reply }
        reply.headers.add("Content-Encoding", "gzip")
        reply.body = .bytes(coded)
        return reply
    }

    private var variesWithCoding: Bool {
        headers.values("Vary").flatMap { $0.split(separator: ",") }.contains { name in
            let name = AcceptEncoding.trimmed(name)
            return name == "*" || name.lowercased() == "accept-encoding"
        }
    }
}
