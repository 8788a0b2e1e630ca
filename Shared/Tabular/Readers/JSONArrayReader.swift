/// Reads the objects of one JSON array, whose members are fields by their keys; the array may be of any size.
///
/// The text is only cut into its elements here; each is parsed for itself, so that one at fault costs itself.
public final class JSONArrayReader: RecordReader {
    /// Where the next record begins; behind the last one it stays before the array's closing bracket, so that whoever takes up there finds it.
    public private(set) var position: Position

    private let row: JSONRow
    private let limits: ReadingLimits
    private var window: ByteWindow
    private var state: State

    private enum State {
        /// Before the bracket that opens the array.
        case start
        /// Where a reader takes up: before an element, or right behind one.
        case resumed
        /// Before an element, right behind the bracket or a comma.
        case element
        /// Behind an element.
        case separator
        case end
    }

    /// Makes a reader of UTF-8 from `position` on; `columns` are the keys, in the order that fields are to have.
    public convenience init(
        _ source: any ByteSource, columns: [String], at position: Position = Position(),
        limits: ReadingLimits = ReadingLimits(), rules: RowRules = RowRules()
    ) {
        self.init(source, columns: columns, at: position, limits: limits, rules: rules, keys: nil)
    }

    init(
        _ source: any ByteSource, columns: [String], at position: Position = Position(),
        limits: ReadingLimits = ReadingLimits(), rules: RowRules = RowRules(), keys: KeyCollector?
    ) {
        row = JSONRow(columns: columns, limits: limits, rules: rules, keys: keys)
        self.limits = limits
        self.position = position
        state = position.offset == 0 ? .start : .resumed
        window = ByteWindow(source)
    }

    /// Reads the next record.
    public func read(into record: inout Record) throws(TableError) -> Reading {
        record.begin(columns: limits.columns)
        while state != .end {
            guard let byte = try passBlanks() else { return try ended() }
            switch (state, byte) {
            case (.start, UInt8(ascii: "[")):
                consume(1)
                state = .element
            case (.start, _):
                throw TableError(
                    .corrupt, "the text is no JSON array: it must begin with '[', or be read as another format")
            case (_, UInt8(ascii: "]")):
                let bracket = position
                consume(1)
                state = .end
                guard try passBlanks() != nil else {
                    position = bracket
                    return .end
                }
                let fault = RowFault(.json, at: position, reason: "text follows behind the array: take it out")
                // Whoever takes up behind this fault must not read the text as elements.
                while try window.hasBytes() { consume(window.count) }
                return .fault(fault)
            case (.separator, UInt8(ascii: ",")), (.resumed, UInt8(ascii: ",")):
                consume(1)
                state = .element
            // Behind the last element there may be one, too.
            case (.separator, _):
                return .fault(try passElement(reason: "a comma is missing before this element"))
            default:
                return try element(into: &record)
            }
        }
        return .end
    }

    /// The end of the text, which is too early for the array.
    private func ended() throws(TableError) -> Reading {
        guard state != .start else { throw TableError(.empty, "there is no JSON array: the text is empty") }
        state = .end
        return .fault(RowFault(.json, at: position, reason: "the text ends before the array does: it was cut"))
    }

    private func element(into record: inout Record) throws(TableError) -> Reading {
        var scanner = ElementScanner()
        while true {
            if let length = scanner.scan(window.bytes, isWhole: window.isAtEnd) {
                state = .separator
                record.position = position
                let text = UnsafeBufferPointer(rebasing: window.bytes[..<length])
                let fault = scanner.isCut ? cutElement(text) : row.fill(&record, from: text)
                consume(length)
                position.number += 1
                return fault.map(Reading.fault) ?? .record
            }
            if window.count > limits.mostRecordBytes { return .fault(try passRest(of: &scanner)) }
            _ = try window.fill()
        }
    }

    private func cutElement(_ text: UnsafeBufferPointer<UInt8>) -> RowFault {
        RowFault(
            .json, at: position, value: RowFault.excerpt(text),
            reason: "an element opens here and is not closed up to the end of the text: a quote or a bracket is missing"
        )
    }

    /// Passes over an element that is larger than the limit, in the memory that there is.
    private func passRest(of scanner: inout ElementScanner) throws(TableError) -> RowFault {
        let fault = RowFault(
            .limit, at: position, value: RowFault.excerpt(window.bytes.prefix(256)),
            reason: "the row has over \(limits.mostRecordBytes) bytes")
        state = .separator
        while true {
            let length = scanner.scan(window.bytes, isWhole: window.isAtEnd)
            let passed = length ?? window.count
            consume(passed)
            if length != nil { break }
            scanner.forget(passed)
            _ = try window.fill()
        }
        position.number += 1
        return fault
    }

    private func passElement(reason: String) throws(TableError) -> RowFault {
        let fault = RowFault(.json, at: position, value: RowFault.excerpt(window.bytes.prefix(64)), reason: reason)
        var ignored = Record()
        ignored.begin(columns: limits.columns)
        state = .element
        // Whatever stands there, its own faults included, is the one fault; what follows is looked at anew.
        _ = try element(into: &ignored)
        return fault
    }

    /// The next byte that is no blank, which stays; nil at the end.
    private func passBlanks() throws(TableError) -> UInt8? {
        while try window.hasBytes() {
            let blanks = window.bytes.prefix { $0 == 0x20 || $0 == 0x0A || $0 == 0x0D || $0 == 0x09 }.count
            consume(blanks)
            if let byte = window.bytes.first { return byte }
        }
        return nil
    }

    private func consume(_ count: Int) {
        position.line += LineEnd.feeds(in: UnsafeBufferPointer(rebasing: window.bytes[..<count]))
        position.offset += count
        window.consume(count)
    }
}

/// Finds the end of an element, which may come in pieces.
private struct ElementScanner {
    /// Whether the text has ended within the element.
    private(set) var isCut = false
    private var depth = 0
    private var isInString = false
    private var isEscaped = false
    private var scanned = 0

    /// How long the element is that the bytes begin with; nil when more are needed. What was looked at in an earlier call is not looked at again.
    mutating func scan(_ bytes: UnsafeBufferPointer<UInt8>, isWhole: Bool) -> Int? {
        while scanned < bytes.count {
            let byte = bytes[scanned]
            if isInString {
                passStringByte(byte)
                if !isInString && depth == 0 {
                    scanned += 1
                    return scanned
                }
            } else {
                switch byte {
                case UInt8(ascii: "\""): isInString = true
                case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
                // The array's own bracket, behind a number or a word.
                case UInt8(ascii: "]") where depth == 0: return scanned
                case UInt8(ascii: "}"), UInt8(ascii: "]"):
                    depth = max(depth - 1, 0)
                    if depth == 0 {
                        scanned += 1
                        return scanned
                    }
                case UInt8(ascii: ","): if depth == 0 { return scanned }
                default: break
                }
            }
            scanned += 1
        }
        guard isWhole else { return nil }
        isCut = depth > 0 || isInString
        return bytes.count
    }

    /// The first of the bytes that were looked at are gone.
    mutating func forget(_ count: Int) { scanned -= count }

    private mutating func passStringByte(_ byte: UInt8) {
        if isEscaped {
            isEscaped = false
        } else if byte == UInt8(ascii: "\\") {
            isEscaped = true
        } else if byte == UInt8(ascii: "\"") {
            isInString = false
        }
    }
}
