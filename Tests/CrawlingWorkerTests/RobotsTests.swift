import Testing

@testable import CrawlingWorker

private func allows(_ file: String, _ agent: String, _ target: String) -> Bool {
    RobotsFile(Array(file.utf8)).decision(agent: agent, target: target).isAllowed
}

@Suite struct RobotsPathTests {
    /// Rules for everybody, a target, and whether it may be fetched.
    static let cases: [(rules: String, target: String, isAllowed: Bool)] = [
        // Prefixes
        ("Disallow: /", "/", false), ("Disallow: /", "/x?y", false), ("Disallow: /fish", "/fish", false),
        ("Disallow: /fish", "/fish.html", false), ("Disallow: /fish", "/fish/salmon.html", false),
        ("Disallow: /fish", "/fishheads", false), ("Disallow: /fish", "/fish.php?id=1", false),
        ("Disallow: /fish", "/Fish.asp", true), ("Disallow: /fish", "/catfish", true),
        ("Disallow: /fish", "/?id=fish", true), ("Disallow: /fish/", "/fish", true),
        ("Disallow: /fish/", "/fish/", false), ("Disallow: /fish/", "/fish/?id=1", false),
        ("Disallow: /fish*", "/fish.html", false), ("Disallow: /fish*", "/catfish", true),
        ("Disallow: fish", "/fish", true), ("Disallow: http://host/x", "/x", true),
        ("Disallow: /a?b", "/a?bc", false), ("Disallow: /a?b", "/a", true), ("Disallow: /?", "/", true),
        // Stars
        ("Disallow: *", "/", false), ("Disallow: /*", "/a", false), ("Disallow: *.php", "/a.php", false),
        ("Disallow: /*.php", "/folder/any.php.file.html", false), ("Disallow: /*.php", "/", true),
        ("Disallow: /*.php", "/windows.PHP", true), ("Disallow: /fish*.php", "/fishheads/catfish.php?x", false),
        ("Disallow: /fish*.php", "/Fish.PHP", true), ("Disallow: /a*b*c", "/a1b2c3", false),
        ("Disallow: /a*b*c", "/acb", true), ("Disallow: /a***b", "/axxb", false), ("Disallow: /a**", "/a", false),
        ("Disallow: /*/b/*/d", "/a/b/c/d", false), ("Disallow: /*/b/*/d", "/a/b/d", true),
        ("Disallow: /*aab", "/aaab", false),
        // Ends
        ("Disallow: /*.php$", "/filename.php", false), ("Disallow: /*.php$", "/filename.php?x", true),
        ("Disallow: /*.php$", "/filename.php/", true), ("Disallow: /*.php$", "/a.php.php", false),
        ("Disallow: /$", "/", false), ("Disallow: /$", "/page", true), ("Disallow: /a$", "/a", false),
        ("Disallow: /a$", "/ab", true), ("Disallow: /a$b", "/a$b", false), ("Disallow: /a$b", "/a", true),
        ("Disallow: /a*a$", "/a", true), ("Disallow: /a*a$", "/aa", false), ("Disallow: /a*$", "/abc", false),
        ("Disallow: $", "/", true), ("Disallow: /$$", "/", true), ("Disallow: /$$", "/$", false),
        ("Disallow: /ab*ba$", "/aba", true),
        // The table of RFC 9309, section 2.2.2, in each spelling of both sides
        ("Disallow: /foo/bar?baz=quz", "/foo/bar?baz=quz", false),
        ("Disallow: /foo/bar?baz=https://foo.bar", "/foo/bar?baz=https%3A%2F%2Ffoo.bar", false),
        ("Disallow: /foo/bar?baz=https%3A%2F%2Ffoo.bar", "/foo/bar?baz=https://foo.bar", false),
        ("Disallow: /*https://foo", "/foo/bar?baz=https%3a%2f%2ffoo.bar", false),
        ("Disallow: /foo/bar/\u{30C4}", "/foo/bar/%E3%83%84", false),
        ("Disallow: /foo/bar/%E3%83%84", "/foo/bar/\u{30C4}", false),
        ("Disallow: /foo/bar/%e3%83%84", "/foo/bar/%E3%83%84", false),
        ("Disallow: /foo/bar/%62%61%7A", "/foo/bar/baz", false),
        ("Disallow: /foo/bar/baz", "/foo/bar/%62%61%7a", false),
        // Its special characters as plain ones
        ("Disallow: /path/file-with-a-%2A.html", "/path/file-with-a-*.html", false),
        ("Disallow: /path/file-with-a-%2A.html", "/path/file-with-a-b.html", true),
        ("Disallow: /path/foo-%24", "/path/foo-$", false), ("Disallow: /path/foo-%24", "/path/foo-", true),
        ("Disallow: /path/foo-%24", "/path/foo-$more", false),
        // Reserved octets are not decoded in a path
        ("Disallow: /a%2Fb", "/a/b", true), ("Disallow: /a/b", "/a%2Fb", true), ("Disallow: /a%2fb", "/a%2Fb", false),
        ("Disallow: /a%3Fb", "/a?b", true), ("Disallow: /a?b%26c", "/a?b&c", true),
        // What no URI may hold, and percent signs that encode nothing
        ("Disallow: /a b", "/a%20b", false), ("Disallow: /100%", "/100%25", false),
        ("Disallow: /100%zz", "/100%zz", false), ("Disallow: /%", "/%", false), ("Disallow: /%4", "/%4", false),
        ("Disallow: /a|b", "/a%7Cb", false), ("Disallow: /%2541", "/%41", true),
        // The target
        ("Disallow: /a", "/b#/a", true), ("Disallow: /?x", "?x", false), ("Disallow: /", "", false),
        ("Disallow: /", "/robots.txt", true), ("Disallow: /", "/robots.txt/x", false),
        ("Disallow: *", "/%72obots.txt", true), ("Disallow: /r", "/robots.txt2", false),
        // The longest match decides, and Allow between equals
        ("Disallow: /\nAllow: /p", "/page", true), ("Allow: /p\nDisallow: /", "/page", true),
        ("Allow: /folder\nDisallow: /folder", "/folder/page", true),
        ("Disallow: /folder\nAllow: /folder", "/folder/page", true),
        ("Allow: /page\nDisallow: /*.htm", "/page.htm", false), ("Allow: /page\nDisallow: /*.ph", "/page.php5", true),
        ("Allow: /$\nDisallow: /", "/", true), ("Allow: /$\nDisallow: /", "/page.htm", false),
        ("Allow: /a\nDisallow: /aa\nAllow: /aaa", "/aab", false), ("Disallow: /x/\nAllow: /x/page", "/x/page", true),
        ("Allow: /example/page/\nDisallow: /example/page/disallowed.gif", "/example/page/disallowed.gif", false),
        ("Allow: /example/page/\nDisallow: /example/page/disallowed.gif", "/example/page/x.gif", true),
        // Nothing forbidden
        ("Disallow:", "/", true), ("Disallow:\nAllow:", "/", true), ("Disallow: /a", "/b", true),
        ("Allow: /a", "/b", true), ("Disallow: # /", "/", true),
    ]

