import JSON

/// Makes JSON of fields, for places of which is known what kinds of value they take.
///
/// What a table of JSON says keeps its type. A text of CSV, and what stands in a cell of a workbook, stays a text where one is taken; else it becomes
/// the number, the truth value, the list or the object that it spells, and the one element of a list where only a list is taken. What does not
/// spell what is wanted stays a text: whoever validates the whole says what would be right.
public struct JSONForm: Sendable {
    /// What a place takes.
    public struct Place: Sendable, Hashable {
        /// The kinds of the value.
        public var kinds: JSONKinds
        /// The kinds of its elements, where it is a list.
        public var elements: JSONKinds

        /// Makes it; any value by default.
        public init(kinds: JSONKinds = .all, elements: JSONKinds = .all) {
            self.kinds = kinds
            self.elements = elements
        }
    }

    private let rules: ValueRules
    private let checker: ValueChecker
    private let nullTexts: [[UInt8]]
    private let isTyped: Bool

    /// Makes a form for tables in a format.
    public init(_ format: TableFormat, rules: ValueRules = ValueRules()) {
        self.rules = rules
        checker = ValueChecker(rules)
        nullTexts = rules.nullTexts.map { Array($0.utf8) }
        isTyped = format == .jsonLines || format == .jsonArray
    }

    /// The value of a field; nil for null.
    public func value(of record: borrowing Record, at index: Int, for place: Place) -> JSON? {
        guard index < record.count, record.kind(of: index) != .null else { return nil }
        let kind = record.kind(of: index)
        return record.withBytes(of: index) { bytes in
            let bytes = rules.trims ? bytes.trimmed : bytes
            guard !nullTexts.contains(where: { $0.elementsEqual(bytes) }) else { return nil }
            if isTyped { return kind == .string ? Self.text(bytes) : parsed(bytes) ?? Self.text(bytes) }
            return value(of: bytes, for: place)
        }
    }

    private func value(of bytes: Bytes, for place: Place) -> JSON {
        let kinds = place.kinds
        if kinds.contains(.string) { return Self.text(bytes) }
        let trimmed = bytes.trimmed
        if kinds.contains(.integer) || kinds.contains(.number), let number = number(trimmed) { return number }
        if kinds.contains(.boolean), let truth = checker.truth(trimmed) { return .bool(truth) }
        if kinds.contains(.array) || kinds.contains(.object), let value = parsed(trimmed),
            kinds.contains(JSONKinds.array) && value.arrayValue != nil
                || kinds.contains(.object) && value.objectValue != nil
        {
            return value
        }
        guard kinds.contains(.array) else { return Self.text(bytes) }
        return .array([value(of: bytes, for: Place(kinds: place.elements))])
    }

    private func number(_ bytes: Bytes) -> JSON? {
        guard let form = NumberForm(bytes, decimalComma: rules.decimalComma) else { return nil }
        var digits = Array(bytes)
        if form.isForeign { digits = digits.filter { $0 != UInt8(ascii: ".") }.map { $0 == 0x2C ? 0x2E : $0 } }
        let text = String(decoding: digits, as: UTF8.self)
        if let whole = Int64(text) { return .int(whole) }
        return Double(text).map { .double($0) }
    }

    private func parsed(_ bytes: Bytes) -> JSON? {
        // What is no JSON is a text.
        do { return try JSON.parse(UnsafeRawBufferPointer(bytes)) } catch { return nil }
    }

    private static func text(_ bytes: Bytes) -> JSON { .string(String(decoding: bytes, as: UTF8.self)) }
}
