import JSON

/// Makes a record of an object's members, by the names of the columns.
struct JSONRow {
    private let columns: [[UInt8]]
    private let places: [[UInt8]: Int]
    private let limits: ReadingLimits
    private let rules: RowRules
    /// Who wants to know the keys that are no columns.
    private let keys: KeyCollector?

    init(columns: [String], limits: ReadingLimits, rules: RowRules, keys: KeyCollector?) {
        self.keys = keys
        self.columns = columns.map { Array($0.utf8) }
        places = Dictionary(zip(self.columns, 0...)) { first, _ in first }
        self.limits = limits
        self.rules = rules
    }

    /// Fills the record from the text of an object; says what is wrong with it.
    func fill(_ record: inout Record, from text: UnsafeBufferPointer<UInt8>) -> RowFault? {
        guard text.count <= limits.mostRecordBytes else {
            return RowFault(.limit, at: record.position, reason: "the row has over \(limits.recordBytes) bytes")
        }
        switch TextSurvey.of(text) {
        case .text: return parse(text, into: &record)
        case .nul(let index): return fault(.nul, text, at: index, record.position, TextSurvey.nulReason)
        case .bad(let index):
            guard rules.badBytes == .replace else {
                return fault(.encoding, text, at: index, record.position, TextSurvey.badReason(text[index], at: index))
            }
            return Array(String(decoding: text, as: UTF8.self).utf8).withUnsafeBufferPointer {
                parse($0, into: &record)
            }
        }
    }

    private func parse(_ text: UnsafeBufferPointer<UInt8>, into record: inout Record) -> RowFault? {
        record.pad(to: min(columns.count, limits.columns))
        var next = 0
        var fault: RowFault?
        do throws(JSONError) {
            let isObject = try JSON.eachMember(of: UnsafeRawBufferPointer(text), maxDepth: limits.depth) { member in
                // Most objects have their members in the same order.
                let place =
                    next < columns.count && member.key.elementsEqual(columns[next]) ? next : places[Array(member.key)]
                guard let place, place < record.count else {
                    keys?.add(member.key)
                    if rules.rejectsUnknownKeys && fault == nil { fault = unknown(member, record.position) }
                    return
                }
                next = place + 1
                if member.source.count > limits.fieldBytes && fault == nil {
                    fault = RowFault(
                        .limit, at: record.position, column: place + 1,
                        reason: "the value has over \(limits.fieldBytes) bytes")
                }
                record.set(member, at: place)
            }
            guard isObject else {
                return RowFault(
                    .json, at: record.position, value: RowFault.excerpt(text),
                    reason: "the row is no object: write each row as {\"column\": value, …}")
            }
            return fault
        } catch {
            let code: RowFault.Code = error.isTooDeep ? .limit : .json
            return RowFault(
                code, at: record.position, line: record.position.line + error.line - 1, value: RowFault.excerpt(text),
                reason: "\(error.message) (at \(error.position) of the row)")
        }
    }

    private func unknown(_ member: JSONMember, _ position: Position) -> RowFault {
        let key = RowFault.excerpt(member.key)
        return RowFault(
            .json, at: position, name: key, value: RowFault.excerpt(member.source),
            reason: "there is no column '\(key)'")
    }

    private func fault(
        _ code: RowFault.Code, _ text: UnsafeBufferPointer<UInt8>, at index: Int, _ position: Position, _ reason: String
    ) -> RowFault {
        let breaks = LineEnd.count(in: UnsafeBufferPointer(rebasing: text[..<index]))
        return RowFault(
            code, at: position, line: position.line + breaks, value: RowFault.excerpt(text), reason: reason)
    }
}

extension Record {
    fileprivate mutating func set(_ member: JSONMember, at place: Int) {
        switch member.kind {
        case .null: fields[place].kind = .null
        case .boolean: set(member.source, kind: .boolean, at: place)
        case .number: set(member.source, kind: .number, at: place)
        case .string: set(member.text ?? member.source, kind: .string, at: place)
        case .array, .object: set(member.source, kind: .json, at: place)
        }
    }
}