    @Test(arguments: cases) func ruleDecides(rules: String, target: String, isAllowed: Bool) {
        #expect(allows("User-agent: *\n\(rules)\n", "AnyBot", target) == isAllowed)
    }

    @Test func theDecisionNamesItsRule() throws {
        let file = RobotsFile(Array("# x\r\nUser-agent: *\r\nDisallow: /a*/%7eb$\rAllow: /c\n".utf8))
        guard case .disallowed(let rule) = file.decision(agent: "x", target: "/a/~b") else {
            Issue.record("allowed")
            return
        }
        #expect(rule.line == 3 && rule.description == "Disallow: /a*/~b$")
        guard case .allowed(let other) = file.decision(agent: "x", target: "/c") else {
            Issue.record("disallowed")
            return
        }
        #expect(other?.line == 4 && other?.description == "Allow: /c")
        #expect(file.decision(agent: "x", target: "/d") == .allowed(by: nil))
    }

    /// The textbook matcher of stars, of quadratic time, on short texts of two letters.
    @Test func starsMatchAsTheTextbookSays() {
        var random = SplitMix(state: 7)
        var matched = 0
        for _ in 0..<20_000 {
            let pattern = [UInt8(ascii: "/")] + random.bytes(upTo: 8, of: "ab*")
            let target = [UInt8(ascii: "/")] + random.bytes(upTo: 10, of: "ab")
            let isAnchored = random.next() % 2 == 0
            let path = isAnchored ? pattern + [UInt8(ascii: "$")] : pattern
            let rule = RobotsRule(.allow, path: path[...], line: 1)
            let expected = textbook(isAnchored ? pattern : pattern + [UInt8(ascii: "*")], target)
            matched += expected ? 1 : 0
            #expect(
                rule?.matches(target) == expected, "\(String(decoding: path + [0x20] + target, as: UTF8.self))")
        }
        #expect(matched > 2000 && matched < 18_000)
    }

    private func textbook(_ pattern: [UInt8], _ target: [UInt8]) -> Bool {
        var reachable = [true] + [Bool](repeating: false, count: target.count)
        for byte in pattern {
            if byte == UInt8(ascii: "*") {
                for index in target.indices where reachable[index] { reachable[index + 1] = true }
            } else {
                for index in target.indices.reversed() {
                    reachable[index + 1] = reachable[index] && target[index] == byte
                }
                reachable[0] = false
            }
        }
        return reachable[target.count]
    }

    @Test func manyStarsAreMatchedOnce() {
        let file = "User-agent: *\nDisallow: /" + String(repeating: "*a", count: 200_000) + "b$"
        #expect(allows(file, "x", "/" + String(repeating: "a", count: 100_000)))
    }
}

