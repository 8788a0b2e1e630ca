import Foundation
import JSON

/// How GitHub writes what it knows. The fields are those that its description requires, and what a client of pull requests reads.
extension GitHubAPI {
    /// The API's address of a repository.
    func address(of repository: Repository, _ call: Call) -> String { "\(root(call))/repos/\(repository.fullName)" }

    /// Where the API begins.
    func root(_ call: Call) -> String { call.origin + (call.segments.first == "api" ? "/api/v3" : "") }

    /// The part of a list that is asked for, with a `Link` to the next one.
    func list<Element>(_ all: [Element], _ call: Call, _ text: (Element) throws -> JSON) rethrows -> Answer {
        let page = call.page(all)
        var answer = Answer(200, .array(try page.map(text)))
        if page.endIndex < all.endIndex {
            let number = (call.query("page").flatMap(Int.init) ?? 1) + 1
            let rest = call.query.filter { $0.name != "page" }.map { "&\($0.name)=\($0.value)" }.joined()
            answer.headers.append(("link", "<\(call.origin)\(call.path)?page=\(number)\(rest)>; rel=\"next\""))
        }
        return answer
    }

    func text(of user: ForgeUser, _ call: Call) -> JSON {
        let base = "\(root(call))/users/\(user.login)"
        var text: JSONObject = [
            "login": .string(user.login), "id": .int(Int64(user.id)), "node_id": "U_\(user.id)",
            "avatar_url": "\(call.origin)/avatars/\(user.id)", "gravatar_id": "", "url": .string(base),
            "html_url": "\(call.origin)/\(user.login)", "type": user.login.hasSuffix("[bot]") ? "Bot" : "User",
            "site_admin": false,
        ]
        for name in [
            "followers", "following", "gists", "starred", "subscriptions", "organizations", "repos", "events",
            "received_events",
        ] { text["\(name)_url"] = "\(base)/\(name)" }
        return .object(text)
    }

    func text(of repository: Repository, _ call: Call, isFull: Bool = false) -> JSON {
        let base = address(of: repository, call)
        let page = "\(call.origin)/\(repository.fullName)"
        let owner = state.user(repository.owner) ?? ForgeUser(id: 0, login: repository.owner)
        let open = JSON.int(Int64(repository.pulls.count { $0.state == .open }))
        var text: JSONObject = [
            "id": .int(Int64(repository.id)), "node_id": "R_\(repository.id)", "name": .string(repository.name),
            "full_name": .string(repository.fullName), "owner": self.text(of: owner, call), "private": true,
            "html_url": .string(page), "description": .null, "fork": false, "url": .string(base),
            "clone_url": "\(page).git", "git_url": "git:\(page).git",
            "ssh_url": "git@localhost:\(repository.fullName).git",
            "svn_url": .string(page), "mirror_url": .null, "homepage": .null, "language": .null, "license": .null,
            "default_branch": .string(repository.defaultBranch), "size": 1, "visibility": "private", "topics": [],
            "created_at": .string(repository.created.stamp), "updated_at": .string(repository.created.stamp),
            "pushed_at": .string(repository.created.stamp), "open_issues": open, "open_issues_count": open,
        ]
        for name in [
            "archive", "assignees", "blobs", "branches", "collaborators", "comments", "commits", "compare", "contents",
            "contributors", "deployments", "downloads", "events", "forks", "git_commits", "git_refs", "git_tags",
            "issue_comment", "issue_events", "issues", "keys", "labels", "languages", "merges", "milestones",
            "notifications", "pulls", "releases", "stargazers", "statuses", "subscribers", "subscription", "tags",
            "teams", "trees", "hooks",
        ] { text["\(name)_url"] = "\(base)/\(name)" }
        for name in ["forks", "watchers", "forks_count", "stargazers_count", "watchers_count"] { text[name] = 0 }
        for name in ["archived", "disabled", "has_pages", "has_wiki", "has_projects", "has_discussions"] {
            text[name] = false
        }
        text["has_issues"] = true
        if isFull {
            text["subscribers_count"] = 0
            text["network_count"] = 0
            text["allow_auto_merge"] = .bool(repository.allowsAutoMerge)
            let isCollaborator = repository.collaborators.contains(call.user.login)
            text["permissions"] = ["admin": false, "push": .bool(isCollaborator), "pull": true]
        }
        return .object(text)
    }

    func text(of label: Label, _ repository: Repository, _ call: Call) -> JSON {
        [
            "id": .int(Int64(label.id)), "node_id": "LA_\(label.id)",
            "url": "\(address(of: repository, call))/labels/\(label.name)", "name": .string(label.name),
            "description": label.description.isEmpty ? .null : .string(label.description),
            "color": .string(label.color), "default": false, "archived_at": .null, "archived_by": .null,
        ]
    }

    // MARK: Commits

    /// A commit as the git data API shows it.
    func gitCommit(_ commit: GitCommit, _ repository: Repository, _ call: Call) -> JSON {
        let base = "\(address(of: repository, call))/git"
        return [
            "sha": .string(commit.id), "node_id": "C_\(commit.id)", "url": "\(base)/commits/\(commit.id)",
            "html_url": "\(call.origin)/\(repository.fullName)/commit/\(commit.id)",
            "author": text(of: commit.author), "committer": text(of: commit.committer),
            "tree": ["sha": .string(commit.tree), "url": "\(base)/trees/\(commit.tree)"],
            "message": .string(commit.message),
            "parents": .array(
                commit.parents.map { parent -> JSON in
                    [
                        "sha": .string(parent), "url": "\(base)/commits/\(parent)",
                        "html_url": "\(call.origin)/\(repository.fullName)/commit/\(parent)",
                    ]
                }),
            "verification": Self.unsigned,
        ]
    }

    /// A commit as lists and comparisons show it.
    func commit(_ commit: GitCommit, _ repository: Repository, _ call: Call) -> JSON {
        let base = address(of: repository, call)
        let url = "\(base)/commits/\(commit.id)"
        return [
            "url": .string(url), "sha": .string(commit.id), "node_id": "C_\(commit.id)",
            "html_url": "\(call.origin)/\(repository.fullName)/commit/\(commit.id)", "comments_url": "\(url)/comments",
            "commit": [
                "url": "\(base)/git/commits/\(commit.id)", "author": text(of: commit.author),
                "committer": text(of: commit.committer), "message": .string(commit.message), "comment_count": 0,
                "tree": ["sha": .string(commit.tree), "url": "\(base)/git/trees/\(commit.tree)"],
                "verification": Self.unsigned,
            ],
            "author": account(commit.author, call), "committer": account(commit.committer, call),
            "parents": .array(
                commit.parents.map { parent -> JSON in
                    [
                        "sha": .string(parent), "url": "\(base)/commits/\(parent)",
                        "html_url": "\(call.origin)/\(repository.fullName)/commit/\(parent)",
                    ]
                }),
        ]
    }

    private static let unsigned: JSON = [
        "verified": false, "reason": "unsigned", "signature": .null, "payload": .null, "verified_at": .null,
    ]

    private func text(of signature: Signature) -> JSON {
        [
            "name": .string(signature.name), "email": .string(signature.email),
            "date": .string((signature.date ?? state.now).stamp),
        ]
    }

    /// The account to which an address belongs.
    private func account(_ signature: Signature, _ call: Call) -> JSON {
        state.users.first { $0.email == signature.email }.map { text(of: $0, call) } ?? .null
    }
}
