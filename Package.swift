// swift-tools-version: 6.2
import PackageDescription

// One list of settings for every Swift target. Warnings are errors; between our modules `package` is the
// widest access; imports are internal unless a declaration shows them.
//
// The lab's planted bugs are compiled into debug builds and, with FIELDBOOK_DEFECTS=1 in the environment, into the
// release build that `tools/recall` makes for itself; never into the programs that people run.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
    Context.environment["FIELDBOOK_DEFECTS"] == "1"
        ? .define("FIELDBOOK_DEFECTS") : .define("FIELDBOOK_DEFECTS", .when(configuration: .debug)),
]

func module(_ name: String, _ dependencies: [String] = []) -> Target {
    .target(
        name: name, dependencies: dependencies.map { .byName(name: $0) }, path: "Sources/\(name)",
        swiftSettings: strict)
}

func program(_ name: String, _ dependencies: [String]) -> Target {
    .executableTarget(
        name: name, dependencies: dependencies.map { .byName(name: $0) }, path: "Sources/\(name)",
        swiftSettings: strict)
}

func tests(_ name: String, excluding: [String] = [], _ dependencies: [String]) -> Target {
    .testTarget(
        name: "\(name)Tests", dependencies: dependencies.map { .byName(name: $0) },
        path: "Tests/\(name)Tests", exclude: excluding, swiftSettings: strict)
}

