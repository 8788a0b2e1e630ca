import JSON
import Testing

/// Patterns are seen through the schema that uses them.
@Suite struct PatternTests {
    private func matches(_ pattern: String, _ text: String) throws -> Bool {
        try JSONSchema(["pattern": .string(pattern)]).validate(.string(text)).isEmpty
    }

    private static let decided: [(String, [String], [String])] = [
        ("", ["", "a"], []), ("a", ["a", "bab"], ["", "b"]), ("^a", ["ab"], ["ba"]), ("a$", ["ba"], ["ab"]),
        ("^$", [""], ["a"]),
        ("^(a|bc|)$", ["a", "bc", ""], ["b", "ab"]), ("^a*$", ["", "aaa"], ["b"]), ("^a+$", ["a", "aa"], [""]),
        ("^a?$", ["", "a"], ["aa"]),
        ("^a{2}$", ["aa"], ["a", "aaa"]), ("^a{2,}$", ["aa", "aaaa"], ["a"]),
        ("^a{1,3}$", ["a", "aaa"], ["", "aaaa"]),
        ("^a{0}$", [""], ["a"]), ("^(ab){2}$", ["abab"], ["ab"]), ("^a+?$", ["aa"], [""]),
        ("^(?:ab|c)+$", ["abc", "c"], ["a"]),
        ("^.$", ["a", "é", "😀"], ["", "ab", "\n", "\u{2028}"]), ("^[abc]$", ["b"], ["d", ""]),
        ("^[a-cx]$", ["b", "x"], ["d", "-"]),
        ("^[^a-c]$", ["d", "\n", "😀"], ["a"]), ("^[a-]$", ["-", "a"], ["b"]), ("^[-a]$", ["-"], ["b"]),
        (#"^[\]\-\\]$"#, ["]", "-", "\\"], ["a"]),
        (#"^[\d_]+$"#, ["12_"], ["a"]), (#"^[^\d]$"#, ["a"], ["1"]), (#"^[\D1]$"#, ["a", "1"], ["2"]),
        ("^[]$", [], ["a", ""]),
        ("^[^]$", ["a", "\n"], [""]), (#"^\d{4}-\d{2}$"#, ["2026-01"], ["2026-1"]), (#"^\w+$"#, ["aZ_9"], ["é", "-"]),
        (#"^\W$"#, ["é"], ["a"]),
        (#"^\s$"#, [" ", "\u{A0}", "\u{3000}"], ["a"]), (#"^\S+$"#, ["a"], [" "]),
        (#"^\t\n\.\/\$$"#, ["\t\n./$"], [""]),
        (#"^\u00e9\x41$"#, ["éA"], ["e"]), ("^é😀+$", ["é😀😀"], ["é"]), ("^(a*)*$", ["aaa", ""], ["b"]),
        ("^(a|a?)+$", ["aa", ""], ["b"]),
        ("(^a|b$)", ["ax", "xb"], ["xa", "bx"]), ("^(((((a)))))$", ["a"], [""]),
        ("^[a-z][a-z0-9_]{0,62}$", ["crawl_1"], ["1a", ""]),
    ]

    @Test(arguments: decided)
    func decides(pattern: String, matching: [String], other: [String]) throws {
        for text in matching { #expect(try matches(pattern, text), "\(pattern) over \(text.debugDescription)") }
        for text in other { #expect(try !matches(pattern, text), "\(pattern) over \(text.debugDescription)") }
    }

    @Test(arguments: [
        "(", ")", "a)", "[", "[a", "*", "+a", "?", "a**", "{", "a{", "a{1", "a{1,", "a{2,1}", "a{x}", "}", "]", "\\",
        #"\b"#, #"\1"#, #"\p{L}"#,
        #"\k<a>"#, "(?=a)", "(?!a)", "(?<=a)", "(?<n>a)", "[b-a]", #"[a-\d]"#, #"\x1"#, #"\u12"#, "^*", "$+", "a{3000}",
        "(a{50}){50}",
        "(a{1000}){1000}", "((((){1000}){1000}){1000}){1000}", String(repeating: "(", count: 10_000),
    ])
    func refuses(pattern: String) {
        #expect(throws: JSONSchemaError.self) { try JSONSchema(["pattern": .string(pattern)]) }
    }

    /// Each of these takes a backtracking engine longer than the age of the universe.
    @Test(.timeLimit(.minutes(1)), arguments: ["^(a+)+$", "^(a|aa)+$", "^(a*)*b$", "^(.*a){20}$", "^(a?){100}a{100}$"])
    func takesLinearTime(pattern: String) throws {
        #expect(try !matches(pattern, String(repeating: "a", count: 5000) + "!"))
    }

    /// Compares with a naive reading of the same patterns.
    @Test func agreesWithEnumeration() throws {
        var level = [""]
        var texts = level
        for _ in 0..<7 {
            level = level.flatMap { [$0 + "a", $0 + "b"] }
            texts += level
        }
        for text in texts {
            let blocks = text.split(separator: "b", omittingEmptySubsequences: false).map(\.count)
            #expect(try matches("^(a*b)*a*$", text))
            #expect(try matches("^(ab)*$", text) == (text == String(repeating: "ab", count: text.count / 2)))
            #expect(try matches("aa", text) == blocks.contains { $0 >= 2 })
            #expect(try matches("^(aa|b)*$", text) == blocks.allSatisfy { $0.isMultiple(of: 2) })
            #expect(try matches("^a{1,2}(ba{1,2})*$", text) == blocks.allSatisfy { (1...2).contains($0) })
        }
    }
}
