import Crypto

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
            // A link is not written to unless it is asked for: what is written takes its place.
            let kept = old?.mode == PullRequest.File.Mode.link.rawValue ? nil : old?.mode
            (content, self.mode) = (bytes, mode?.rawValue ?? kept ?? PullRequest.File.Mode.regular.rawValue)
            if let old, old.mode == self.mode, !isOther(bytes, old) { return nil }
        }
    }

    /// Whether a symbolic link is made or changed, or something else takes its place.
    var writesLink: Bool {
        content != nil && [mode, old?.mode].contains(PullRequest.File.Mode.link.rawValue)
    }

    /// Whether the content differs from what was there.
    var changesContent: Bool { content.map { bytes in old.map { isOther(bytes, $0) } ?? true } ?? true }

    private func isOther(_ bytes: [UInt8], _ old: KnownFile) -> Bool {
        Self.blobID(bytes, like: old.id) != old.id
    }

    /// Git's name for a content.
    ///
    /// - Parameter id: another name in the repository, by which its digest is known.
    static func blobID(_ bytes: [UInt8], like id: String) -> String {
        let object = Array("blob \(bytes.count)\u{0}".utf8) + bytes
        return Hex.encode(id.count == 64 ? sha256(object) : sha1(object))
    }
}
