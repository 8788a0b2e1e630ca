import Foundation
import JSON

/// Merge requests.
extension GitLabAPI {
    private static let shared: [String: Kind] = [
        "title": .filled, "description": .text, "labels": .either(.text, .texts), "assignee_id": .number,
        "assignee_ids": .numbers, "reviewer_ids": .numbers, "milestone_id": .number, "remove_source_branch": .flag,
        "squash": .flag, "allow_collaboration": .flag, "target_branch": .text,
    ]

    static let mergeRequestRoutes: [Route<GitLabAPI>] = [
        Route(
            "GET", "projects/:id/merge_requests",
            query: ["state", "source_branch", "target_branch", "sort", "page", "per_page"], listMergeRequests),
        Route(
            "POST", "projects/:id/merge_requests",
            body: BodyRule(
                shared.merging(["source_branch": .text, "target_project_id": .number]) { $1 },
                required: ["source_branch", "target_branch", "title"]), openMergeRequest),
        Route("GET", "projects/:id/merge_requests/:iid", readMergeRequest),
        Route(
            "PUT", "projects/:id/merge_requests/:iid",
            body: BodyRule(
                shared.merging([
                    "state_event": .one(of: ["close", "reopen"]), "add_labels": .either(.text, .texts),
                    "remove_labels": .either(.text, .texts), "discussion_locked": .flag,
                ]) { $1 }), changeMergeRequest),
        Route(
            "PUT", "projects/:id/merge_requests/:iid/merge",
            query: ["merge_when_pipeline_succeeds", "auto_merge", "sha", "squash", "should_remove_source_branch"],
            body: BodyRule([
                "merge_commit_message": .text, "squash_commit_message": .text, "squash": .flag, "sha": .text,
                "should_remove_source_branch": .flag, "auto_merge": .flag, "merge_when_pipeline_succeeds": .flag,
            ]), merge),
    ]

    private func index(_ call: Call, in repository: Repository) throws -> Int {
        try repository.follow()
        guard let number = Int(call["iid"]), let index = repository.index(of: number) else {
            throw Refusal(refusal(404, "404 Not found"))
        }
        return index
    }

    private func listMergeRequests(_ call: Call) throws -> Answer {
        let repository = try project(call)
        try repository.follow()
        let wanted = call.query("state") ?? "all"
        guard ["opened", "closed", "locked", "merged", "all"].contains(wanted) else {
            throw Refusal(Answer(400, ["error": "state does not have a valid value"]), violation: "state=\(wanted)")
        }
        let ordered = call.query("sort") == "asc" ? repository.pulls : repository.pulls.reversed()
        let found = ordered.filter { pull in
            let state = pull.state == .open ? "opened" : pull.state.rawValue
            return (wanted == "all" || wanted == state)
                && pull.head == call.query("source_branch") ?? pull.head
                && pull.base == call.query("target_branch") ?? pull.base
        }
        return try list(found, call) { try text(of: $0, repository, call) }
    }

    private func openMergeRequest(_ call: Call) throws -> Answer {
        let repository = try writable(call)
        let source = call.text("source_branch") ?? ""
        let target = call.text("target_branch") ?? ""
        guard call.body["target_project_id"].map({ $0.intValue == repository.id }) ?? true else {
            throw missing("Project")
        }
        guard source != target else {
            throw Refusal(Answer(422, ["message": ["You can't use same project/branch for source and target"]]))
        }
        // GitLab itself would make an empty merge request; here it shows that the calls come in the wrong order.
        guard let head = try repository.git.branch(source) else {
            throw bad("Source branch \"\(source)\" does not exist", violation: true)
        }
        guard try repository.git.branch(target) != nil else {
            throw bad("Target branch \"\(target)\" does not exist", violation: true)
        }
        if let other = repository.open(head: source, base: target) {
            let reason = "Another open merge request already exists for this source branch: !\(other.number)"
            throw Refusal(Answer(409, ["message": [.string(reason)]]))
        }
        let index = state.open(
            repository, head: source, headID: head, base: target, title: call.text("title") ?? "",
            body: call.text("description") ?? "", author: call.user)
        apply(call, to: &repository.pulls[index], in: repository)
        return Answer(201, try text(of: repository.pulls[index], repository, call))
    }

