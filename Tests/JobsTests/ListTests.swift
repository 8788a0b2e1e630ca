import Crypto
import Foundation
import JSON
import Testing

@testable import Jobs

@Suite struct ListTests {
    @Test func filtersShowWhatWasAskedFor() async throws {
        try await withStore { store in
            let red = submission(labels: ["colour": "red", "size": "1"])
            let blue = submission(labels: ["colour": "blue", "size": "1"])
            let other = submission(type: "other")
            let foreign = submission(namespace: "elsewhere", labels: ["colour": "red"])
            var child = submission()
            child.parentID = red.id
            _ = try await store.submit([red, blue, other, foreign, child].map { ($0, .zero) })
            let fence = try await store.claimOne(blue.id, worker: "w7")
            func ids(_ filter: JobFilter, _ namespace: String = "default") async throws -> [UUID] {
                try await store.list(filter, namespace: namespace).map(\.id)
            }
            #expect(try await ids(JobFilter()) == [child.id, other.id, blue.id, red.id])
            #expect(try await ids(JobFilter(), "elsewhere") == [foreign.id])
            #expect(try await ids(JobFilter(), "nobody") == [])
            #expect(try await ids(JobFilter(isOldestFirst: true)) == [red.id, blue.id, other.id, child.id])
            #expect(try await ids(JobFilter(after: blue.id, isOldestFirst: true, limit: 1)) == [other.id])
            #expect(try await ids(JobFilter(type: "other")) == [other.id])
            #expect(try await ids(JobFilter(statuses: [.running])) == [blue.id])
            #expect(try await ids(JobFilter(statuses: [.running, .queued])).count == 4)
            #expect(try await ids(JobFilter(statuses: [.failed])) == [])
            #expect(try await ids(JobFilter(labels: [("colour", "red")])) == [red.id])
            #expect(try await ids(JobFilter(labels: [("size", "1")])) == [blue.id, red.id])
            #expect(try await ids(JobFilter(labels: [("size", "1")], isOldestFirst: true)) == [red.id, blue.id])
            #expect(try await ids(JobFilter(labels: [("size", "1"), ("colour", "x")])) == [])
            #expect(try await ids(JobFilter(labels: [("size", "1"), ("size", "2")])) == [], "a label has one value")
            #expect(try await ids(JobFilter(parentID: red.id)) == [child.id])
            #expect(try await ids(JobFilter(worker: "w7")) == [fence.job])
            let listed = try await store.list(JobFilter(), namespace: "default")[0]
            #expect(listed.spec == nil && listed.result == nil)
        }
    }

    /// The newest thousand of a label are looked at first; what they do not tell is found by status.
    @Test func aLabelOfManyJobsHidesNone() async throws {
        try await withStore { store in
            let jobs = (0..<1200).map { _ in submission(labels: ["all": "yes"]) }
            _ = try await store.submit(jobs.map { ($0, .zero) })
            let old = jobs[0..<3].map(\.id)
            for id in old { _ = try await store.cancel(id, namespace: "default", reason: nil) }
            let yes = [(key: "all", value: "yes")]
            func ids(_ filter: JobFilter) async throws -> [UUID] {
                try await store.list(filter, namespace: "default").map(\.id)
            }
            #expect(try await ids(JobFilter(statuses: [.cancelled], labels: yes)) == old.reversed())
            #expect(try await ids(JobFilter(statuses: [.cancelled], labels: yes, after: old[1])) == [old[0]])
            #expect(try await ids(JobFilter(labels: yes, limit: 3)) == jobs.suffix(3).map(\.id).reversed())
            #expect(try await ids(JobFilter(labels: yes, isOldestFirst: true, limit: 3)) == jobs.prefix(3).map(\.id))
            #expect(try await ids(JobFilter(statuses: [.cancelled], labels: yes + [("a", "b")])) == [])
        }
    }

    @Test func labelsGoWithTheirJob() async throws {
        try await withStore { store in
            let job = submission(labels: ["a": "b", "c": "d"])
            _ = try await store.submit([(job, .zero), (submission(), .zero)])
            #expect(try await store.count("SELECT count(*) AS n FROM job_labels") == 2)
            try await store.database.query("DELETE FROM jobs")
            #expect(try await store.count("SELECT count(*) AS n FROM job_labels") == 0)
        }
    }

