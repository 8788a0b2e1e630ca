import Testing

@testable import Pattern

@Suite struct PatternTests {
    @Test(arguments: [
        ("/news/", "https://a.test/news/1", true), ("^/news/", "https://a.test/news/1", false),
        (#"\.pdf$"#, "https://a.test/x.pdf", true), (#"\.pdf$"#, "https://a.test/x.pdf?y", false),
        (#"(?i)\.PDF$"#, "https://a.test/x.pdf", true), ("", "anything", true), ("a", "", false),
        (#"/\d{4}/\d{2}/"#, "https://a.test/2024/07/x", true), ("straße", "https://a.test/straße", true),
    ])
    func matches(_ expression: String, _ text: String, _ expected: Bool) throws {
        #expect(try Pattern(expression).matches(text) == expected)
    }

    @Test(arguments: ["(", "[a", "*", "(?<n>a)(?<n>b)", #"\C"#])
    func whatIsWrongIsSaid(_ expression: String) throws {
        let error = #expect(throws: PatternError.self) { try Pattern(expression) }
        #expect(error?.message.isEmpty == false && (error?.offset ?? -1) >= 0)
    }

    @Test func anExpressionIsNotEndless() {
        #expect(throws: PatternError.self) { try Pattern(String(repeating: "a", count: Pattern.maxLength + 1)) }
    }

    /// Each doubles its steps with every letter: unbounded, one match would take years.
    @Test(arguments: ["(a+)+$", "(a|aa)+$", "^(a?){50}a{50}$", #"(.*)\1{3,}b"#])
    func oneMatchIsBounded(_ expression: String) throws {
        let text = String(repeating: "a", count: 2000) + "!"
        #expect(try Pattern(expression).matches(text) == false)
    }
}
