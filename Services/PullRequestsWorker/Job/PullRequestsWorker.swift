import Crypto
import Foundation
import HTTPClient
import Jobs
import WorkerKit

/// Runs `pull_request`: files on a branch, and one pull request for it, however often the job runs and wherever it was cut off.
///
/// Order of effects, each looked up before it is done, and with a receipt in the job's checkpoint behind it:
/// 1. The checkpoint names the job that asked first and the branch: a retry is another job, and goes on with both.
/// 2. The commit is made. Nobody sees it at GitHub; at the others it comes with 3.
/// 3. The branch gets it: a new branch, or one whose commits are all ours. Nothing is ever forced, so that commits of others stay. A commit is known as
///    ours by the last line of its message, which names the job: one whose receipt was lost is found by it and not made again.
/// 4. The pull request is opened, or found by its branch; the end of its body names the job.
/// 5. Labels, reviewers and merging when ready, each for itself.
///
/// Where it is not known what has become of a request, its step begins anew with the look. A limit of the provider's snoozes the job, which costs no attempt.
/// One job at a time writes with a token: two could both see that there is nothing, and open two.
struct PullRequestsWorker: Worker {
    static let defaultSlots = 4
    static func jobType() throws -> JobType { try PullRequest.jobType() }

    let accounts: ForgeAccounts
    let web: WebClient
    /// How long a request to a provider may take.
    let timeout: Duration
    let budget: ForgeToken.Budget

    func perform(_ input: PullRequest, in context: JobContext) async throws -> Outcome<OpenedPullRequest> {
        do {
            let text = try PullRequestText(input, context)
            let receipts = try await receipts(text, context)
            let changes = try await ChangeLoader(files: context.files, template: text.template).load(input.files)
            let address = try input.provider.address(input.baseURL)
            let credential = try accounts.credential(for: input, at: address, namespace: context.namespace)
            let pace = TokenPace(
                credential, address: address.text, timeout: timeout, budget: budget, context)
            try await pace.begin()
            let end: OpenedPullRequest
            do {
                let connection = ForgeConnection(web: web, pace: pace, timeout: timeout)
                let forge = try await input.forge(at: address, credential, connection)
                var run = PullRequestRun(
                    input: input, text: text, changes: changes, forge: forge, context: context,
                    receipts: receipts)
                end = try await run.finish()
            } catch {
                await pace.end()
                throw error
            }
            await pace.end()
            return .done(end)
        } catch let failure as JobFailure {
            return .reject(failure)
        } catch let error as ForgeError {
            if context.stopReason != nil { return .stopped }
            switch error.kind {
            case .limited(let time): return .snooze(time, reason: error.message)
            case .unclear: throw error.failure
            default: return .reject(error.failure)
            }
        }
    }

    private func receipts(_ text: PullRequestText, _ context: JobContext) async throws -> Receipts {
        if let receipts = try context.checkpoint(as: Receipts.self) { return receipts }
        let receipts = Receipts(origin: context.job, branch: text.branch)
        try await context.save(checkpoint: receipts)
        return receipts
    }
}

extension PullRequest {
    fileprivate func forge(
        at address: WebURL, _ credential: ForgeCredential, _ connection: ForgeConnection
    ) async throws -> any Forge {
        let token: String
        switch credential {
        case .token(let text): token = text
        case .app(let id, let key):
            guard provider == .github else {
                throw JobFailure(code: "invalid_credentials", message: "Only GitHub has Apps; give a token.")
            }
            token = try await GitHubApp(id: id, privateKey: key, base: address, connection: connection).token(
                for: repository)
        }
        switch provider {
        case .github: return try GitHubForge(repository, base: address, token: token, connection)
        case .gitlab: return GitLabForge(repository, base: address, token: token, connection)
        case .gitea: return GiteaForge(repository, base: address, token: token, connection)
        }
    }
}
