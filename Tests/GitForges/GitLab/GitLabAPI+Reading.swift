import Crypto
import Foundation
import JSON

/// What is read of a project.
extension GitLabAPI {
    static let readingRoutes: [Route<GitLabAPI>] = [
        Route("GET", "user", readUser),
        Route("GET", "users", query: ["username", "page", "per_page"], findUsers),
        Route("GET", "projects/:id", query: ["license", "statistics", "with_custom_attributes"], readProject),
        Route("GET", "projects/:id/repository/commits/:commit", query: ["stats"], readCommit),
        Route(
            "GET", "projects/:id/repository/tree",
            query: ["path", "ref", "recursive", "page", "per_page", "pagination", "page_token"], readTree),
        Route("GET", "projects/:id/repository/files/:path", query: ["ref"], readFile),
        Route("HEAD", "projects/:id/repository/files/:path", query: ["ref"], lookAtFile),
        Route("GET", "projects/:id/repository/compare", query: ["from", "to", "straight"], compare),
    ]

    private func readUser(_ call: Call) throws -> Answer { Answer(200, text(of: call.user, call)) }

    private func findUsers(_ call: Call) throws -> Answer {
        let name = call.query("username")
        return list(state.users.filter { name == nil || $0.login.lowercased() == name?.lowercased() }, call) {
            text(of: $0, call)
        }
    }

    private func readProject(_ call: Call) throws -> Answer { Answer(200, text(of: try project(call), call)) }

    private func readCommit(_ call: Call) throws -> Answer {
        let repository = try project(call)
        guard let id = try repository.git.commit(named: call["commit"]) else { throw missing("Commit") }
        return Answer(200, text(of: try repository.git.read(commit: id), repository, call))
    }

    private func readTree(_ call: Call) throws -> Answer {
        let repository = try project(call)
        guard let id = try repository.git.commit(named: call.query("ref") ?? repository.defaultBranch) else {
            throw missing("Tree")
        }
        let path = call.query("path") ?? ""
        guard try path.isEmpty || repository.git.entry(path, of: id)?.kind == "tree" else {
            throw missing("invalid revision or path")
        }
        let entries = try repository.git.entries(
            of: path.isEmpty ? id : "\(id):\(path)", recursive: call.isSet("recursive"))
        let prefix = path.isEmpty ? "" : "\(path)/"
        func line(_ entry: GitEntry) -> JSON {
            [
                "id": .string(entry.id), "name": .string(entry.name), "type": .string(entry.kind),
                "path": .string(prefix + entry.path), "mode": .string(entry.mode),
            ]
        }
        guard call.query("pagination") == "keyset" else { return list(entries, call, line) }
        return keyset(entries, call, line)
    }

    /// A page that goes on after the entry whose id is the token.
    private func keyset(_ entries: [GitEntry], _ call: Call, _ line: (GitEntry) -> JSON) -> Answer {
        let (_, size) = call.window(usual: 20)
        let token = call.query("page_token")
        let start = token.flatMap { token in entries.firstIndex { $0.id == token } }.map { $0 + 1 } ?? 0
        let page = entries.dropFirst(start).prefix(size)
        var answer = Answer(200, .array(page.map(line)))
        if page.endIndex < entries.endIndex, let last = page.last {
            let rest = call.query.filter { $0.name != "page_token" }.map { "&\($0.name)=\($0.value)" }.joined()
            answer.headers.append(
                ("Link", "<\(call.origin)\(call.path)?page_token=\(last.id)\(rest)>; rel=\"next\""))
        }
        return answer
    }

    private func readFile(_ call: Call) throws -> Answer {
        let repository = try project(call)
        guard let ref = call.query("ref") else {
            throw Refusal(malformed(call, .missing(["ref"])), violation: "a file needs ref")
        }
        guard let id = try repository.git.commit(named: ref) else { throw missing("Commit") }
        guard let entry = try repository.git.entry(call["path"], of: id), entry.kind == "blob" else {
            throw missing("File")
        }
        let bytes = try repository.git.read(blob: entry.id)
        return Answer(
            200,
            [
                "file_name": .string(entry.name), "file_path": .string(entry.path), "size": .int(Int64(bytes.count)),
                "encoding": "base64", "content_sha256": .string(Hex.encode(sha256(bytes))), "ref": .string(ref),
                "blob_id": .string(entry.id), "commit_id": .string(id),
                "last_commit_id": .string(try repository.git.lastCommit(of: entry.path, at: id)),
                "execute_filemode": .bool(entry.mode == "100755"),
                "content": .string(Data(bytes).base64EncodedString()),
            ])
    }

    /// The same as of a file that is read, but for the content, in header fields.
    private func lookAtFile(_ call: Call) throws -> Answer {
        var answer = try readFile(call)
        guard case .json(let file) = answer.content else { return answer }
        for (name, value) in file.objectValue ?? [:] where name != "content" {
            let words = name.split(separator: "_").map(\.capitalized)
            answer.headers.append(("X-Gitlab-" + words.joined(separator: "-"), value.stringValue ?? value.description))
        }
        return answer
    }

    private func compare(_ call: Call) throws -> Answer {
        let repository = try project(call)
        guard let from = call.query("from"), let to = call.query("to") else {
            let absent = ["from", "to"].filter { call.query($0) == nil }
            throw Refusal(malformed(call, .missing(absent)), violation: "a comparison needs \(absent)")
        }
        guard let old = try repository.git.commit(named: from), let new = try repository.git.commit(named: to) else {
            throw missing("Ref")
        }
        let isStraight = call.isSet("straight")
        let start = isStraight ? old : try repository.git.mergeBase(old, new) ?? old
        let commits = try repository.git.commits(from: old, to: new)
            .map { text(of: try repository.git.read(commit: $0), repository, call) }
        let changes = try repository.git.changes(from: start, to: new)
        return Answer(
            200,
            [
                "commit": commits.last ?? .null, "commits": .array(commits),
                "diffs": .array(
                    changes.map { change -> JSON in
                        [
                            "old_path": .string(change.path), "new_path": .string(change.path),
                            "a_mode": .string(change.oldMode), "b_mode": .string(change.newMode), "diff": "",
                            "new_file": .bool(change.status == "A"), "renamed_file": false,
                            "deleted_file": .bool(change.status == "D"),
                        ]
                    }),
                "compare_timeout": false, "compare_same_ref": .bool(old == new),
                "web_url": "\(call.origin)/\(repository.fullName)/-/compare/\(from)...\(to)",
            ])
    }
}