    private func readMergeRequest(_ call: Call) throws -> Answer {
        let repository = try project(call)
        let index = try index(call, in: repository)
        return Answer(200, try text(of: repository.pulls[index], repository, call))
    }

    private func changeMergeRequest(_ call: Call) throws -> Answer {
        let repository = try writable(call)
        let index = try index(call, in: repository)
        guard !call.body.isEmpty else {
            throw Refusal(
                Answer(400, ["error": "title, state_event, … are missing, at least one parameter must be provided"]),
                violation: "a change of nothing")
        }
        if let target = call.text("target_branch"), try repository.git.branch(target) == nil {
            throw bad("Target branch \"\(target)\" does not exist", violation: true)
        }
        if let event = call.text("state_event") {
            let pull = repository.pulls[index]
            if event == "reopen", pull.state == .closed,
                let other = repository.open(head: pull.head, base: pull.base)
            {
                let reason = "Another open merge request already exists for this source branch: !\(other.number)"
                throw Refusal(Answer(409, ["message": [.string(reason)]]))
            }
            state.setOpen(repository, index, event == "reopen")
        }
        apply(call, to: &repository.pulls[index], in: repository)
        return Answer(200, try text(of: repository.pulls[index], repository, call))
    }

    /// Takes over the fields that are there. People who cannot be asked are left out without a word, as GitLab does.
    private func apply(_ call: Call, to pull: inout PullRequest, in repository: Repository) {
        func logins(_ field: String) -> [String]? {
            call.body[field]?.arrayValue?.compactMap { id in
                state.users.first { $0.id == id.intValue && repository.collaborators.contains($0.login) }?.login
            }
        }
        if let title = call.text("title") { pull.title = title }
        if let body = call.text("description") { pull.body = body }
        if let base = call.text("target_branch") { pull.base = base }
        if let labels = labels("labels", call) { pull.labels = labels }
        for label in labels("add_labels", call) ?? [] where !pull.labels.contains(label) { pull.labels.append(label) }
        if let gone = labels("remove_labels", call) { pull.labels.removeAll(where: gone.contains) }
        for label in pull.labels { repository.ensureLabel(label) }
        if let people = logins("reviewer_ids") { pull.reviewers = Array(people.prefix(repository.mostReviewers)) }
        if let people = logins("assignee_ids") { pull.assignees = people }
        if let removes = call.flag("remove_source_branch") { pull.removesSource = removes }
        if let squashes = call.flag("squash") { pull.squashes = squashes }
        pull.isDraft = Self.isDraft(pull.title)
        pull.updated = state.now
    }

    /// A list, or one text with commas.
    private func labels(_ field: String, _ call: Call) -> [String]? {
        call.texts(field)
            ?? call.text(field).map { text in
                text.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
            }
    }

    private func merge(_ call: Call) throws -> Answer {
        let repository = try writable(call)
        let index = try index(call, in: repository)
        let pull = repository.pulls[index]
        func flag(_ name: String) -> Bool { call.flag(name) ?? (call.isSet(name)) }
        if let expected = call.text("sha") ?? call.query("sha"), expected != pull.headID {
            throw Refusal(refusal(409, "SHA does not match HEAD of source branch: \(pull.headID)"))
        }
        guard pull.state == .open, !Self.isDraft(pull.title), repository.looksBeforeMergeable == 0 else {
            throw Refusal(refusal(405, "405 Method Not Allowed"))
        }
        let squash = flag("squash") || pull.squashes
        if flag("auto_merge") || flag("merge_when_pipeline_succeeds"), repository.hasPendingChecks {
            guard repository.allowsAutoMerge else { throw Refusal(refusal(405, "405 Method Not Allowed")) }
            repository.pulls[index].autoMerge = squash ? "squash" : "merge"
            return Answer(200, try text(of: repository.pulls[index], repository, call))
        }
        let message = call.text("merge_commit_message") ?? "Merge branch '\(pull.head)' into '\(pull.base)'\n"
        guard try state.merge(repository, index, message: message, squash: squash, by: call.user) != nil else {
            throw Refusal(refusal(422, "Branch cannot be merged"))
        }
        if flag("should_remove_source_branch") || pull.removesSource {
            try state.delete(repository, branch: pull.head, closing: false)
        }
        return Answer(200, try text(of: repository.pulls[index], repository, call))
    }
}
