/// The settings, section by section.
extension SettingSpec {
    static let server = [serverURL, serverTokenFile, serverProxy]
    static let daemon = [syncInterval, syncLive, connectTimeout, replyTimeout, logLevel, logFormat, showPersonal]
    static let network = [networkMetered, networkDailyBytes]
    static let tls = [caFile, clientCertificate, clientKey]

    package static let serverURL = SettingSpec(
        "server", "url", .url(["http", "https"]), "address of the server: scheme, host and port",
        details: """
            Written by 'setup' and 'login'. In the system's file it is the server of everybody who does not name \
            another, and 'setup' and 'login' need no --server.
            """, effect: .restart, oldKey: "server")
    package static let serverTokenFile = SettingSpec(
        "server", "token-file", .path, "file that holds the token of this machine",
        details: """
            For machines that are set up without a person: with url and token-file in the system's file the daemon \
            starts without 'setup'. Other users must not be able to read the file (its group may). A token given by \
            'setup' or 'login', and a credential fieldbook-token of the service manager, come before it; where \
            somebody has logged in, only that member's token counts.
            """, effect: .restart)
    package static let serverProxy = SettingSpec(
        "server", "proxy", .proxy, "HTTP proxy for https:// servers, http://[USER:PASSWORD@]HOST:PORT",
        details: """
            'none' goes straight whatever the environment says. Without it https_proxy and no_proxy of the environment \
            count. A server on this machine, and one by http://, is always reached straight.
            """, effect: .restart, oldKey: "proxy")

    package static let syncInterval = SettingSpec(
        "sync", "interval", .duration(5...3600), default: "30s",
        "longest rest between two looks at the feed while nothing asks for one",
        details: """
            Up to a quarter is taken off at random, so that many machines do not come at once. An edit, 'fieldbook \
            sync' and a link that comes up do not wait for it. After a failure the pauses grow to five minutes \
            whatever stands here. Nor do changes of others, where 'sync.live' holds.
            """, effect: .reload)
    package static let syncLive = SettingSpec(
        "sync", "live", .flag, default: "yes", "see changes of others as they are made",
        details: """
            The server holds a request of this machine until there is something new, for 'sync.interval' and five \
            minutes at most. Where it holds none, or something on the way cuts requests that rest, the feed is looked \
            at after each 'sync.interval'. With 'no' always: fewer bytes where much changes.
            """, effect: .reload)
    package static let connectTimeout = SettingSpec(
        "sync", "connect-timeout", .duration(1...120), default: "10s",
        "how long the server may take to take a connection",
        effect: .restart)
    package static let replyTimeout = SettingSpec(
        "sync", "reply-timeout", .duration(5...600), default: "30s",
        "how long a connection may stand without a byte moving",
        effect: .restart)

    package static let networkMetered = SettingSpec(
        "network", "metered", .flag, default: "no", "bytes on this link cost something: fetch what is needed, no more",
        details: """
            Bill records wait until 'fieldbook sync --records' asks for them, replies come in gzip, and the feed is looked \
            at every five minutes instead of at once. Edits go as ever, freezes first.
            """, effect: .reload)
    package static let networkDailyBytes = SettingSpec(
        "network", "daily-bytes", .size(0...1 << 40), default: "0",
        "bytes that a day may cost while the link is metered; 0 is no limit",
        details: """
            Both directions, from midnight to midnight by this machine's clock. Once they are used up only freezes, \
            unfreezes, budgets and decisions of conflicts go, and a look at the feed every quarter of an hour; the rest waits \
            for the next day, or until somebody says 'fieldbook sync'.
            """, effect: .reload)

    package static let logLevel = SettingSpec(
        "log", "level", .choice(Logger.Level.allCases.map { "\($0)" }), default: "notice", "how much the daemon logs",
        details: """
            error needs a person, notice is a change of state, info a retry, debug a decision, trace the shape of bytes.
            """, effect: .reload, oldVariable: "FIELDBOOK_LOG")
    package static let logFormat = SettingSpec(
        "log", "format", .choice(Logger.Format.allCases.map { "\($0)" }), default: "text",
        "key=value lines (text) or a JSON object a line (json)",
        details: "The object has time, level, program, message, and fields, an object of texts.", effect: .reload)

    package static let showPersonal = SettingSpec(
        "privacy", "show-personal", .flag, default: "no", "show phones and mails of contacts whole",
        details: "As --show-personal of 'customers show', for every such command.", effect: .nextCommand)

    package static let caFile = SettingSpec(
        "tls", "ca-file", .path, "certificates of issuers to trust beside the system's", effect: .restart,
        oldKey: "ca-file")
    package static let clientCertificate = SettingSpec(
        "tls", "client-certificate", .path, "certificate by which the server knows this machine",
        details: "Goes with tls.client-key.", effect: .restart, oldKey: "client-certificate")
    package static let clientKey = SettingSpec(
        "tls", "client-key", .path, "key of the client certificate",
        details: "Goes with tls.client-certificate. Nobody but its owner may read it.", effect: .restart,
        oldKey: "client-key")
}
