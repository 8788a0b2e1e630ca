import GitForges
import HTTPClient
import JSON
import Testing

/// How a fault table is made: each fault at each request that a clean run makes. The client here is a small one that looks before it
/// makes something and tries again; what counts is that no fault leaves two things or none.
@Suite struct FaultTableTests {
    private static let faults: [(name: String, fault: Fault)] = [
        ("timeout before", .timeoutBefore), ("timeout after", .timeoutAfterEffect), ("drop before", .dropBefore),
        ("drop after", .dropAfterEffect), ("500", .status(500)), ("502 after", .status(502, afterEffect: true)),
        ("409", .status(409, body: #"{"message":"Conflict"}"#)), ("limit", .secondaryLimit(retryAfter: 0)),
    ]

    /// One attempt: it ends early when an answer is not as it should be.
    private func attempt(_ caller: Caller) async throws -> Bool {
        let site = "/projects/acme%2Fsite"
        func send(_ method: String, _ path: String, _ body: JSON? = nil) async throws -> Caller.Reply {
            try await caller.send(method, site + path, body, limit: .seconds(1))
        }
        let branch = try await send("GET", "/repository/branches/job-1")
        if branch.status == 404, branch.message == "404 Branch Not Found" {
            let file: JSON = ["action": "create", "file_path": "hello", "content": "hello\n"]
            let made = try await send(
                "POST", "/repository/commits",
                ["branch": "job-1", "start_branch": "main", "commit_message": "x", "actions": [file]])
            guard made.status == 201 else { return false }
        } else if branch.status != 200 {
            return false
        }
        let found = try await send("GET", "/merge_requests?source_branch=job-1&state=opened")
        guard found.status == 200 else { return false }
        if found.body.arrayValue?.isEmpty == false { return true }
        let request: JSON = ["source_branch": "job-1", "target_branch": "main", "title": "Hello"]
        return try await send("POST", "/merge_requests", request).status == 201
    }

    private func run(_ caller: Caller) async throws {
        for _ in 0..<5 {
            do {
                if try await attempt(caller) { return }
            } catch is WebError {
                continue
            }
        }
        Issue.record("it did not come to an end")
    }

    private func expectOne(_ caller: Caller, _ folder: String, _ name: String) async throws {
        await caller.forge.settle()
        let commits = try await git(folder, "rev-list", "--count", "main..job-1")
        let content = try await git(folder, "cat-file", "blob", "job-1:hello")
        let open = try await caller.forge.pulls("acme/site").count { $0.state == .open }
        #expect(commits == "1", "\(name)")
        #expect(content == "hello", "\(name)")
        #expect(open == 1, "\(name)")
    }

    @Test func noFaultAtAnyRequestLeavesTwoOrNone() async throws {
        var count = 0
        try await withForge(.gitlab) { caller, folder in
            try await run(caller)
            try await expectOne(caller, folder, "clean")
            count = caller.forge.requests.count
        }
        #expect(count == 4)
        for place in 1...count {
            for (name, fault) in Self.faults {
                try await withForge(.gitlab) { caller, folder in
                    caller.forge.faults.inject(nth: place, fault)
                    try await run(caller)
                    #expect(caller.forge.faults.pending == 0)
                    try await expectOne(caller, folder, "\(name) at request \(place)")
                }
            }
        }
    }
}
