import GitForges
import HTTPClient
import JSON
import Testing

@Suite struct FaultTests {
    /// The request that makes a branch, as each provider has it.
    private func make(_ branch: String, _ caller: Caller, _ folder: String) async throws -> Caller.Reply {
        let head = try await git(folder, "rev-parse", "main")
        return switch caller.forge.provider {
        case .github:
            try await caller.send(
                "POST", "/repos/acme/site/git/refs", ["ref": "refs/heads/\(branch)", "sha": .string(head)],
                limit: .seconds(1))
        case .gitlab:
            try await caller.send(
                "POST", "/projects/acme%2Fsite/repository/branches", ["branch": .string(branch), "ref": "main"],
                limit: .seconds(1))
        case .gitea:
            try await caller.send(
                "POST", "/repos/acme/site/branches", ["new_branch_name": .string(branch), "old_ref_name": "main"],
                limit: .seconds(1))
        }
    }

    private func exists(_ branch: String, _ folder: String) async throws -> Bool {
        try await !git(folder, "for-each-ref", "refs/heads/\(branch)").isEmpty
    }

    @Test(arguments: ForgeProvider.allCases) func noAnswerComesBeforeOrAfterTheEffect(
        _ provider: ForgeProvider
    ) async throws {
        try await withForge(provider) { caller, folder in
            let faults: [(Fault, WebError.Kind, Bool)] = [
                (.timeoutBefore, .timeout, false), (.timeoutAfterEffect, .timeout, true),
                (.dropBefore, .answer, false), (.dropAfterEffect, .answer, true),
            ]
            for (index, (fault, kind, hasEffect)) in faults.enumerated() {
                caller.forge.faults.inject(method: "POST", fault)
                let error = await #expect(throws: WebError.self) { try await make("b\(index)", caller, folder) }
                #expect(error?.kind == kind)
                await caller.forge.settle()
                let isThere = try await exists("b\(index)", folder)
                #expect(isThere == hasEffect)
                #expect(caller.forge.requests.last?.status == nil)
            }
            #expect(caller.forge.faults.pending == 0)
        }
    }

    @Test(arguments: ForgeProvider.allCases) func otherAnswersStandInForTheRealOne(
        _ provider: ForgeProvider
    ) async throws {
        try await withForge(provider) { caller, folder in
            caller.forge.faults.inject(.status(502, headers: ["Via": "a gateway"], body: "bad", afterEffect: true))
            let done = try await make("done", caller, folder)
            #expect(done.status == 502)
            #expect(done.head["Via"] == "a gateway")
            #expect(try await exists("done", folder))
            caller.forge.faults.inject(.status(500))
            #expect(try await make("not", caller, folder).status == 500)
            caller.forge.faults.inject(.secondaryLimit(retryAfter: 7))
            let secondary = try await make("not", caller, folder)
            #expect(secondary.status == (provider == .github ? 403 : 429))
            #expect(secondary.head["Retry-After"] == "7")
            caller.forge.faults.inject(.primaryLimit(reset: 60))
            let primary = try await make("not", caller, folder)
            #expect(primary.status == (provider == .github ? 403 : 429))
            let remaining = ["x-ratelimit-remaining", "RateLimit-Remaining"].compactMap { primary.head[$0] }
            #expect(remaining == (provider == .gitea ? [] : ["0"]))
            #expect(try await !exists("not", folder))
            #expect(try await make("not", caller, folder).status == 201)
            #expect(caller.forge.requests.map(\.status) == [502, 500, secondary.status, primary.status, 201])
        }
    }

    @Test func aFaultFindsItsRequest() async throws {
        try await withForge(.github) { caller, _ in
            let faults = caller.forge.faults
            faults.inject(method: "GET", path: "/repos/*/*/git/**", nth: 2, .status(500))
            let main = "/repos/acme/site/git/ref/heads/main"
            for path in ["/repos/acme/site", main, main, main] { _ = try await caller.send("GET", path) }
            #expect(caller.forge.requests.map(\.status) == [200, 200, 500, 200])
            #expect(faults.pending == 0)
        }
    }

    @Test func theLogHasEveryRequestAndNoToken() async throws {
        try await withForge(.github) { caller, _ in
            _ = try await caller.send("GET", "/repos/acme/site/pulls?state=all")
            _ = try await caller.send("POST", "/repos/acme/site/git/blobs", ["content": "x"])
            let log = caller.forge.requests
            #expect(log.map(\.method) == ["GET", "POST"])
            #expect(log[0].path == "/repos/acme/site/pulls")
            #expect(log[0].query == ["state": "all"])
            #expect(log[1].body == JSON.object(["content": "x"]).serialized())
            #expect(log[1].headerNames.contains("authorization"))
            #expect(log.map(\.caller) == ["robot", "robot"])
            #expect(log.map(\.isWrite) == [false, true])
            #expect(!"\(log)".contains(caller.token))
            caller.forge.clearRequests()
            #expect(caller.forge.requests.isEmpty)
        }
    }
}
