import Testing

@testable import HTTPKit

/// The words of RFC 9110, section 12.5.3, and what is made of others.
@Suite struct AcceptEncodingTests {
    private func headers(_ values: [String]) -> HTTPHeaders {
        var headers = HTTPHeaders()
        for value in values { headers.add("accept-encoding", value) }
        return headers
    }

    @Test(arguments: [
        "gzip", "GZIP", "x-gzip", "*", "deflate, gzip", "gzip;q=1", "gzip ; q=0.5", "gzip;Q=0.001", "br,\tgzip;q=1.000",
        "identity;q=0.5, gzip;q=0.5", "*;q=0.1", "identity;q=0", ", gzip ,", "*;q=0, gzip", "br;v=1;q=1, gzip",
        "compress;q=0.5, gzip;q=1.0",
    ])
    func `gzip is allowed`(value: String) {
        let expected = value != "identity;q=0"
        #expect(AcceptEncoding(headers([value])).allowsGzip == expected)
        #expect(AcceptEncoding(headers([value])).prefersGzip == expected)
    }

    @Test(arguments: [
        "", "identity", "br", "gzip;q=0", "gzip;q=0.0", "gzip;q=0.000", "*, gzip;q=0", "gzip;q=0, *;q=1", "*;q=0",
        "gzip, gzip;q=0", "gzip, x-gzip;q=0", "gzipped", "gzip;q=2", "gzip;q=1.001", "gzip;q=0.0001", "gzip;q=",
        "gzip;q=-1",
        "gzip;level=1", "gzip;q=1;q=1", "gzip;", "gzip q=1", "gzip;q=.5", "gzip;q=0,5", "gzip;q=1x", "g\u{e9}zip",
        ";q=1",
    ])
    func `gzip is not allowed`(value: String) {
        #expect(!AcceptEncoding(headers([value])).allowsGzip)
        #expect(!AcceptEncoding(headers([value])).prefersGzip)
    }

    @Test func `a request without the field asks for nothing, and several fields are one list`() {
        #expect(!AcceptEncoding(headers([])).allowsGzip)
        #expect(AcceptEncoding(headers(["br", "gzip"])).prefersGzip)
        #expect(!AcceptEncoding(headers(["gzip", "gzip;q=0"])).allowsGzip)
    }

    @Test func `who likes no coding better may get gzip, but is not given it`() {
        let headers = headers(["gzip;q=0.2, identity;q=0.3"])
        #expect(AcceptEncoding(headers).allowsGzip && !AcceptEncoding(headers).prefersGzip)
    }
}
