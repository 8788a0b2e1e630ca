import JSON
import Jobs
import Tabular

/// Writes rows as JSON: the members that columns give, over those that all rows have.
final class MemberWriter: RowWriter {
    /// Judges an object: answers the bytes that stand for it.
    typealias Judge = (JSON) throws(Refusal) -> [UInt8]

    /// Why an object is not taken.
    struct Refusal: Error {
        let violations: [Violation]
    }

    private let columns: [MemberMapping.Column]
    private let form: JSONForm
    private let base: JSON
    private let judge: Judge

    /// - Parameter base: the members that all rows have.
    init(_ mapping: MemberMapping?, _ form: JSONForm, base: JSON, judge: @escaping Judge) {
        (columns, self.form, self.base, self.judge) = (mapping?.columns ?? [], form, base, judge)
    }

    func append(_ record: borrowing Tabular.Record, to output: inout [UInt8]) -> [RowFault] {
        var object = base
        var pointers: [(pointer: String, column: MemberMapping.Column)] = []
        for column in columns {
            guard let value = form.value(of: record, at: column.field, for: column.place) else { continue }
            pointers.append((column.path.put(value, in: &object), column))
        }
        do {
            output += try judge(object)
            return []
        } catch {
            var faults: [RowFault] = []
            for violation in error.violations { faults.append(fault(violation, pointers, record)) }
            return faults
        }
    }

    /// A violation, at the column that it is about: the one whose value it stands in, or the one without a value that is missing there.
    private func fault(
        _ violation: Violation, _ pointers: [(pointer: String, column: MemberMapping.Column)],
        _ record: borrowing Tabular.Record
    ) -> RowFault {
        let place = violation.pointer + "/"
        var found = pointers.first { place.hasPrefix($0.pointer + "/") }?.column
        if found == nil, violation.keyword == "required" {
            let given = Set(pointers.map(\.column.field))
            let absent = columns.filter { !given.contains($0.field) && $0.path.parent == violation.pointer }
            if absent.count == 1 { found = absent[0] }
        }
        let reason = violation.pointer.isEmpty ? violation.message : "\(violation.pointer): \(violation.message)"
        guard let found else { return record.fault(in: nil, reason: reason) }
        var fault = record.fault(in: found.field, name: found.name, reason: reason)
        if found.isSecret { fault.value = Redaction.mask }
        return fault
    }
}
