import Crypto
import Foundation
import JSON
import WorkerKit

/// The texts of a pull request, with their places filled.
struct PullRequestText: Sendable {
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
        let title = try template.fill(input.title).split(separator: "\n").joined(separator: " ")
        let message = try input.message.map { (text) throws(JobFailure) in try template.fill(text) }
        self.template = template
        branch = given ?? "switchyard/\(context.job.text)"
        self.title = String(title.prefix(250))
        body = try template.fill(input.body)
        self.message = message ?? self.title
        try RepositoryPath.check(branch: branch)
        if let base = input.base { try RepositoryPath.check(branch: base) }
        try RepositoryPath.check(repository: input.repository, of: input.provider)
    }
}