@Suite struct RobotsGroupTests {
    /// The example of RFC 9309, section 5.1, in its sense.
    private static let simple = """
        User-Agent: *
        Disallow: *.gif$
        Disallow: /example/
        Allow: /publications/

        User-Agent: foobot
        Disallow:/
        Allow:/example/page.html
        Allow:/example/allowed.gif

        User-Agent: barbot
        User-Agent: bazbot
        Disallow: /example/page.html

        User-Agent: quxbot
        """

    @Test(arguments: [
        ("otherbot", "/a.gif", false), ("otherbot", "/example/x", false), ("otherbot", "/publications/x", true),
        ("otherbot", "/a.gif?x", true), ("foobot", "/", false), ("foobot", "/example/page.html", true),
        ("foobot", "/example/allowed.gif", true), ("foobot", "/publications/", false),
        ("barbot", "/example/page.html", false), ("bazbot", "/example/page.html", false),
        ("bazbot", "/example/x.gif", true), ("quxbot", "/example/page.html", true), ("quxbot", "/a.gif", true),
    ]) func simpleExample(agent: String, target: String, isAllowed: Bool) {
        #expect(allows(Self.simple, agent, target) == isAllowed)
    }

    /// A file, an agent, and whether it may fetch `/x`.
    static let agents: [(file: String, agent: String, isAllowed: Bool)] = [
        // The name, whatever its case and what follows it
        ("User-agent: FooBot\nDisallow: /", "foobot", false), ("user-agent: foobot\ndisallow: /", "FOOBOT", false),
        ("User-agent: FooBot\nDisallow: /", "FooBot/2.1 (+http://foo)", false),
        ("User-agent: FooBot/1.0\nDisallow: /", "foobot", false),
        ("User-agent: Foo Bot\nDisallow: /", "foo", false), ("User-agent: Foo Bot\nDisallow: /", "foobot", true),
        ("User-agent: foo\nDisallow: /", "foobot", true), ("User-agent: foobot\nDisallow: /", "foo", true),
        ("User-agent: foo-bot_x\nDisallow: /", "Foo-Bot_X", false), ("User-agent: 7\nDisallow: /", "7", true),
        ("User-agent:\nDisallow: /", "foo", true), ("User-agent: *\nDisallow: /", "", false),
        // Everybody
        ("User-agent: *\nDisallow: /", "foo", false), ("User-agent: * # all\nDisallow: /", "foo", false),
        ("User-agent: * foo\nDisallow: /", "bar", false), ("User-agent: *foo\nDisallow: /", "foo", true),
        ("User-agent: *\nDisallow: /\nUser-agent: foo\nAllow: /", "foo", true),
        ("User-agent: foo\nDisallow: /\nUser-agent: *\nAllow: /", "foo", false),
        ("User-agent: foo\nDisallow:\nUser-agent: *\nDisallow: /", "foo", true),
        ("User-agent: *\nDisallow: /\nUser-agent: foo", "foo", true),
        // Groups of the same name are one
        ("User-agent: foo\nDisallow: /y\nUser-agent: bar\nDisallow: /\nUser-agent: foo\nDisallow: /x", "foo", false),
        ("User-agent: foo\nDisallow: /x\nUser-agent: bar\nAllow: /\nUser-agent: FOO\nDisallow: /y", "foo", false),
        ("User-agent: *\nDisallow: /y\n\nUser-agent: *\nDisallow: /x", "foo", false),
        // Several names in a row share their rules; empty lines and comments end nothing
        ("User-agent: foo\nUser-agent: bar\nDisallow: /", "foo", false),
        ("User-agent: foo\n\n# and\n\nUser-agent: bar\n\nDisallow: /", "foo", false),
        ("User-agent: foo\nUser-agent: *\nDisallow: /", "baz", false),
        ("User-agent: foo\nDisallow:\nUser-agent: bar\nDisallow: /", "foo", true),
        ("User-agent: foo\n\n\nDisallow: /x", "foo", false),
        ("User-agent: foo\nAllow: /\n\nDisallow: /x", "foo", false),
        // Other lines do not come between
        ("User-agent: foo\nSitemap: http://h/s\nUser-agent: bar\nDisallow: /", "foo", false),
        ("User-agent: foo\nCrawl-delay: 1\nUser-agent: bar\nDisallow: /", "foo", false),
        ("User-agent: foo\nNonsense: 1\nrubbish\nDisallow: /", "foo", false),
        // Rules of nobody
        ("Disallow: /\nUser-agent: foo\nAllow: /y", "foo", true), ("Disallow: /", "foo", true), ("", "foo", true),
        ("<html><body>User-agent: *</body>\nDisallow: /", "foo", true),
    ]

