import Sandbox

/// A link as its page has it.
struct CanonicalLink: Sendable, Equatable {
    /// Where it leads, in its canonical form.
    let url: String
    /// Its text, with white space collapsed.
    let text: String
    /// Whether its page lets it be followed.
    let isFollowed: Bool
}

/// What a parsing child has read in a page.
struct PageReading: Sendable, Equatable {
    /// What kind of page it is.
    enum Verdict: UInt8, Sendable {
        /// Something to read.
        case content
        /// "Not found", though its status says otherwise.
        case softNotFound
        /// A question whether one is human, or a refusal.
        case botWall
        /// Something to be logged in for.
        case loginWall
    }

    static let mostLinks = 5000

    var verdict = Verdict.content
    /// By what the verdict was reached.
    var mark: String?
    var title: String?
    var description: String?
    var language: String?
    var canonical: CanonicalLink?
    /// Where the page sends its reader by itself.
    var refresh: CanonicalLink?
    /// Whether it may be kept, and its links followed.
    var isIndexed = true
    var isFollowed = true
    var words = 0
    /// A hash of its text for the same text, and one that is near for texts that are; none where there is too little of it.
    var content: [UInt8]?
    var similarity: UInt64?
    var markdown = ""
    /// What else it says about itself: a JSON object.
    var metadata: [UInt8] = []
    var links: [CanonicalLink] = []
    /// How long reading the tree and finding the main text took, in microseconds.
    var parsing = 0
    var extracting = 0
}

/// What a parsing child has read in a list of URLs.
struct SitemapReading: Sendable, Equatable {
    static let mostURLs = 50_000

    /// URLs of pages.
    var pages: [CanonicalLink] = []
    /// URLs of more lists.
    var sitemaps: [CanonicalLink] = []
}

/// A child's answer.
enum ReadingAnswer: Sendable, Equatable {
    case page(PageReading)
    case sitemap(SitemapReading)
    /// What was fetched cannot be read: a word and a sentence.
    case failure(code: String, message: String)

    /// As a frame for the parent.
    var frame: [UInt8] {
        var writer = FrameWriter(capacity: 32 << 10)
        switch self {
        case .page(let page):
            writer.append(UInt8(0))
            writer.append(page)
        case .sitemap(let sitemap):
            writer.append(UInt8(1))
            writer.append(list: sitemap.pages) { $0.append($1) }
            writer.append(list: sitemap.sitemaps) { $0.append($1) }
        case .failure(let code, let message):
            writer.append(UInt8(2))
            writer.append(code)
            writer.append(message)
        }
        return writer.bytes
    }

    /// Reads what `frame` has; a child may be in a hostile page's hands, and whatever it writes is read or refused.
    init(frame: [UInt8]) throws(FrameError) {
        var reader = FrameReader(frame)
        switch try reader.readUInt8() {
        case 0: self = .page(try reader.readPage())
        case 1:
            let read = { (reader: inout FrameReader) throws(FrameError) in try reader.readLink() }
            self = .sitemap(
                SitemapReading(
                    pages: try reader.readList(limit: SitemapReading.mostURLs, read),
                    sitemaps: try reader.readList(limit: SitemapReading.mostURLs, read)))
        default:
            self = .failure(
                code: try reader.readText() ?? "unreadable", message: String((try reader.readText() ?? "").prefix(500)))
        }
        try reader.finish()
    }
}

extension FrameWriter {
    fileprivate mutating func append(_ link: CanonicalLink) {
        append(UInt8(link.isFollowed ? 1 : 0))
        append(link.url)
        append(link.text)
    }

    fileprivate mutating func append(_ page: PageReading) {
        append(page.verdict.rawValue)
        append(UInt8((page.isIndexed ? 1 : 0) | (page.isFollowed ? 2 : 0)))
        for text in [page.mark, page.title, page.description, page.language] { append(text) }
        append(list: [page.canonical].compactMap(\.self)) { $0.append($1) }
        append(list: [page.refresh].compactMap(\.self)) { $0.append($1) }
        append(UInt64(page.words))
        append(page.content ?? [])
        append(UInt8(page.similarity == nil ? 0 : 1))
        append(page.similarity ?? 0)
        append(page.markdown)
        append(page.metadata)
        append(list: page.links) { $0.append($1) }
        append(UInt64(page.parsing))
        append(UInt64(page.extracting))
    }
}

extension FrameReader {
    fileprivate mutating func readLink() throws(FrameError) -> CanonicalLink {
        let isFollowed = try readUInt8() == 1
        return CanonicalLink(url: try readText() ?? "", text: try readText() ?? "", isFollowed: isFollowed)
    }

    fileprivate mutating func readPage() throws(FrameError) -> PageReading {
        let read = { (reader: inout FrameReader) throws(FrameError) in try reader.readLink() }
        var page = PageReading()
        page.verdict = PageReading.Verdict(rawValue: try readUInt8()) ?? .content
        let flags = try readUInt8()
        (page.isIndexed, page.isFollowed) = (flags & 1 != 0, flags & 2 != 0)
        page.mark = try readText()
        page.title = try readText()
        page.description = try readText()
        page.language = try readText()
        page.canonical = try readList(limit: 1, read).first
        page.refresh = try readList(limit: 1, read).first
        page.words = Int(clamping: min(try readUInt64(), UInt64(Int32.max)))
        let content = try readBytes()
        page.content = content.count == 32 ? Array(content) : nil
        let hasSimilarity = try readUInt8() == 1
        let similarity = try readUInt64()
        page.similarity = hasSimilarity ? similarity : nil
        page.markdown = try readText() ?? ""
        page.metadata = Array(try readBytes())
        page.links = try readList(limit: PageReading.mostLinks, read)
        page.parsing = Int(clamping: min(try readUInt64(), UInt64(Int32.max)))
        page.extracting = Int(clamping: min(try readUInt64(), UInt64(Int32.max)))
        return page
    }
}
