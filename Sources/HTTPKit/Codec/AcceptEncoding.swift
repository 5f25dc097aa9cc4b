/// Which content codings of a reply a request allows (RFC 9110, section 12.5.3).
package struct AcceptEncoding {
    /// Weights in thousandths. An element that is malformed says nothing; of two for one coding the lower counts.
    private var weights: [String: Int] = [:]

    package init(_ headers: HTTPHeaders) {
        for element in headers.values("Accept-Encoding").flatMap({ $0.split(separator: ",") }) {
            let parts = element.split(separator: ";", omittingEmptySubsequences: false).map(AcceptEncoding.trimmed)
            guard HTTPHeaders.isToken(parts[0].utf8), parts.count <= 2 else { continue }
            guard let weight = parts.count == 1 ? 1000 : AcceptEncoding.weight(parts[1]) else { continue }
            let coding = AcceptEncoding.name(parts[0])
            weights[coding] = min(weight, weights[coding] ?? weight)
        }
    }

    /// Whether gzip may come. A request that says nothing about codings asks for none.
    package var allowsGzip: Bool { gzip > 0 }

    /// Whether gzip may come and no coding at all is not liked better.
    package var prefersGzip: Bool { gzip > 0 && gzip >= weights["identity"] ?? 0 }

    private var gzip: Int { weights["gzip"] ?? weights["*"] ?? 0 }

    /// The name of a coding without regard to case; `x-gzip` is another name of gzip (RFC 9110, section 8.4.1.3).
    static func name(_ text: Substring) -> String {
        let name = text.lowercased()
        return name == "x-gzip" ? "gzip" : name
    }

    static func trimmed(_ text: Substring) -> Substring {
        var text = text.drop { $0 == " " || $0 == "\t" }
        while text.last == " " || text.last == "\t" { text.removeLast() }
        return text
    }

    /// `q=` and a number from 0 to 1 with at most three digits after the point (RFC 9110, section 12.4.2).
    private static func weight(_ parameter: Substring) -> Int? {
        guard parameter.lowercased().hasPrefix("q=") else { return nil }
        let number = parameter.utf8.dropFirst(2)
        let digits = number.dropFirst(2)
        guard let whole = number.first, whole == UInt8(ascii: "0") || whole == UInt8(ascii: "1"),
            number.count == 1 || number.dropFirst().first == UInt8(ascii: "."), digits.count <= 3,
            digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
        else { return nil }
        let padded = digits.map { Int($0 - UInt8(ascii: "0")) } + [0, 0, 0]
        let weight = Int(whole - UInt8(ascii: "0")) * 1000 + padded[0] * 100 + padded[1] * 10 + padded[2]
        return weight <= 1000 ? weight : nil
    }
}
