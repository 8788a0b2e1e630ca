import Foundation

/// The message of a commit, with who else has written it, and by which job it was made: by that a commit is known as ours.
struct CommitMessage: Sendable {
    private static let trailer = "Switchyard-Job: "

    let text: String

    init(_ message: String, coAuthors: [PullRequest.Person], job: UUID) {
        var text = message.trimmingCharacters(in: .whitespacesAndNewlines) + "\n\n"
        for person in coAuthors { text += "Co-authored-by: \(person.name) <\(person.email)>\n" }
        self.text = text + Self.trailer + job.text
    }

    /// The job that a commit was made by; nil for a commit of somebody else.
    static func job(in message: String) -> UUID? {
        let last = message.split(separator: "\n").last ?? ""
        guard last.hasPrefix(trailer) else { return nil }
        return UUID(text: last.dropFirst(trailer.count).trimmingCharacters(in: .whitespaces))
    }
}
