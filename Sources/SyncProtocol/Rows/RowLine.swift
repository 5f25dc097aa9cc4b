import Glibc

/// The row line that is being written, and for packed pages what stands above it.
struct RowLine {
    let form: RowForm
    /// A difference did not fit, so that the page cannot be read.
    private(set) var isLost = false
    /// The values of the line so far, with a comma before each.
    private var draft = RowDraft()
    private var entity = Entity.partner
    /// The column that comes next, as a bit of a mask.
    private var field = 0
    private var mask: UInt64 = 0
    /// Fields of `mask` whose text has its place in the draft only.
    private var drafted: UInt64 = 0

    /// What stands above: `RowForm.fieldsMax` slots an entity. Texts lie in the page as they were written.
    private var above: [FieldSlot] = []
    /// In which part between cursor lines the row above stands.
    private var segments: [Int] = []
    private var segment = 1

    init(_ form: RowForm) { self.form = form }

    mutating func beginSegment() { segment += 1 }

    mutating func begin(_ entity: Entity, key: Int64, version: Int64) {
        self.entity = entity
        draft.removeAll()
        field = 2
        mask = 0
        drafted = 0
        guard form == .packed else {
            draft.append(key)
            return draft.append(version)
        }
        if above.isEmpty {
            above = Array(repeating: .null, count: Entity.allCases.count * RowForm.fieldsMax)
            segments = Array(repeating: 0, count: Entity.allCases.count)
        }
        let first = entity.rawValue * RowForm.fieldsMax
        if segments[entity.rawValue] != segment {
            segments[entity.rawValue] = segment
            for index in first..<first + RowForm.fieldsMax { above[index] = .null }
            // Named even where they are 0: a row without a key is none.
            mask = 3
        }
        step(key, at: first, bit: 1)
        step(version, at: first + 1, bit: 2)
    }

    /// Key or version, by its difference to the one above.
    private mutating func step(_ value: Int64, at index: Int, bit: UInt64) {
        let (difference, overflow) = value.subtractingReportingOverflow(above[index].value)
        if overflow { isLost = true }
        guard difference != 0 || mask & bit != 0 else { return }
        mask |= bit
        above[index] = .integer(value)
        draft.append(difference)
    }

    mutating func add(_ value: Int64) {
        defer { field += 1 }
        if form == .packed {
            let index = entity.rawValue * RowForm.fieldsMax + field
            if above[index].isInteger, above[index].value == value { return }
            above[index] = .integer(value)
            mask |= 1 << UInt64(field)
        }
        draft.append(value)
    }

    mutating func addNull() {
        defer { field += 1 }
        if form == .packed {
            let index = entity.rawValue * RowForm.fieldsMax + field
            if above[index].isNull { return }
            above[index] = .null
            mask |= 1 << UInt64(field)
        }
        draft.appendNull()
    }

    mutating func add(text: UnsafeRawBufferPointer, page: [UInt8]) {
        defer { field += 1 }
        guard form == .packed else {
            _ = draft.append(text: text)
            return
        }
        let index = entity.rawValue * RowForm.fieldsMax + field
        let slot = above[index]
        if slot.isText, Int(slot.length) == text.count, page.holds(text, at: Int(slot.value)) { return }
        mask |= 1 << UInt64(field)
        // Behind comma and quote.
        let place = draft.count + 2
        if draft.append(text: text) {
            above[index] = FieldSlot(value: Int64(place), length: Int32(truncatingIfNeeded: text.count))
            drafted |= 1 << UInt64(field)
        } else {
            // With its escapes it is not what will be compared: it is sent anew.
            above[index] = FieldSlot(value: 0, length: -3)
        }
    }

    /// Adds the line to the page.
    mutating func end(to page: inout [UInt8]) {
        let start = draft.close(entity.rawValue, form == .packed ? mask : nil)
        let (first, shift) = (entity.rawValue * RowForm.fieldsMax, Int64(page.count - start))
        while drafted != 0 {
            above[first + drafted.trailingZeroBitCount].value += shift
            drafted &= drafted &- 1
        }
        draft.append(from: start, to: &page)
    }
}

extension [UInt8] {
    fileprivate func holds(_ text: UnsafeRawBufferPointer, at place: Int) -> Bool {
        withUnsafeBytes { bytes in
            guard place + text.count <= bytes.count, let base = bytes.baseAddress else { return false }
            guard let start = text.baseAddress else { return true }
            return memcmp(base + place, start, text.count) == 0
        }
    }
}
