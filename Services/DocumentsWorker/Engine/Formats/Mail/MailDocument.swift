import CGMime
import Foundation
import Markup

/// A mail, by GMime: its head, its text, and what is attached as documents inside it.
///
/// The tree of a mail is not released: see `DocumentParser.run`.
enum MailDocument {
    private static let mediaType = "message/rfc822"

    static func parse(_ request: ChildRequest) throws(ExtractionError) -> ParsedDocument {
        g_mime_init()
        lseek(STDIN_FILENO, 0, SEEK_SET)
        guard let stream = g_mime_stream_fs_new(STDIN_FILENO), let parser = g_mime_parser_new_with_stream(stream) else {
            throw .outOfMemory
        }
        // What is in the file need not be in memory as well.
        g_mime_parser_set_persist_stream(parser, 1)
        if InputFile.header(of: STDIN_FILENO, length: 5).elementsEqual("From ".utf8) {
            return try mailbox(parser, request)
        }
        guard let message = g_mime_parser_construct_message(parser, nil) else { throw .corrupt("mail", "no head") }
        var builder = DocumentBuilder(limit: request.outputBytes)
        var metadata = DocumentMetadata(mediaType: mediaType)
        try MailHead(message).write(to: &builder, &metadata)
        var parts = MailParts(builder: builder, output: MemberOutput(request))
        if let body = g_mime_message_get_mime_part(message) { try parts.read(body) }
        return parts.builder.finish(metadata)
    }

    /// A file of many mails: its text is their list, each is a document inside it.
    private static func mailbox(
        _ parser: UnsafeMutablePointer<GMimeParser>, _ request: ChildRequest
    ) throws(ExtractionError) -> ParsedDocument {
        g_mime_parser_set_format(parser, GMIME_FORMAT_MBOX)
        var output = MemberOutput(request)
        var rows = [["Subject", "From", "Date"]]
        while g_mime_parser_eos(parser) == 0, let message = g_mime_parser_construct_message(parser, nil) {
            let subject = MailHead.subject(of: message)
            let name = subject.isEmpty ? "message \(rows.count)" : subject
            guard output.begin(name + ".eml", type: mediaType) else { break }
            if let content = MailContent(message) { output.copy(of: "mailbox", content.read) } else { output.end() }
            rows.append([subject, MailHead.people(g_mime_message_get_from(message)), MailHead.date(of: message) ?? ""])
            g_object_unref(message)
        }
        guard rows.count > 1 else { throw .corrupt("mailbox", "no mail") }
        var builder = DocumentBuilder(limit: request.outputBytes)
        try builder.table(rows.map { $0.map { InlineText($0) } })
        return builder.finish(DocumentMetadata(mediaType: "application/mbox"))
    }
}
