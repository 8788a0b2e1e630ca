import CLibXML2

/// Reads one XML part as a stream, without entities, document types or network.
///
/// Libxml2's own limits stay on: 256 levels of nesting, 10 MB a text node, and the factor by which entities may grow.
final class XMLStream {
    /// What comes next in the part.
    enum Event {
        case start(String)
        case end(String)
        case text(String)
    }

    private let part: ZipPart
    private let budget: InflationBudget
    private let reader: xmlTextReaderPtr
    private var pendingEnd: String?
    private var isBeyondLimits = false
    private var firstError: String?

    /// Opens the part of this name; nil when the archive has none.
    init?(_ name: String, budget: InflationBudget) throws(ExtractionError) {
        guard let part = try ZipPart(name, budget: budget) else { return nil }
        let options = XML_PARSE_NONET.rawValue | XML_PARSE_COMPACT.rawValue
        let context = Unmanaged.passUnretained(part).toOpaque()
        let reader = xmlReaderForIO(
            { context, buffer, count in
                guard let context else { return -1 }
                let part = Unmanaged<ZipPart>.fromOpaque(context).takeUnretainedValue()
                return Int32(part.read(into: buffer, count: Int(count)))
            }, nil, context, nil, nil, Int32(options))
        guard let reader else { throw .outOfMemory }
        self.part = part
        self.budget = budget
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
    func next() throws(ExtractionError) -> Event? {
        if let name = pendingEnd {
            pendingEnd = nil
            return .end(name)
        }
        while true {
            let result = xmlTextReaderRead(reader)
            if result == 0 && part.failure == nil && !budget.isSpent { return nil }
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

    /// The name without its prefix.
    private var name: String { xmlTextReaderConstLocalName(reader).map { String(cString: $0) } ?? "" }

    /// An attribute of the element that has just started, by its name without prefix.
    subscript(attribute: String) -> String? {
        defer { xmlTextReaderMoveToElement(reader) }
        while xmlTextReaderMoveToNextAttribute(reader) == 1 {
            if name == attribute { return xmlTextReaderConstValue(reader).map { String(cString: $0) } }
        }
        return nil
    }

    private var failure: ExtractionError {
        if budget.isSpent { return .tooLarge("the archive inflates", limit: budget.limit) }
        if isBeyondLimits {
            return ExtractionError(.tooLarge, "a part of the document is beyond all measure: save it again")
        }
        return .corrupt("DOCX", part.failure ?? firstError ?? "bad XML")
    }
}
