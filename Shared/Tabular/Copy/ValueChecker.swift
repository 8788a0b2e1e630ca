import JSON

/// Checks values and writes them as `COPY` takes them.
struct ValueChecker: Sendable {
    private let decimalComma: Bool
    private let dateOrder: DateOrder
    private let trueWords: [[UInt8]]
    private let falseWords: [[UInt8]]

    init(_ rules: ValueRules) {
        decimalComma = rules.decimalComma
        dateOrder = rules.dateOrder
        trueWords = rules.trueWords.map { Array($0.lowercased().utf8) }
        falseWords = rules.falseWords.map { Array($0.lowercased().utf8) }
    }

    /// Appends the value; says what is wrong with it. What was appended then is for the caller to take back.
    func append(_ value: Bytes, kind: FieldKind, type: ColumnType, to output: inout RowBuffer) -> ValueProblem? {
        switch type {
        case .text, .other:
            output.append(escaped: value)
            return nil
        case .array: return array(value, kind, &output)
        case .varchar(let length): return varchar(value, length, &output)
        case .int2: return integer(value, Int64(Int16.min)...Int64(Int16.max), "smallint", &output)
        case .int4: return integer(value, Int64(Int32.min)...Int64(Int32.max), "integer", &output)
        case .int8: return integer(value, .min ... .max, "bigint", &output)
        case .float4: return float(value, isSingle: true, &output)
        case .float8: return float(value, isSingle: false, &output)
        case .numeric(let precision, let scale): return numeric(value, precision, scale, &output)
        case .boolean: return boolean(value, &output)
        case .uuid:
            guard UUIDForm.matches(value) else { return .not("a UUID") }
            output.append(contentsOf: value)
            return nil
        case .date: return date(value, &output)
        case .timestamp: return timestamp(value, hasZone: false, &output)
        case .timestamptz: return timestamp(value, hasZone: true, &output)
        case .time:
            guard TimeForm.isTime(value) else { return .not("a time of day (HH:MM:SS)") }
            output.append(contentsOf: value)
            return nil
        case .json: return json(value, kind, &output)
        case .bytea: return bytea(value, &output)
        }
    }

    private func array(_ value: Bytes, _ kind: FieldKind, _ output: inout RowBuffer) -> ValueProblem? {
        guard kind == .json, value.first == UInt8(ascii: "[") else {
            output.append(escaped: value)
            return nil
        }
        var literal: [UInt8] = []
        do throws(JSONError) {
            try ArrayLiteral.append(value, to: &literal)
        } catch { return .not("an array: \(error.message)") }
        output.reserve(literal.count * 2)
        literal.withUnsafeBufferPointer { output.append(escaped: $0) }
        return nil
    }

    private func varchar(_ value: Bytes, _ length: Int, _ output: inout RowBuffer) -> ValueProblem? {
        if value.count > length {
            let characters = value.count { $0 & 0xC0 != 0x80 }
            // Blanks beyond the length are cut by the server, as SQL wants it.
            let blanks = value.reversed().prefix { $0 == 0x20 }.count
            guard characters - blanks <= length else { return .beyond("longer than \(length) characters") }
        }
        output.append(escaped: value)
        return nil
    }

    private func integer(
        _ value: Bytes, _ range: ClosedRange<Int64>, _ name: StaticString, _ output: inout RowBuffer
    ) -> ValueProblem? {
        switch IntegerForm(value) {
        case .value(let number) where range.contains(number):
            output.append(contentsOf: value)
            return nil
        case .none: return decimalComma ? grouped(value, range, name, &output) : .not("an integer")
        default: return .beyond("out of the range of \(name)")
        }
    }

    /// A whole number with points between its groups of digits.
    private func grouped(
        _ value: Bytes, _ range: ClosedRange<Int64>, _ name: StaticString, _ output: inout RowBuffer
    ) -> ValueProblem? {
        guard let form = NumberForm(value, decimalComma: true), form.isForeign, !form.hasExponent,
            !value.contains(UInt8(ascii: ","))
        else { return .not("an integer") }
        let digits = value.filter { $0 != UInt8(ascii: ".") }
        guard case .value(let number) = digits.withUnsafeBufferPointer(IntegerForm.init), range.contains(number) else {
            return .beyond("out of the range of \(name)")
        }
        digits.withUnsafeBufferPointer { output.append(contentsOf: $0) }
        return nil
    }

    private func float(_ value: Bytes, isSingle: Bool, _ output: inout RowBuffer) -> ValueProblem? {
        guard let form = NumberForm(value, decimalComma: decimalComma) else {
            guard NumberForm.isSpecial(value) else { return .not("a number") }
            output.append(contentsOf: value)
            return nil
        }
        let start = output.count
        append(form, value, &output)
        let isBeyond = form.isBeyond(Bytes(rebasing: output.bytes[start...]), isSingle: isSingle)
        return isBeyond ? .beyond("out of the range of \(isSingle ? "real" : "double precision")") : nil
    }

