extension JSONSchema.Violation {
    /// Makes a violation of a rule that a schema cannot express.
    ///
    /// - Parameters:
    ///   - pointer: the place in the value, as a JSON pointer (RFC 6901).
    ///   - rule: a word for the rule, in the place of a schema's keyword.
    ///   - message: what would be right, for people.
    public init(at pointer: String, rule: String, message: String) {
        self.init(pointer: pointer, keyword: rule, message: message)
    }
}
