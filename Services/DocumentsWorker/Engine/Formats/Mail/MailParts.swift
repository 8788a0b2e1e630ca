import CGMime
import Markup

/// Tells the parts of a mail that are its text from those that are documents inside it.
struct MailParts {
    private typealias Object = UnsafeMutablePointer<GMimeObject>

    /// Parts in parts; mails have a handful.
    private static let deepest = 100
    private static let longestText = 32 << 20
    private static let signatures: Set<String> = [
        "application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature",
    ]
    private static let sealed: Set<String> = ["application/pkcs7-mime", "application/x-pkcs7-mime"]

    private(set) var builder: DocumentBuilder
    private var output: MemberOutput
    private var attachments = 0
    /// The ids of the pictures that HTML shows in its place.
    private var shown: Set<String> = []

    init(builder: DocumentBuilder, output: MemberOutput) {
        self.builder = builder
        self.output = output
    }

    mutating func read(_ body: UnsafeMutablePointer<GMimeObject>) throws(ExtractionError) {
        findShown(body, depth: 0)
        try read(body, takesText: true, isRelated: false, depth: 0)
        if gmime_is_multipart(body) != 0, body.withMemoryRebound(to: GMimeMultipart.self, capacity: 1, Self.isCut) {
            output.fallShort(.corrupt("mail", "its parts are not all there"))
        }
    }

    private static func isCut(_ multipart: UnsafeMutablePointer<GMimeMultipart>) -> Bool {
        multipart.pointee.write_end_boundary == 0 || g_mime_multipart_get_count(multipart) == 0
    }

    /// - Parameters:
    ///   - takesText: whether its text is wanted; not where it says again what was read already.
    ///   - isRelated: whether it stands beside the page that it may belong to (RFC 2387).
    private mutating func read(
        _ object: Object, takesText: Bool, isRelated: Bool, depth: Int
    ) throws(ExtractionError) {
        guard depth < Self.deepest else {
            return output.fallShort(
                ExtractionError(.tooDeep, "parts over \(Self.deepest) deep in each other are not read"))
        }
        if gmime_is_encrypted(object) != 0 { return refuse("encrypted message") }
        if gmime_is_multipart(object) != 0 {
            let parts = Self.parts(of: object)
            let type = Self.mediaType(of: object)
            let chosen = type == "multipart/alternative" ? Self.best(of: parts) : nil
            if parts.isEmpty, takesText { try write(prologueOf: object) }
            for part in parts {
                try read(
                    part, takesText: takesText && (chosen == nil || chosen == part),
                    isRelated: type == "multipart/related", depth: depth + 1)
            }
        } else if gmime_is_message(object) != 0 {
            attach(message: object)
        } else if gmime_is_part(object) != 0 {
            try read(leaf: object, takesText: takesText, isRelated: isRelated)
        }
    }

    private mutating func read(leaf object: Object, takesText: Bool, isRelated: Bool) throws(ExtractionError) {
        let type = Self.mediaType(of: object)
        let name = Self.name(of: object)
        let isAttachment = Self.disposition(of: object) == "attachment"
        let isText = type == "text/plain" || type == "text/html"
        if isText, !isAttachment, name == nil {
            if takesText, try !write(text: object, isHTML: type == "text/html") { attach(object, "text") }
        } else if Self.signatures.contains(type) {
            // It vouches for the text and says nothing.
        } else if Self.sealed.contains(type), Self.parameter("smime-type", of: object) != "signed-data" {
            refuse(name ?? "encrypted message")
        } else if type.hasPrefix("image/"), !isAttachment {
            let id = object.withMemoryRebound(to: GMimePart.self, capacity: 1) { g_mime_part_get_content_id($0) }
            let isShown = id.map { shown.contains(String(cString: $0)) } ?? false
            if !isShown, !isRelated || name != nil { attach(object, name) }
        } else {
            attach(object, name)
        }
    }

    /// Of several ways to say the same: plain text that says something, else the last, which is the richest (RFC 2046, 5.1.4).
    private static func best(of parts: [Object]) -> Object? {
        let plain = parts.first { part in
            mediaType(of: part) == "text/plain" && disposition(of: part) != "attachment"
                && content(of: part)?.bytes(limit: longestText)?.contains { !$0.isBlank } == true
        }
        return plain ?? parts.last { mediaType(of: $0) == "text/html" || gmime_is_multipart($0) != 0 } ?? parts.first
    }

    // MARK: - Text

