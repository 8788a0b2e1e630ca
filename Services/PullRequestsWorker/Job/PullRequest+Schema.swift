import JSON
import Jobs
import WorkerKit

extension PullRequest {
    static let typeName = "pull_request"
    /// The most files of a pull request; the providers' own limits are near it.
    private static let mostFiles = 1000

    static func jobType() throws -> JobType {
        try JobType(
            name: typeName, version: 1,
            description: """
                Puts files on a branch of a repository at GitHub, GitLab or Gitea and opens, updates or finds its pull request: exactly one, however often it runs.
                """,
            specSchema: [
                "type": "object", "additionalProperties": false,
                "required": ["provider", "repository", "credentials", "files", "title"],
                "properties": .object(properties),
            ],
            policy: JobPolicy(timeoutSeconds: 3600, maxAttempts: 8))
    }

    private static var properties: JSONObject {
        [
            "provider": Schema.word(Provider.allCases.map(\.rawValue)),
            "base_url": [
                "type": "string", "maxLength": 500, "pattern": "^https?://",
                "description":
                    "The address of the provider's API, such as https://github.example.com/api/v3; the public one's when it is not told.",
            ],
            "repository": [
                "type": "string", "maxLength": 400, "pattern": "^[^/\\s]+(/[^/\\s]+)+$",
                "description": "Owner and name; at GitLab with all groups.",
            ],
            "credentials": credentials,
            "base": branch.described("The branch to merge into; the repository's default branch when it is not told."),
            "branch": branch.described("The branch with the change; made of the job's id when it is not told."),
            "files": Schema.list(file, 1...mostFiles),
            "message": Schema.text(max: 10_000).described("Of the commit; the title when it is not told."),
            "title": Schema.text(max: 250),
            "body": ["type": "string", "maxLength": 60_000, "default": ""],
            "values": Schema.anyObject.defaulting(to: [:]).described(
                "What title, body, message, branch and paths can name as {{name}} or {{name.member}}."),
            "labels": Schema.list(Schema.text(max: 50), 0...50).defaulting(to: []),
            "reviewers": Schema.list(Schema.text(max: 100), 0...15).defaulting(to: []),
            "draft": Schema.bool.defaulting(to: false),
            "auto_merge": Schema.word(MergeMethod.allCases.map(\.rawValue)).orNull.described(
                "How the provider merges it as soon as its checks and reviews are there."),
            "on_existing": Schema.word(ExistingAction.allCases.map(\.rawValue)).defaulting(to: "update").described(
                "What is done where an earlier job has made the branch: a commit more, nothing, or the job fails."),
            "reopen": Schema.bool.defaulting(to: false).described(
                "Whether a pull request that was closed is opened again."),
            "author": person.described("Of the commit; who the credentials belong to when it is not told."),
            "co_authors": Schema.list(person, 0...20).defaulting(to: []),
        ]
    }

    private static let branch: JSON = ["type": "string", "minLength": 1, "maxLength": 200]

    private static let credentials: JSON = [
        "type": "object", "additionalProperties": false,
        "description":
            "By what the provider lets in: what the operator has named, a token, or the key of a GitHub App.",
        "properties": [
            "name": Schema.text(max: 100), "token": secret(4096),
            "app": [
                "type": "object", "additionalProperties": false, "required": ["id", "private_key"],
                "properties": ["id": ["type": "integer", "minimum": 1], "private_key": secret(16_384)],
            ],
        ],
        "oneOf": [["required": ["name"]], ["required": ["token"]], ["required": ["app"]]],
    ]

    private static let file: JSON = [
        "type": "object", "additionalProperties": false, "required": ["path"],
        "properties": [
            "path": ["type": "string", "minLength": 1, "maxLength": 1000],
            "content": ["type": "string", "maxLength": 5_000_000],
            "base64": ["type": "string", "maxLength": 7_000_000],
            "artifact": Schema.uuid.described("An upload or an artifact, also of an earlier job."),
            "delete": Schema.bool.defaulting(to: false),
            "mode": Schema.word(File.Mode.allCases.map(\.rawValue)).described(
                "As git has it: a file, one that can be run, a symbolic link. As the file was, and a file in the place of a link, when it is not told."
            ),
        ],
        "oneOf": [
            ["required": ["content"]], ["required": ["base64"]], ["required": ["artifact"]],
            ["required": ["delete"], "properties": ["delete": ["const": true]]],
        ],
    ]

    private static let person: JSON = [
        "type": "object", "additionalProperties": false, "required": ["name", "email"],
        "properties": [
            "name": ["type": "string", "minLength": 1, "maxLength": 100, "pattern": "^[^<>\\n\\u0000]+$"],
            "email": ["type": "string", "minLength": 3, "maxLength": 200, "pattern": "^[^<>\\s]+@[^<>\\s]+$"],
        ],
    ]

    private static func secret(_ length: Int64) -> JSON {
        ["type": "string", "minLength": 1, "maxLength": .int(length), "x-secret": true]
    }
}
