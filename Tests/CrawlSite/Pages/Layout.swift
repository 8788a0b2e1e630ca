import Foundation

/// Writes a document as the site's HTML.
struct Layout {
    let page: Page
    let document: Document
    let model: SiteModel
    private var random: Random
    private var html = ""

    static func bytes(of document: Document, _ page: Page, _ model: SiteModel) -> [UInt8] {
        var layout = Layout(page, document, model)
        layout.writeHead()
        if document.hasLayout { layout.writeBody() } else { layout.writeBareBody() }
        return encoded(layout.html, document.charset)
    }

    private init(_ page: Page, _ document: Document, _ model: SiteModel) {
        self.page = page
        self.document = document
        self.model = model
        random = Random(model.seed &+ 1, page.url)
        html.reserveCapacity(40_000)
    }

    private mutating func writeHead() {
        let meta =
            switch document.charset {
            case .utf8: "<meta charset=\"utf-8\">"
            case .mislabelled1251: "<meta charset=\"windows-1251\">"
            case .shiftJIS: "<meta http-equiv=\"Content-Type\" content=\"text/html; charset=Shift_JIS\">"
            case .utf16WithMark: ""
            case .lateMeta: "<!-- \(String(repeating: "far ", count: 500)) --><meta charset=\"iso-8859-1\">"
            }
        html += """
            <!DOCTYPE html>
            <html lang="en">
            <head>\(meta)
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>\(document.title)</title>
            \(document.head)
            """
        if document.padding > 0 {
            html += Self.style
            html += "<script>window.state = {\"items\": ["
            for number in 0..<document.padding / 64 {
                html += "{\"id\": \(number), \"price\": \"\(number % 90).99\", \"label\": \"not a text to be read\"},\n"
            }
            html += "0]};</script>\n"
        }
        html += "</head>\n<body>\n"
    }

    /// Menu, text, sidebar and footer share the links; a few stand in the text itself.
    private mutating func writeBody() {
        var links = page.links[...]
        let menu = links.prefix(5)
        links = links.dropFirst(5)
        let inText = links.prefix(min(5, links.count / 3))
        links = links.dropFirst(inText.count)
        html += Self.banner
        html += "<header class=\"site-header\"><div class=\"logo\">\(page.url.host.name)</div><nav class=\"menu\">"
        writeList(menu)
        html += "</nav><form action=\"/find\"><input name=\"words\" placeholder=\"Find\"></form></header>\n"
        html += document.before
        writeArticle(inText)
        html += "<aside class=\"sidebar\"><h3>Related</h3>"
        writeList(links.prefix(links.count * 2 / 3))
        html +=
            "<div class=\"newsletter\"><p>Sign up for our newsletter and never miss what is new.</p></div></aside>\n"
        html += "<footer class=\"site-footer\"><div class=\"share\">Share this page with your friends</div>"
        writeList(links.dropFirst(links.count * 2 / 3))
        html += Self.end
    }

    private mutating func writeArticle(_ links: ArraySlice<Link>) {
        html += """
            <main><article itemscope itemtype="https://schema.org/Article">
            <h1 itemprop="headline">\(document.title)</h1>
            <p class="byline">By the staff</p>
            <div class="text" itemprop="articleBody">

            """
        var links = links
        for paragraph in document.paragraphs {
            // The link is around the first word, so that the text stays what it is.
            if let link = links.popFirst(), let space = paragraph.firstIndex(of: " ") {
                html += "<p>"
                write(link, text: paragraph[..<space])
                html += "\(paragraph[space...])</p>\n"
            } else {
                html += "<p>\(paragraph)</p>\n"
            }
        }
        html += "</div></article>"
        if !links.isEmpty { writeList(links) }
        html += "</main>\n"
    }

    private mutating func writeBareBody() {
        html += document.before
        for paragraph in document.paragraphs { html += "<p>\(paragraph)</p>\n" }
        writeList(page.links[...])
        html += "</body></html>\n"
    }

    private mutating func writeList(_ links: ArraySlice<Link>) {
        html += "<ul class=\"links\">\n"
        for link in links {
            html += "<li class=\"item\">"
            write(link, text: "More \(Words.coined(&random))"[...])
            html += "</li>\n"
        }
        html += "</ul>\n"
    }

    private mutating func write(_ link: Link, text: Substring) {
        html += "<a class=\"link\" href=\"\(href(of: link))\">\(text)</a>"
    }

    private mutating func href(of link: Link) -> String {
        guard link.href == nil, let url = link.url else { return link.href ?? "#" }
        let spelling = random.pick(model.mode == .full ? Spelling.all : Spelling.ordinary)
        return spelling.href(to: url, from: page.url, port: model.port, &random)
    }

    private static func encoded(_ html: String, _ charset: Charset) -> [UInt8] {
        let encoding: String.Encoding =
            switch charset {
            case .utf8: .utf8
            case .mislabelled1251: .windowsCP1251
            case .shiftJIS: .shiftJIS
            case .utf16WithMark: .utf16LittleEndian
            case .lateMeta: .isoLatin1
            }
        if encoding == .utf8 { return Array(html.utf8) }
        guard let data = html.data(using: encoding) else { preconditionFailure("the text has no form in \(encoding)") }
        return (charset == .utf16WithMark ? [0xFF, 0xFE] : []) + Array(data)
    }

    private static let banner = """
        <div class="cookie-banner" role="dialog">
        <p>We use cookies to make this site better. By going on you accept our use of cookies.</p>
        <button>Accept all</button><button>Reject</button></div>

        """

    private static let end = """
        <p class="legal">All rights reserved. Prices include tax. This site is made for tests.</p></footer>
        </body>
        </html>

        """

    private static let style = """
        <style>
        :root { --ink: #222; --paper: #fff; --accent: #06c; } * { box-sizing: border-box; }
        body { margin: 0; font: 16px/1.5 sans-serif; color: var(--ink); background: var(--paper); }
        .site-header { display: flex; gap: 1rem; padding: 1rem 2rem; border-bottom: 1px solid #ddd; }
        .menu ul { display: flex; gap: 1rem; list-style: none; margin: 0; padding: 0; }
        .menu a { color: var(--accent); }
        .cookie-banner { position: fixed; bottom: 0; left: 0; right: 0; padding: 1rem; background: #eee; z-index: 10; }
        main { display: block; max-width: 44rem; margin: 2rem auto; padding: 0 1rem; } .byline { color: #777; }
        .sidebar { float: right; width: 18rem; padding: 1rem; background: #f7f7f7; } .newsletter { margin-top: 2rem; }
        .site-footer { clear: both; padding: 2rem; font-size: 0.8rem; background: #222; color: #ccc; }
        .site-footer ul { columns: 3; } .share { margin-bottom: 1rem; } .legal { opacity: 0.6; }
        </style>

        """
}
