/// Named fields as WARC writes them, in its headers and in the blocks of `application/warc-fields`.
struct WARCFields {
    static let lineEnd = Array("\r\n".utf8)

    private(set) var bytes: [UInt8] = []

    /// Adds a field, unless it has no value; line ends and other control characters become spaces, so that no value can end its line.
    mutating func add(_ name: String, _ value: String?) {
        guard let value else { return }
        bytes += "\(name): ".utf8
        bytes += value.utf8.map { $0 < 0x20 || $0 == 0x7F ? 0x20 : $0 }
        bytes += Self.lineEnd
    }
}
