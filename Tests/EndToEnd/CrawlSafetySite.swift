import Foundation
import HTTPServer
import TestKit

/// A site whose pages lead to where no crawler may go, on the one address that the operator allows.
struct CrawlSafetySite: Sendable {
    /// A URL that must leave one record error: its last path component is the case's name.
    struct Expected: Sendable {
        let group: String
        let code: String
    }

    static let address = "127.0.0.2"
    /// Longer than libcurl keeps what a name led to, so that the page after robots.txt is looked up again.
    private static let forgetting = 61

    let port: UInt16
    private(set) var expected: [String: Expected] = [:]
    /// What is answered by path, or by host and path where the host is a name.
    private var answers: [String: HTTPResponse] = [:]
    private var links: [String] = []

    init(port: UInt16) {
        self.port = port
        addTargets()
        addMarkup()
        addNames()
        addRobots()
        addLists()
        answers["/"] = Self.page(links.map { "<a href=\"\(Self.escaped($0))\">a track</a>" }.joined(separator: "\n"))
    }

    var start: String { "http://\(Self.address):\(port)/" }

    func answer(_ request: HTTPRequest) -> HTTPResponse {
        let host = (request.headers["Host"] ?? "").prefix { $0 != ":" }
        if let answer = answers[host + request.path] ?? (host == Self.address ? answers[request.path] : nil) {
            return answer
        }
        return request.path == "/robots.txt" ? HTTPResponse(status: 404) : Self.page("A plain track.")
    }

    /// Registers a case and answers its target.
    private mutating func add(_ group: String, _ target: String, code: String = "address_refused") -> String {
        let name = "case-\(expected.count)"
        expected[name] = Expected(group: group, code: code)
        return filled(target, name)
    }

    private func filled(_ target: String, _ name: String) -> String {
        target.replacing("PORT", with: String(port)).replacing("CASE", with: name)
    }

    // MARK: the parts of the site

    /// Each target as a link and behind a redirect.
    private mutating func addTargets() {
        let codes = [301, 302, 303, 307, 308]
        for (kind, list) in zip("abcdefgh", CrawlSafetyCases.refused) {
            for (index, target) in list.targets.enumerated() {
                links.append(add("link: \(list.group)", target))
                addRedirect(
                    to: add("redirect: \(list.group)", target), codes[index % codes.count], "/go-\(kind)/\(index)")
            }
        }
        links.append(add("link: ports", "http://127.0.0.2:0/CASE", code: "bad_url"))
        for (kind, list) in zip("mnopq", CrawlSafetyCases.unusable) {
            for (index, target) in list.targets.enumerated() {
                let target = add("redirect: \(list.group)", target, code: "bad_redirect")
                // The redirecting page is the one that fails.
                addRedirect(to: target, codes[index % codes.count], "/go-\(kind)/case-\(expected.count - 1)")
            }
        }
        for (index, target) in ["http://127.0.0.1:PORT/CASE", "http://inner.test:PORT/CASE"].enumerated() {
            let target = add("redirect: chains", target)
            links.append("/chain-\(index)/1")
            for hop in 1...3 {
                let next = hop == 3 ? target : "/chain-\(index)/\(hop + 1)"
                answers["/chain-\(index)/\(hop)"] = HTTPResponse(status: codes[hop], headers: [("Location", next)])
            }
        }
    }

    private mutating func addRedirect(to target: String, _ status: Int, _ path: String) {
        links.append(path)
        answers[path] = HTTPResponse(status: status, headers: [("Location", target)])
    }

