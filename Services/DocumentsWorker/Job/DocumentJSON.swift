import Crypto
import Foundation
import JSON
import Jobs
import Markup

/// The artifact of kind `document`: metadata, pages with their offsets, and chunks.
enum DocumentJSON {
    /// Offsets count Unicode scalars from the start of the text artifact; boxes are left, top, right and bottom, in points from the upper
    /// left corner of the page.
    static func bytes(of extracted: Extracted, chunks: [Chunk], name: String, sha256: String) -> [UInt8] {
        var json = JSONWriter(capacity: extracted.text.utf8.count + 4096)
        json.beginObject()
        json.member("name", name)
        json.member("sha256", sha256)
        json.key("metadata")
        write(extracted.metadata, to: &json)
        json.key("pages")
        json.beginArray()
        for page in extracted.pages {
            json.beginObject()
            json.member("number", page.number)
            json.member("start", page.start)
            json.member("end", page.end)
            json.member("status", page.error == nil ? "completed" : "failed")
            json.member("error", page.error)
            json.member("recognized", page.isRecognized)
            json.endObject()
        }
        json.endArray()
        json.key("tables")
        json.beginArray()
        for (table, text) in zip(extracted.tables, extracted.tableTexts) {
            json.beginObject()
            json.member("start", table.start)
            json.member("end", table.end)
            json.key("cells")
            json.beginArray()
            // Row by row: the cells of a large table are many more than its bytes when they are all in memory.
            var rest = text[...]
            while true {
                let end = rest.firstIndex(of: "\n") ?? rest.endIndex
                json.value(rest[..<end].split(separator: "\t", omittingEmptySubsequences: false).map(String.init))
                guard end < rest.endIndex else { break }
                rest = rest[rest.index(after: end)...]
            }
            json.endArray()
            json.endObject()
        }
        json.endArray()
        json.key("chunks")
        json.beginArray()
        for chunk in chunks { DocumentChunk(chunk).write(to: &json) }
        json.endArray()
        json.endObject()
        return json.bytes
    }

    private static func write(_ metadata: DocumentMetadata, to json: inout JSONWriter) {
        json.beginObject()
        json.member("media_type", metadata.mediaType)
        json.member("title", metadata.title)
        json.member("author", metadata.author)
        json.member("subject", metadata.subject)
        json.member("language", metadata.language)
        json.member("created", metadata.created)
        json.member("modified", metadata.modified)
        json.member("pages", metadata.pages)
        json.member("encoding", metadata.encoding)
        json.member("producer", metadata.producer)
        json.endObject()
    }
}

/// The hash of a file that no upload has hashed.
enum FileDigest {
    static func sha256(ofFile path: String) throws -> String {
        guard let file = FileHandle(forReadingAtPath: path) else {
            throw ExtractionError(.unreadable, "the file cannot be opened")
        }
        defer { file.closeFile() }
        var hasher = SHA256Hasher()
        while let data = try file.read(upToCount: 1 << 20), !data.isEmpty { hasher.update(Array(data)) }
        return Hex.encode(hasher.digest())
    }
}
