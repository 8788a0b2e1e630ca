import Foundation
import Markup
import Testing

@Suite struct HTMLTreeTests {
    private static let limits = HTMLTree.Limits(memoryBytes: 64 << 20, milliseconds: 2000, depth: 100)

    /// How deep the tree is, and all its text.
    private func measure(_ html: String, limits: HTMLTree.Limits) throws -> (depth: Int, text: String) {
        let tree = try HTMLTree(html, limits: limits)
        var stack = [(tree.root, 1)]
        var deepest = 0
        var text = ""
        while let (node, depth) = stack.popLast() {
            deepest = max(deepest, depth)
            text += node.text ?? ""
            let children = (0..<node.childCount).reversed().compactMap { node.child($0) }
            stack += children.map { ($0, depth + 1) }
        }
        return (deepest, text)
    }

    /// What opens n elements in each other.
    static let nestings: [@Sendable (Int) -> String] = [
        { String(repeating: "<div>", count: $0) }, { String(repeating: "<b>", count: $0) },
        { String(repeating: "<font color=red></i>", count: $0) }, { String(repeating: "<x-y/>", count: $0) },
        { String(repeating: "<div><table><tr><td></div>", count: $0) },
        { String(repeating: "<DIV title='>'>", count: $0) },
        { String(repeating: "<ul><li>", count: $0) }, { String(repeating: "<script></script><div>", count: $0) },
        { String(repeating: "<!-- </div> --><div>", count: $0) },
        { String(repeating: "<svg><g>", count: $0) }, { String(repeating: "<blockquote><p>", count: $0) },
    ]

    @Test("Elements lie in each other up to the limit, and no text is lost", arguments: nestings.indices)
    func depth(nesting: Int) throws {
        let open = Self.nestings[nesting]
        let deep = try measure(open(3000) + "the end", limits: Self.limits)
        // An element that is counted may have some around it that are not: rows and cells, items.
        #expect(deep.depth <= 100 * 4 + 4 && deep.text.hasSuffix("the end"))
        let free = try measure(open(300) + "the end", limits: HTMLTree.Limits())
        #expect(free.depth > 250, "the sample nests")
    }

    @Test("What is closed, or closes itself, does not count")
    func shallow() throws {
        let paragraphs = String(repeating: "<p>one <b>two</b><li>three<br><img src=x><a href=y>four", count: 500)
        let sloppy = String(repeating: "<div><span><section>a</div>", count: 500)
        let drawing = "<svg>" + String(repeating: "<path d=''/>", count: 500) + "</svg>"
        let raw = "<script>\(String(repeating: "'<div>'", count: 500))</script><textarea><b><b></textarea>"
        for html in [paragraphs, sloppy, drawing, raw] {
            let text = html + "<div><section><em>x</em></section></div>"
            let limited = try measure(text, limits: Self.limits)
            let free = try measure(text, limits: HTMLTree.Limits())
            #expect(limited == free)
        }
    }

    @Test("A tree that grows out of proportion is refused")
    func memory() {
        // Each element opens all the fonts again that the one before left open.
        let fonts = (0..<90).map { "<font color=c\($0)>" }.joined()
        let html = "<div>" + fonts + String(repeating: "</div><div>x", count: 50_000)
        let error = #expect(throws: ExtractionError.self) { try measure(html, limits: Self.limits) }
        #expect(error?.code == .outOfMemory)
    }

    @Test("A tree without end in sight is refused")
    func time() {
        let html = String(repeating: "<div>", count: 200_000)
        let limits = HTMLTree.Limits(memoryBytes: 0, milliseconds: 20, depth: 0)
        let error = #expect(throws: ExtractionError.self) { try measure(html, limits: limits) }
        #expect(error?.code == .timedOut)
    }

    @Test("An element has the number of its name", arguments: ["p", "main", "rtc", "annotation-xml", "var", "x-y"])
    func tags(name: String) throws {
        let tree = try HTMLTree("<body><svg></svg><\(name) id=here>")
        var stack = [tree.root]
        while let node = stack.popLast() {
            stack += (0..<node.childCount).compactMap { node.child($0) }
            guard node["id"] == "here", let kind = node.kind else { continue }
            let known = name == "annotation-xml" ? "annotationXML" : name
            #expect("\(kind)" == (name == "x-y" ? "unknown" : known))
        }
    }

    @Test("An empty text has a tree too", arguments: ["", "\0", "<", "<!", "</", "<a", "<!--", "<script>"])
    func fragments(html: String) throws {
        #expect(try measure(html, limits: Self.limits).depth >= 2)
    }

    @Test("Ten thousand trees take no more memory than a hundred")
    func memoryIsFlat() throws {
        let html = String(repeating: "<div class=a><p>some words <b>and more</b></div>", count: 50)
        for _ in 0..<100 { _ = try HTMLTree(html, limits: Self.limits) }
        let before = try residentBytes()
        for _ in 0..<10_000 { _ = try HTMLTree(html, limits: Self.limits) }
        #expect(try residentBytes() - before < 4 << 20)
    }

    private func residentBytes() throws -> Int {
        let fields = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(separator: " ")
        return try #require(Int(fields[1])) * 4096
    }
}
