import JSON
import Jobs
import Postgres

extension CrawlPage {
    /// Takes over what a child has read.
    mutating func take(_ reading: PageReading) {
        (title, description, language) = (reading.title, reading.description, reading.language)
        canonical = reading.canonical?.url
        words = Int32(clamping: reading.words)
        (content, similarity) = (reading.content, reading.similarity)
        markdown = reading.markdown
        if let object = Self.object(reading.metadata) { metadata = object }
        var json = JSONWriter()
        json.beginArray()
        for link in reading.links { json.value([link.url, link.text]) }
        json.endArray()
        links = JSONText(json.bytes)
    }

    /// Its links as they were kept.
    func pageLinks() throws -> [CanonicalLink] {
        try JSON.parse(links.bytes).decode([[String]].self).compactMap { link in
            link.count == 2 ? CanonicalLink(url: link[0], text: link[1], isFollowed: true) : nil
        }
    }

    /// What clients look at as a sample.
    var sample: JSON {
        [
            "url": .string(url), "title": title.map(JSON.string) ?? .null, "words": .int(Int64(words)),
            "language": language.map(JSON.string) ?? .null, "markdown": .string(markdown),
        ]
    }

    /// What a child says is JSON is so only if it is.
    private static func object(_ bytes: [UInt8]) -> JSONText? {
        guard !bytes.isEmpty else { return nil }
        do {
            guard case .object = try JSON.parse(bytes) else { return nil }
            return JSONText(bytes)
        } catch {
            return nil
        }
    }
}
