import Markup

extension ExtractedPage.Verdict {
    /// Judges a page by its marks, in the order of how sure they are.
    ///
    /// A page with much to read is content, whatever it is about: an article on captchas has all the words of a bot wall.
    init(_ tree: PageTree, _ page: ExtractedPage) {
        let title = (page.facts.title ?? "").lowercased()
        let signals = PageSignals(tree)
        let isShort = page.wordCount <= Self.mostWords
        if let mark = signals.guardMark, isShort {
            self = .botWall(mark: mark)
        } else if isShort, let mark = PagePhrases.botWall.first(title: title, heading: signals.heading, text: page.text)
        {
            self = .botWall(mark: mark)
        } else if isShort,
            let mark = PagePhrases.notFound.first(title: title, heading: signals.heading, text: page.text)
        {
            self = .softNotFound(mark: mark)
        } else if signals.asksForPassword, isShort,
            let mark = PagePhrases.login.first(title: title, heading: signals.heading, text: page.text)
        {
            self = .loginWall(mark: mark)
        } else {
            self = .content
        }
    }

    /// Of a page that is nothing but a message.
    private static let mostWords = 150
}

/// What the markup of guards and of forms shows.
struct PageSignals {
    /// The first heading of the page, in small letters.
    private(set) var heading = ""
    /// What shows that the page is a guard's.
    private(set) var guardMark: String?
    /// Whether there is a field for a password.
    private(set) var asksForPassword = false

    /// Parts of addresses of scripts and forms that only guards use.
    private static let addresses = [
        "/cdn-cgi/challenge-platform/", "__cf_chl", "captcha-delivery.com", "perimeterx", "_Incapsula_Resource",
        "/.within.website/", "/_sec/cp_challenge", "awswaf.com", "/_guard/", "geo.captcha", "/kpsdk", "ddos-guard",
        "/.well-known/sgcaptcha", "arkoselabs",
    ]
    /// Ids that only guards use.
    private static let ids: [StaticString] = [
        "px-captcha", "challenge-form", "cf-challenge-running", "anubis_challenge",
    ]
    /// What stands in the scripts of guards, which are short; a site's own scripts are not read.
    private static let code = [
        "_cf_chl_opt", "captcha-delivery.com", "_pxAppId", "awsWafCookieDomainList", "gokuProps",
    ]
    private static let codeLength = 20...6000

    init(_ tree: PageTree) {
        for (index, item) in tree.nodes.enumerated() {
            switch item.tag {
            case .h1, .h2: if heading.isEmpty { heading = tree.text(below: index, limit: 200).lowercased() }
            case .input: if item.node["type"]?.lowercased() == "password" { asksForPassword = true }
            case .script, .iframe, .form, .div: if guardMark == nil { guardMark = Self.mark(item.node, item.tag) }
            default: break
            }
        }
    }

    private static func mark(_ node: HTMLNode, _ tag: HTMLTag?) -> String? {
        var mark: String?
        node.forEachAttribute { name, value in
            if name.isName("id") {
                mark = mark ?? ids.first { value.isName($0) }.map { "\($0)" }
            } else if tag != .div, name.isName("src") || name.isName("action") {
                mark = mark ?? addresses.first { value.contains($0) }
            }
        }
        guard mark == nil, tag == .script, let text = node.child(0)?.textBytes, codeLength.contains(text.count) else {
            return mark
        }
        return code.first { text.contains($0) }
    }
}