    private func numeric(
        _ value: Bytes, _ precision: Int?, _ scale: Int, _ output: inout RowBuffer
    ) -> ValueProblem? {
        guard let form = NumberForm(value, decimalComma: decimalComma) else {
            guard NumberForm.isSpecial(value) else { return .not("a number") }
            output.append(contentsOf: value)
            return nil
        }
        if let precision, form.exceeds(precision: precision, scale: scale, text: value) {
            return .beyond("out of the range of numeric(\(precision),\(scale))")
        }
        guard precision != nil || !form.exceeds(precision: Self.mostDigits, scale: 0, text: value) else {
            return .beyond("out of the range of numeric")
        }
        append(form, value, &output)
        return nil
    }

    /// Before the point of a `numeric` without a precision.
    private static let mostDigits = 131_072

    /// With a point for the decimal sign and nothing between digits.
    private func append(_ form: NumberForm, _ value: Bytes, _ output: inout RowBuffer) {
        guard form.isForeign else { return output.append(contentsOf: value) }
        for byte in value where byte != UInt8(ascii: ".") {
            output.append(byte == UInt8(ascii: ",") ? UInt8(ascii: ".") : byte)
        }
    }

    /// Whether the text is one of the words; nil for none.
    func truth(_ value: Bytes) -> Bool? {
        if trueWords.contains(where: { value.isWord($0) }) { return true }
        return falseWords.contains { value.isWord($0) } ? false : nil
    }

    private func boolean(_ value: Bytes, _ output: inout RowBuffer) -> ValueProblem? {
        guard let truth = truth(value) else { return .not("true or false") }
        output.append(truth ? UInt8(ascii: "t") : UInt8(ascii: "f"))
        return nil
    }

    private var dateWords: String {
        switch dateOrder {
        case .iso: "a date of the calendar (YYYY-MM-DD)"
        case .dayMonthYear: "a date of the calendar (DD.MM.YYYY)"
        case .monthDayYear: "a date of the calendar (MM/DD/YYYY)"
        }
    }

    private func isInfinity(_ value: Bytes) -> Bool { value.isWord("infinity") || value.isWord("-infinity") }

    private func date(_ value: Bytes, _ output: inout RowBuffer) -> ValueProblem? {
        if isInfinity(value) {
            output.append(contentsOf: value)
            return nil
        }
        guard let form = TimeForm(value, order: dateOrder) else { return .not(dateWords) }
        guard form.isMidnight else { return .beyond("a time, which the column would lose: map it to a timestamp") }
        append(form, Bytes(rebasing: value[..<form.timeStart]), &output)
        return nil
    }

    private func timestamp(_ value: Bytes, hasZone: Bool, _ output: inout RowBuffer) -> ValueProblem? {
        if isInfinity(value) {
            output.append(contentsOf: value)
            return nil
        }
        guard let form = TimeForm(value, order: dateOrder) else { return .not("\(dateWords), with or without a time") }
        // The server would pass over the zone in silence.
        guard hasZone || form.zone == .none || form.zone == .utc else {
            return .beyond("a time of a zone, which the column would lose: map it to a timestamp with time zone")
        }
        append(form, Bytes(rebasing: value[..<form.timeStart]), &output)
        output.append(contentsOf: Bytes(rebasing: value[form.timeStart...]))
        return nil
    }

    /// The date of a form, as ISO 8601 has it.
    private func append(_ form: TimeForm, _ date: Bytes, _ output: inout RowBuffer) {
        guard !form.isISO else { return output.append(contentsOf: date) }
        output.append(decimal: form.year, digits: 4)
        output.append(UInt8(ascii: "-"))
        output.append(decimal: form.month, digits: 2)
        output.append(UInt8(ascii: "-"))
        output.append(decimal: form.day, digits: 2)
    }

    /// A string of JSON stays one, whatever stands in it; so does the text of a cell, unless it is an object or an array.
    private func json(_ value: Bytes, _ kind: FieldKind, _ output: inout RowBuffer) -> ValueProblem? {
        // What a reader of JSON gives was parsed before.
        if kind == .json || kind == .number || kind == .boolean {
            output.append(escaped: value)
            return nil
        }
        let first = value.first
        if kind == .string || (kind == .cell && first != UInt8(ascii: "{") && first != UInt8(ascii: "[")) {
            var text: [UInt8] = []
            JSON.string(String(decoding: value, as: UTF8.self)).write(into: &text)
            output.reserve(text.count * 2)
            text.withUnsafeBufferPointer { output.append(escaped: $0) }
            return nil
        }
        do throws(JSONError) {
            try JSON.check(UnsafeRawBufferPointer(value))
        } catch { return .not("JSON: \(error.message)") }
        output.append(escaped: value)
        return nil
    }

    private func bytea(_ value: Bytes, _ output: inout RowBuffer) -> ValueProblem? {
        guard value.count >= 2, value.count.isMultiple(of: 2), value[0] == UInt8(ascii: "\\"),
            value[1] == UInt8(ascii: "x"),
            value[2...].allSatisfy(\.isHexDigit)
        else { return .not("\\x and pairs of hexadecimal digits") }
        output.append(escaped: value)
        return nil
    }
}
