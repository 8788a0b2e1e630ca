import Foundation
import JSON

/// Who did something, and when.
public struct Signature: Sendable, Hashable {
    /// The person's name.
    public var name: String
    /// The person's address.
    public var email: String
    /// When; now when nil.
    public var date: Date?

    /// Names somebody.
    public init(name: String, email: String, date: Date? = nil) {
        self.name = name
        self.email = email
        self.date = date
    }
}

/// What a commit says.
struct GitCommit {
    let id: String
    let tree: String
    let parents: [String]
    let author: Signature
    let committer: Signature
    let message: String

    var title: String { message.split(separator: "\n").first.map(String.init) ?? "" }
}

extension GitRepository {
    /// Writes a commit; no reference moves.
    func write(
        commitOf tree: String, parents: [String], message: String, author: Signature, committer: Signature, now: Date
    ) throws(GitError) -> String {
        try git.run(
            ["commit-tree", tree, "-F", "-"] + parents.flatMap { ["-p", $0] }, input: Array(message.utf8),
            environment: [
                "GIT_AUTHOR_NAME": author.name, "GIT_AUTHOR_EMAIL": author.email,
                "GIT_AUTHOR_DATE": Self.stamp(author.date ?? now),
                "GIT_COMMITTER_NAME": committer.name, "GIT_COMMITTER_EMAIL": committer.email,
                "GIT_COMMITTER_DATE": Self.stamp(committer.date ?? now),
            ]
        ).line
    }

    /// Reads a commit that is there.
    func read(commit id: String) throws(GitError) -> GitCommit {
        let format = ["%H", "%T", "%P", "%an", "%ae", "%at", "%cn", "%ce", "%ct", "%B"].joined(separator: "%x00")
        let parts = try git.run(["show", "-s", "--format=format:\(format)", id]).text
            .split(separator: "\0", maxSplits: 9, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 10 else { throw GitError(description: "git show says too little of \(id)") }
        return GitCommit(
            id: parts[0], tree: parts[1], parents: parts[2].split(separator: " ").map(String.init),
            author: Signature(name: parts[3], email: parts[4], date: Self.date(parts[5])),
            committer: Signature(name: parts[6], email: parts[7], date: Self.date(parts[8])),
            message: parts[9])
    }

    private static func stamp(_ date: Date) -> String { "@\(Int(date.timeIntervalSince1970)) +0000" }

    private static func date(_ seconds: String) -> Date? { Double(seconds).map(Date.init(timeIntervalSince1970:)) }
}

extension Date {
    /// RFC 3339 in UTC with whole seconds, as the providers write it.
    var stamp: String { String(rfc3339().prefix(19)) + "Z" }
}
