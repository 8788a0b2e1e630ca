import Foundation
import JSON

/// How Gitea writes what it knows.
extension GiteaAPI {
    func address(of repository: Repository, _ call: Call) -> String {
        "\(call.origin)/api/v1/repos/\(repository.fullName)"
    }

    static let unsigned: JSON = [
        "verified": false, "reason": "gpg.error.not_signed_commit", "signature": "", "signer": .null, "payload": "",
    ]

    func text(of user: ForgeUser, _ call: Call) -> JSON {
        [
            "id": .int(Int64(user.id)), "login": .string(user.login), "login_name": "", "full_name": "",
            "email": .string(user.email), "avatar_url": "\(call.origin)/avatars/\(user.id)",
            "html_url": "\(call.origin)/\(user.login)", "language": "", "is_admin": false,
            "active": true, "restricted": false, "visibility": "public",
        ]
    }

    func text(of repository: Repository, _ call: Call) -> JSON {
        let page = "\(call.origin)/\(repository.fullName)"
        let owner = state.user(repository.owner) ?? ForgeUser(id: 0, login: repository.owner)
        let isWriter = repository.collaborators.contains(call.user.login)
        return [
            "id": .int(Int64(repository.id)), "owner": text(of: owner, call), "name": .string(repository.name),
            "full_name": .string(repository.fullName), "description": "", "empty": false, "private": true,
            "fork": false, "template": false, "parent": .null, "mirror": false, "size": 1,
            "html_url": .string(page), "url": .string(address(of: repository, call)), "clone_url": "\(page).git",
            "ssh_url": "git@localhost:\(repository.fullName).git",
            "default_branch": .string(repository.defaultBranch), "archived": false,
            "created_at": .string(repository.created.stamp), "updated_at": .string(repository.created.stamp),
            "permissions": ["admin": false, "push": .bool(isWriter), "pull": true], "has_issues": true,
            "has_pull_requests": true, "allow_merge_commits": true, "allow_squash_merge": true,
            "default_merge_style": "merge", "object_format_name": "sha1",
        ]
    }

    func text(of label: Label, _ repository: Repository, _ call: Call) -> JSON {
        [
            "id": .int(Int64(label.id)), "name": .string(label.name), "exclusive": false, "is_archived": false,
            "color": .string(label.color), "description": .string(label.description),
            "url": "\(address(of: repository, call))/labels/\(label.id)",
        ]
    }

    func content(
        _ entry: GitEntry, _ path: String, _ commit: String, _ ref: String, _ repository: Repository, _ call: Call,
        isWhole: Bool
    ) throws -> JSON {
        let base = address(of: repository, call)
        let isFile = entry.kind == "blob"
        let url: JSON = "\(base)/contents/\(path)?ref=\(ref)"
        let git: JSON = "\(base)/git/\(entry.kind)s/\(entry.id)"
        let html: JSON = "\(call.origin)/\(repository.fullName)/src/branch/\(ref)/\(path)"
        let bytes = isWhole && isFile ? try repository.git.read(blob: entry.id) : nil
        let kind = !isFile ? "dir" : entry.mode == "120000" ? "symlink" : "file"
        return [
            "name": .string(entry.name), "path": .string(path), "sha": .string(entry.id),
            "last_commit_sha": .string(try repository.git.lastCommit(of: path, at: commit)), "type": .string(kind),
            "size": .int(Int64(entry.size ?? 0)), "encoding": bytes == nil ? .null : "base64",
            "content": bytes.map { .string(Data($0).base64EncodedString()) } ?? .null, "target": .null, "url": url,
            "html_url": html, "git_url": git,
            "download_url": isFile ? "\(call.origin)/\(repository.fullName)/raw/branch/\(ref)/\(path)" : .null,
            "submodule_git_url": .null, "_links": ["self": url, "git": git, "html": html],
        ]
    }

    // MARK: Commits

    func text(of commit: GitCommit, _ repository: Repository, _ call: Call) -> JSON {
        let base = address(of: repository, call)
        let url = "\(base)/git/commits/\(commit.id)"
        let created = (commit.committer.date ?? state.now).stamp
        return [
            "url": .string(url), "sha": .string(commit.id), "created": .string(created),
            "html_url": "\(call.origin)/\(repository.fullName)/commit/\(commit.id)",
            "commit": [
                "url": .string(url), "author": text(of: commit.author), "committer": text(of: commit.committer),
                "message": .string(commit.message),
                "tree": [
                    "url": "\(base)/git/trees/\(commit.tree)", "sha": .string(commit.tree), "created": .string(created),
                ],
                "verification": Self.unsigned,
            ],
            "author": account(commit.author, call), "committer": account(commit.committer, call),
            "parents": .array(
                commit.parents.map {
                    ["url": "\(base)/git/commits/\($0)", "sha": .string($0), "created": .string(created)]
                }),
            "files": [], "stats": .null,
        ]
    }

    /// A commit as the answer to a change of files has it.
    func commitText(_ commit: GitCommit, _ repository: Repository, _ call: Call) -> JSON {
        let base = address(of: repository, call)
        return [
            "url": "\(base)/git/commits/\(commit.id)", "sha": .string(commit.id),
            "html_url": "\(call.origin)/\(repository.fullName)/commit/\(commit.id)",
            "created": .string((commit.committer.date ?? state.now).stamp), "author": text(of: commit.author),
            "committer": text(of: commit.committer), "message": .string(commit.message),
            "parents": .array(commit.parents.map { ["url": "\(base)/git/commits/\($0)", "sha": .string($0)] }),
            "tree": ["url": "\(base)/git/trees/\(commit.tree)", "sha": .string(commit.tree)],
        ]
    }

    func text(ofBranch name: String, _ id: String, _ repository: Repository, _ call: Call) throws -> JSON {
        let commit = try repository.git.read(commit: id)
        let isProtected = repository.protectedBranches.contains(name)
        let mayPush = !isProtected && repository.collaborators.contains(call.user.login)
        return [
            "name": .string(name),
            "commit": [
                "id": .string(id), "message": .string(commit.message),
                "url": "\(call.origin)/\(repository.fullName)/commit/\(id)",
                "author": ["name": .string(commit.author.name), "email": .string(commit.author.email), "username": ""],
                "committer": [
                    "name": .string(commit.committer.name), "email": .string(commit.committer.email), "username": "",
                ],
                "verification": Self.unsigned, "timestamp": .string((commit.committer.date ?? state.now).stamp),
                "added": .null, "removed": .null, "modified": .null,
            ],
            "protected": .bool(isProtected), "required_approvals": 0, "enable_status_check": false,
            "status_check_contexts": [], "user_can_push": .bool(mayPush), "user_can_merge": .bool(mayPush),
            "effective_branch_protection_name": isProtected ? .string(name) : "",
        ]
    }

    private func text(of signature: Signature) -> JSON {
        [
            "name": .string(signature.name), "email": .string(signature.email),
            "date": .string((signature.date ?? state.now).stamp),
        ]
    }

    private func account(_ signature: Signature, _ call: Call) -> JSON {
        state.users.first { $0.email == signature.email }.map { text(of: $0, call) } ?? .null
    }
}
