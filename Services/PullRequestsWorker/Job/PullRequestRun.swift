import Concurrency
import Foundation
import Jobs
import WorkerKit

/// One attempt's way from what is there to the pull request; `PullRequestsWorker` tells the order.
struct PullRequestRun {
    private static let tries = 5
    private static let steps = 5.0

    let input: PullRequest
    /// Where the provider's API is.
    let address: String
    let text: PullRequestText
    let changes: [FileChange]
    let forge: any Forge
    let context: JobContext
    var receipts: Receipts

    /// - Throws: `JobFailure` where it cannot be done, `ForgeError` where the provider does not do it.
    mutating func finish() async throws -> OpenedPullRequest {
        report(0, "looking")
        let repository = try await steadily { run throws in try await run.forge.repository() }
        guard !repository.isArchived, repository.canPush else {
            throw JobFailure(
                code: "not_allowed",
                message: "\(input.repository) takes no commits: it is archived, or the credentials may not push.")
        }
        let base = input.base ?? repository.defaultBranch
        guard base != receipts.branch else {
            throw JobFailure(code: "invalid_branch", message: "The branch \(base) cannot be merged into itself.")
        }
        try await steadily { run throws in try await run.refuseClosed() }
        report(1, "committing")
        let hasBranch = try await steadily { run throws in try await run.commit(beyond: base) }
        guard hasBranch else { return result(nil, base) }
        report(2, "opening")
        let request = try await steadily { run throws in try await run.open(into: base) }
        if let known = known(request) { try await context.write([known.statement]) }
        report(3, "labelling")
        try await complete(request)
        report(Self.steps, "done")
        return result(request, base)
    }

    /// A branch whose pull request was closed is left alone, before anything is written.
    private func refuseClosed() async throws {
        guard let newest = try await forge.pullRequests(from: receipts.branch).first, newest.state == .closed,
            !input.reopen
        else { return }
        throw JobFailure(
            code: "pull_request_closed",
            message: "\(newest.url) was closed; with `reopen` it is opened again, and another `branch` makes a new one."
        )
    }

    /// Gives the branch its commit; answers whether there is a branch to merge.
    private mutating func commit(beyond base: String) async throws -> Bool {
        // It may be gone again by now, with its pull request merged.
        if receipts.isPushed { return true }
        let head = try await forge.head(of: receipts.branch)
        var hasCommits = false
        guard let start = try await forge.head(of: base) else {
            throw JobFailure(
                code: "unknown_base", message: "\(input.repository) has no branch \(base), or no commit yet.")
        }
        var parent = start
        if let head {
            if head == receipts.commit?.sha { return try await pushed() }
            let commits = try await forge.commits(of: receipts.branch, beyond: base)
            let jobs = commits.map { CommitMessage.job(in: $0.message) }
            guard !jobs.contains(nil) else {
                throw JobFailure(
                    code: "branch_not_ours",
                    message: "The branch \(receipts.branch) has commits of others; name another one.")
            }
            if let own = Array(zip(commits, jobs)).last(where: { $0.1 == receipts.origin })?.0 {
                receipts.commit = OpenedPullRequest.Commit(sha: own.sha, url: nil)
                return try await pushed()
            }
            switch input.onExisting {
            case .fail:
                throw JobFailure(code: "branch_exists", message: "There is a branch \(receipts.branch) already.")
            case .reuse: return !commits.isEmpty
            case .update: (parent, hasCommits) = (head, !commits.isEmpty)
            }
        }
        if receipts.commit == nil || receipts.parent != parent {
            let known = try await forge.files(changes.map(\.path), at: parent)
            let edits = changes.compactMap { FileEdit($0, known[$0.path]) }
            guard !edits.isEmpty else { return hasCommits }
            let message = CommitMessage(text.message, coAuthors: input.coAuthors, job: receipts.origin)
            let made = try await forge.commit(
                CommitDraft(
                    edits: edits, parent: parent, branch: receipts.branch, isNewBranch: head == nil, base: base,
                    message: message.text, author: input.author))
            receipts.commit = OpenedPullRequest.Commit(sha: made.sha, url: made.url)
            receipts.parent = parent
            if made.isPushed { return try await pushed() }
            try await context.save(checkpoint: receipts)
        }
        guard let commit = receipts.commit else { return false }
        try await forge.push(commit.sha, to: receipts.branch, isNew: head == nil)
        return try await pushed()
    }

    private mutating func pushed() async throws -> Bool {
        receipts.isPushed = true
        try await context.save(checkpoint: receipts)
        return true
    }

