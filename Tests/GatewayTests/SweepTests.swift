import Config
import Crypto
import Foundation
import Postgres
import Storage
import TestKit
import Testing

@testable import Gateway
@testable import Jobs

@Suite struct SweepTests {
    @Test func theWalkLeavesOutTheTimeInWhichNothingCanBeOld() throws {
        let now = Date()
        let ranges = Sweep.ranges(RetentionDays(types: ["a": 30], others: 90), now: now)
        #expect(ranges.count == 2)
        func isWalked(_ id: UUID) -> Bool { ranges.contains { $0.contains(id) } }
        func id(daysAgo days: Double) -> UUID { UUIDv7.lowest(at: now.addingTimeInterval(-days * 86_400)) }
        #expect(isWalked(id(daysAgo: 31)) && isWalked(id(daysAgo: 900)))
        #expect(!isWalked(id(daysAgo: 28)) && !isWalked(UUIDv7.generate()))
        // What others chose, and clocks that run ahead by days.
        #expect(isWalked(try #require(UUID(text: "f47ac10b-58cc-4372-a567-0e02b2c3d479"))))
        #expect(isWalked(id(daysAgo: -2)))
        #expect(Sweep.ranges(RetentionDays(others: 1), now: now).count == 2)
        #expect(Sweep.ranges(RetentionDays(others: 0), now: now).isEmpty)
    }

    @Test func whatIsOldGoesWithItsFilesAndTheRestStays() async throws {
        try await SweepBench.with { bench in
            let old = try await bench.endedJob(daysAgo: 100)
            let young = try await bench.endedJob(daysAgo: 10)
            // An id that a stranger chose says nothing of its time.
            let strange = try await bench.endedJob(
                daysAgo: 100, id: UUID(text: "f47ac10b-58cc-4372-a567-0e02b2c3d479"))
            let upload = try await bench.upload(daysAgo: 8)
            for job in [old, young, strange] { try await bench.addDocument(of: job.id, pages: 2500) }
            let report = try await bench.sweep(RetentionDays(others: 90))
            #expect(report == Sweep.Report(jobs: 2, files: 3, deadLetters: 0))
            for job in [old, strange] {
                #expect(try await bench.store.jobs([(job.id, "default")])[0] == nil)
                #expect(!bench.exists(job.file))
            }
            #expect(!bench.exists(upload))
            #expect(try await bench.store.jobs([(young.id, "default")])[0] != nil)
            #expect(bench.exists(young.file))
            #expect(try await bench.pagesByJob() == [young.id: 2500])
            let left = try await bench.store.documents(DocumentFilter(limit: 9), namespace: "default")
            #expect(left.map(\.job) == [young.id])
            #expect(try await bench.sweep(RetentionDays(others: 90)) == Sweep.Report())
        }
    }

    @Test func aWalkOfManyPagesFindsAll() async throws {
        try await SweepBench.with { bench in
            let count = Sweep.jobPage * 2 + 7
            try await bench.test.database.query(
                """
                INSERT INTO jobs (id, namespace, type, status, priority, max_attempts, timeout_seconds, created_at, due_at, finished_at,
                    labels, spec)
                SELECT ('01000000-0000-7000-8000-' || lpad(to_hex(i), 12, '0'))::uuid, 'default', 'probe', 'completed', 1, 1, 1,
                    now() - interval '99 days', now(), now() - interval '99 days', '{}', '{}'
                FROM generate_series(1, \(count)) i
                """)
            #expect(try await bench.sweep(RetentionDays(others: 90)).jobs == count)
        }
    }

    @Test func contentThatIsGoneAlreadyIsNoTrouble() async throws {
        try await SweepBench.with { bench in
            let job = try await bench.endedJob(daysAgo: 100)
            // As after a crash between the two steps.
            try await bench.content.remove(job.file)
            #expect(try await bench.sweep(RetentionDays(others: 90)).jobs == 1)
        }
    }

    @Test func contentThatNoRecordWillNameGoes() async throws {
        try await SweepBench.with { bench in
            let ended = try await bench.endedJob(daysAgo: 2).id
            let open = try await bench.openJob()
            let gone = UUIDv7.generate()
            var left: [UUID] = []
            for job in [ended, gone, nil] { left.append(try await bench.pendingFile(of: job, hoursAgo: 25)) }
            let young = try await bench.pendingFile(of: ended, hoursAgo: 23)
            let needed = try await bench.pendingFile(of: open, hoursAgo: 25)
            // As a stale attempt leaves it, that tells of what another one has made.
            let named = try await bench.upload(daysAgo: 2)
            try await bench.expect(named, of: nil, hoursAgo: 25)
            #expect(try await bench.sweep(RetentionDays(others: 90)).files == 3)
            for file in left { #expect(!bench.exists(file)) }
            for file in [young, needed, named] { #expect(bench.exists(file)) }
            #expect(Set(try await bench.store.pendingFiles(left + [young, needed, named])) == [young, needed])
            // What a store asks of uploads that are still under way.
            #expect(try await bench.store.neededFiles(left + [young, needed, named]) == [needed])
        }
    }

    @Test func whoeverLosesTheDutyStopsAtOnce() async throws {
        struct Lost: Error {}
        try await SweepBench.with { bench in
            let job = try await bench.endedJob(daysAgo: 100)
            await #expect(throws: Lost.self) {
                try await bench.sweep(RetentionDays(others: 90)) { throw Lost() }
            }
            #expect(try await bench.store.jobs([(job.id, "default")])[0] != nil)
        }
    }

    @Test func theSettingsNameWhatIsWrong() throws {
        let good = try RetentionConfiguration(Environment(["SWITCHYARD_RETENTION_DAYS": "30,noop=1"]))
        #expect(good.rules == RetentionRules(all: 30, types: ["noop": 1]))
        #expect(throws: ConfigError.self) {
            try RetentionConfiguration(Environment(["SWITCHYARD_RETENTION_DAYS": "soon"]))
        }
    }
}

