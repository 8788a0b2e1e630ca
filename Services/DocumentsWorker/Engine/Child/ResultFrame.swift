import Foundation
import Markup

/// The pieces that a parsing child writes: a kind, a length of four bytes (little endian), the bytes.
enum ResultFrame: UInt8 {
    /// Plain text, in order.
    case text
    /// Markdown, in order.
    case markdown
    /// `name\0value`.
    case metadata
    /// Level and start as `level\0start\0title`.
    case heading
    /// Number, start and end as `number\0start\0end`.
    case page
    /// Start and end as `start\0end`.
    case table
    /// `code\0media type\0message`; ends the result.
    case failure
    /// The result is whole.
    case end
    /// A part of a page: the fields of `PageBlock`.
    case block
    /// The end of a page: its width and height, zero when it is missing, and how sure of its words their reader is, to a hundred.
    case layout
    /// `media type\0name`: a document inside this one begins.
    case member
    /// Bytes of the member, in order.
    case content
    /// The member is whole, or as in `failure` why it is of no use.
    case memberEnd
    /// As `failure`: there are more members than these.
    case shortfall
}

/// Writes frames to standard output.
struct ResultWriter {
    private static let pieceLength = 64 << 10

    func write(_ document: ParsedDocument) {
        write(document.metadata)
        for heading in document.headings { frame(.heading, "\(heading.level)\0\(heading.start)\0\(heading.title)") }
        for page in document.pages { frame(.page, "\(page.number)\0\(page.start)\0\(page.end)") }
        for table in document.tables { frame(.table, "\(table.start)\0\(table.end)") }
        pieces(.text, document.text)
        if let markdown = document.markdown { pieces(.markdown, markdown) }
        end()
    }

    func write(_ metadata: DocumentMetadata) {
        let named = [
            ("mediaType", metadata.mediaType), ("title", metadata.title), ("author", metadata.author),
            ("subject", metadata.subject), ("language", metadata.language), ("created", metadata.created),
            ("modified", metadata.modified), ("encoding", metadata.encoding), ("producer", metadata.producer),
        ]
        for case (let name, let value?) in named { frame(.metadata, "\(name)\0\(value)") }
    }

    func end() { frame(.end, "") }

    func write(_ error: ExtractionError) { frame(.failure, error) }

    func beginMember(_ name: String, _ mediaType: String?) { frame(.member, "\(mediaType ?? "")\0\(name)") }

    /// Writes bytes of a member.
    func memberContent(_ bytes: UnsafeRawBufferPointer) {
        bytes.withMemoryRebound(to: UInt8.self) { pieces(.content, $0) }
    }

    func endMember(_ failure: ExtractionError?) {
        if let failure { frame(.memberEnd, failure) } else { frame(.memberEnd, "") }
    }

    func shortfall(_ reason: ExtractionError) { frame(.shortfall, reason) }

    private func frame(_ kind: ResultFrame, _ error: ExtractionError) {
        frame(kind, "\(error.code.rawValue)\0\(error.mediaType ?? "")\0\(error.message)")
    }

    private func pieces(_ kind: ResultFrame, _ text: String) {
        var text = text
        text.withUTF8 { pieces(kind, $0) }
    }

    private func pieces(_ kind: ResultFrame, _ bytes: UnsafeBufferPointer<UInt8>) {
        var rest = bytes[...]
        repeat {
            frame(kind, UnsafeBufferPointer(rebasing: rest.prefix(Self.pieceLength)))
            rest = rest.dropFirst(Self.pieceLength)
        } while !rest.isEmpty
    }

    func frame(_ kind: ResultFrame, _ payload: String) {
        var payload = payload
        payload.withUTF8 { frame(kind, $0) }
    }

    private func frame(_ kind: ResultFrame, _ payload: UnsafeBufferPointer<UInt8>) {
        let count = UInt32(payload.count)
        let header = [kind.rawValue] + (0..<4).map { UInt8(truncatingIfNeeded: count >> (8 * $0)) }
        header.withUnsafeBufferPointer(writeAll)
        writeAll(payload)
    }

    private func writeAll(_ bytes: UnsafeBufferPointer<UInt8>) {
        var rest = UnsafeRawBufferPointer(bytes)
        while !rest.isEmpty {
            let count = Glibc.write(STDOUT_FILENO, rest.baseAddress, rest.count)
            if count < 0 && errno == EINTR { continue }
            // Nobody reads: the worker is gone.
            guard count > 0 else { _exit(0) }
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
    }
}
