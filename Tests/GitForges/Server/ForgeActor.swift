import Concurrency

/// Does one thing at a time on a thread of its own: `git` is waited for, and no request sees half of another.
actor ForgeActor {
    private let executor = ThreadExecutor(name: "forge")
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    private let provider: ForgeProvider
    private let state: ForgeState

    init(_ provider: ForgeProvider, folder: String) {
        self.provider = provider
        state = ForgeState(folder: folder)
    }

    deinit { executor.stop() }

    /// Does what a request asks; `fault` is one that stands in for the answer.
    func answer(_ call: Call, limit fault: Fault? = nil) -> (answer: Answer, caller: String?) {
        switch provider {
        case .github: answer(GitHubAPI(state: state), call, fault)
        case .gitlab: answer(GitLabAPI(state: state), call, fault)
        case .gitea: answer(GiteaAPI(state: state), call, fault)
        }
    }

    private func answer(_ api: some ForgeAPI, _ call: Call, _ fault: Fault?) -> (answer: Answer, caller: String?) {
        switch fault {
        case .secondaryLimit(let seconds): (api.limited(call, retryAfter: seconds, isSecondary: true), nil)
        case .primaryLimit(let seconds): (api.limited(call, retryAfter: seconds, isSecondary: false), nil)
        default: api.answer(call)
        }
    }

    /// Lets somebody else than a client look or act.
    func perform<Result: Sendable>(_ work: @Sendable (ForgeState) throws -> Result) rethrows -> Result {
        try work(state)
    }
}
