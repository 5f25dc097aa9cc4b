import Diagnostics
import TerminalKit

extension CommandList {
    /// What the manual page says beside the commands.
    static let manual = ManualNotes(
        description: [
            """
            Fieldbook keeps a cloud partner's customers, bills and coupons in a local database that is read at any \
            time, and takes edits (budgets, freezes, discounts and more) into a durable queue. fieldbookd(1) carries \
            both ways when the server can be reached. A value that the server has not confirmed is always marked \
            pending.
            """,
            "A customer is named by id, by account, or by an unambiguous part of a name, in any script.",
        ],
        sections: [
            ManualNotes.Section("SETTINGS", settings), ManualNotes.Section("FILES", files),
            ManualNotes.Section("ENVIRONMENT", variables),
        ], related: ["fieldbookd(1)", "fieldbook-server(1)", "fieldbook-lab(1)", "sqlite3(1)"])

    private static let settings: [(term: String, text: String)] =
        [
            (
                "fieldbook.conf",
                """
                Lines key = value under headings [section]. The system's file comes first, then the person's, then \
                that of the member who is logged in, then the environment; the later one wins.
                """
            )
        ]
        + SettingsRegistry.all.map { spec in
            let fallback = spec.fallback.map { "; default: \($0)" } ?? ""
            let details = spec.details.isEmpty ? "" : " \(spec.details)"
            return (
                "[\(spec.section)] \(spec.key)",
                "\(spec.help) (\(spec.kind.words)\(fallback)).\(details) A change acts \(spec.effect.rawValue)."
            )
        }

    private static let files: [(term: String, text: String)] = [
        ("~/.local/state/fieldbook/outbox.db", "the edits; precious, every commit durable against power loss"),
        ("~/.local/state/fieldbook/replica.db", "the image; can be loaded again"),
        ("~/.config/fieldbook/fieldbook.conf", "the person's settings; token beside it holds the token"),
        ("/etc/fieldbook/fieldbook.conf", "the system's settings"),
        ("$XDG_RUNTIME_DIR/fieldbook/daemon.sock", "the socket of the daemon, else run/ in the state folder"),
        ("~/.local/state/fieldbook/daemon.socket", "while a daemon runs, a link to its socket"),
        ("users/PARTNER-ACCOUNT/", "below state and settings folder, once somebody has logged in: that member's own"),
    ]

    private static let variables: [(term: String, text: String)] = [
        ("FIELDBOOK_SECTION_KEY", "outranks that setting in every file: FIELDBOOK_LOG_LEVEL=debug"),
        ("FIELDBOOK_HOME", "a folder for all of it: state, run, config, and etc for the system's settings"),
        ("XDG_STATE_HOME, XDG_CONFIG_HOME, XDG_RUNTIME_DIR, XDG_CONFIG_DIRS", "where the folders are"),
    ]
}
