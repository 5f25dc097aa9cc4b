/// A queue: any thread posts, one thread takes all there is, in order.
final class Mailbox<Item: Sendable>: Sendable {
    private struct Content {
        var items: [Item] = []
        var isClosed = false
    }

    private let content = Monitor(Content())

    /// Adds an item; after `close` it is dropped and false is returned.
    @discardableResult
    func post(_ item: Item) -> Bool {
        content.withLock { content in
            if !content.isClosed { content.items.append(item) }
            return !content.isClosed
        }
    }

    /// No further items are taken in; a waiting taker wakes.
    func close() { content.withLock { $0.isClosed = true } }

    /// All items so far, after waiting until there is one, the mailbox is closed or `deadline` passes (monotonic
    /// clock; nil = for ever). Nil only when closed and empty.
    func take(until deadline: Duration?) -> [Item]? {
        let taken: [Item]?? = content.wait(until: deadline) { content in
            if content.items.isEmpty { return content.isClosed ? .some(nil) : nil }
            defer { content.items.removeAll(keepingCapacity: true) }
            return .some(content.items)
        }
        return taken ?? []
    }
}

/// A value that one thread delivers and another waits for.
final class Delivery<Value: Sendable>: Sendable {
    private let box = Monitor<Value?>(nil)

    func deliver(_ value: Value) { box.withLock { $0 = value } }

    /// The value, or nil when `deadline` passes first.
    func wait(until deadline: Duration) -> Value? { box.wait(until: deadline) { $0 } }
}
