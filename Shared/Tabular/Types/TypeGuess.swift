import JSON

/// A type that the values of a column look like, from the narrowest to the widest.
public enum GuessedType: String, Sendable, Codable, CaseIterable {
    case boolean
    case integer
    case decimal
    case float
    case date
    case timestamp
    case timestamptz
    case uuid
    case json
    case text

    /// The name of PostgreSQL's type for it.
    public var columnType: String {
        switch self {
        case .boolean: "boolean"
        case .integer: "bigint"
        case .decimal: "numeric"
        case .float: "double precision"
        case .date: "date"
        case .timestamp: "timestamp"
        case .timestamptz: "timestamptz"
        case .uuid: "uuid"
        case .json: "jsonb"
        case .text: "text"
        }
    }
}

/// What a column looks like, by a sample of its values.
public struct ColumnGuess: Sendable, Hashable, Codable {
    /// The column's name.
    public let name: String
    /// The narrowest type that nearly all values are of.
    public let type: GuessedType
    /// Whether there are nulls in the sample.
    public let isNullable: Bool
    /// How many values that are not null were looked at.
    public let values: Int
    /// How many of them are not of the type.
    public let misfits: Int
    /// The first values that differ.
    public let examples: [String]
    /// The first value that is not of the type.
    public let misfit: String?

    /// The same without any value, for a column whose values are shown to nobody.
    public var withoutValues: ColumnGuess {
        ColumnGuess(
            name: name, type: type, isNullable: isNullable, values: values, misfits: misfits, examples: [], misfit: nil)
    }
}

/// Guesses the types of columns from records.
public struct TypeInference {
    /// Records that are looked at.
    public static let mostRecords = 10_000
    private static let examples = 3
    /// Of the values, so that some wrong ones in a column of numbers do not hide what it is.
    private static let share = 0.95

    private struct Tally {
        var values = 0
        var nulls = 0
        var fits = [Int](repeating: 0, count: GuessedType.allCases.count)
        var misfits = [String?](repeating: nil, count: GuessedType.allCases.count)
        var examples: [String] = []
    }

    private let names: [String]
    private let rules: ValueRules
    private let checker: ValueChecker
    private let nullTexts: [[UInt8]]
    private var tallies: [Tally]
    /// How many records were looked at.
    public private(set) var records = 0

    /// Begins with no record.
    public init(columns names: [String], rules: ValueRules = ValueRules()) {
        self.names = names
        self.rules = rules
        checker = ValueChecker(rules)
        nullTexts = rules.nullTexts.map { Array($0.utf8) }
        tallies = names.map { _ in Tally() }
    }

    /// Looks at a record.
    public mutating func add(_ record: borrowing Record) {
        records += 1
        for column in tallies.indices {
            guard column < record.count, record.kind(of: column) != .null else {
                tallies[column].nulls += 1
                continue
            }
            let kind = record.kind(of: column)
            record.withBytes(of: column) { add($0, kind: kind, to: column) }
        }
    }

    private mutating func add(_ value: Bytes, kind: FieldKind, to column: Int) {
        if nullTexts.contains(where: { value.elementsEqual($0) }) {
            tallies[column].nulls += 1
            return
        }
        tallies[column].values += 1
        let forms = ValueForms(value.trimmed, kind: kind, checker: checker, rules: rules)
        for (index, type) in GuessedType.allCases.enumerated() {
            if forms.contains(type) {
                tallies[column].fits[index] += 1
            } else if tallies[column].misfits[index] == nil {
                tallies[column].misfits[index] = RowFault.excerpt(value)
            }
        }
        if tallies[column].examples.count < Self.examples {
            let example = RowFault.excerpt(value)
            if !tallies[column].examples.contains(example) { tallies[column].examples.append(example) }
        }
    }

    /// What the columns look like.
    public var columns: [ColumnGuess] {
        zip(names, tallies).map { name, tally in
            let types = GuessedType.allCases
            // Whatever fits all of them is better than a narrower type that fits most.
            let all = types.indices.first { tally.values > 0 && types[$0] != .text && tally.fits[$0] == tally.values }
            let most = types.indices.first {
                tally.values > 0 && Double(tally.fits[$0]) >= Double(tally.values) * Self.share
            }
            let index = all ?? most ?? types.count - 1
            return ColumnGuess(
                name: name, type: types[index], isNullable: tally.nulls > 0, values: tally.values,
                misfits: tally.values - tally.fits[index], examples: tally.examples, misfit: tally.misfits[index])
        }
    }
}

/// The types that one value is of.
struct ValueForms {
    private var bits: UInt16 = 0

    /// The first of them.
    var narrowest: GuessedType { GuessedType.allCases.first(where: contains) ?? .text }

    func contains(_ type: GuessedType) -> Bool { bits & Self.bit(type) != 0 }

    private mutating func insert(_ types: GuessedType...) {
        for type in types { bits |= Self.bit(type) }
    }

    private static func bit(_ type: GuessedType) -> UInt16 {
        // Its own list has every type.
        1 << UInt16(GuessedType.allCases.firstIndex(of: type) ?? 0)
    }

    init(_ text: Bytes, kind: FieldKind, checker: ValueChecker, rules: ValueRules) {
        insert(.text)
        guard let first = text.first else { return }
        if kind == .json || ((first == UInt8(ascii: "{") || first == UInt8(ascii: "[")) && Self.isJSON(text)) {
            insert(.json)
        }
        if kind == .json { return }
        if kind != .string && kind != .cell { insertScalars(text, checker, rules) }
        if UUIDForm.matches(text), text.contains(UInt8(ascii: "-")) { insert(.uuid) }
        insertTimes(text, rules)
    }

    private mutating func insertScalars(_ text: Bytes, _ checker: ValueChecker, _ rules: ValueRules) {
        let isDigit = text.count == 1 && text[0].isDigit
        if !isDigit, checker.truth(text) != nil { insert(.boolean) }
        guard let form = NumberForm(text, decimalComma: rules.decimalComma) else { return }
        // Codes and telephone numbers begin like this.
        guard !form.hasLeadingZero, text[0] != UInt8(ascii: "+") else { return }
        insert(.float)
        guard !form.hasExponent else { return }
        insert(.decimal)
        if form.fractionDigits == 0, !form.isForeign, case .value = IntegerForm(text) { insert(.integer) }
    }

    private mutating func insertTimes(_ text: Bytes, _ rules: ValueRules) {
        guard let form = TimeForm(text, order: rules.dateOrder) else { return }
        if !form.hasTime {
            insert(.date, .timestamp, .timestamptz)
        } else if form.zone == .none {
            insert(.timestamp)
        } else {
            insert(.timestamptz)
        }
    }

    private static func isJSON(_ text: Bytes) -> Bool {
        do throws(JSONError) {
            try JSON.check(UnsafeRawBufferPointer(text))
            return true
        } catch { return false }
    }
}
