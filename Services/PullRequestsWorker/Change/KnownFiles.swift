/// The files of a commit, found by the bytes of their paths: git tells names apart that are the same text to Unicode.
struct KnownFiles: Sendable {
    private var files: [[UInt8]: KnownFile] = [:]

    /// The file of a path; nil where there is none.
    subscript(path: String) -> KnownFile? {
        get { files[Array(path.utf8)] }
        set { files[Array(path.utf8)] = newValue }
    }
}

/// A file as it is at a commit.
struct KnownFile: Sendable {
    /// As git has it: `100644`, `100755` or `120000`.
    var mode: String
    /// Git's name for its content.
    let id: String
    /// The newest commit that has changed it, where the provider asks for it.
    var lastCommit: String?

    /// Whether a file is the same at two commits.
    static func isSame(_ one: KnownFile?, _ other: KnownFile?) -> Bool {
        one?.mode == other?.mode && one?.id == other?.id
    }
}
