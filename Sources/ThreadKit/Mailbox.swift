/// A queue: any thread posts, one thread takes all there is, in order.
package final class Mailbox<Item: Sendable>: Sendable {
    package init() {}

    private struct Content {
        var items: [Item] = []
        var isClosed = false
    }

    private let content = Monitor(Content())

    /// Adds an item; after `close` it is dropped and false is returned.
    @discardableResult
    package func post(_ item: Item) -> Bool {
        content.withLock { content in
            if !content.isClosed { content.items.append(item) }
            return !content.isClosed
        }
    }

    /// Items that nobody has taken yet.
    package var count: Int { content.withLock { $0.items.count } }

    /// No further items are taken in; a waiting taker wakes.
    package func close() { content.withLock { $0.isClosed = true } }

    /// All items so far, after waiting until there is one, the mailbox is closed or `deadline` passes (monotonic
    /// clock; nil = for ever). Nil only when closed and empty.
    package func take(until deadline: Duration?) -> [Item]? {
        let taken: [Item]?? = content.wait(until: deadline) { content in
            if content.items.isEmpty { return content.isClosed ? .some(nil) : nil }
            defer { content.items.removeAll(keepingCapacity: true) }
            return .some(content.items)
        }
        return taken ?? []
    }
}

/// A value that one thread delivers and another waits for.
package final class Delivery<Value: Sendable>: Sendable {
    package init() {}

    private let box = Monitor<Value?>(nil)

    /// Hands the value over and wakes who waits for it.
    package func deliver(_ value: Value) { box.withLock { $0 = value } }

    /// The value, or nil when `deadline` passes first.
    package func wait(until deadline: Duration) -> Value? { box.wait(until: deadline) { $0 } }
}
