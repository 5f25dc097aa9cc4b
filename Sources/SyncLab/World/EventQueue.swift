/// What is to happen, earliest first; at the same moment in the order in which it was planned. A binary heap.
struct EventQueue<Happening> {
    private var heap: [(at: Int64, serial: Int, happening: Happening)] = []
    private var serial = 0

    var isEmpty: Bool { heap.isEmpty }
    var next: Int64? { heap.first?.at }

    mutating func add(_ happening: Happening, at: Int64) {
        heap.append((at, serial, happening))
        serial += 1
        var child = heap.count - 1
        while child > 0, case let parent = (child - 1) / 2, isBefore(child, parent) {
            heap.swapAt(child, parent)
            child = parent
        }
    }

    mutating func take() -> (at: Int64, happening: Happening)? {
        guard let first = heap.first else { return nil }
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var parent = 0
        while case var child = 2 * parent + 1, child < heap.count {
            if child + 1 < heap.count, isBefore(child + 1, child) { child += 1 }
            guard isBefore(child, parent) else { break }
            heap.swapAt(child, parent)
            parent = child
        }
        return (first.at, first.happening)
    }

    private func isBefore(_ left: Int, _ right: Int) -> Bool {
        (heap[left].at, heap[left].serial) < (heap[right].at, heap[right].serial)
    }
}