    @Test(arguments: agents) func groupIsChosen(file: String, agent: String, isAllowed: Bool) {
        #expect(allows(file, agent, "/x") == isAllowed)
    }
}

@Suite struct RobotsLineTests {
    /// Spellings of a file that forbids `/x` to everybody.
    static let spellings: [[UInt8]] =
        [
            "User-agent: *\nDisallow: /x", "User-agent: *\r\nDisallow: /x\r\n", "User-agent: *\rDisallow: /x\r",
            "User-agent:*\nDisallow:/x", " \tUser-agent \t: \t* \n\t Disallow\t:\t/x\t ", "USER-AGENT: *\ndISALLOW: /x",
            "User-agent: *#c\nDisallow: /x#c", "User-agent: * # c\nDisallow: /x # c",
            "\n\n\nUser-agent: *\n\n\nDisallow: /x",
            "User-agent *\nDisallow /x", "useragent: *\ndisalow: /x", "user agent: *\ndissallow: /x",
            "\u{FEFF}User-agent: *\nDisallow: /x", "User-agent: *\u{0B}\nDisallow: /x\u{0C}",
            "junk\u{0}\nUser-agent: *\nDisallow: /x",
        ].map { Array($0.utf8) } + [
            [0xEF, 0xBB] + Array("User-agent: *\nDisallow: /x".utf8),
            [0xFF, 0xFE, 0x0A] + Array("User-agent: *\n\u{80}: 1\nDisallow: /x".utf8) + [0x0A, 0xC3, 0x28],
        ]

    @Test(arguments: spellings) func spellingsAreRead(file: [UInt8]) {
        let robots = RobotsFile(file)
        #expect(!robots.decision(agent: "foo", target: "/x").isAllowed)
        #expect(robots.decision(agent: "foo", target: "/y").isAllowed)
    }

    /// The mark counts only at the start.
    @Test func aMarkInTheMiddleSpoilsItsLine() {
        #expect(allows("User-agent: foo\n\u{FEFF}Disallow: /x\nAllow: /", "foo", "/x"))
        #expect(allows("\u{FEFF}\u{FEFF}User-agent: foo\nDisallow: /x", "foo", "/x"))
    }

    @Test func wordsAfterAMissingColonMeanNothing() {
        #expect(allows("User-agent: foo\nDisallow /x /y", "foo", "/x"))
    }

    /// Bytes that are no UTF-8 are compared as the octets that they are.
    @Test func garbageIsComparedByOctets() {
        let robots = RobotsFile(Array("User-agent: *\nDisallow: /".utf8) + [0xFF, 0xC3])
        #expect(!robots.decision(agent: "foo", target: "/%FF%C3x").isAllowed)
        #expect(robots.decision(agent: "foo", target: "/%FF").isAllowed)
    }

