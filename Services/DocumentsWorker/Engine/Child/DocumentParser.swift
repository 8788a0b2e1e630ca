import Archive
import Foundation
import Markup

/// The parsing child: tells the format from the content, reads the document on standard input, writes frames.
enum DocumentParser {
    static func run(_ request: ChildRequest) -> Never {
        let writer = ResultWriter()
        do throws(ExtractionError) {
            var document = try parse(request)
            document.metadata.language = document.metadata.language ?? TextLanguage.of(document.text)
            writer.write(document)
        } catch {
            writer.write(error)
        }
        // Nothing is freed: the process goes, and freeing a deep tree may recurse.
        _exit(0)
    }

    private static func parse(_ request: ChildRequest) throws(ExtractionError) -> ParsedDocument {
        let header = InputFile.header(of: STDIN_FILENO, length: Magic.headerLength)
        if Magic.isZip(header) { return try ZipDocument.parse(request) }
        let sample = InputFile.header(of: STDIN_FILENO, length: ContentType.sampleLength)
        let type = try ContentType.of(sample)
        if ArchiveReader.tarTypes.contains(type) { return try ArchiveCollection.parse(.tar, type: type, request) }
        if Magic.isOLE(header) {
            guard let message = OutlookStorage.onStandardInput() else { throw try oldOffice(type, request) }
            return try OutlookMessage.parse(message, request)
        }
        guard isText(type, sample) else { throw unsupported(type) }
        if MailHead.begins(header, hint: request.hint) { return try MailDocument.parse(request) }
        let bytes = try InputFile.contents(of: STDIN_FILENO, limit: request.memoryBytes / 4)
        guard !bytes.isEmpty else { throw .empty }
        let limit = request.outputBytes
        switch Magic.textFormat(header, type: type, hint: request.hint) {
        case .html: return try HTMLDocument.parse(bytes, limit: limit)
        case .markdown: return try MarkdownDocument.parse(bytes, limit: limit)
        case .csv: return try CSVDocument.parse(bytes, limit: limit)
        case .json: return try JSONDocument.parse(bytes, limit: limit)
        case .xml: return try XMLDocument.parse(bytes, limit: limit)
        case .plain, .mail, .none: return try PlainText.parse(bytes, limit: limit)
        }
    }

    /// Whether bytes of this type may be a text; of what nobody knows, decoding it will tell.
    private static func isText(_ type: String, _ sample: [UInt8]) -> Bool {
        let others: Set<String> = [
            "application/json", "application/x-ndjson", "application/javascript", "application/octet-stream",
            "application/x-empty", "inode/x-empty", "message/rfc822",
            "application/mbox",
        ]
        // Subtitles, scripts and settings have names of their own; what is no text shows when it is decoded.
        return (type.hasPrefix("text/") && type != "text/rtf") || type.hasSuffix("xml") || others.contains(type)
            || (type.hasPrefix("application/x-") && DecodedText.isUnicode(sample))
    }

    private static func unsupported(_ type: String) -> ExtractionError {
        switch type {
        case "text/rtf", "application/rtf":
            .unsupported("application/rtf", hint: "no library reads it whole; save it as DOCX or PDF")
        case _ where type.hasPrefix("image/"):
            .unsupported(type, hint: "the words in a picture need text recognition first")
        default: .unsupported(type)
        }
    }

    /// An encrypted DOCX is not a zip but an OLE file with a stream of that name in it.
    private static func oldOffice(_ type: String, _ request: ChildRequest) throws(ExtractionError) -> ExtractionError {
        let bytes = try InputFile.contents(of: STDIN_FILENO, limit: request.memoryBytes / 4)
        let name: [UInt8] = "EncryptedPackage".utf8.flatMap { [$0, UInt8(0)] }
        guard bytes.contains(sequence: name) else {
            if type == "application/vnd.ms-outlook" { return .corrupt("Outlook", "no properties") }
            let known = ["application/vnd.ms-excel", "application/vnd.ms-powerpoint"]
            return .unsupported(
                known.contains(type) ? type : "application/msword",
                hint: "save the old Office document as DOCX, XLSX, PPTX or PDF")
        }
        return .encrypted(mediaType: type)
    }
}

/// Reads the document that is standard input.
enum InputFile {
    static func header(of file: Int32, length: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: length) { buffer, count in
            count = max(0, pread(file, buffer.baseAddress, length, 0))
        }
    }

    /// The whole file; formats that are read whole cost several times their size in memory, hence the limit in bytes.
    static func contents(of file: Int32, limit: Int) throws(ExtractionError) -> [UInt8] {
        var status = stat()
        guard fstat(file, &status) == 0 else { throw ExtractionError(.unreadable, "the file cannot be read") }
        let size = Int(status.st_size)
        guard size <= limit else { throw .tooLarge("the file is", limit: limit) }
        var offset = 0
        var failed = false
        let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            while offset < size {
                let read = pread(file, buffer.baseAddress?.advanced(by: offset), size - offset, off_t(offset))
                if read < 0 && errno == EINTR { continue }
                failed = read < 0
                guard read > 0 else { break }
                offset += read
            }
            count = offset
        }
        if failed { throw ExtractionError(.unreadable, "the file cannot be read") }
        return bytes
    }
}
