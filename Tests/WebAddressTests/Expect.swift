import Testing

@testable import WebAddress

/// What each text is read as: its URL, or the name of its fault after an exclamation mark.
func expectTable(
    _ rows: [(String, String)], sourceLocation: SourceLocation = #_sourceLocation,
    read: (String) throws(URLFault) -> String
) {
    for (input, expected) in rows {
        let found: String
        do { found = try read(input) } catch { found = "!" + error.rawValue }
        #expect(found == expected, "\(input.debugDescription)", sourceLocation: sourceLocation)
    }
}
