import Concurrency
import Foundation
import Jobs
import WorkerKit

/// One attempt's way from what is there to the pull request; `PullRequestsWorker` tells the order.
struct PullRequestRun {
    private static let tries = 5
    private static let steps = 5.0

    let input: PullRequest
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
        guard ![base, repository.defaultBranch].contains(receipts.branch) else {
            throw JobFailure(
                code: "invalid_branch",
                message:
                    "\(receipts.branch) is the base or the repository's default branch; nothing is committed to it.")
        }
        try await steadily { run throws in try await run.refuseClosed(into: base) }
        report(1, "committing")
        let hasBranch = try await steadily { run throws in try await run.commit(beyond: base) }
        guard hasBranch else { return result(nil, base) }
        report(2, "opening")
        let request = try await steadily { run throws in try await run.open(into: base) }
        if let known = known(request) { try await context.write([known.statement]) }
        report(3, "labelling")
        let end = try await complete(request)
        report(Self.steps, "done")
        return result(end, base)
    }

    /// A branch whose pull request was closed is left alone, before anything is written.
    private func refuseClosed(into base: String) async throws {
        let known = try await pullRequests(into: base)
        guard let newest = known.first, newest.state == .closed, !known.contains(where: { $0.state == .open }) else {
            return
        }
        guard !input.reopen else { return }
        throw JobFailure(
            code: "pull_request_closed",
            message: "\(newest.url) was closed; with `reopen` it is opened again, and another `branch` makes a new one."
        )
    }

    /// The pull requests from the branch to its base, the newest first; our own ones also when somebody gave them another base.
    func pullRequests(into base: String) async throws -> [ForgePullRequest] {
        try await pullRequests().filter { belongs($0, to: base) }
    }

    func belongs(_ request: ForgePullRequest, to base: String) -> Bool { request.base == base || isOwn(request) }

    /// The pull requests from the branch, the newest first.
    func pullRequests() async throws -> [ForgePullRequest] { try await forge.pullRequests(from: receipts.branch) }

    func isOwn(_ request: ForgePullRequest) -> Bool {
        request.number == receipts.pullRequest || BodyMarker.job(in: request.body) == receipts.origin
    }

    /// Opens the pull request, or finds it.
    private mutating func open(into base: String) async throws -> ForgePullRequest {
        if let number = receipts.pullRequest, let own = try await forge.pullRequest(number), own.state != .closed {
            return own
        }
        let known = try await pullRequests(into: base)
        let body = BodyMarker.mark(text.body, job: receipts.origin)
        let request: ForgePullRequest
        if let own = known.first(where: { BodyMarker.job(in: $0.body) == receipts.origin }), own.state != .closed {
            (request, receipts.action) = (own, .created)
        } else if let open = known.first(where: { $0.state == .open }) {
            request = try await take(open, body)
        } else if let closed = known.first, closed.state == .closed, let again = try await reopen(closed, body) {
            (request, receipts.action) = (again, .updated)
        } else {
            let draft = PullRequestDraft(title: text.title, body: body, isDraft: input.draft)
            request = try await forge.open(draft, from: receipts.branch, into: base)
            receipts.action = .created
        }
        receipts.known(request.number)
        try await context.save(checkpoint: receipts)
        return request
    }

    /// Opens what was closed; nil where the provider cannot, such as one whose branch was made anew.
    private func reopen(_ closed: ForgePullRequest, _ body: String) async throws -> ForgePullRequest? {
        guard input.reopen else {
            throw JobFailure(code: "pull_request_closed", message: "\(closed.url) was closed.")
        }
        do throws(ForgeError) {
            return try await forge.update(closed, title: text.title, body: body, reopens: true)
        } catch {
            guard error.kind == .invalid else { throw error }
            context.log(.warning, "\(closed.url) cannot be opened again: \(error.message)")
            return nil
        }
    }

    /// By what the provider's news of it find the job: they name it by its page, which may have another host than the API.
    private func known(_ request: ForgePullRequest) -> JobPullRequest? {
        RepositoryName(provider: input.provider.rawValue, address: request.url, name: input.repository).map {
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

    /// What comes behind the pull request, each once; answers how it is in the end.
    private mutating func complete(_ request: ForgePullRequest) async throws -> ForgePullRequest {
        guard request.state == .open else { return request }
        let labels = input.labels.filter { !request.labels.contains($0) }
        if !labels.isEmpty {
            try await once("labels") { run throws in try await run.forge.add(labels: labels, to: request.number) }
        }
        let reviewers = input.reviewers.filter { !request.reviewers.contains($0) }
        if !reviewers.isEmpty {
            try await once("reviewers") { run throws in
                let missing = try await run.forge.request(reviewers: reviewers, of: request)
                if !missing.isEmpty {
                    run.context.log(
                        .warning, "the provider takes fewer reviewers, without \(missing.joined(separator: ", "))")
                }
            }
        }
        guard let method = input.autoMerge else { return request }
        try await once("auto_merge") { run throws in
            // What an earlier try has done shows in a new look.
            guard let now = try await run.forge.pullRequest(request.number), now.state == .open, !now.mergesWhenReady
            else { return }
            guard !now.isBeingChecked else { throw ForgeError.beingChecked(now, "the provider still finds out") }
            try await run.forge.mergeWhenReady(now, by: method)
        }
        return try await steadily { run throws in try await run.forge.pullRequest(request.number) } ?? request
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
