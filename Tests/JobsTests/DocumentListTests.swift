import Crypto
import Foundation
import JSON
import Postgres
import Testing

@testable import Jobs

@Suite struct DocumentListTests {
    @Test func theNewestJobComesFirstAndEachJobsDocumentsInOrder() async throws {
        try await withStore { store in
            let older = try await store.run(), newer = try await store.run()
            // As they finish, which is in any order; one is inside another.
            for path: [Int32] in [[10], [2], [0, 1], [0], [1], [0, 0, 5]] { try await store.addDocument(older, path) }
            for path: [Int32] in [[1], [0]] { try await store.addDocument(newer, path, fails: path == [1]) }
            let foreign = try await store.claimOne(try await store.queue(1, namespace: "other")[0])
            try await store.addDocument(foreign, [0], namespace: "other")

            let inOlder = ["0", "0/0/5", "0/1", "1", "2", "10"]
            for limit in [1, 2, 3, 8, 100] {
                #expect(try await store.walk(limit) == [newer: ["0", "1"], older: inOlder], "pages of \(limit)")
                #expect(try await store.walk(limit, job: older.job) == [older: inOlder])
            }
            let all = try await store.documents(DocumentFilter(limit: 9), namespace: "default")
            #expect(all.map(\.job) == [newer, newer, older, older, older, older, older, older].map(\.job))
            #expect(try await store.walk(2, status: .failed) == [newer: ["1"]])
            #expect(try await store.walk(2, status: .completed) == [newer: ["0"], older: inOlder])
            #expect(try await store.walk(2, job: newer.job, status: .completed) == [newer: ["0"]])
            #expect(try await store.walk(2, namespace: "other") == [foreign: ["0"]])
            #expect(try await store.walk(2, job: older.job, namespace: "other").isEmpty)
            #expect(try await store.walk(2, job: UUID()).isEmpty)

            let inner = try #require(all.first { $0.path == [0, 0, 5] })
            #expect(inner.parent == DocumentRecord.id(job: older.job, path: [0, 0]))
            #expect(all.first { $0.path == [2] }?.parent == nil)
        }
    }

    @Test func aJobThatWentOnFromAnotherShowsWhatItsResultNames() async throws {
        try await withStore { store in
            let first = try await store.run()
            for path: [Int32] in [[0], [1], [2]] { try await store.addDocument(first, path) }
            // The third was written when the worker died, and no checkpoint tells of it.
            _ = try await store.write([
                .checkpoint(first, epoch: 1, state: Array("{}".utf8)), .outcome(first, ending(.failed, "failed")),
            ])
            let next = UUIDv7.generate()
            _ = try await store.repeat(RepeatSource(first.job, as: next), namespace: "default", .retry)
            let second = try await store.claimOne(next)
            for path: [Int32] in [[2], [3]] { try await store.addDocument(second, path) }
            #expect(try await store.walk(9, job: next) == [second: ["2", "3"]], "it has no result yet")

            let stranger = try await store.claimOne(try await store.queue(1, namespace: "other")[0])
            try await store.addDocument(stranger, [0], namespace: "other")
            let ids = [(first, 0), (first, 1), (second, 2), (second, 3), (stranger, 0)].map { fence, place in
                #"{"id":"\#(DocumentRecord.id(job: fence.job, path: [Int32(place)]).text)"}"#
            }
            var end = ending(.completed, "completed")
            end.result = Array(#"{"documents":[\#(ids.joined(separator: ",")),{"id":"x"},{"id":7},8,null]}"#.utf8)
            _ = try await store.write([.outcome(second, end)])
            for limit in [1, 2, 9] {
                #expect(try await store.walk(limit, job: next) == [first: ["0", "1"], second: ["2", "3"]])
            }
            #expect(try await store.walk(9, job: first.job) == [first: ["0", "1", "2"]])
            // As many are counted, of jobs that have ended and have documents.
            let bare = try await store.run()
            _ = try await store.write([.outcome(bare, ending(.completed, "completed"))])
            for (job, namespace, count) in [
                (next, "default", 4), (first.job, "default", 3), (next, "other", nil), (stranger.job, "other", nil),
                (bare.job, "default", nil), (UUID(), "default", nil),
            ] {
                #expect(try await store.countDocuments(of: job, namespace: namespace) == count)
            }
            #expect(try await store.walk(9, job: next, namespace: "other").isEmpty)
        }
    }

    @Test func theDocumentsOfAJobGoInBatches() async throws {
        try await withStore { store in
            let doomed = try await store.run(), other = try await store.run()
            for fence in [doomed, other] {
                for number: Int32 in 0..<3 {
                    try await store.add(
                        wholeDocument(of: fence.job, path: [number]), (1...7).map { page($0, "p") },
                        (0..<11).map { chunk($0, "c") }, fence)
                }
            }
            // Of an attempt that died before it came to the document itself.
            let lost = wholeDocument(of: doomed.job, path: [9])
            _ = try await store.write([DocumentPage.upsert([page(1, "p")], of: lost)], under: doomed)
            var left: [[Int]] = []
            repeat {
                left.append(try await store.counts())
            } while try await store.deleteDocuments(
                of: [doomed.job], limit: 10)
            left.append(try await store.counts())
            #expect(left == [[6, 43, 66], [3, 33, 56], [3, 23, 46], [3, 21, 36], [3, 21, 33]])
            #expect(try await store.deleteDocuments(of: [doomed.job], limit: 10) == false)
            #expect(
                try await store.documents(DocumentFilter(limit: 9), namespace: "default").map(\.job).allSatisfy {
                    $0 == other.job
                })
        }
    }
}

extension JobStore {
    func addDocument(_ fence: Fence, _ path: [Int32], namespace: String = "default", fails: Bool = false) async throws {
        let error = fails ? DocumentRecord.Fault(code: "damaged", message: "It is damaged.") : nil
        let document = DocumentRecord(namespace: namespace, job: fence.job, path: path, name: "d", error: error)
        try await add(document, [], [], fence)
    }

    /// The paths of all documents of a list by job, read page by page.
    fileprivate func walk(
        _ limit: Int, job: UUID? = nil, status: DocumentStatus? = nil, namespace: String = "default"
    ) async throws -> [Fence: [String]] {
        var filter = DocumentFilter(limit: limit)
        (filter.job, filter.status) = (job, status)
        var paths: [Fence: [String]] = [:]
        while true {
            let page = try await documents(filter, namespace: namespace)
            for document in page {
                paths[Fence(job: document.job, attempt: 1), default: []].append(document.path.slashed)
            }
            guard let last = page.last, page.count == limit else { return paths }
            filter.after = (last.job, last.path)
        }
    }

    fileprivate func counts() async throws -> [Int] {
        [
            try await count("SELECT count(*) AS n FROM documents"),
            try await count("SELECT count(*) AS n FROM document_pages"),
            try await count("SELECT count(*) AS n FROM document_chunks"),
        ]
    }
}
