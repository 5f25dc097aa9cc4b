import Diagnostics
import TestKit
import Testing

@Suite struct PrometheusTextTests {
    @Test func `a family stands with its help, its type and its samples`() {
        var out = PrometheusText()
        out.add("a_total", .counter, "Things.", [([("lane", "pull")], 3), ([("lane", "push"), ("x", "")], 0.5)])
        out.add("b_seconds", .gauge, "Time.", 1_795_000_000.25)
        out.add("c", .gauge, "Nothing now.", nil as Int64?)
        out.add("d", .gauge, "Large.", Int64.max)
        #expect(
            out.text == """
                # HELP a_total Things.
                # TYPE a_total counter
                a_total{lane="pull"} 3
                a_total{lane="push",x=""} 0.5
                # HELP b_seconds Time.
                # TYPE b_seconds gauge
                b_seconds 1795000000.25
                # HELP c Nothing now.
                # TYPE c gauge
                # HELP d Large.
                # TYPE d gauge
                d 9.223372036854776e+18

                """)
    }

    @Test func `a histogram adds up its bounds and ends with all of them`() {
        var histogram = Histogram()
        for milliseconds in [0, 1, 2, 5000, 500_000] as [Int64] { histogram.observe(.milliseconds(milliseconds)) }
        histogram.observe(.seconds(-1))
        var out = PrometheusText()
        out.add("t_seconds", "Time.", [([("r", "x")], histogram)])
        let lines = out.text.split(separator: "\n").map(String.init)
        #expect(lines[1] == "# TYPE t_seconds histogram")
        #expect(lines.contains("t_seconds_bucket{r=\"x\",le=\"0.001\"} 3"))
        #expect(lines.contains("t_seconds_bucket{r=\"x\",le=\"0.005\"} 4"))
        #expect(lines.contains("t_seconds_bucket{r=\"x\",le=\"10\"} 5"))
        #expect(lines.contains("t_seconds_bucket{r=\"x\",le=\"120\"} 5"))
        #expect(lines.contains("t_seconds_bucket{r=\"x\",le=\"+Inf\"} 6"))
        #expect(lines.suffix(2) == ["t_seconds_sum{r=\"x\"} 505.003", "t_seconds_count{r=\"x\"} 6"])
        #expect(lines.count == 2 + Histogram.bounds.count + 3)
    }

    @Test func `what a label or a help holds never ends its line or its quotes`() {
        let hostile = [
            "a\"} 1\nevil 2", "\\", "\\\"", "\n", "\r\n", "\u{0}", "\u{2028}", "\u{202E}", "{}", ",", "=", "é华👩‍👩‍👧",
            "\u{7F}",
            String(repeating: "\\\"\n", count: 1000),
        ]
        var out = PrometheusText()
        for (index, text) in hostile.enumerated() {
            out.add("m\(index)", .gauge, text, [([("l", text)], 1)])
        }
        let lines = out.text.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.count == hostile.count * 3 + 1)
        for (index, line) in lines.dropLast().enumerated() {
            let name = "m\(index / 3)"
            let begin = ["# HELP \(name) ", "# TYPE \(name) gauge", "\(name){l=\""][index % 3]
            #expect(line.hasPrefix(begin), "\(line)")
            if index % 3 == 2 { #expect(line.hasSuffix("\"} 1")) }
            #expect(!line.unicodeScalars.contains { VisibleText.isUnsafe($0) })
        }
        #expect(lines[2] == "m0{l=\"a\\\"} 1\\nevil 2\"} 1")
    }

    @Test func `a source of many labels is cut`() {
        var out = PrometheusText()
        out.add("m", .gauge, "Many.", (0..<10_000).map { ([("n", "\($0)")], 1) })
        #expect(out.text.split(separator: "\n").count == 2_002)
    }

    @Test func `values that are no numbers have their words`() {
        var out = PrometheusText()
        out.add("m", .gauge, "x", [([], .nan), ([("a", "b")], .infinity), ([("a", "c")], -.infinity)])
        #expect(out.text.hasSuffix("m NaN\nm{a=\"b\"} +Inf\nm{a=\"c\"} -Inf\n"))
    }
}
