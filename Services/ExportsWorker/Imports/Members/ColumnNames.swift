import WorkerKit

extension String {
    /// The name for comparing: without case, and with blanks and hyphens as underscores.
    var plain: String { String(lowercased().map { $0 == " " || $0 == "-" ? "_" : $0 }) }
}

extension [String] {
    /// For people, the first twenty.
    var listed: String { count > 20 ? prefix(20).joined(separator: ", ") + ", …" : joined(separator: ", ") }
}

extension JobFailure {
    static func invalidMapping(_ message: String) -> JobFailure {
        JobFailure(code: "invalid_mapping", message: message)
    }
}
