/// A document that was fetched.
struct FetchedFile: Sendable {
    let file: UnnamedFile
    let size: Int
    /// In lower-case hexadecimal.
    let sha256: String
    /// What its server calls it; it is shown, and is never a path.
    let name: String
    /// What its server says that it is.
    let mediaType: String?
}
