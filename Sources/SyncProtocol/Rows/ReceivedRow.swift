/// A row of a received page, whatever form its line has. It and its texts are valid while it is handed out; its texts
/// stay where they are until the page has been gone through.
package struct ReceivedRow {
    package let entity: Entity
    /// The row is gone; only its key and the version of its end are known.
    package let isTombstone: Bool
    /// Which fields may differ from the row of this entity that was handed out before: bit 0 the key, 1 the version,
    /// 2 and on the columns. All of them for the first one of a page and after every cursor line.
    package let changed: UInt64
    /// The bytes that texts are slices of.
    package let bytes: UnsafeRawBufferPointer
    /// Key, version and the entity's columns, by the bits of `changed`; of a tombstone the first two.
    package let slots: UnsafePointer<FieldSlot>

    package var key: Int64 { slots[0].value }
    package var version: Int64 { slots[1].value }

    /// A column by its place in the entity's list; null for a tombstone.
    package func column(_ index: Int) -> RowField { isTombstone ? .null : slots[index + 2].field }

    /// The integer of a column; nil for everything else.
    package func integer(_ column: Int) -> Int64? {
        guard case .integer(let value) = self.column(column) else { return nil }
        return value
    }

    /// The text of a column; nil for everything else.
    package func text(_ column: Int) -> String? {
        guard case .text(let offset, let count) = self.column(column) else { return nil }
        return String(decoding: bytes[offset..<offset + count], as: UTF8.self)
    }
}

extension ReceivedPage {
    /// Calls `body` for each row; those of entities this build does not know are passed over. Once only: scanning
    /// resolves escapes in place. No allocation a row.
    package mutating func forEachRow(_ body: (ReceivedRow) throws -> Void) throws {
        let (lines, form) = (rowsStart..<rowsEnd, form)
        var places = RowPlaces(self)
        try bytes.withUnsafeMutableBytes { buffer in
            try withUnsafeTemporaryAllocation(of: FieldSlot.self, capacity: places.slotCount) { slots in
                slots.initialize(repeating: .null)
                var index = lines.lowerBound
                while index < lines.upperBound {
                    let end = PageLines.lineEnd(UnsafeRawBufferPointer(buffer), from: index, end: lines.upperBound)
                    if buffer[index] == UInt8(ascii: "[") {
                        var scanner = try LineScanner(buffer, line: index..<end)
                        let row =
                            form == .packed
                            ? try places.packedRow(&scanner, slots, buffer)
                            : try places.plainRow(&scanner, slots, buffer)
                        if let row { try body(row) }
                    } else {
                        places.beginSegment()
                    }
                    index = end + 1
                }
            }
        }
    }
}

/// Where the fields of each entity of a page stand, and how its row lines are read into them.
private struct RowPlaces {
    private struct Place {
        let entity: Entity?
        /// Of its fields among those of all entities.
        let first: Int
        /// Fields that the header announces, and those of them and ours that a row has for us.
        let announced: Int
        let known: Int
        /// The part between cursor lines in which its last row stood.
        var segment = 0
    }

    private var places: [Place] = []
    private(set) var slotCount: Int
    private var segment = 1

    /// The first slots are those of tombstones and of plain lines.
    init(_ page: ReceivedPage) {
        slotCount = ProtocolLimits.rowFieldsMax
        places.reserveCapacity(page.entities.count)
        for (entity, announced) in zip(page.entities, page.header.entities) {
            let known = 2 + (entity?.columns.count ?? 0)
            // What a mask cannot name can be in no packed line.
            let count = min(RowForm.fieldsMax, 2 + announced.columns.count)
            places.append(Place(entity: entity, first: slotCount, announced: count, known: known))
            if page.form == .packed { slotCount += max(known, count) }
        }
    }

    mutating func beginSegment() { segment += 1 }

