import CLibXML2

/// Bytes from somewhere, read once.
package protocol ByteSource: AnyObject {
    /// Reads up to `count` bytes; 0 at the end, -1 on failure.
    func read(into buffer: UnsafeMutableRawPointer?, count: Int) -> Int
    /// Why reading failed.
    var failure: ExtractionError? { get }
}

/// Bytes in memory.
package final class MemorySource: ByteSource {
    private let bytes: [UInt8]
    private var offset = 0
    /// Nothing can fail.
    package let failure: ExtractionError? = nil

    /// Reads them from the first on.
    package init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// Copies the next of them.
    package func read(into buffer: UnsafeMutableRawPointer?, count: Int) -> Int {
        let piece = bytes[offset..<min(offset + count, bytes.count)]
        piece.withUnsafeBytes { if let start = $0.baseAddress { buffer?.copyMemory(from: start, byteCount: $0.count) } }
        offset += piece.count
        return piece.count
    }
}

/// Reads XML as a stream, without entities, document types or network.
///
/// Libxml2's own limits stay on: 256 levels of nesting, 10 MB a text node, and the factor by which entities may grow.
package final class XMLStream {
    /// What comes next.
    package enum Event {
        case start(String)
        case end(String)
        case text(String)
    }

    /// What the reader's callback is given: a class, where the source is any.
    private final class Input {
        let source: any ByteSource

        init(_ source: any ByteSource) { self.source = source }
    }

    private let input: Input
    private let format: String
    private let reader: xmlTextReaderPtr
    private var pendingEnd: String?
    private var isBeyondLimits = false
    private var firstError: String?

    /// Reads from the source; errors call the document by its format.
    package init(_ source: any ByteSource, of format: String) throws(ExtractionError) {
        let options = XML_PARSE_NONET.rawValue | XML_PARSE_COMPACT.rawValue
        let input = Input(source)
        let reader = xmlReaderForIO(
            { context, buffer, count in
                guard let context else { return -1 }
                let input = Unmanaged<Input>.fromOpaque(context).takeUnretainedValue()
                return Int32(input.source.read(into: buffer, count: Int(count)))
            }, nil, Unmanaged.passUnretained(input).toOpaque(), nil, nil, Int32(options))
        guard let reader else { throw .outOfMemory }
        self.input = input
        self.format = format
        self.reader = reader
        xmlTextReaderSetStructuredErrorHandler(
            reader,
            { context, error in
                guard let context, let error else { return }
                Unmanaged<XMLStream>.fromOpaque(context).takeUnretainedValue().note(error.pointee)
            }, Unmanaged.passUnretained(self).toOpaque())
    }

    deinit { xmlFreeTextReader(reader) }

    private func note(_ error: xmlError) {
        let message = error.message.map { String(cString: $0).trimmingBlanks() } ?? "bad XML"
        if message.contains("huge") || message.contains("xcessive") || message.contains("amplification")
            || message.contains("entity reference loop")
        {
            isBeyondLimits = true
        }
        if firstError == nil { firstError = message }
    }

    /// The next event; nil at the end. Throws `too_large` or `corrupt`.
    package func next() throws(ExtractionError) -> Event? {
        if let name = pendingEnd {
            pendingEnd = nil
            return .end(name)
        }
        while true {
            let result = xmlTextReaderRead(reader)
            if result == 0 && input.source.failure == nil { return nil }
            guard result == 1 else { throw failure }
            switch xmlTextReaderNodeType(reader) {
            case Int32(XML_READER_TYPE_ELEMENT.rawValue):
                if xmlTextReaderIsEmptyElement(reader) == 1 { pendingEnd = name }
                return .start(name)
            case Int32(XML_READER_TYPE_END_ELEMENT.rawValue): return .end(name)
            case Int32(XML_READER_TYPE_TEXT.rawValue), Int32(XML_READER_TYPE_CDATA.rawValue),
                Int32(XML_READER_TYPE_SIGNIFICANT_WHITESPACE.rawValue), Int32(XML_READER_TYPE_WHITESPACE.rawValue):
                return .text(xmlTextReaderConstValue(reader).map { String(cString: $0) } ?? "")
            default: continue
            }
        }
    }

    /// Passes over the element that has just started, with all that is in it.
    package func skip() throws(ExtractionError) {
        var depth = 1
        while depth > 0, let event = try next() {
            switch event {
            case .start: depth += 1
            case .end: depth -= 1
            case .text: break
            }
        }
    }

    /// The text in the element that has just started, whatever elements it is in.
    package func text() throws(ExtractionError) -> String {
        var depth = 1
        var text = ""
        while depth > 0, let event = try next() {
            switch event {
            case .start: depth += 1
            case .end: depth -= 1
            case .text(let piece): text += piece
            }
        }
        return text
    }

    /// The name without its prefix.
    private var name: String { xmlTextReaderConstLocalName(reader).map { String(cString: $0) } ?? "" }

    /// An attribute of the element that has just started, by its name without prefix.
    package subscript(attribute: String) -> String? { value { name == attribute } }

    /// The id by which the element that has just started refers to another part: `r:id`, beside which there may be an `id`.
    package var relation: String? {
        value {
            let space = xmlTextReaderConstNamespaceUri(reader).map { String(cString: $0) } ?? ""
            return space.hasSuffix("/relationships") && ["id", "embed", "link"].contains(name)
        }
    }

    /// Whether the element that has just started is a description of a drawing, for those who do not see it.
    package var isDescription: Bool {
        let space = xmlTextReaderConstNamespaceUri(reader).map { String(cString: $0) } ?? ""
        return ["title", "desc"].contains(name) && space.contains("svg")
    }

    private func value(where isWanted: () -> Bool) -> String? {
        defer { xmlTextReaderMoveToElement(reader) }
        while xmlTextReaderMoveToNextAttribute(reader) == 1 {
            if isWanted() { return xmlTextReaderConstValue(reader).map { String(cString: $0) } }
        }
        return nil
    }

    private var failure: ExtractionError {
        if let failure = input.source.failure { return failure }
        if isBeyondLimits {
            return ExtractionError(.tooLarge, "a part of the document is beyond all measure: save it again")
        }
        return .corrupt(format, firstError ?? "bad XML")
    }
}
