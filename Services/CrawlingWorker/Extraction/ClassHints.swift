/// What the words in an element's class and id say about it.
struct ClassHints: OptionSet, Sendable {
    let rawValue: UInt16

    /// It holds, or is part of, what the page is about.
    static let content = ClassHints(rawValue: 1)
    /// It is the text of an article, by a name that only such a thing has.
    static let body = ClassHints(rawValue: 2)
    /// Navigation, sharing, advertising and the like.
    static let boilerplate = ClassHints(rawValue: 4)
    /// What readers have written below an article.
    static let comments = ClassHints(rawValue: 8)
    /// A remark in documentation, in whatever element.
    static let note = ClassHints(rawValue: 16)
    /// Who wrote it and when.
    static let byline = ClassHints(rawValue: 32)
    /// Not shown, or shown to programs only.
    static let hidden = ClassHints(rawValue: 64)
    /// The parts of a compound: `post` and `body` are `body` only together.
    static let subject = ClassHints(rawValue: 128)
    static let holder = ClassHints(rawValue: 256)

    /// Adds what the words in the value of a class or id say: parts between signs, and between small and capital letters.
    mutating func read(_ value: UnsafeBufferPointer<UInt8>) {
        var hash = HintTable.seed
        var length = 0
        var previous: UInt8 = 0
        var last: ClassHints = []
        for byte in value.prefix(Self.longest) {
            let isLetter = byte.isASCIILetter || byte >= 0x80
            let isCapital = isLetter && byte & 0x20 == 0 && byte < 0x80
            if !isLetter || (isCapital && previous.isASCIILetter && previous & 0x20 != 0) {
                end(hash, length, &last, endsName: byte <= 0x20)
                hash = HintTable.seed
                length = 0
            }
            if isLetter {
                hash = HintTable.next(hash, byte | 0x20)
                length += 1
            }
            previous = byte
        }
        end(hash, length, &last, endsName: true)
    }

    /// Of a class, in bytes: generated ones can be very long.
    private static let longest = 512

    private mutating func end(_ hash: UInt32, _ length: Int, _ last: inout ClassHints, endsName: Bool) {
        if length > 0 {
            let found = HintTable.shared.find(hash)
            if last.contains(.subject), found.contains(.holder) { insert(.body) }
            formUnion(found.subtracting([.subject, .holder]))
            last = found
        }
        if endsName { last = [] }
    }
}

/// The words, by a hash of their letters: a page has thousands of them.
struct HintTable: Sendable {
    static let seed: UInt32 = 2_166_136_261
    static let shared = HintTable()

    private static let size = 2048
    private var keys = [UInt32](repeating: 0, count: size)
    private var values = [ClassHints](repeating: [], count: size)

    /// FNV-1a.
    static func next(_ hash: UInt32, _ byte: UInt8) -> UInt32 { (hash ^ UInt32(byte)) &* 16_777_619 }

    func find(_ hash: UInt32) -> ClassHints {
        var place = Int(hash) & (Self.size - 1)
        while keys[place] != 0 {
            if keys[place] == hash { return values[place] }
            place = (place + 1) & (Self.size - 1)
        }
        return []
    }

    private init() {
        for (hints, words) in Self.words {
            for word in words.split(separator: " ") { add(String(word), hints) }
        }
    }

    private mutating func add(_ word: String, _ hints: ClassHints) {
        let hash = word.utf8.reduce(Self.seed) { Self.next($0, $1) }
        var place = Int(hash) & (Self.size - 1)
        while keys[place] != 0, keys[place] != hash { place = (place + 1) & (Self.size - 1) }
        keys[place] = hash
        values[place].formUnion(hints)
    }

    private static let words: [(ClassHints, String)] = [
        (
            .boilerplate,
            """
            nav navbar navigation navi menu menus submenu topmenu mainmenu megamenu dropdown breadcrumb breadcrumbs crumbs \
            footer foot colophon copyright sidebar sidebars sidenav siderail rail sharing share sharebar sharebox \
            sharethis sharetools sharedaddy addthis addtoany social socials socialmedia followus cookie cookies \
            consent gdpr ccpa ad ads advert adverts advertise advertisement advertisements advertising adsbygoogle adsense \
            adslot adunit adbox dfp sponsor sponsors sponsored promo promos promoted promotion promobox newsletter newsletters \
            subscribe subscription subscriptions signup signin login logout register modal popup popover overlay \
            lightbox pagination pager paging pagenav prevnext related relatedposts relatedarticles relatedlinks recommend \
            recommended recommendation recommendations recirc recirculation trending popular mostpopular mostread mostviewed \
            toplist outbrain taboola zergnet toolbar skip skiplink skiplinks masthead topbar bottombar sitemap \
            searchbox searchform donate donation hotnews morenews readmore seealso moreon widget widgets \
            carousel slideshow ticker marquee teaser teasers syndication rss print printonly \
            headerlink headerlinks editsection permalink edit actions buttons \
            relbar sphinxsidebar relations prevlink nextlink
            """
        ),
        (.comments, "comment comments commentlist commentlists disqus respond replies pinglun feedback"),
        (
            .hidden,
            "hidden invisible noprint nodisplay visuallyhidden screenreader offscreen sronly noscript printfooter catlinks"
        ),
        (
            .content,
            "article content main post story entry body text prose markdown richtext document doc docs section page"
        ),
        (
            .body,
            """
            articlebody articletext articlecontent articledetail storybody storytext storycontent postbody postcontent posttext \
            entrycontent entrybody entrytext bodytext bodycopy maincontent maintext pagecontent newstext newscontent newsbody \
            contenttext textcontent fulltext zaobao rich articlefulltext arttext
            """
        ),
        (.subject, "article story post entry news blog main page art arti detail body text rich content markdown wiki"),
        (.holder, "body content text copy main detail details output paragraphs"),
        (.note, "admonition note warning tip caution important callout hint attention danger"),
        (
            .byline,
            "byline author authors dateline timestamp pubdate publishdate published meta postmeta tags tag taglist keywords"
        ),
    ]
}
