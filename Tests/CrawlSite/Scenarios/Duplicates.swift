extension Scenario {
    /// The same text under several URLs, nearly the same, and pages that name another as their canonical one.
    static func duplicates(_ model: SiteModel) -> Scenario {
        var scenario = Scenario(.blog, "duplicates")
        for number in 0..<10 { scenario.addCopies(model, number) }
        for number in 0..<10 { scenario.addDated(model, number) }
        scenario.addCanonicals(model)
        return scenario
    }

    /// The original links to its copies, so it is always found first.
    private mutating func addCopies(_ model: SiteModel, _ number: Int) {
        let name = "/same/text-\(number)"
        let copies = ["\(name)?print=1", "\(name)/copy", "\(name).html"].map(url)
        var page = model.html(url(name), "original", links: copies.map(Link.to))
        page.family = name
        add(page)
        for copy in copies {
            add(
                Page(url: copy, kind: "copy", outcome: .duplicate, body: page.body, links: page.links, family: name),
                isEntry: false)
        }
    }

    /// One date makes the difference in a text of 4,000 words.
    private mutating func addDated(_ model: SiteModel, _ number: Int) {
        let name = "/dated/text-\(number)"
        var random = Random(model.seed, url(name))
        let paragraphs = Words.text(words: 4000, &random)
        for day in 1...3 {
            let own = url("\(name)/day-\(day)")
            let next = url("\(name)/day-\(day + 1)")
            add(
                Page(
                    url: own, kind: "dated", outcome: day == 1 ? .page : .nearDuplicate,
                    body: .document(
                        Document(title: "Report \(number)", paragraphs: paragraphs + ["As of 2024-05-0\(day)."])),
                    links: day < 3 ? [.to(next)] : [], family: name),
                isEntry: day == 1)
        }
    }

    private mutating func addCanonicals(_ model: SiteModel) {
        for (name, isHeader) in [("element", false), ("header", true)] {
            let main = url("/canonical/\(name)")
            let address = main.absolute(port: model.port)
            var page = model.html(main, "canonical")
            page.family = main.target
            add(page)
            var variant = page
            variant = Page(
                url: url("/canonical/\(name)/variant"), kind: "variant", outcome: .canonical,
                headers: isHeader ? [("Link", "<\(address)>; rel=\"canonical\"")] : [], body: page.body,
                links: [.to(main)], family: main.target)
            if !isHeader, case .document(var document) = page.body {
                document.head = "<link rel=\"canonical\" href=\"\(address)\">"
                variant.body = .document(document)
            }
            add(variant)
        }
    }
}
