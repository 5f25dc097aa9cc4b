import Testing

@testable import SyncLab

@Suite struct LanesTests {
    private func trace() -> Trace {
        var trace = Trace()
        trace.add(at: 0, "ann", "offline")
        trace.add(at: 1_500_000, "ann", to: "server", "POST push")
        trace.add(at: 62_000_000, "server", to: "ann", "200 <&> \"ok\"")
        trace.add(at: 62_000_000, "ben", "a text that is longer than a lane")
        trace.add(at: 3_600_000_000, "system", to: "system", "usage")
        return trace
    }

    @Test func `a run is drawn as lanes of text`() {
        let golden = """
            time        ann         ben         server      system
            0:00:00.000 ● offline   │           │           │
            0:00:01.500 ●───────────────────────►           │             POST push
            0:01:02.000 ◄───────────────────────●           │             200 <&> "ok"
            0:01:02.000 │           ● a text t… │           │
                                      a text that is longer than a lane
            1:00:00.000 │           │           │           ● usage

            """
        let text = Lanes(trace(), members: ["ann", "ben"]).text(width: 60)
        #expect(text == golden, "\(text)")
        for line in text.split(separator: "\n") { #expect(line.last != " ") }
    }

    @Test func `a picture has a lane for each and a mark for each line, and texts are escaped`() {
        let svg = Lanes(trace(), members: ["ann", "ben"]).svg()
        #expect(svg.hasPrefix("<svg xmlns=\"http://www.w3.org/2000/svg\"") && svg.hasSuffix("</svg>\n"))
        #expect(svg.split(separator: "\n").count { $0.contains("<circle") || $0.contains("<path") } == 5)
        #expect(svg.contains("200 &lt;&amp;&gt; &quot;ok&quot;") && !svg.contains("<&"))
        for name in ["ann", "ben", "server", "system"] { #expect(svg.contains(">\(name)</text>")) }
        // Arrows point to the receiver.
        #expect(svg.contains("M660 72 L654 68") && svg.contains("M220 94 L226 90"), "\(svg)")
    }

    @Test func `an empty run is drawn too, however narrow the screen`() {
        #expect(Lanes(Trace(), members: []).text() == "time        server\n")
        for width in [0, 1, 500] {
            let text = Lanes(trace(), members: ["ann", "ben"]).text(width: width)
            #expect(text.split(separator: "\n").count >= 6)
        }
        #expect(Lanes(Trace(), members: []).svg().contains("server"))
    }

    @Test func `a real run is told from its start to its rest`() throws {
        let scenario = try ScenarioParser.parse(
            "scenario \"x\"\ncustomer acme reseller\nmember ann operator\nann budget acme 5\nserver kill\nsettle\n")
        let trace = try #require(try Lab.run(scenario, seed: 1, traces: true).trace)
        let text = Lanes(trace, members: ["ann"]).text()
        for words in [
            "budget acme 5", "edit 1 is saved", "is killed", "starts", "pull: greeting → ", "POST /sync/v1/push",
        ] {
            #expect(text.contains(words), "\(words)\n\(text)")
        }
        #expect(zip(trace.lines, trace.lines.dropFirst()).allSatisfy { $0.at <= $1.at })
    }
}
