import Crypto

/// A file as it is at a commit.
struct KnownFile: Sendable {
    /// As git has it: `100644`, `100755` or `120000`.
    let mode: String
    /// Git's name for its content.
    let id: String
    /// The newest commit that has changed it, where the provider asks for it.
    var lastCommit: String?
}

/// What is to be done to a file, for it is not so yet.
struct FileEdit: Sendable {
    let path: String
    /// Nil for a new file.
    let old: KnownFile?
    /// Nil for one that goes.
    let content: [UInt8]?
    let mode: String

    /// Nil where nothing is to be done.
    init?(_ change: FileChange, _ old: KnownFile?) {
        (path, self.old) = (change.path, old)
        switch change.action {
        case .delete:
            guard let old else { return nil }
            (content, mode) = (nil, old.mode)
        case .write(let bytes, let mode):
            (content, self.mode) = (bytes, mode?.rawValue ?? old?.mode ?? PullRequest.File.Mode.regular.rawValue)
            if let old, old.mode == self.mode, !isOther(bytes, old) { return nil }
        }
    }

    /// Whether the content differs from what was there.
    var changesContent: Bool { content.map { bytes in old.map { isOther(bytes, $0) } ?? true } ?? true }

    private func isOther(_ bytes: [UInt8], _ old: KnownFile) -> Bool {
        let object = Array("blob \(bytes.count)\u{0}".utf8) + bytes
        return Hex.encode(old.id.count == 64 ? sha256(object) : sha1(object)) != old.id
    }
}
