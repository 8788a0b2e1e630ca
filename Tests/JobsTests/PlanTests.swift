import Foundation
import Postgres
import TestKit
import Testing

@testable import Jobs

/// A statement keeps the plan that it got on an empty database (see `JobStore.planning`): it must be a good one for a full one too.
@Suite struct PlanTests {
    @Test func whatAWorkerWritesReadsItsOwnJobsOnly() async throws {
        try await TestDatabase.with { test in
            let pool = test.pool(size: 1)
            let store = JobStore(pool)
            try await live(store)
            for _ in 0..<800 { _ = try await store.run() }
            let before = try await reads(pool)
            try await live(store)
            try await expectFewReads(pool, since: before, for: "one job")
            await pool.close()
        }
    }

    @Test func aPageByLabelReadsTheJobsOfTheLabelOnly() async throws {
        try await TestDatabase.with { test in
            let pool = test.pool(size: 1)
            let store = JobStore(pool)
            let rare = try await store.submit((0..<20).map { _ in (submission(labels: ["rare": "yes"]), .zero) })
            for _ in 0..<20 {
                _ = try await store.submit((0..<500).map { _ in (submission(labels: ["often": "yes"]), .zero) })
            }
            _ = try await pool.query("ANALYZE jobs, job_labels")
            let filter = JobFilter(labels: [("rare", "yes")], limit: 10)
            let before = try await reads(pool)
            let page = try await store.list(filter, namespace: "default")
            #expect(rare.count == 20 && page.count == 10)
            try await expectFewReads(pool, since: before, for: "a page of ten")
            await pool.close()
        }
    }

    @Test func aPageOfDocumentsReadsItsOwnRowsOnly() async throws {
        try await TestDatabase.with { test in
            let pool = test.pool(size: 1)
            let store = JobStore(pool)
            let fence = try await store.run()
            let document = wholeDocument(of: fence.job)
            func read() async throws -> [Int] {
                var ofJob = DocumentFilter(limit: 10), failed = ofJob
                (ofJob.job, failed.status) = (fence.job, .failed)
                return [
                    try await store.documents(DocumentFilter(limit: 10), namespace: "default").count,
                    try await store.documents(ofJob, namespace: "default").count,
                    try await store.documents(failed, namespace: "default").count,
                    try await store.pages(of: document, after: 500, limit: 10).parts.count,
                    try await store.chunks(of: document, after: 500, limit: 10).parts.count,
                    try await store.chunks(of: document, page: 700, after: -1, limit: 10).parts.count,
                ]
            }
            // The plans are those of empty tables.
            #expect(try await read() == [0, 0, 0, 0, 0, 0])
            try await store.add(
                document, (1...2000).map { page($0, "p") }, (0..<4000).map { chunk($0, "c", page: $0 / 2 + 1) }, fence)
            for number: Int32 in 1..<300 { try await store.addDocument(fence, [number]) }
            let other = try await store.run()
            for number: Int32 in 0..<300 { try await store.addDocument(other, [number], fails: number > 296) }
            let before = try await reads(pool)
            #expect(try await read() == [10, 10, 3, 10, 10, 2])
            try await expectFewReads(pool, since: before, for: "six pages")
            await pool.close()
        }
    }

    @Test func aPageOfACrawlReadsItsOwnRowsOnly() async throws {
        try await TestDatabase.with { test in
            let pool = test.pool(size: 1)
            let store = JobStore(pool)
            let fence = try await store.run()
            let crawl = try await store.crawl(fence)
            func read(after number: Int64 = 0) async throws -> [Int] {
                var all = CrawlPageFilter(limit: 10)
                var host = all
                (all.after, host.after, host.host) = (number, number, "a.test")
                return [
                    try await Crawl.of(fence.job, namespace: "default", in: store)?.number == crawl.number ? 1 : 0,
                    try await crawl.urls(after: number, limit: 10, in: store).count,
                    try await crawl.urls([.waiting], after: number, limit: 10, in: store).count,
                    try await crawl.urls([.page, .failed], after: number, limit: 10, in: store).count,
                    try await crawl.pages(all, in: store).pages.count,
                    try await crawl.pages(host, in: store).pages.count,
                    try await crawl.page(number + 1, in: store) == nil ? 0 : 1,
                ]
            }
            // The plans are those of empty tables.
            #expect(try await read() == [1, 0, 0, 0, 0, 0, 0])
            let other = try await store.run()
            let second = try await store.crawl(other)
            for number in 0..<2 {
                let paths = (0..<1000).map { "/\(number)/\($0)" }
                for (crawl, fence) in [(crawl, fence), (second, other)] {
                    for origin in ["http://a.test", "http://b.test"] {
                        try await store.fetch(found(origin, paths), as: paths, of: crawl, fence)
                    }
                    _ = try await store.within(fence) { try crawl.add(found("http://c.test", paths), $0) }
                }
            }
            // What has ended was waiting before, and is in the index until then.
            _ = try await pool.query("VACUUM crawl_urls")
            let all = try await crawl.urls([.page], after: 0, limit: 10_000, in: store)
            let middle = all[2500].number
            let before = try await reads(pool)
            #expect(try await read(after: middle) == [1, 10, 10, 10, 10, 10, 1])
            try await expectFewReads(pool, since: before, for: "six pages", limit: 200)
            await pool.close()
        }
    }

    /// A job's whole life.
    private func live(_ store: JobStore) async throws {
        let fence = try await store.run()
        let line = LogLine(attempt: 1, number: 1, at: Date(), level: .info, message: "a line")
        let records: [Record] = [
            .heartbeat(fence, lease: .seconds(30)), .logs(fence, [line]),
            .progress(fence, phase: nil, progress: Array("{}".utf8)),
            .checkpoint(fence, epoch: 1, state: Array("{}".utf8)), .operators(fence, [report(fence)]),
            .errors(fence, [recordError(1, fence)]), .samples(fence, [sample(1, fence)]),
            .outcome(fence, ending(.completed, "completed")),
        ]
        for record in records { #expect(try await store.write([record]).first != .superseded) }
        #expect(try await store.kinds(fence.job) == ["queued", "running", "progress", "checkpoint", "completed"])
        #expect(try await store.job(fence.job)?.status == .completed)
    }

    private func expectFewReads(
        _ pool: Database, since before: [String: Int64], for what: String, limit: Int64 = 100
    ) async throws {
        for (name, count) in try await reads(pool) {
            let read = count - before[name, default: 0]
            #expect(read < limit, "\(read) entries of \(name) were read for \(what)")
        }
    }

    /// How many entries of each index, and how many rows of each table as a whole, this database's schema has had read.
    private func reads(_ pool: Database) async throws -> [String: Int64] {
        _ = try await pool.query("SELECT pg_stat_force_next_flush()")
        let rows = try await pool.query(
            """
            SELECT indexrelname AS name, idx_tup_read AS reads FROM pg_stat_user_indexes WHERE schemaname = current_schema()
            UNION ALL SELECT relname, seq_tup_read FROM pg_stat_user_tables WHERE schemaname = current_schema()
            """)
        return Dictionary(
            uniqueKeysWithValues: try rows.map { (try $0.decode("name"), try $0.decode("reads", as: Int64.self)) })
    }
}