    @Test func whatLiesBehindTheLimitDoesNotCount() {
        let start = "User-agent: *\nDisallow: /first\n#"
        let filler = String(repeating: "x", count: RobotsFile.maximumSize - start.utf8.count - 12)
        let file = "\(start)\(filler)\nDisallow: /second\nDisallow: /third"
        #expect(!allows(file, "foo", "/first"))
        // The limit lies within the word: what is left of the line would forbid more than it said.
        #expect(allows(file, "foo", "/second") && allows(file, "foo", "/s") && allows(file, "foo", "/third"))
        #expect(!allows("\(start)\nDisallow: /second", "foo", "/second"))
    }

    @Test(
        arguments: [
            ("1", 1.0), ("0.5", 0.5), ("10 # s", 10), ("0", 0), (".5", 0.5), ("100000", 300), ("-1", nil), ("1e3", nil),
            ("nan", nil), ("inf", nil), ("1,5", nil), ("1.2.3", nil), ("", nil), ("soon", nil),
            (String(repeating: "9", count: 400), 300),
        ] as [(String, Double?)]) func crawlDelay(text: String, seconds: Double?)
    {
        let rules = RobotsFile(Array("User-agent: *\nCrawl-delay: \(text)\nDisallow: /x".utf8)).rules(for: "foo")
        #expect(rules.crawlDelay == seconds.map { Duration.seconds($0) })
        #expect(!rules.decision(target: "/x").isAllowed)
    }

    @Test func crawlDelayBelongsToItsGroup() {
        let text = """
            Crawl-delay: 9
            User-agent: a
            Crawl-delay: 2
            User-agent: *
            Disallow:
            Crawl-delay: 3
            User-agent: c

            User-agent: A
            Crawl-delay: 1
            """
        let file = RobotsFile(Array(text.utf8))
        #expect(file.rules(for: "a").crawlDelay == .seconds(3))
        #expect(file.rules(for: "b").crawlDelay == .seconds(3))
        #expect(file.rules(for: "c").crawlDelay == .seconds(1))
    }

    @Test func sitemapsBelongToNobody() {
        let lines = [
            "Sitemap: https://h/a.xml", "User-agent: foo", "sitemap:http://h/b?x=1 # c", "Disallow: /",
            "Site-map: HTTPS://h/c", "Sitemap: /relative", "Sitemap: ftp://h/d", "Sitemap: https://h/a.xml", "Sitemap:",
            "Sitemap: https://h/a b", "Sitemap: https://h/\(String(repeating: "x", count: 2048))",
        ]
        let file = RobotsFile(Array(lines.joined(separator: "\n").utf8))
        #expect(file.sitemaps == ["https://h/a.xml", "http://h/b?x=1", "HTTPS://h/c"])
        #expect(!file.decision(agent: "foo", target: "/x").isAllowed)
    }

    @Test func sitemapsAreLimited() {
        let file = (0..<2000).map { "Sitemap: https://h/\($0)\n" }.joined()
        #expect(RobotsFile(Array(file.utf8)).sitemaps.count == RobotsFile.maximumSitemaps)
    }

    @Test func randomBytesAreAFile() {
        var random = SplitMix(state: 11)
        for _ in 0..<2000 {
            let bytes = random.bytes(upTo: 200, of: "user-agent: *\r\n\tallow:/dis#$%2a\u{FEFF}")
            let file = RobotsFile(bytes)
            #expect(file.decision(agent: "foo", target: "/robots.txt").isAllowed)
        }
    }
}

@Suite struct RobotsAnswerTests {
    private static let body = Array("User-agent: *\nDisallow: /x".utf8)

    @Test(arguments: [
        (200, "file"), (204, "file"), (299, "file"), (301, "none"), (304, "none"),
        (400, "none"), (401, "none"), (403, "none"), (404, "none"), (410, "none"), (451, "none"), (499, "none"),
        (429, "unreachable"), (500, "unreachable"),
        (503, "unreachable"), (599, "unreachable"), (100, "unreachable"), (0, "unreachable"), (999, "unreachable"),
    ]) func statusMeans(status: Int, meaning: String) {
        let answer = RobotsAnswer(status: status, body: Self.body)
        let decisions = ["/x", "/y"].map { answer.decision(agent: "foo", target: $0) }
        switch meaning {
        case "file": #expect(!decisions[0].isAllowed && decisions[0] != .postponed && decisions[1].isAllowed)
        case "none": #expect(decisions == [.allowed(by: nil), .allowed(by: nil)])
        default: #expect(decisions == [.postponed, .postponed])
        }
    }
}
