import JSON
import Jobs

/// Samples as comma-separated values (RFC 4180): a header, then a line for each record, each ended by CR LF.
///
/// A cell that a spreadsheet would take for a formula gets an apostrophe in front, by which spreadsheets know it for text. Numbers
/// keep their sign: a number, and text that is nothing but one, cannot be a formula.
enum CSV {
    /// The columns of where a record comes from, then the members of the records in the order in which they first occur.
    static func text(of samples: [OutputSample]) throws -> [UInt8] {
        let records = try samples.map { try JSON.parse($0.record) }
        var columns: [String] = []
        var known: Set<String> = []
        for record in records {
            for (name, _) in members(of: record) where known.insert(name).inserted { columns.append(name) }
        }
        var text = line(["operator", "task_index", "attempt", "number", "at"] + columns)
        for (sample, record) in zip(samples, records) {
            let values = Dictionary(members(of: record).map { ($0.0, cell($0.1)) }) { first, _ in first }
            let origin = [
                harmless(sample.operatorName), String(sample.taskIndex), String(sample.attempt), String(sample.number),
                sample.at.rfc3339(),
            ]
            text += line(origin + columns.map { values[$0] ?? "" })
        }
        return Array(text.utf8)
    }

    private static func members(of record: JSON) -> [(String, JSON)] {
        guard let object = record.objectValue else { return [("record", record)] }
        return object.map { (harmless("record." + $0.key), $0.value) }
    }

    private static func cell(_ value: JSON) -> String {
        switch value {
        case .null: ""
        case .string(let text): harmless(text)
        // Nested values begin with a bracket, the others are numbers and truth values.
        default: value.description
        }
    }

    /// What spreadsheets take for the start of a formula, also in the wide forms of East Asian keyboards.
    private static let starts: Set<Unicode.Scalar> = [
        "=", "+", "-", "@", "\t", "\r", "\n", "\u{FF1D}", "\u{FF0B}", "\u{FF0D}", "\u{FF20}",
    ]

    static func harmless(_ text: String) -> String {
        guard let first = text.unicodeScalars.first, starts.contains(first), !isNumber(text) else { return text }
        return "'" + text
    }

    private static func isNumber(_ text: String) -> Bool {
        text.wholeMatch(of: #/[+-]?[0-9]+([.,][0-9]+)?([eE][+-]?[0-9]+)?/#) != nil
    }

    private static func line(_ cells: [String]) -> String { cells.map(quoted).joined(separator: ",") + "\r\n" }

    private static func quoted(_ cell: String) -> String {
        guard cell.unicodeScalars.contains(where: { $0 == "," || $0 == "\"" || $0 == "\r" || $0 == "\n" }) else {
            return cell
        }
        // By scalars: a quote with a combining mark behind it is a quote here.
        var text = "\""
        for scalar in cell.unicodeScalars {
            if scalar == "\"" { text.unicodeScalars.append(scalar) }
            text.unicodeScalars.append(scalar)
        }
        return text + "\""
    }
}
