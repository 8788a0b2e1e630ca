import Crypto
import Foundation
import Jobs
import Telemetry
import TestKit
import Testing

@testable import Gateway

@Suite struct HistoryCacheTests {
    @Test func jobsWithoutATotalAreReckonedFromWhatOthersTook() async throws {
        try await TestDatabase.with { test in
            let store = JobStore(test.database)
            let cache = HistoryCache(store, log: Logger(service: "test", level: .error))
            let type = try JobType(
                name: "probe", version: 1, description: "", specSchema: ["type": "object"], policy: JobPolicy())
            let submission = try Submission.read(
                ["type": "probe"], id: UUIDv7.generate(), namespace: "default", catalogue: TypeCatalogue([type]))
            _ = try await store.submit([(submission, .zero)])
            _ = try await store.claim([submission.id], type: "probe", worker: "w", lease: .seconds(60))
            func timing() async throws -> JobTiming {
                cache.timing(of: try #require(try await store.jobs([(submission.id, "default")])[0]))
            }
            try await cache.refresh()
            let before = try await timing()
            #expect(before.elapsed != nil && before.remaining == nil)

            var history = TypeHistory()
            for minutes in 10...20 { history.jobs.add(.seconds(60 * minutes)) }
            try await store.add(history, to: "probe")
            try await store.add(history, to: "another")
            try await cache.refresh()
            let after = try await timing()
            let (remaining, range) = try (#require(after.remaining), #require(after.range))
            #expect(range.contains(remaining) && range.lowerBound > 300 && range.upperBound < 1500)
        }
    }
}
