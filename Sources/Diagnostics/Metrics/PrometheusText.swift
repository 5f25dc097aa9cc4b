/// Writes metrics in Prometheus' text format 0.0.4: each family once, with its help and type, then its samples.
///
/// Source of the form: prometheus.io/docs/instrumenting/exposition_formats. Names are ours and checked by precondition;
/// label values and help may hold anything and are escaped.
package struct PrometheusText: Sendable {
    package static let mediaType = "text/plain; version=0.0.4; charset=utf-8"
    /// Samples of one family; what comes past it is left out, so that no source of labels can flood a scraper.
    static let samplesMax = 2_000

    package enum Kind: String, Sendable { case counter, gauge, histogram }

    /// Name and value of a label.
    package typealias Label = (name: String, value: String)

    package private(set) var text = ""
    private var names: Set<String> = []

    package init() {}

    /// A family with one sample without labels; without a value only its help and type stand.
    package mutating func add(_ name: String, _ kind: Kind, _ help: String, _ value: Double?) {
        add(name, kind, help, value.map { [([], $0)] } ?? [])
    }

    package mutating func add(_ name: String, _ kind: Kind, _ help: String, _ value: Int64?) {
        add(name, kind, help, value.map { Double($0) })
    }

    /// A family with a sample for each set of labels. A counter's name ends with `_total`.
    package mutating func add(
        _ name: String, _ kind: Kind, _ help: String, _ samples: [(labels: [Label], value: Double)]
    ) {
        precondition(kind != .histogram, "a histogram has samples of its own form")
        precondition((kind == .counter) == name.hasSuffix("_total"), "a counter, and nothing else, ends with _total")
        begin(name, kind, help)
        for (labels, value) in samples.prefix(PrometheusText.samplesMax) { line(name, labels, value) }
    }

    /// A family of histograms: a sample for each bound, `+Inf`, the sum in seconds and the count.
    package mutating func add(_ name: String, _ help: String, _ samples: [(labels: [Label], value: Histogram)]) {
        begin(name, .histogram, help)
        for (labels, histogram) in samples.prefix(PrometheusText.samplesMax) {
            var below: Int64 = 0
            for (bound, count) in zip(Histogram.bounds, histogram.counts) {
                below += count
                line("\(name)_bucket", labels + [("le", PrometheusText.number(bound))], Double(below))
            }
            line("\(name)_bucket", labels + [("le", "+Inf")], Double(histogram.count))
            line("\(name)_sum", labels, histogram.seconds)
            line("\(name)_count", labels, Double(histogram.count))
        }
    }

    private mutating func begin(_ name: String, _ kind: Kind, _ help: String) {
        precondition(PrometheusText.isName(name), "no name of a metric: \(name)")
        precondition(names.insert(name).inserted, "a family stands once: \(name)")
        text += "# HELP \(name) \(PrometheusText.escaped(help, quotes: false))\n# TYPE \(name) \(kind.rawValue)\n"
    }

    private mutating func line(_ name: String, _ labels: [Label], _ value: Double) {
        text += name
        if !labels.isEmpty {
            let parts = labels.map { label in
                precondition(PrometheusText.isName(label.name), "no name of a label: \(label.name)")
                return "\(label.name)=\"\(PrometheusText.escaped(label.value, quotes: true))\""
            }
            text += "{\(parts.joined(separator: ","))}"
        }
        text += " \(PrometheusText.number(value))\n"
    }

    /// `[a-zA-Z_][a-zA-Z0-9_]*`: what names of metrics and of labels may both be.
    private static func isName(_ name: String) -> Bool {
        !name.isEmpty
            && name.utf8.enumerated().allSatisfy { index, byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"):
                    true
                case UInt8(ascii: "0")...UInt8(ascii: "9"): index > 0
                default: false
                }
            }
    }

    private static func escaped(_ text: String, quotes: Bool) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": escaped += "\\\\"
            case "\n": escaped += "\\n"
            case "\"" where quotes: escaped += "\\\""
            // A carriage return or another control character would end or garble the line for some reader.
            case _ where VisibleText.isUnsafe(scalar): escaped += "\u{FFFD}"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }

    /// A value: whole numbers without a point, as far as they are exact.
    private static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        if value == value.rounded(), value.magnitude < 9_007_199_254_740_992 { return String(Int64(value)) }
        return "\(value)"
    }
}
