import SQLiteKit

/// What an edit that did not take effect had asked for, as a state, in its record.
enum M0003_Asked {
    static let migration = Migration(number: 3, name: "asked", sql: "ALTER TABLE history ADD COLUMN asked TEXT;")
}
