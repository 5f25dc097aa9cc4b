import Diagnostics
import Glibc
import TestKit
import Testing

@testable import SyncLab

/// The scenarios that come with the repository.
enum ScenarioFiles {
    static let folder: String = {
        var parts = #filePath.split(separator: "/").map(String.init)
        parts.removeLast(3)
        return "/" + parts.joined(separator: "/") + "/Config/scenarios"
    }()

    /// Names without their ending, in order.
    static let names: [String] = {
        let files = (FileFacts.names(in: folder) ?? []).filter { $0.hasSuffix(".scenario") }
        // Without their ending they stand in another order: '-' comes before '.'.
        return files.map { String($0.dropLast(".scenario".count)) }.sorted()
    }()

    static func load(_ name: String) throws -> Scenario {
        try ScenarioParser.parse(readFile("\(folder)/\(name).scenario"))
    }
}

@Suite struct ScenarioFilesTests {
    @Test func `there are thirty and more`() { #expect(ScenarioFiles.names.count >= 30) }

    @Test(arguments: ScenarioFiles.names)
    func `it names an incident, and what it expects holds in every order`(name: String) throws {
        let scenario = try ScenarioFiles.load(name)
        #expect(
            !scenario.incident.isEmpty
                && scenario.steps.contains { if case .expect = $0.action { true } else { false } })
        let runs = try Lab.runAll(scenario, seed: 1, scenarioFolder: ScenarioFiles.folder)
        #expect(runs.map(\.order) == (scenario.bothOrders.map { [$0, $0.reversed()] } ?? [[]]))
        for run in runs { #expect(run.wrongs(strictly: false) == [], "\(run.order)") }
    }

    @Test func `no two tell the same story`() throws {
        let scenarios = try ScenarioFiles.names.map { try ScenarioFiles.load($0) }
        #expect(Set(scenarios.map(\.title)).count == scenarios.count)
        #expect(Set(scenarios.map { $0.steps.map(\.action) }).count == scenarios.count)
    }
}
