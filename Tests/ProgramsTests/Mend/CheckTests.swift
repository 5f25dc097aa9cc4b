import Testing

@testable import fieldbook

/// How a finding of `doctor` is told.
@Suite struct CheckTests {
    @Test func `what is long is broken between words for a terminal, and whole elsewhere`() {
        let words = "if it is your organisation's, name its certificate as tls.ca-file; else look for a portal"
        let found = Check.failed("tls", "https://h is not reached", why: words, next: words)
        for line in found.text(width: 80).split(separator: "\n") { #expect(line.count <= 80, "\(line)") }
        #expect(
            found.text.split(separator: "\n").count == 2 && found.text(width: 80).contains("\n                      "))
    }
}
