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

    /// Parts of addresses of scripts and forms that only guards use, and of ids.
    private static let marks = [
        "/cdn-cgi/challenge-platform/", "__cf_chl", "cf-challenge", "challenge-form", "captcha-delivery.com",
        "px-captcha", "perimeterx", "_incapsula_resource", "/.within.website/", "anubis_challenge", "akamai-bm",
        "_sec/cp_challenge", "awswaf.com", "aws-waf-token", "/_guard/", "geo.captcha", "kpsdk", "sucuri_cloudproxy",
        "ddos-guard", "/.well-known/sgcaptcha", "arkoselabs",
    ]

    init(_ tree: PageTree) {
        for (index, item) in tree.nodes.enumerated() {
            switch item.tag {
            case .h1, .h2: if heading.isEmpty { heading = tree.text(below: index, limit: 200).lowercased() }
            case .input: if item.node["type"]?.lowercased() == "password" { asksForPassword = true }
            case .script:
                if guardMark == nil {
                    guardMark =
                        Self.mark(item.node["src"]) ?? Self.mark(item.node["id"]) ?? Self.mark(in: item.node.child(0))
                }
            case .iframe: if guardMark == nil { guardMark = Self.mark(item.node["src"]) }
            case .form, .div:
                if guardMark == nil { guardMark = Self.mark(item.node["id"]) ?? Self.mark(item.node["action"]) }
            default: break
            }
        }
    }

    private static func mark(_ value: String?) -> String? {
        guard let value = value?.lowercased(), !value.isEmpty, value.utf8.count < 2000 else { return nil }
        return marks.first { value.contains($0) }
    }

    /// What guards write is short; a site's own scripts are not read.
    private static func mark(in script: HTMLNode?) -> String? {
        guard let bytes = script?.textBytes, bytes.count < 6000, bytes.count > 20 else { return nil }
        let text = String(decoding: bytes, as: UTF8.self).lowercased()
        return ["_cf_chl_opt", "captcha-delivery.com", "_pxappid", "awswafcookiedomainlist", "gokuprops"].first {
            text.contains($0)
        }
    }
}
