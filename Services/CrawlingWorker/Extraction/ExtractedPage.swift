import JSON

/// What one HTML page says.
struct ExtractedPage: Sendable, Equatable {
    /// What a page is taken for.
    enum Verdict: Sendable, Equatable {
        /// A page like any other.
        case content
        /// A page that says that there is none, whatever its status; the mark is what told it.
        case softNotFound(mark: String)
        /// A page that a guard shows instead, to keep programs out.
        case botWall(mark: String)
        /// A page that only asks who one is.
        case loginWall(mark: String)
    }

    /// The character encoding that the page was read in, by its name in the Encoding Standard.
    var encoding: String
    /// What its head and its markup say about it.
    var facts = PageFacts()
    /// Where it leads, in the order of the page.
    var links: [PageLink] = []
    /// The main text as CommonMark with tables.
    var markdown = ""
    /// The main text without marks: blocks are separated by an empty line, table cells by a tab.
    var text = ""
    /// Words of `text`; in scripts without blanks, two characters count as one.
    var wordCount = 0
    /// What the page is taken for.
    var verdict = Verdict.content
}

/// What a page says about itself; what it does not say is nil.
struct PageFacts: Sendable, Equatable {
    var title: String?
    var description: String?
    /// A language tag, such as `en` or `pt-BR`.
    var language: String?
    /// The `href` of `rel=canonical`, as written.
    var canonical: String?
    /// The `href` of the first `base`, as written: what links are relative to.
    var base: String?
    var author: String?
    var siteName: String?
    /// In RFC 3339, UTC.
    var published: String?
    /// In RFC 3339, UTC.
    var modified: String?
    var robots = RobotsDirectives()
    /// Where `<meta http-equiv=refresh>` leads, as written, and after how many seconds.
    var refresh: Refresh?
    /// Open Graph and Twitter cards: the property's name, such as `og:title`, and its value, in order.
    var cards: [Card] = []
    var linkedData = LinkedData()

    struct Refresh: Sendable, Equatable {
        var seconds: Int
        var target: String
    }

    struct Card: Sendable, Equatable {
        var name: String
        var value: String
    }
}

/// A link of a page.
struct PageLink: Sendable, Equatable {
    /// What kind of element it is.
    enum Kind: Sendable, Equatable {
        /// `a` and `area`.
        case anchor
        /// `iframe` and `frame`.
        case frame
        /// `link rel=next`.
        case next
        /// `link rel=prev`.
        case previous
        /// `link rel=alternate` with `hreflang`, which is the language.
        case alternate(language: String)
    }

    var kind: Kind
    /// The target as written, without blanks around it.
    var target: String
    /// Its text, cut to 200 characters.
    var text = ""
    var rel: Rel = []

    /// What the page says of the link's target.
    struct Rel: OptionSet, Sendable, Equatable {
        let rawValue: UInt8
        static let nofollow = Rel(rawValue: 1)
        static let ugc = Rel(rawValue: 2)
        static let sponsored = Rel(rawValue: 4)
    }
}