private struct SweepBench: Sendable {
    let test: TestDatabase
    let store: JobStore
    let content: FileStore

    static func with(_ body: @Sendable (SweepBench) async throws -> Void) async throws {
        try await TestDatabase.with { test in
            let folder = NSTemporaryDirectory() + "switchyard-sweep-\(test.schema)"
            defer { try? FileManager.default.removeItem(atPath: folder) }
            try await body(
                SweepBench(test: test, store: JobStore(test.database), content: try FileStore(root: folder)))
        }
    }

    /// Content that no record names.
    func pendingFile(of job: UUID?, hoursAgo hours: Double) async throws -> UUID {
        let id = UUIDv7.generate()
        try await expect(id, of: job, hoursAgo: hours)
        try await content.write(id: id, bytes: [1])
        return id
    }

    func expect(_ file: UUID, of job: UUID?, hoursAgo hours: Double) async throws {
        try await store.expectFiles([file], of: job)
        try await test.database.query(
            "UPDATE pending_files SET created_at = now() - \(hours) * interval '1 hour' WHERE id = \(file)")
    }

    func openJob() async throws -> UUID {
        let id = UUIDv7.generate()
        try await submit(id)
        return id
    }

    /// A job that ended so many days ago, with a file.
    func endedJob(daysAgo days: Double, id: UUID? = nil) async throws -> (id: UUID, file: UUID) {
        let id = id ?? UUIDv7.lowest(at: Date(timeIntervalSinceNow: -days * 86_400))
        try await submit(id)
        _ = try await store.cancel(id, namespace: "default", reason: nil)
        try await test.database.query(
            "UPDATE jobs SET finished_at = now() - \(days) * interval '1 day' WHERE id = \(id)")
        return (id, try await file(of: id))
    }

    private func submit(_ id: UUID) async throws {
        let submission = Submission(
            id: id, namespace: "default", type: "probe", spec: Array("{}".utf8), name: nil, labels: [:],
            priority: .normal, scheduledAt: nil, timeoutSeconds: 60, maxAttempts: 1, parentID: nil, traceID: nil,
            idempotency: nil)
        _ = try await store.submit([(submission, .zero)])
    }

    func upload(daysAgo days: Double) async throws -> UUID {
        let id = try await file(of: nil)
        try await test.database.query(
            "UPDATE files SET created_at = now() - \(days) * interval '1 day' WHERE id = \(id)")
        return id
    }

    /// A document of a job that has ended, as its worker has left it.
    func addDocument(of job: UUID, pages count: Int32) async throws {
        let document = DocumentRecord(namespace: "default", job: job, path: [0], name: "d")
        let pages = (1...count).map {
            DocumentPage(number: $0, start: 0, end: 1, error: nil, isRecognized: false, text: "p")
        }
        try await test.database.pipeline(
            [DocumentPage.upsert(pages, of: document)] + document.finish(lastPage: count, chunks: 0))
    }

    func pagesByJob() async throws -> [UUID: Int] {
        let rows = try await test.database.query("SELECT job_id, count(*) AS n FROM document_pages GROUP BY job_id")
        return Dictionary(uniqueKeysWithValues: try rows.map { (try $0.decode("job_id"), try $0.decode("n")) })
    }

    private func file(of job: UUID?) async throws -> UUID {
        let id = UUIDv7.generate()
        let stored = try await content.write(id: id, bytes: [1, 2, 3])
        try await store.add([
            FileRecord(
                id: id, namespace: "default", job: job, name: "f", mediaType: "t", size: 3, sha256: stored.sha256)
        ])
        return id
    }

    func exists(_ file: UUID) -> Bool { FileManager.default.fileExists(atPath: content.path(of: file)) }

    func sweep(_ days: RetentionDays, mayGoOn: () async throws -> Void = {}) async throws -> Sweep.Report {
        let sweep = Sweep(
            store: store, content: content, configuration: try RetentionConfiguration(Environment([:])))
        return try await sweep.run(days, mayGoOn: mayGoOn)
    }
}