    @Test(arguments: [[], [JobStatus.queued, .running, .cancelled]]) func pagesCoverEverythingOnceAndInOrder(
        statuses: [JobStatus]
    ) async throws {
        try await withStore { store in
            let ids = try await store.queue(23)
            _ = try await store.claim(Array(ids[0..<8]), type: "probe", worker: "w", lease: .seconds(30))
            for id in ids[8..<12] { _ = try await store.cancel(id, namespace: "default", reason: nil) }
            var pages: [[UUID]] = []
            var cursor: UUID?
            repeat {
                let filter = JobFilter(statuses: statuses, after: cursor, limit: 5)
                pages.append(try await store.list(filter, namespace: "default").map(\.id))
                cursor = pages.last?.count == 5 ? pages.last?.last : nil
            } while cursor != nil && pages.count < 20
            #expect(pages.map(\.count) == [5, 5, 5, 5, 3])
            #expect(pages.flatMap { $0 } == ids.sorted { $0.text > $1.text })
        }
    }

    @Test func eventsOfSeveralJobsComeFromTheirOwnPositions() async throws {
        try await withStore { store in
            let first = try await store.run()
            let second = try await store.run()
            let third = try await store.run()
            let known = try #require(try await store.history(first.job).last).sequence
            _ = try await store.write([.outcome(first, ending(.completed, "completed"))])
            let events = try await store.events(after: [(first.job, known), (second.job, 0)], limit: 99)
            #expect(events.map(\.sequence) == events.map(\.sequence).sorted())
            #expect(events.filter { $0.job == first.job }.map(\.kind) == ["completed"])
            #expect(events.filter { $0.job == second.job }.map(\.kind) == ["queued", "running"])
            #expect(!events.contains { $0.job == third.job })
            #expect(try await store.events(after: [(first.job, 0), (second.job, 0)], limit: 3).count == 3)
            #expect(try await store.events(after: [], limit: 3).isEmpty)
        }
    }

    @Test func logsAreReadByLevelAndPosition() async throws {
        try await withStore { store in
            let fence = try await store.run()
            func lines(_ fence: Fence) -> [LogLine] {
                (1...8).map {
                    LogLine(
                        attempt: fence.attempt, number: Int32($0), at: Date(), level: LogLevel.allCases[($0 - 1) % 4],
                        message: "\(fence.attempt).\($0)")
                }
            }
            _ = try await store.write([.logs(fence, lines(fence)), .outcome(fence, ending(.queued, "handed_back"))])
            let again = try await store.claimOne(fence.job)
            _ = try await store.write([.logs(again, lines(again))])
            func read(_ level: LogLevel, _ after: (Int32, Int32), _ limit: Int) async throws -> [String] {
                try await store.logs(of: fence.job, LogFilter(minimum: level), after: after, limit: limit).map(
                    \.message)
            }
            #expect(try await read(.debug, (0, 0), 99).count == 16)
            #expect(try await read(.warning, (0, 0), 99) == ["1.3", "1.4", "1.7", "1.8", "2.3", "2.4", "2.7", "2.8"])
            #expect(try await read(.debug, (1, 7), 3) == ["1.8", "2.1", "2.2"])
            #expect(try await read(.error, (2, 4), 9) == ["2.8"])
        }
    }

    @Test func aRangeOfIdsShowsWhetherAShortOneIsUnique() async throws {
        try await withStore { store in
            func id(_ text: String) throws -> UUID { try #require(UUID(text: text)) }
            let first = try id("0190aaaa-0000-7000-8000-000000000001")
            let second = try id("0190aaaa-0000-7000-8000-000000000002")
            _ = try await store.submit([
                (submission(id: first), .zero), (submission(id: second), .zero),
                (submission(id: try id("0190aaaa-0000-7000-8000-000000000003"), namespace: "other"), .zero),
            ])
            let low = try id("0190aaaa-0000-0000-0000-000000000000")
            let high = try id("0190aaaa-ffff-ffff-ffff-ffffffffffff")
            #expect(try await Set(store.ids(from: low, through: high, namespace: "default")) == [first, second])
            #expect(try await store.ids(from: second, through: high, namespace: "default") == [second])
            #expect(try await store.ids(from: low, through: high, namespace: "other").count == 1)
            #expect(try await store.ids(from: low, through: high, namespace: "none").isEmpty)
        }
    }
}
