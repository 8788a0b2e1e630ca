import Compression
import Markup
import WebAddress

/// Reads lists of URLs: sitemaps and their indexes (sitemaps.org), also compressed, and plain text with a URL in each line.
struct SitemapReader {
    /// The largest list after decompression, as sitemaps.org has it.
    private static let mostBytes = 50 << 20

    let keepsTracking: Bool

    /// - Throws: `ExtractionError` for what is none, or too large.
    func read(_ body: [UInt8]) throws(ExtractionError) -> SitemapReading {
        var bytes = body
        if Gzip.isGzip(body) {
            do {
                bytes = try Gzip.inflate(body, limit: Self.mostBytes)
            } catch {
                throw ExtractionError(.corrupt, "the list of URLs cannot be inflated: \(error)")
            }
        }
        let first = bytes.first { $0 > 0x20 && $0 < 0x80 }
        guard first == UInt8(ascii: "<") else { return lines(bytes) }
        return try xml(bytes)
    }

    private func lines(_ bytes: [UInt8]) -> SitemapReading {
        var reading = SitemapReading()
        for line in bytes.split(whereSeparator: { $0 == 0x0A || $0 == 0x0D }) {
            guard reading.pages.count < SitemapReading.mostURLs else { break }
            guard line.count <= PageURL.maxLength else { continue }
            if let link = link(String(decoding: line, as: UTF8.self)) { reading.pages.append(link) }
        }
        return reading
    }

    private func xml(_ bytes: [UInt8]) throws(ExtractionError) -> SitemapReading {
        let stream = try XMLStream(MemorySource(bytes), of: "XML")
        var reading = SitemapReading()
        var isRoot = true
        var isSitemap = false
        while let event = try stream.next(), reading.pages.count + reading.sitemaps.count < SitemapReading.mostURLs {
            guard case .start(let name) = event else { continue }
            if isRoot {
                guard ["urlset", "sitemapindex"].contains(name) else {
                    throw ExtractionError(
                        .unsupported, "it is no list of URLs: its first element is \(name.prefix(50))")
                }
                isRoot = false
            }
            switch name {
            case "sitemap": isSitemap = true
            case "url": isSitemap = false
            case "loc":
                guard let link = link(try stream.text()) else { continue }
                if isSitemap { reading.sitemaps.append(link) } else { reading.pages.append(link) }
            default: break
            }
        }
        return reading
    }

    private func link(_ text: String) -> CanonicalLink? {
        guard let found = PageURL(checking: text)?.canonical(withoutTracking: !keepsTracking) else { return nil }
        return CanonicalLink(url: found.text, text: "", isFollowed: true)
    }
}
