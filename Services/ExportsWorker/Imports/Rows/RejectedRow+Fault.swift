import JSON
import Jobs
import Tabular

extension RejectedRow {
    /// A row with what is wrong in it: where the first fault is, and the reasons of all.
    init(_ faults: [RowFault], fields: [String?]?) {
        let first = faults[0]
        let reasons = faults.map { fault in
            fault.name.map { faults.count > 1 ? "\($0): \(fault.reason)" : fault.reason } ?? fault.reason
        }
        self.init(
            number: Int64(first.position.number), line: Int64(first.line), name: first.name, value: first.value,
            reason: reasons.joined(separator: "; "), fields: fields)
    }

    /// For clients.
    var json: JSON {
        [
            "number": .int(number), "line": .int(line), "column": name.map { .string($0) } ?? .null,
            "value": value.map { .string($0) } ?? .null, "reason": .string(reason),
        ]
    }
}
