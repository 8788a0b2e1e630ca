import Markup

/// What a document holds besides its own text: the files of an archive, the attachments of a mail.
public struct Contents: Sendable, Equatable {
    /// In the order in which they stand in the document.
    public var members: [Member]
    /// Why there are more than these; nil when they are all.
    public var shortfall: ExtractionError?
}

/// A document inside another one.
public struct Member: Sendable, Equatable {
    /// Of a name, in Unicode scalars.
    public static let longestName = 255

    /// The path or name that its container gives it. It is shown, and tells between text formats; it is never a path of this machine.
    public let name: String
    /// The media type that its container states.
    public let declaredType: String?
    let content: Result<SpooledContent, ExtractionError>

    init(name: String, declaredType: String?, content: Result<SpooledContent, ExtractionError>) {
        self.name = Self.label(name)
        self.declaredType = declaredType
        self.content = content
    }

    /// A name as it is shown: its end, where the file's own name and its ending are.
    static func label(_ name: String) -> String {
        let name = name.droppingControls().replacing("\n", with: " ").replacing("\t", with: " ")
        return String(String.UnicodeScalarView(name.unicodeScalars.suffix(longestName)))
    }

    /// A file of its own with the member's bytes, their number and their SHA-256 in lower-case hexadecimal.
    ///
    /// Throws why its container could not give it (`encrypted`, `corrupt`, `too_large`), or `unavailable` when there is no room for it.
    public func open() throws(ExtractionError) -> (document: OpenDocument, size: Int, sha256: String) {
        let content = try content.get()
        let (file, sha256) = try content.file.copy(content.range)
        return (OpenDocument(file, place: content.place), content.range.count, sha256)
    }
}

/// Bytes that wait in a file for their turn.
struct SpooledContent: Sendable, Equatable {
    let file: UnnamedFile
    let range: Range<Int>
    /// Where the member stands.
    let place: TreePlace

    static func == (one: SpooledContent, other: SpooledContent) -> Bool {
        one.file === other.file && one.range == other.range
    }
}
