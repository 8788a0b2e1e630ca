import Foundation
import GitForges
import JSON
import TestKit
import Testing

/// Every request of a run goes wrong in every way, and what is there afterwards is the same.
@Suite struct PullRequestFaultTests {
    private static let faults: [(name: String, fault: Fault)] = [
        ("no answer, nothing done", .timeoutBefore), ("no answer, done", .timeoutAfterEffect),
        ("cut off, nothing done", .dropBefore), ("cut off, done", .dropAfterEffect),
        ("500, nothing done", .status(500, body: "<h1>Oops</h1>")),
        ("502, done", .status(502, body: "<h1>Oops</h1>", afterEffect: true)),
        ("409", .status(409, body: #"{"message": "Conflict"}"#)),
        ("422", .status(422, body: #"{"message": "Validation Failed: it already exists"}"#)),
        ("secondary limit", .secondaryLimit(retryAfter: 1)),
    ]
    private static let files: JSON = [
        ["path": "a/new.txt", "content": "new\n"], ["path": "README.md", "content": "# Other\n"],
        ["path": "old/gone.txt", "delete": true], ["path": "binary", "base64": "AP8="],
    ]
    private static let tree = """
        100644 README.md
        100644 a/new.txt
        100644 binary
        100755 kept.sh
        """
    /// So many runs at a time.
    private static let atOnce = 12

    @Test(arguments: ForgeProvider.allCases)
    func everyRequestMayGoWrong(_ provider: ForgeProvider) async throws {
        let settings = ["SWITCHYARD_FORGE_TIMEOUT": "1s", "SWITCHYARD_SLOTS": "16"]
        try await withForge(provider, settings: settings) { bench in
            try await run(bench, "a clean run")
            let count = bench.forge.requests.count
            #expect(count > 6 && bench.forge.requests.contains { $0.isWrite })
            let variants = (1...count).flatMap { number in Self.faults.map { (number, $0) } }
            for start in stride(from: 0, to: variants.count, by: Self.atOnce) {
                try await withThrowingTaskGroup { group in
                    for (number, (name, fault)) in variants[start..<min(start + Self.atOnce, variants.count)] {
                        group.addTask {
                            let other = try await ForgeBench(bench.stack, provider, worker: bench.worker)
                            other.forge.faults.inject(nth: number, fault)
                            let request = bench.forge.requests[number - 1]
                            try await run(other, "request \(number), \(request.method) \(request.path): \(name)")
                            #expect(other.forge.faults.pending == 0)
                            try await other.forge.stop()
                        }
                    }
                    try await group.waitForAll()
                }
            }
        }
    }

    private func run(_ bench: ForgeBench, _ what: String) async throws {
        let spec = bench.spec([
            "files": Self.files, "labels": ["data"], "reviewers": ["rita"], "auto_merge": "squash",
        ])
        var end = try await bench.stack.end("pull_request", spec)
        let id = try #require(end["id"]?.stringValue)
        var retries = 0
        // What a provider says wrongly ends the job, and its client tries again.
        while end["status"] == "failed", retries < 3 {
            let retry = try await bench.stack.api.post(
                "/api/v1/jobs/\(try #require(end["id"]?.stringValue))/retry", [:])
            end = try await bench.stack.ended(
                try #require(retry.json["id"]?.stringValue.flatMap(UUID.init(text:)), "\(what): \(retry.text)"))
            retries += 1
        }
        #expect(end["status"] == "completed", "\(what): \(end)")
        let branches = try await bench.git("for-each-ref", "--format=%(refname)")
        #expect(branches == "refs/heads/main\nrefs/heads/switchyard/\(id)", "\(what)")
        let branch = "switchyard/\(id)"
        #expect(try await bench.git("rev-list", "--count", "main..\(branch)") == "1", "\(what)")
        #expect(try await bench.git("rev-list", "--count", "\(branch)..main") == "0", "\(what)")
        let tree = try await bench.git("ls-tree", "-r", "--format=%(objectmode) %(path)", branch)
        #expect(tree == Self.tree, "\(what)")
        #expect(try await bench.git("show", "\(branch):a/new.txt") == "new", "\(what)")
        let pulls = try await bench.forge.pulls(bench.name)
        #expect(pulls.map(\.state) == [.open] && pulls.first?.head == branch, "\(what)")
        #expect(pulls.first?.labels == ["data"] && pulls.first?.reviewers == ["rita"], "\(what)")
        #expect(pulls.first?.autoMerge == "squash", "\(what)")
        #expect(end["result"]?["pull_request"]?["number"]?.intValue == pulls.first?.number, "\(what)")
        let violations = await bench.forge.violations
        #expect(violations.isEmpty, "\(what): \(violations)")
    }

    @Test func aWorkerThatIsKilledBehindAnyWriteGoesOn() async throws {
        let settings = ["SWITCHYARD_FORGE_WRITES_PER_MINUTE": "120", "SWITCHYARD_LEASE": "2s"]
        try await withForge(.github, settings: settings) { first in
            var worker = first.worker
            // A blob, the tree, the commit, the branch, the pull request, labels, reviewers.
            for number in 1...7 {
                let bench = try await ForgeBench(first.stack, .github, worker: worker)
                let spec = bench.spec(["files": Self.files, "labels": ["data"], "reviewers": ["rita"]])
                let job = try await bench.stack.submit("pull_request", spec)
                try await poll("write \(number)", within: .seconds(60), details: { bench.stack.logs }) {
                    bench.forge.requests.count { $0.isWrite } >= number
                }
                worker.kill()
                worker = try await first.startWorker(settings)
                let end = try await bench.stack.ended(job)
                #expect(end["status"] == "completed" && end["attempt"] == 2, "\(end)")
                #expect(try await bench.git("rev-list", "--count", "main..switchyard/\(job.text)") == "1")
                let pulls = try await bench.forge.pulls(bench.name)
                #expect(pulls.map(\.state) == [.open] && pulls[0].labels == ["data"] && pulls[0].reviewers == ["rita"])
                await bench.expectNoViolations()
                try await bench.forge.stop()
            }
        }
    }

    @Test func manyRepositoriesKeepTheBudgetOfOneToken() async throws {
        let perSecond = 10.0
        let settings = ["SWITCHYARD_FORGE_WRITES_PER_MINUTE": "600", "SWITCHYARD_SLOTS": "8"]
        try await withForge(.github, settings: settings) { bench in
            // Another worker, so that the budget is not one process's.
            try await bench.startWorker(settings)
            let names = (1...61).map { "acme/site-\($0)" }
            for name in names { try await bench.forge.addRepository(name, collaborators: ["robot"]) }
            var jobs: [UUID] = []
            for name in names {
                jobs.append(
                    try await bench.stack.submit("pull_request", bench.spec(["repository": .string(name)])))
            }
            for (job, name) in zip(jobs, names) {
                let end = try await bench.stack.ended(job)
                #expect(end["status"] == "completed", "\(end)")
                #expect(try await bench.forge.pulls(name).map(\.state) == [.open])
            }
            let writes = bench.forge.requests.filter(\.isWrite)
            #expect(writes.count == names.count * 4)
            // From any write on, so many as the burst and the rate allow; two may come late and the next in time.
            for (index, first) in writes.enumerated() {
                for (count, last) in writes[index...].enumerated() {
                    let allowed = 5 + (last.time - first.time) / .seconds(1) * perSecond + 2
                    if Double(count) > allowed { Issue.record("\(count) writes after write \(index)") }
                }
            }
            // One job at a time.
            let order = writes.map { $0.path.split(separator: "/")[2] }
            let changes = zip(order, order.dropFirst()).count { $0 != $1 }
            #expect(changes == names.count - 1, "no job's writes come between another's")
            await bench.expectNoViolations()
        }
    }
}