    /// A line that holds all fields.
    mutating func plainRow(
        _ scanner: inout LineScanner, _ slots: UnsafeMutableBufferPointer<FieldSlot>,
        _ buffer: UnsafeMutableRawBufferPointer
    ) throws(RowError) -> ReceivedRow? {
        let number = try scanner.integer()
        var count = 0
        while try scanner.goesOn() {
            guard count + 1 < ProtocolLimits.rowFieldsMax else { throw RowError("a row line has too many fields") }
            slots[count] = try scanner.next()
            count += 1
        }
        guard number >= 0, number < places.count, count >= 2, slots[0].isInteger, slots[1].isInteger else {
            throw RowError("a row line does not begin with entity, key and version")
        }
        let place = places[Int(number)]
        guard let entity = place.entity else { return nil }
        guard count == 2 || count >= 2 + entity.columnsAlwaysSent else {
            throw RowError("a row of \(entity.name) has too few columns")
        }
        for index in count..<max(count, place.known) { slots[index] = .null }
        return row(entity, isTombstone: count == 2, changed: .max, slots, at: 0, buffer)
    }

    /// A line that holds the fields of its mask, or a tombstone.
    mutating func packedRow(
        _ scanner: inout LineScanner, _ slots: UnsafeMutableBufferPointer<FieldSlot>,
        _ buffer: UnsafeMutableRawBufferPointer
    ) throws(RowError) -> ReceivedRow? {
        let number = try scanner.integer()
        guard number >= 0 else { return try tombstone(~number, &scanner, slots, buffer) }
        guard number < places.count, try scanner.goesOn() else {
            throw RowError("a packed line does not begin with entity and mask")
        }
        let mask = try scanner.integer()
        let place = places[Int(number)]
        guard mask >= 0, mask >> Int64(place.announced) == 0 else {
            throw RowError("a packed line names a field that its entity does not have")
        }
        let isFirst = place.segment != segment
        if isFirst {
            guard mask & 3 == 3 else { throw RowError("the first packed line of an entity lacks its key or version") }
            places[Int(number)].segment = segment
            for index in place.first..<place.first + max(place.known, place.announced) { slots[index] = .null }
            slots[place.first] = .integer(0)
            slots[place.first + 1] = .integer(0)
        }
        var left = UInt64(mask)
        while left != 0 {
            guard try scanner.goesOn() else { throw RowError("a packed line has fewer fields than its mask names") }
            let field = left.trailingZeroBitCount
            left &= left &- 1
            if field < 2 {
                let (sum, overflow) = slots[place.first + field].value.addingReportingOverflow(try scanner.integer())
                guard !overflow else { throw RowError("a key or version does not fit in 64 bits") }
                slots[place.first + field] = .integer(sum)
            } else {
                slots[place.first + field] = try scanner.next()
            }
        }
        guard try !scanner.goesOn() else { throw RowError("a packed line has more fields than its mask names") }
        guard let entity = place.entity else { return nil }
        return row(entity, isTombstone: false, changed: isFirst ? .max : UInt64(mask), slots, at: place.first, buffer)
    }

    private func tombstone(
        _ number: Int64, _ scanner: inout LineScanner, _ slots: UnsafeMutableBufferPointer<FieldSlot>,
        _ buffer: UnsafeMutableRawBufferPointer
    ) throws(RowError) -> ReceivedRow? {
        var count = 0
        while try scanner.goesOn(), count < 2 {
            slots[count] = .integer(try scanner.integer())
            count += 1
        }
        guard number < places.count, count == 2, try !scanner.goesOn() else {
            throw RowError("a packed tombstone is not entity, key and version")
        }
        guard let entity = places[Int(number)].entity else { return nil }
        return row(entity, isTombstone: true, changed: 0, slots, at: 0, buffer)
    }

    @inline(__always)
    private func row(
        _ entity: Entity, isTombstone: Bool, changed: UInt64, _ slots: UnsafeMutableBufferPointer<FieldSlot>,
        at first: Int, _ buffer: UnsafeMutableRawBufferPointer
    ) -> ReceivedRow? {
        guard let start = slots.baseAddress else { return nil }
        return ReceivedRow(
            entity: entity, isTombstone: isTombstone, changed: changed, bytes: UnsafeRawBufferPointer(buffer),
            slots: UnsafePointer(start + first))
    }
}