let package = Package(
    name: "fieldbook",
    products: [
        .executable(name: "fieldbook", targets: ["fieldbook"]),
        .executable(name: "fieldbookd", targets: ["fieldbookd"]),
        .executable(name: "fieldbook-server", targets: ["fieldbook-server"]),
        .executable(name: "fieldbook-lab", targets: ["fieldbook-lab"]),
    ],
    dependencies: [],
    targets: [
        // Level 0: values and primitives.
        .systemLibrary(
            name: "CSQLite", path: "Sources/CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
        .systemLibrary(name: "CLinux", path: "Sources/CLinux"),
        module("PartnerModel"),
        module("Digests"),
        module("Defects"),
        module("PropertyKit"),
        module("Diagnostics", ["CLinux"]),
        module("ThreadKit"),
        // Level 1.
        module("ConflictRules", ["Defects", "Diagnostics", "Digests", "PartnerModel"]),
        module("SyncProtocol", ["Defects", "PartnerModel", "Digests"]),
        module("SQLiteKit", ["CSQLite"]),
        module("HTTPKit", ["CLinux", "Diagnostics", "ThreadKit"]),
        module("TerminalKit", ["Diagnostics"]),
        module("CSVKit", ["Diagnostics"]),
        // Level 2.
        module("SyncCore", ["Defects", "PartnerModel", "SyncProtocol"]),
        module(
            "ReplicaStore",
            ["Defects", "PartnerModel", "Digests", "Diagnostics", "ConflictRules", "SyncProtocol", "SQLiteKit"]),
        module("LedgerStore", ["Defects", "PartnerModel", "Digests", "Diagnostics", "SyncProtocol", "SQLiteKit"]),
        module("LocalAPI", ["PartnerModel", "Diagnostics", "SyncProtocol", "HTTPKit"]),
        module("Hooks", ["Diagnostics", "SyncProtocol", "ThreadKit"]),
        // Level 3.
        module(
            "SyncEngine",
            [
                "Defects", "PartnerModel", "Diagnostics", "ConflictRules", "SyncProtocol", "SyncCore", "ReplicaStore",
                "HTTPKit",
            ]),
        module(
            "SyncServer",
            [
                "Defects", "PartnerModel", "Digests", "PropertyKit", "Diagnostics", "ConflictRules", "SyncProtocol",
                "HTTPKit", "LedgerStore", "ThreadKit", "SQLiteKit", "CSVKit",
            ]),
        // Level 4.
        module(
            "SyncDaemon",
            [
                "CLinux", "PartnerModel", "Diagnostics", "ThreadKit", "SyncProtocol", "HTTPKit", "SyncCore", "Hooks",
                "ReplicaStore", "LocalAPI", "SyncEngine",
            ]),
        module(
            "SyncLab",
            [
                "Defects", "ThreadKit", "SyncCore", "PartnerModel", "PropertyKit", "Digests", "Diagnostics",
                "ConflictRules", "SyncProtocol", "SQLiteKit", "HTTPKit", "ReplicaStore", "LedgerStore",
                "SyncEngine", "SyncServer",
            ]),
        // Level 5: the programs.
        program(
            "fieldbook",
            [
                "PartnerModel", "Digests", "Diagnostics", "ConflictRules", "SyncProtocol", "TerminalKit",
                "ReplicaStore", "CSVKit",
                "LocalAPI", "HTTPKit", "Hooks", "ThreadKit",
            ]),
        program("fieldbookd", ["Diagnostics", "TerminalKit", "ReplicaStore", "SyncDaemon"]),
        program(
            "fieldbook-server",
            [
                "PartnerModel", "Digests", "Diagnostics", "ConflictRules", "TerminalKit", "SyncProtocol", "SQLiteKit",
                "LedgerStore",
                "HTTPKit", "SyncServer",
            ]),
        program("fieldbook-lab", ["Defects", "Diagnostics", "ThreadKit", "TerminalKit", "SyncLab"]),
        // Tests mirror the modules.
        .target(
            name: "TestKit", dependencies: ["Diagnostics", "PropertyKit", "SyncProtocol", "ThreadKit"],
            path: "Tests/TestKit",
            swiftSettings: strict),
        tests("PartnerModel", ["PartnerModel", "PropertyKit", "TestKit"]),
        tests("Digests", ["Digests"]),
        tests("PropertyKit", ["PropertyKit"]),
        tests("Diagnostics", ["Diagnostics", "TestKit", "CLinux"]),
        tests("ThreadKit", ["ThreadKit", "Diagnostics"]),
        tests("ConflictRules", ["ConflictRules", "PartnerModel", "PropertyKit", "TestKit"]),
        tests("SyncProtocol", ["SyncProtocol", "PartnerModel", "Digests", "PropertyKit", "TestKit"]),
        tests("SQLiteKit", ["SQLiteKit", "TestKit", "PropertyKit"]),
        tests("HTTPKit", ["HTTPKit", "ThreadKit", "TestKit", "PropertyKit", "CLinux"]),
        tests("TerminalKit", ["TerminalKit", "Diagnostics", "TestKit"]),
        tests("CSVKit", ["CSVKit", "Diagnostics", "TestKit"]),
        tests("SyncCore", ["SyncCore", "PartnerModel", "SyncProtocol", "PropertyKit", "TestKit"]),
        tests(
            "ReplicaStore",
            [
                "ReplicaStore", "ConflictRules", "PartnerModel", "SyncProtocol", "SQLiteKit", "Diagnostics",
                "PropertyKit",
                "TestKit",
            ]),
        tests(
            "LedgerStore",
            ["LedgerStore", "PartnerModel", "SyncProtocol", "SQLiteKit", "Diagnostics", "PropertyKit", "TestKit"]),
        tests(
            "LocalAPI", ["LocalAPI", "ThreadKit", "PartnerModel", "SyncProtocol", "HTTPKit", "Diagnostics", "TestKit"]),
        tests("Hooks", ["Hooks", "Diagnostics", "SyncProtocol", "ThreadKit", "TestKit"]),
        tests(
            "SyncEngine",
            [
                "SyncEngine", "SyncCore", "ReplicaStore", "SyncServer", "LedgerStore", "SQLiteKit", "SyncProtocol",
                "PartnerModel", "HTTPKit", "ConflictRules",
                "Diagnostics", "TestKit",
            ]),
        tests(
            "SyncServer", excluding: ["Golden"],
            [
                "SyncServer", "ConflictRules", "LedgerStore", "SyncProtocol", "PartnerModel", "HTTPKit", "Digests",
                "Diagnostics", "ThreadKit", "PropertyKit", "TestKit",
            ]),
        tests(
            "SyncDaemon",
            [
                "SyncDaemon", "SyncEngine", "SyncCore", "SyncServer", "LedgerStore", "ThreadKit", "CLinux",
                "ReplicaStore", "SQLiteKit", "LocalAPI", "HTTPKit", "Hooks",
                "Diagnostics", "PartnerModel", "SyncProtocol", "TestKit",
            ]),
        tests(
            "SyncLab", excluding: ["Golden"],
            [
                "SyncLab", "Defects", "PropertyKit", "SyncProtocol", "SyncCore", "SyncEngine", "PartnerModel",
                "Diagnostics", "LedgerStore", "ReplicaStore", "SQLiteKit", "SyncServer", "TestKit",
            ]),
        tests(
            "Programs",
            [
                "fieldbook", "fieldbookd", "fieldbook-server", "fieldbook-lab", "TerminalKit", "Diagnostics",
                "LocalAPI", "TestKit", "ConflictRules", "LedgerStore", "PartnerModel", "ReplicaStore", "SyncProtocol",
                "SyncServer", "HTTPKit", "SQLiteKit", "ThreadKit",
            ]),
        tests(
            "EndToEnd", excluding: ["focus_sums.py", "export_check.py"],
            ["TestKit", "HTTPKit", "SQLiteKit", "Digests", "Diagnostics", "PartnerModel", "SyncProtocol", "CLinux"]),
    ]
)
