extension Scenario {
    /// What is no page, or is one that is hard to take.
    static func formats(_ model: SiteModel) -> Scenario {
        var scenario = Scenario(.blog, "formats")
        let bait = "<a href=\"http://\(Host.blog.name):\(model.port)/never/from-a-file\">no link</a>"
        for (name, type, content) in [
            ("report.pdf", "application/pdf", "%PDF-1.4\n\(bait)\n%%EOF\n"),
            ("picture.png", "image/png", "\u{89}PNG\r\n\(bait)"),
            ("data.json", "application/json", "{\"html\":\"/never/from-json\"}"),
            ("notes.txt", "text/plain; charset=utf-8", bait),
            ("program.bin", "application/octet-stream", "<html>\(bait)</html>"),
            ("site.css", "text/css", "/* \(bait) */"),
        ] {
            scenario.add(
                Page(
                    url: scenario.url("/files/\(name)"), kind: "file", outcome: .notParsed,
                    headers: [("Content-Type", type)], body: .bytes(Array(content.utf8)), isParsed: false))
        }
        scenario.add(
            Page(url: scenario.url("/odd/empty"), kind: "empty", outcome: .empty, body: .bytes([]), isParsed: false))
        let nested = String(repeating: "<div>", count: 20_000) + "deep"
        scenario.add(model.html(scenario.url("/odd/nested"), "nested", before: nested))
        scenario.addGates(model)
        scenario.addHeavy(model)
        return scenario
    }

    private mutating func addGates(_ model: SiteModel) {
        for number in 0..<5 {
            let document = Document(
                title: "Page not found",
                paragraphs: ["Sorry, the page that you are looking for does not exist (error 404)."])
            add(
                Page(
                    url: url("/soft/lost-\(number)"), kind: "soft 404", outcome: .soft404, body: .document(document),
                    family: "soft 404"))
        }
        for status in [200, 403, 503] {
            let document = Document(
                title: "Just a moment...",
                paragraphs: [
                    "Checking your browser first. Please enable JavaScript and cookies, and solve the captcha."
                ],
                before: "<div id=\"challenge-form\" class=\"g-recaptcha captcha\"></div>", hasLayout: false)
            add(
                Page(
                    url: url("/wall/\(status)"), kind: "bot wall", outcome: .botwall, status: status,
                    body: .document(document), isParsed: status == 200, family: "bot wall"))
        }
    }

    private mutating func addHeavy(_ model: SiteModel) {
        add(
            Page(
                url: url("/odd/large"), kind: "flood", outcome: .tooLarge, body: .flood(32 << 20), isParsed: false))
        add(
            Page(
                url: url("/odd/bomb"), kind: "gzip bomb", outcome: .tooLarge, headers: [("Content-Encoding", "gzip")],
                body: .bomb(1 << 30), isParsed: false))
        let header = String(repeating: "x", count: 4000)
        add(
            Page(
                url: url("/odd/headers"), kind: "many headers", outcome: .headersTooLarge,
                headers: (0..<100).map { ("X-Filler-\($0)", header) }, body: .bytes([]), isParsed: false))
    }

    /// Pages whose bytes are not what they seem; each has a child that nothing else links to.
    static func charsets(_ model: SiteModel) -> Scenario {
        var scenario = Scenario(.docs, "charsets")
        for (name, charset, type, text) in [
            ("mislabelled", Charset.mislabelled1251, "text/html; charset=utf-8", Words.russian),
            ("shift-jis", .shiftJIS, "text/html", Words.japanese),
            ("utf-16", .utf16WithMark, "text/html; charset=iso-8859-1", Words.russian),
            ("late", .lateMeta, "text/html", "Ein schöner Tag für Äpfel, Öl und Übermut: größer als je zuvor."),
        ] {
            let child = scenario.url("/charsets/\(name)/child")
            let paragraphs = Array(repeating: text, count: 12)
            scenario.add(
                Page(
                    url: scenario.url("/charsets/\(name)"), kind: "charset", headers: [("Content-Type", type)],
                    body: .document(Document(title: text, paragraphs: paragraphs, charset: charset)),
                    links: [.to(child)]))
            scenario.add(model.html(child, "charset child"), isEntry: false)
        }
        let path = "/charsets/стр/日本"
        let encoded = "/charsets/%D1%81%D1%82%D1%80/%E6%97%A5%E6%9C%AC"
        scenario.pages.append(model.html(scenario.url(encoded), "charset"))
        scenario.entries.append(.written(path, scenario.url(encoded)))
        return scenario
    }
}

extension Words {
    static let russian = "Сегодня в городе было тихо, и люди вышли на улицу, чтобы посмотреть на новый мост через реку."
    static let japanese = "今日は天気がいいので、公園まで散歩に行きました。花がたくさん咲いていて、とてもきれいでした。"
}