    /// Opens the pull request, or finds it.
    private mutating func open(into base: String) async throws -> ForgePullRequest {
        let known = try await forge.pullRequests(from: receipts.branch)
        let body = BodyMarker.mark(text.body, job: receipts.origin)
        let request: ForgePullRequest
        if let own = known.first(where: { $0.number == receipts.pullRequest }) {
            return own
        } else if let own = known.first(where: { BodyMarker.job(in: $0.body) == receipts.origin }), own.state != .closed
        {
            (request, receipts.action) = (own, .created)
        } else if let open = known.first(where: { $0.state == .open }) {
            request = try await take(open, body)
        } else if let closed = known.first, closed.state == .closed {
            guard input.reopen else {
                throw JobFailure(code: "pull_request_closed", message: "\(closed.url) was closed.")
            }
            request = try await forge.update(closed, title: text.title, body: body, reopens: true)
            receipts.action = .updated
        } else {
            let draft = PullRequestDraft(title: text.title, body: body, isDraft: input.draft)
            request = try await forge.open(draft, from: receipts.branch, into: base)
            receipts.action = .created
        }
        receipts.pullRequest = request.number
        try await context.save(checkpoint: receipts)
        return request
    }

    /// By what the provider's news of it find the job.
    private func known(_ request: ForgePullRequest) -> JobPullRequest? {
        RepositoryName(provider: input.provider.rawValue, address: address, name: input.repository).map {
            JobPullRequest(
                job: context.job, origin: receipts.origin, repository: $0, number: request.number,
                commit: receipts.commit?.sha)
        }
    }

    /// What becomes of an open pull request that an earlier job has made, or somebody else.
    private mutating func take(_ open: ForgePullRequest, _ body: String) async throws -> ForgePullRequest {
        guard input.onExisting != .fail else {
            throw JobFailure(code: "pull_request_exists", message: "\(open.url) is open already.")
        }
        receipts.action = receipts.isPushed ? .updated : .reused
        // The words of somebody else stay.
        guard input.onExisting == .update, BodyMarker.job(in: open.body) != nil,
            open.title != text.title || open.body != body
        else { return open }
        receipts.action = .updated
        return try await forge.update(open, title: text.title, body: body, reopens: false)
    }

    /// What comes behind the pull request, each once.
    private mutating func complete(_ request: ForgePullRequest) async throws {
        guard request.state == .open else { return }
        let labels = input.labels.filter { !request.labels.contains($0) }
        if !labels.isEmpty {
            try await once("labels") { run throws in try await run.forge.add(labels: labels, to: request.number) }
        }
        let reviewers = input.reviewers.filter { !request.reviewers.contains($0) }
        if !reviewers.isEmpty {
            try await once("reviewers") { run throws in
                try await run.forge.request(reviewers: reviewers, of: request)
            }
        }
        if let method = input.autoMerge, !request.mergesWhenReady {
            try await once("auto_merge") { run throws in try await run.forge.mergeWhenReady(request, by: method) }
        }
    }

    private mutating func once(_ name: String, _ step: (inout PullRequestRun) async throws -> Void) async throws {
        guard !receipts.done.contains(name) else { return }
        try await steadily(step)
        receipts.done.insert(name)
        try await context.save(checkpoint: receipts)
    }

    /// Begins a step anew while it is not known what has become of its last request, and once where it was refused: what is refused may be there already.
    private mutating func steadily<Output>(
        _ step: (inout PullRequestRun) async throws -> Output
    ) async throws -> Output {
        var (tries, refusals) = (1, 0)
        while true {
            do { return try await step(&self) } catch let error as ForgeError {
                let isUnclear = error.kind == .unclear && tries < Self.tries
                let isRefused = [.conflict, .invalid].contains(error.kind) && refusals < 2
                if isRefused { refusals += 1 }
                guard isUnclear || isRefused, context.stopReason == nil else { throw error }
                context.log(.warning, "looking again after: \(error.message)")
            }
            try await Task.sleep(for: Backoff(base: .milliseconds(500)).delay(afterFailures: tries))
            tries += 1
        }
    }

    private func report(_ done: Double, _ phase: String) {
        context.report(completed: done, total: Self.steps, unit: "steps", phase: phase)
    }

    private func result(_ request: ForgePullRequest?, _ base: String) -> OpenedPullRequest {
        OpenedPullRequest(
            action: receipts.action, provider: input.provider.rawValue, repository: input.repository, base: base,
            branch: request == nil ? nil : receipts.branch, commit: request == nil ? nil : receipts.commit,
            pullRequest: request.map {
                OpenedPullRequest.Request(number: $0.number, url: $0.url, state: $0.state.rawValue, draft: $0.isDraft)
            })
    }
}
