import Markup

/// A mail as Outlook saves it (MS-OXMSG): its head, its text, and what is attached as documents inside it.
enum OutlookMessage {
    private static let mediaType = "application/vnd.ms-outlook"

    // The numbers of the properties (MS-OXPROPS).
    private static let subject: UInt16 = 0x0037
    private static let submitTime: UInt16 = 0x0039
    private static let deliveryTime: UInt16 = 0x0E06
    private static let plainText: UInt16 = 0x1000
    private static let richText: UInt16 = 0x1009
    private static let html: UInt16 = 0x1013
    private static let codePage: UInt16 = 0x3FDE
    private static let displayName: UInt16 = 0x3001
    private static let attachedData: UInt16 = 0x3701

    static func parse(_ message: OutlookStorage, _ request: ChildRequest) throws(ExtractionError) -> ParsedDocument {
        var builder = DocumentBuilder(limit: request.outputBytes)
        var metadata = DocumentMetadata(mediaType: mediaType)
        var head = MailHead(subject: (message.text(subject) ?? "").collapsingWhitespace())
        head.from = person(name: message.text(0x0C1A), addresses: [message.text(0x5D01), message.text(0x0C1F)])
        let receivers = message.parts("__recip_version1.0_#")
        head.to = people(receivers, ofType: 1) ?? message.text(0x0E04) ?? ""
        head.cc = people(receivers, ofType: 2) ?? message.text(0x0E03) ?? ""
        head.date = message.time(submitTime) ?? message.time(deliveryTime)
        try head.write(to: &builder, &metadata)

        var output = MemberOutput(request)
        let page = pageText(message)
        if let text = message.text(plainText), text.utf8.contains(where: { !$0.isBlank && $0 != 0 }) {
            try MailText.write(text, isFlowed: false, dropsBlank: false, to: &builder)
        } else if let page {
            var renderer = HTMLDocument.renderer(builder)
            try HTMLDocument.render(page, with: &renderer)
            builder = renderer.builder
        } else if message.stream(richText) != nil {
            output.fallShort(
                ExtractionError(.unsupported, "its text is there as RTF only: save the mail as EML or PDF"))
        }
        let shown = page.map { MailText.shownPictures(in: $0) } ?? []
        for (index, part) in message.parts("__attach_version1.0_#").enumerated() {
            attach(part, number: index + 1, shown: shown, to: &output)
        }
        return builder.finish(metadata)
    }

    private static func pageText(_ message: OutlookStorage) -> String? {
        if let text = message.text(html) { return text }
        guard let bytes = message.bytes(html), !bytes.isEmpty else { return nil }
        // What is no text is no page.
        return try? DecodedText(bytes, declared: message.encoding(codePage)).text
    }

    private static func people(_ receivers: [OutlookStorage], ofType type: UInt64) -> String? {
        let people = receivers.filter { $0.number(0x0C15).map { $0 & 0xFF } == type }.map {
            person(name: $0.text(displayName), addresses: [$0.text(0x39FE), $0.text(0x3003)])
        }.filter { !$0.isEmpty }
        return people.isEmpty ? nil : people.joined(separator: ", ")
    }

    /// Name and address; one that is no address of the Internet's says nothing.
    private static func person(name: String?, addresses: [String?]) -> String {
        let name = (name ?? "").collapsingWhitespace()
        guard let address = addresses.compactMap({ $0 }).first(where: { $0.contains("@") })?.collapsingWhitespace(),
            address != name
        else { return name }
        return name.isEmpty ? address : "\(name) <\(address)>"
    }

    private static func attach(
        _ part: OutlookStorage, number: Int, shown: Set<String>, to output: inout MemberOutput
    ) {
        let name = [0x3707, 0x3704, displayName].lazy.compactMap { part.text($0) }.first { !$0.isEmpty }
        if let message = part.message(attachedData) {
            guard output.begin((name ?? "message \(number)") + ".msg", type: mediaType) else { return }
            guard let file = message.asFile else {
                return output.end(.corrupt("mail", "a mail inside it cannot be read"))
            }
            output.copy(of: "mail") { take in
                _ = file.withUnsafeBytes(take)
                return true
            }
            return
        }
        let type = part.text(0x370E)?.lowercased()
        // Pictures that the page shows in its place belong to it.
        if type?.hasPrefix("image/") ?? false, let id = part.text(0x3712), shown.contains(id) { return }
        guard output.begin(name ?? "attachment \(number)", type: type) else { return }
        guard let data = part.stream(attachedData) else {
            return output.end(.unsupported("an object of another program inside a mail", hint: "save it as a file"))
        }
        output.copy(of: "mail", data.read)
    }
}
