import CGMime
import Markup

/// The head of a mail: what its first lines show, and what is told of it.
struct MailHead {
    /// Fields that mails begin with. Notes may begin with one such word and a colon; mails have several.
    private static let fields: Set<String> = [
        "from", "to", "cc", "subject", "date", "message-id", "received", "return-path", "delivered-to", "reply-to",
        "sender", "mime-version", "content-type", "dkim-signature",
    ]

    /// Whether a text begins as a mail does, or as a mailbox (RFC 5322, 2.2; RFC 4155). Where a name says that it is something else, it is.
    static func begins(_ header: [UInt8], hint: FormatHint) -> Bool {
        guard [.none, .plain, .mail].contains(hint) else { return false }
        var known: Set<String> = []
        for (index, line) in header.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
            let line = line.last == 0x0D ? line.dropLast() : line
            guard let first = line.first else { break }
            // A mailbox's own line, and the lines of a folded field.
            if index == 0, line.starts(with: "From ".utf8) { continue }
            if index > 0, first == 0x20 || first == 0x09 { continue }
            let name = line.prefix { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: ":") }
            guard !name.isEmpty, line.dropFirst(name.count).first == UInt8(ascii: ":") else {
                // The last line may be cut.
                return line.endIndex == header.endIndex && known.count > 1
            }
            let word = String(decoding: name, as: UTF8.self).lowercased()
            if fields.contains(word) { known.insert(word) }
        }
        return known.count > (hint == .mail ? 0 : 1)
    }

    let subject: String
    var from = ""
    var to = ""
    var cc = ""
    /// In RFC 3339.
    var date: String?

    init(subject: String) { self.subject = subject }

    init(_ message: UnsafeMutablePointer<GMimeMessage>) {
        subject = Self.subject(of: message)
        from = Self.people(g_mime_message_get_from(message))
        to = Self.people(g_mime_message_get_to(message))
        cc = Self.people(g_mime_message_get_cc(message))
        date = Self.date(of: message)
    }

    /// Writes subject, people and date as the beginning of the text, and what the mail says about itself into the metadata.
    func write(to builder: inout DocumentBuilder, _ metadata: inout DocumentMetadata) throws(ExtractionError) {
        try builder.heading(1, InlineText(subject))
        metadata.set("title", subject)
        metadata.set("author", from)
        if let date { metadata.set("created", date) }
        let lines = [("From", from), ("To", to), ("Cc", cc), ("Date", date ?? "")].filter { !$0.1.isEmpty }
        try builder.paragraph(InlineText(lines.map { "\($0): \($1)" }.joined(separator: "\n")))
    }

    static func subject(of message: UnsafeMutablePointer<GMimeMessage>) -> String {
        g_mime_message_get_subject(message).map { String(cString: $0).collapsingWhitespace() } ?? ""
    }

    /// Names and addresses, decoded.
    static func people(_ list: UnsafeMutablePointer<InternetAddressList>?) -> String {
        guard let list, let text = internet_address_list_to_string(list, nil, 0) else { return "" }
        return String(cString: text).collapsingWhitespace()
    }

    /// In RFC 3339; nil where there is none, or none that is a time.
    static func date(of message: UnsafeMutablePointer<GMimeMessage>) -> String? {
        guard let date = g_mime_message_get_date(message) else { return nil }
        return Timestamp.rfc3339(Timestamp.format(Int(g_date_time_to_unix(date))))
    }
}
