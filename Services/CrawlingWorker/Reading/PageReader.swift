import Foundation
import JSON
import Jobs
import Markup
import Sandbox
import WebAddress

/// What a parsing child does: reads fetched bodies, one after the other.
enum PageReader {
    /// The first argument of a process that is one.
    static let argument = "parser"

    /// Reads pages until the worker goes.
    static func run() -> Never {
        setlocale(LC_CTYPE, "C.UTF-8")
        TextLanguage.load()
        ParserChild.run { answer($0).frame }
    }

    static func answer(_ frame: UnsafeRawBufferPointer) -> ReadingAnswer {
        do {
            let request = try PageRequest(frame: frame)
            let url = try PageURL(request.url)
            switch request.kind {
            case .page: return .page(try page(request, at: url))
            case .sitemap:
                return .sitemap(try SitemapReader(keepsTracking: request.keepsTracking).read(request.body))
            }
        } catch let error as ExtractionError {
            return .failure(code: "page_\(error.code.rawValue)", message: error.message)
        } catch {
            return .failure(code: "page_unreadable", message: "\(error)")
        }
    }

    private static func page(_ request: PageRequest, at url: PageURL) throws -> PageReading {
        let start = ContinuousClock.now
        var extractor = PageExtractor()
        extractor.product = String(request.agent.prefix { $0.isLetter || $0 == "-" || $0 == "_" }).lowercased()
        let page = try extractor.read(request.body, contentType: request.contentType, robotsTag: request.robotsTag)
        let read = ContinuousClock.now
        var reading = PageReading(page)
        reading.takeAddresses(of: page, at: url, keepsTracking: request.keepsTracking)
        reading.parsing = Int((read - start) / .microseconds(1))
        reading.extracting = Int((ContinuousClock.now - read) / .microseconds(1))
        return reading
    }
}

extension PageReading {
    /// The longest Markdown that is kept, in bytes.
    private static let longestMarkdown = 4 << 20

    fileprivate init(_ page: ExtractedPage) {
        self.init()
        switch page.verdict {
        case .content: break
        case .softNotFound(let mark): (verdict, self.mark) = (.softNotFound, mark)
        case .botWall(let mark): (verdict, self.mark) = (.botWall, mark)
        case .loginWall(let mark): (verdict, self.mark) = (.loginWall, mark)
        }
        let facts = page.facts
        (title, description, language) = (facts.title, facts.description, facts.language)
        isIndexed = !facts.robots.noindex
        isFollowed = !facts.robots.nofollow
        words = page.wordCount
        markdown = page.markdown.utf8.count > Self.longestMarkdown ? page.text : page.markdown
        if let hash = SimHash(page.text) {
            similarity = hash.bits
            content = ExactFingerprint.of(page.text)
        }
        metadata = facts.metadata(encoding: page.encoding).serialized()
    }

    /// Links, each target once, as URLs that can be fetched.
    fileprivate mutating func takeAddresses(of page: ExtractedPage, at url: PageURL, keepsTracking: Bool) {
        let base = page.facts.base.flatMap { url.resolving(checking: $0) } ?? url
        func resolve(_ target: String) -> String? {
            base.resolving(checking: target)?.canonical(withoutTracking: !keepsTracking).text
        }
        func link(_ target: String?) -> CanonicalLink? {
            target.flatMap(resolve).map { CanonicalLink(url: $0, text: "", isFollowed: true) }
        }
        canonical = link(page.facts.canonical)
        refresh = link(page.facts.refresh?.target)
        var places: [String: Int] = [:]
        for found in page.links where links.count < Self.mostLinks {
            guard let target = resolve(found.target) else { continue }
            let isFollowed = found.rel.isEmpty
            if let place = places[target] {
                // Followed if any of them is.
                if isFollowed, !links[place].isFollowed {
                    links[place] = CanonicalLink(url: target, text: links[place].text, isFollowed: true)
                }
                continue
            }
            places[target] = links.count
            links.append(CanonicalLink(url: target, text: found.text, isFollowed: isFollowed))
        }
    }
}

extension PageFacts {
    /// What is kept beside the columns that pages are found by.
    fileprivate func metadata(encoding: String) -> JSON {
        var object: JSONObject = ["encoding": .string(encoding)]
        let named = [("author", author), ("site_name", siteName), ("published", published), ("modified", modified)]
        for case (let name, let value?) in named { object[name] = .string(value) }
        let said = [
            ("headline", linkedData.headline), ("description", linkedData.description), ("author", linkedData.author),
            ("publisher", linkedData.publisher), ("published", linkedData.published),
            ("modified", linkedData.modified), ("language", linkedData.language),
        ].compactMap { name, value in value.map { (name, JSON.string($0)) } }
        if !linkedData.types.isEmpty || !said.isEmpty {
            var facts: JSONObject = ["types": .array(linkedData.types.map(JSON.string))]
            for (name, value) in said { facts[name] = value }
            object["linked_data"] = .object(facts)
        }
        if !cards.isEmpty {
            var properties = JSONObject()
            for card in cards where properties[card.name] == nil { properties[card.name] = .string(card.value) }
            object["cards"] = .object(properties)
        }
        return .object(object)
    }
}
