import SyncProtocol

enum RowName {
    static func text(_ entity: Int, _ key: Int64) -> String { "\(Entity(rawValue: entity)?.name ?? "row") \(key)" }
}
