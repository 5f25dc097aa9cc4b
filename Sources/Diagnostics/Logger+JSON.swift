extension Logger {
    /// Keys that every line has; a field of the same name gets an underscore after it.
    private static let ownKeys = ["time", "level", "program", "event", "cut"]

    /// The line of an event as one JSON object with its line feed (RFC 8259). Fields that do not fit are left out,
    /// and the line says so.
    static func jsonLine(
        _ time: Instant, _ level: Level, _ program: String, _ event: String, _ fields: [(String, String)]
    ) -> String {
        var line = "{\"time\":\"\(time.rfc3339)\",\"level\":\"\(level)\",\"program\":\(jsonText(program))"
        line += ",\"event\":\(jsonText(event))"
        let mark = ",\"cut\":\"true\""
        var seen = ownKeys
        for (key, value) in fields {
            var key = name(key)
            while seen.contains(key) { key += "_" }
            seen.append(key)
            let field = ",\"\(key)\":\(jsonText(value))"
            guard line.utf8.count + field.utf8.count + mark.utf8.count + 2 < lineBytesMax else {
                return line + mark + "}\n"
            }
            line += field
        }
        return line + "}\n"
    }

    private static func jsonText(_ value: String) -> String {
        let text = VisibleText.prefix(value, bytesMax: valueBytesMax)
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\r": quoted += "\\r"
            case "\t": quoted += "\\t"
            case _ where VisibleText.isUnsafe(scalar):
                let hex = String(scalar.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: max(0, 4 - hex.count)) + hex
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + (text.endIndex < value.endIndex ? "…\"" : "\"")
    }
}
