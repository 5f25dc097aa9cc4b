/// At most so many events of a kind a minute; of those past it the newest is kept and stands for all. Pure.
package struct HookLimiter: Sendable {
    package static let perWindow = 10
    package static let window = Duration.seconds(60)

    private struct Window: Sendable {
        let began: Duration
        var count: Int
        var late: HookEvent?
        var lateCount = 0
    }

    private var windows: [HookKind: Window] = [:]

    package init() {}

    /// Whether an event may go on now; one that may not is kept in place of those before it.
    package mutating func take(_ event: HookEvent, at now: Duration) -> Bool {
        var window = windows[event.event] ?? Window(began: now, count: 0)
        if now - window.began >= HookLimiter.window, window.late == nil { window = Window(began: now, count: 0) }
        defer { windows[event.event] = window }
        if window.count < HookLimiter.perWindow {
            window.count += 1
            return true
        }
        window.late = event
        window.lateCount += 1
        return false
    }

    /// When the next summary is due; nil when nothing was put off.
    package var nextDue: Duration? {
        HookKind.allCases.compactMap { kind in
            windows[kind].flatMap { $0.late == nil ? nil : $0.began + HookLimiter.window }
        }.min()
    }

    /// The summaries whose time has come, each the newest event of its kind with the number it stands for.
    package mutating func takeDue(at now: Duration) -> [HookEvent] {
        var due: [HookEvent] = []
        for kind in HookKind.allCases {
            guard let window = windows[kind], var event = window.late, now - window.began >= HookLimiter.window else {
                continue
            }
            event.summarised = window.lateCount
            due.append(event)
            windows[kind] = Window(began: now, count: 1)
        }
        return due
    }
}
