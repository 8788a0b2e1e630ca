import JSON

/// The mutations that REST does not have: merging by itself, and being a draft.
extension GitHubAPI {
    /// Errors of GraphQL come with status 200.
    func graphQL(_ call: Call) throws -> Answer {
        let mutation: GraphQLMutation
        do {
            mutation = try GraphQLMutation(call.text("query") ?? "", variables: call.body["variables"] ?? .null)
            let result = try run(mutation, call)
            let chosen = try GraphQLMutation.select(mutation.fields, of: result)
            return Answer(200, ["data": .object([mutation.name: chosen])])
        } catch let fault as GraphQLMutation.Fault {
            state.note("POST /graphql: \(fault.message)")
            return Answer(200, ["errors": [["message": .string(fault.message)]]])
        } catch let failure as Unprocessable {
            return Answer(
                200,
                [
                    "data": .object([failure.mutation: .null]),
                    "errors": [
                        [
                            "type": .string(failure.kind), "path": [.string(failure.mutation)],
                            "locations": [["line": 1, "column": 1]], "message": .string(failure.message),
                        ]
                    ],
                ])
        }
    }

    private struct Unprocessable: Error {
        let mutation: String
        var kind = "UNPROCESSABLE"
        let message: String
    }

    private func run(_ mutation: GraphQLMutation, _ call: Call) throws -> JSON {
        let known: [String: Set<String>] = [
            "enablePullRequestAutoMerge": [
                "pullRequestId", "mergeMethod", "commitHeadline", "commitBody", "authorEmail", "expectedHeadOid",
                "clientMutationId",
            ],
            "disablePullRequestAutoMerge": ["pullRequestId", "clientMutationId"],
            "convertPullRequestToDraft": ["pullRequestId", "clientMutationId"],
            "markPullRequestReadyForReview": ["pullRequestId", "clientMutationId"],
        ]
        guard let arguments = known[mutation.name] else {
            throw GraphQLMutation.Fault(message: "Field '\(mutation.name)' doesn't exist on type 'Mutation'")
        }
        for name in mutation.input.objectValue?.keys ?? [] where !arguments.contains(name) {
            throw GraphQLMutation.Fault(message: "InputObject doesn't accept argument '\(name)'")
        }
        let node = mutation.input["pullRequestId"]?.stringValue ?? ""
        for repository in state.repositories {
            try repository.follow()
            guard let index = repository.pulls.firstIndex(where: { Self.node(repository, $0) == node })
            else { continue }
            guard mayWrite(repository, call) else {
                throw Unprocessable(
                    mutation: mutation.name, kind: "FORBIDDEN",
                    message: "Resource not accessible by personal access token")
            }
            try apply(mutation, repository, index)
            return result(repository, index, mutation)
        }
        throw Unprocessable(
            mutation: mutation.name, kind: "NOT_FOUND",
            message: "Could not resolve to a node with the global id of '\(node)'")
    }

    private func apply(_ mutation: GraphQLMutation, _ repository: Repository, _ index: Int) throws {
        func refuse(_ message: String) -> Unprocessable { Unprocessable(mutation: mutation.name, message: message) }
        switch mutation.name {
        case "enablePullRequestAutoMerge":
            let pull = repository.pulls[index]
            guard pull.state == .open else { throw refuse("Pull request Pull request is closed") }
            guard repository.allowsAutoMerge else {
                throw refuse("Pull request Auto merge is not allowed for this repository")
            }
            guard !pull.isDraft else { throw refuse("Pull request Pull request is in draft state") }
            guard repository.hasPendingChecks else { throw refuse("Pull request Pull request is in clean status") }
            let method = mutation.input["mergeMethod"]?.stringValue ?? "MERGE"
            guard ["MERGE", "SQUASH", "REBASE"].contains(method) else {
                throw GraphQLMutation.Fault(message: "'\(method)' is no PullRequestMergeMethod")
            }
            repository.pulls[index].autoMerge = method.lowercased()
        case "disablePullRequestAutoMerge": repository.pulls[index].autoMerge = nil
        default: repository.pulls[index].isDraft = mutation.name == "convertPullRequestToDraft"
        }
        repository.pulls[index].updated = state.now
    }

    private func result(_ repository: Repository, _ index: Int, _ mutation: GraphQLMutation) -> JSON {
        let pull = repository.pulls[index]
        return [
            "clientMutationId": mutation.input["clientMutationId"] ?? .null,
            "pullRequest": [
                "id": .string(Self.node(repository, pull)), "number": .int(Int64(pull.number)),
                "isDraft": .bool(pull.isDraft), "title": .string(pull.title),
                "state": .string(pull.state.rawValue.uppercased()),
                "autoMergeRequest": pull.autoMerge.map {
                    ["mergeMethod": .string($0.uppercased()), "enabledAt": .string(pull.updated.stamp)]
                } ?? .null,
            ],
        ]
    }
}