    /// What leads on from a page besides its links.
    private mutating func addMarkup() {
        let places = [
            ("meta refresh", #"<meta http-equiv="refresh" content="0; url=URL">"#),
            ("canonical link", #"<link rel="canonical" href="URL">"#), ("frame", #"<iframe src="URL"></iframe>"#),
            ("area", #"<map><area href="URL" alt="a track"></map>"#), ("next", #"<link rel="next" href="URL">"#),
            ("alternate", #"<link rel="alternate" hreflang="en" href="URL">"#),
            ("base", #"<base href="URL"><a href="URL-NAME">a track</a>"#),
        ]
        for (index, place) in places.enumerated() {
            for (number, host) in ["127.0.0.1:PORT", "[::1]:PORT", "169.254.169.254"].enumerated() {
                let target = add("markup: \(place.0)", "http://\(host)/CASE")
                let name = "case-\(expected.count - 1)"
                let markup = place.1.replacing("URL-NAME", with: name).replacing("URL", with: target)
                let path = "/markup-\(number)/page-\(index)"
                links.append(path)
                answers[path] = Self.page(markup)
            }
        }
    }

    /// Names that lead inside, and those that do so only when they are looked up again.
    private mutating func addNames() {
        for name in CrawlSafetyNames.inside.keys.sorted() { links.append(add("DNS", "http://\(name):PORT/CASE")) }
        for name in CrawlSafetyNames.rebinding.keys.sorted() {
            links.append(add("DNS: rebinding", "http://\(name):PORT/CASE"))
            answers[name + "/robots.txt"] = .text("User-agent: *\nCrawl-delay: \(Self.forgetting)\n")
        }
        for name in CrawlSafetyNames.both.keys.sorted() { links.append(filled("http://\(name):PORT/both", "")) }
    }

    /// Hosts whose robots.txt leads inside: nothing of them may be fetched, their robots.txt the least.
    private mutating func addRobots() {
        let targets = [
            (301, "http://127.0.0.1:PORT/robots.txt"), (302, "http://[::1]:PORT/"), (303, "http://169.254.169.254/"),
            (307, "http://0x7f.1:PORT/robots.txt"), (308, "http://inner.test:PORT/robots.txt"),
            (302, "http://127.0.0.2:22/robots.txt"), (301, "/robots-2.txt"),
        ]
        for (index, target) in targets.enumerated() {
            let name = CrawlSafetyNames.robots[index]
            links.append(add("robots.txt", "http://\(name):PORT/CASE"))
            answers[name + "/robots.txt"] = HTTPResponse(
                status: target.0, headers: [("Location", filled(target.1, ""))])
            answers[name + "/robots-2.txt"] = HTTPResponse(
                status: 302, headers: [("Location", filled("http://127.0.0.3:PORT/robots.txt", ""))])
        }
        links.append(filled("http://files.test:PORT/", ""))
        answers["files.test/robots.txt"] = HTTPResponse(status: 302, headers: [("Location", "file:///etc/passwd")])
        expected["robots.txt"] = Expected(group: "robots.txt", code: "bad_redirect")
    }

    private mutating func addLists() {
        let hosts = [
            "127.0.0.1:PORT", "[::1]:PORT", "017700000001:PORT", "169.254.169.254", "user@127.0.0.1:PORT",
            "inner.test:PORT",
        ]
        var lines = [
            "User-agent: *", "Disallow:", "Sitemap: \(start)map.xml", "Sitemap: \(start)index.xml",
            "Sitemap: \(start)map.txt",
        ]
        lines += hosts.map { "Sitemap: " + add("robots.txt: Sitemap", "http://\($0)/CASE") }
        lines += ["Sitemap: file:///etc/passwd", "Sitemap: gopher://127.0.0.1:\(port)/"]
        answers["/robots.txt"] = .text(lines.joined(separator: "\n"))
        let pages = hosts.map { "<url><loc>\(add("sitemap", "http://\($0)/CASE"))</loc></url>" }
        answers["/map.xml"] = Self.list("<urlset>\(pages.joined())<url><loc>file:///etc/passwd</loc></url></urlset>")
        var lists = hosts.map { "<sitemap><loc>\(add("sitemap index", "http://\($0)/CASE"))</loc></sitemap>" }
        for name in CrawlSafetyNames.rebindingLists.keys.sorted() {
            lists.append("<sitemap><loc>\(add("DNS: rebinding", "http://\(name):PORT/CASE"))</loc></sitemap>")
            answers[name + "/robots.txt"] = .text("User-agent: *\nCrawl-delay: \(Self.forgetting)\n")
        }
        answers["/index.xml"] = Self.list("<sitemapindex>\(lists.joined())</sitemapindex>")
        answers["/map.txt"] = .text(hosts.map { add("sitemap of text", "http://\($0)/CASE") }.joined(separator: "\n"))
    }

    // MARK: answers

    private static func page(_ markup: String) -> HTTPResponse {
        HTTPResponse(
            status: 200, headers: [("Content-Type", "text/html; charset=utf-8")],
            body: .string(
                """
                <!DOCTYPE html><html lang="en"><title>The yard</title>
                <p>Four trains stand in the yard this evening, and each of them waits for another signal.</p>
                \(markup)
                """))
    }

    private static func list(_ xml: String) -> HTTPResponse {
        HTTPResponse(status: 200, headers: [("Content-Type", "application/xml")], body: .string(xml))
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("\"", with: "&quot;").replacing("<", with: "&lt;")
    }
}
