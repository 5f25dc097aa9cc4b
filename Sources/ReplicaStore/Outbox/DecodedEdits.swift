import PartnerModel
import SyncProtocol

/// Edits by number as they were decoded, so that a long queue is not decoded anew at every step. An edit is never
/// rewritten, so what was decoded once stays right; a result and a prediction may be, so they are kept with the text
/// they were decoded from. The store that owns the file owns this too.
final class DecodedEdits {
    /// Edits kept; past it all are let go.
    private static let most = 20_000
    /// Edits kept beside the open ones, which are not asked for again: a kilobyte or three each.
    private static let spare = 64
    private var known: [Int64: (wire: V1.Edit, intent: EditIntent)] = [:]
    private var results: [Int64: (text: String, value: V1.Result)] = [:]
    private var predictions: [Int64: (text: String, value: Prediction)] = [:]

    /// Edits that are kept.
    var count: Int { max(known.count, results.count, predictions.count) }

    /// Lets go of edits that have their end, once there are some. A dictionary that is filtered is as large as what is
    /// left in it.
    func keep(_ open: [OutboxEdit]) {
        guard count > open.count + DecodedEdits.spare else { return }
        let numbers = Set(open.map(\.number.value))
        known = known.filter { numbers.contains($0.key) }
        results = results.filter { numbers.contains($0.key) }
        predictions = predictions.filter { numbers.contains($0.key) }
    }

    /// Takes what an edit was written down from, once it is in the file.
    func note(_ edit: OutboxEdit, prediction text: String?) {
        if known.count >= DecodedEdits.most { known.removeAll() }
        known[edit.number.value] = (edit.wire, edit.intent)
        guard let text, let prediction = edit.prediction else { return }
        if predictions.count >= DecodedEdits.most { predictions.removeAll() }
        predictions[edit.number.value] = (text, prediction)
    }

    func result(_ number: Int64, _ text: String) throws -> V1.Result { try DecodedEdits.value(&results, number, text) }

    func prediction(_ number: Int64, _ text: String) throws -> Prediction {
        try DecodedEdits.value(&predictions, number, text)
    }

    private static func value<Value: Decodable>(
        _ kept: inout [Int64: (text: String, value: Value)], _ number: Int64, _ text: String
    ) throws -> Value {
        if let known = kept[number], known.text == text { return known.value }
        let value = try WireCoding.decode(Value.self, from: text)
        if kept.count >= most { kept.removeAll() }
        kept[number] = (text, value)
        return value
    }

    func edit(_ number: Int64, _ text: () -> String) throws -> (wire: V1.Edit, intent: EditIntent) {
        if let edit = known[number] { return edit }
        let edit = try DecodedEdits.decode(number, text())
        if known.count >= DecodedEdits.most { known.removeAll() }
        known[number] = edit
        return edit
    }

    static func decode(_ number: Int64, _ text: String) throws -> (wire: V1.Edit, intent: EditIntent) {
        let wire = try WireCoding.decode(V1.Edit.self, from: text)
        guard let intent = try? wire.intent() else {
            throw WireCoding.Malformed(why: "edit \(number) is of a kind this build does not know")
        }
        return (wire, intent)
    }
}