    /// Writes a text; false for one that cannot be decoded.
    private mutating func write(text object: Object, isHTML: Bool) throws(ExtractionError) -> Bool {
        guard let text = Self.text(of: object, isHTML: isHTML) else { return false }
        if isHTML {
            var renderer = HTMLDocument.renderer(builder)
            try HTMLDocument.render(text, with: &renderer)
            builder = renderer.builder
            return true
        }
        try MailText.write(
            text, isFlowed: Self.parameter("format", of: object) == "flowed",
            dropsBlank: Self.parameter("delsp", of: object) == "yes", to: &builder)
        return true
    }

    /// A mail may say that it has parts and have none: then what stands before the first is all that it says.
    private mutating func write(prologueOf object: Object) throws(ExtractionError) {
        let prologue = object.withMemoryRebound(to: GMimeMultipart.self, capacity: 1) {
            g_mime_multipart_get_prologue($0).map { Array(String(cString: $0).utf8) }
        }
        guard let prologue, !prologue.isEmpty else { return }
        try MailText.write(DecodedText(prologue).text, isFlowed: false, dropsBlank: false, to: &builder)
    }

    private static func text(of object: Object, isHTML: Bool) -> String? {
        guard let content = content(of: object), let bytes = content.bytes(limit: longestText) else { return nil }
        guard !bytes.isEmpty else { return "" }
        let charset = g_mime_object_get_content_type_parameter(object, "charset").map { String(cString: $0) }
        // What is no text is a document inside the mail, which will be refused by what it is.
        if isHTML, charset == nil { return try? HTMLDocument.decoded(bytes).text }
        return try? DecodedText(bytes, declared: charset).text
    }

    private mutating func findShown(_ object: Object, depth: Int) {
        guard depth < Self.deepest else { return }
        for part in Self.parts(of: object) { findShown(part, depth: depth + 1) }
        guard Self.mediaType(of: object) == "text/html", let text = Self.text(of: object, isHTML: true) else { return }
        shown.formUnion(MailText.shownPictures(in: text))
    }

    // MARK: - Documents inside

    private mutating func attach(_ object: Object, _ name: String?) {
        attachments += 1
        guard output.begin(name ?? "attachment \(attachments)", type: Self.mediaType(of: object)) else { return }
        copy(Self.content(of: object))
    }

    private mutating func attach(message object: Object) {
        attachments += 1
        let message = object.withMemoryRebound(to: GMimeMessagePart.self, capacity: 1) {
            g_mime_message_part_get_message($0)
        }
        let subject = message.map { MailHead.subject(of: $0) } ?? ""
        let name = Self.name(of: object) ?? (subject.isEmpty ? "message \(attachments).eml" : subject + ".eml")
        guard output.begin(name, type: "message/rfc822") else { return }
        copy(message.flatMap { MailContent($0) })
    }

    private mutating func refuse(_ name: String) {
        attachments += 1
        guard output.begin(name) else { return }
        output.end(ExtractionError(.encrypted, "only its receiver can read it: decrypt it and upload it again"))
    }

    private mutating func copy(_ content: MailContent?) {
        guard let content else { return output.end() }
        output.copy(of: "mail", content.read)
    }

    // MARK: - What GMime says

    private static func content(of object: Object) -> MailContent? {
        guard gmime_is_part(object) != 0 else { return nil }
        return object.withMemoryRebound(to: GMimePart.self, capacity: 1) { MailContent($0) }
    }

    private static func parts(of object: Object) -> [Object] {
        guard gmime_is_multipart(object) != 0 else { return [] }
        return object.withMemoryRebound(to: GMimeMultipart.self, capacity: 1) { multipart in
            (0..<max(0, g_mime_multipart_get_count(multipart))).compactMap { g_mime_multipart_get_part(multipart, $0) }
        }
    }

    private static func mediaType(of object: Object) -> String {
        guard let type = g_mime_object_get_content_type(object), let name = g_mime_content_type_get_mime_type(type)
        else { return "text/plain" }
        defer { g_free(name) }
        return String(cString: name).lowercased()
    }

    private static func disposition(of object: Object) -> String? {
        g_mime_object_get_disposition(object).map { String(cString: $0).lowercased() }
    }

    private static func parameter(_ name: String, of object: Object) -> String? {
        g_mime_object_get_content_type_parameter(object, name).map { String(cString: $0).lowercased() }
    }

    /// The name of the file, from either of the two places where mails have it.
    private static func name(of object: Object) -> String? {
        let name =
            g_mime_object_get_content_disposition_parameter(object, "filename")
            ?? g_mime_object_get_content_type_parameter(object, "name")
        return name.map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
    }
}
