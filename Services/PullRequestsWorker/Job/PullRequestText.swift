import Crypto
import Foundation
import JSON
import WorkerKit

/// The texts of a pull request, with their places filled.
struct PullRequestText: Sendable {
    /// What all providers take, in Unicode scalars: at GitLab a title of 255 with `Draft: `, at GitHub a body of 65,536 with the marker.
    private static let longestTitle = 248
    private static let longestBody = 65_000

    let template: Template
    let branch: String
    let title: String
    let body: String
    let message: String

    /// - Throws: `JobFailure` `unknown_value` or `invalid_branch`.
    init(_ input: PullRequest, _ context: JobContext) throws(JobFailure) {
        var values = input.values.members
        values["job"] = ["id": .string(context.job.text)]
        let template = Template(values: values)
        let given = try input.branch.map { (text) throws(JobFailure) in try template.fill(text) }
        let title = try template.fill(input.title).split(whereSeparator: \.isNewline)
            .joined(separator: " ")
        let message = try input.message.map { (text) throws(JobFailure) in try template.fill(text) }
        self.template = template
        branch = given ?? "switchyard/\(context.job.text)"
        self.title = Self.cut(title, to: Self.longestTitle, "title", context)
        body = Self.cut(try template.fill(input.body), to: Self.longestBody, "body", context)
        self.message = message ?? self.title
        try RepositoryPath.check(branch: branch)
        if let base = input.base { try RepositoryPath.check(branch: base) }
        try RepositoryPath.check(repository: input.repository, of: input.provider)
    }

    /// What its values have made too long is cut: a provider would refuse it when the branch is there already.
    private static func cut(_ text: String, to most: Int, _ name: String, _ context: JobContext) -> String {
        let scalars = text.unicodeScalars
        guard scalars.count > most else { return text }
        context.log(.warning, "the \(name) has \(scalars.count) characters and is cut to \(most)")
        return String(String.UnicodeScalarView(scalars.prefix(most - 1))) + "…"
    }
}
