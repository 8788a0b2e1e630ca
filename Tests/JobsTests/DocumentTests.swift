import Crypto
import Foundation
import JSON
import Postgres
import Testing

@testable import Jobs

@Suite struct DocumentTests {
    @Test func aDocumentComesBackAsItWasWrittenAndTheSameAgainChangesNothing() async throws {
        try await withStore { store in
            let fence = try await store.run()
            let document = wholeDocument(of: fence.job)
            let pages = [page(1, "one"), page(2, "", error: "no text"), page(3, "th\u{0}\u{301}ree")]
            let chunks = [
                chunk(0, "one", page: 1, headings: ["A \"title\"", "nul \u{0}"]), chunk(1, "three", page: 3),
                DocumentChunk(
                    index: 2, id: "c", page: 3, box: .init(left: 72, top: 0.5, right: 523.25, bottom: 90), start: 1,
                    end: 2, headings: [], text: "boxed"),
            ]
            try await store.add(document, pages, chunks, fence)
            let stored = try #require(try await store.document(document.id, namespace: "default"))
            var expected = document
            (expected.createdAt, expected.updatedAt) = (stored.createdAt, stored.updatedAt)
            #expect(stored == expected && stored.createdAt == stored.updatedAt)
            #expect(try await store.document(document.id, namespace: "other") == nil)

            let found = try await store.pages(of: stored, after: 0, limit: 9)
            #expect(found.parts == pages.dropLast() + [page(3, "th\u{FFFD}\u{301}ree")] && !found.hasMore)
            let cut = try await store.chunks(of: stored, after: -1, limit: 9)
            #expect(cut.parts.first?.headings == ["A \"title\"", "nul \u{FFFD}"])
            #expect(Array(cut.parts.dropFirst()) == Array(chunks.dropFirst()))

            let before = try await store.places()
            try await store.add(document, pages, chunks, fence)
            #expect(try await store.places() == before, "no row was written anew")
            try await store.add(document, [page(1, "one", image: stored.id)], chunks, fence)
            #expect(try await store.pages(of: stored, after: 0, limit: 1).parts.first?.image == stored.id)
        }
    }

    @Test func anotherReadingReplacesTheFirstAsAWhole() async throws {
        try await withStore { store in
            let fence = try await store.run()
            var document = wholeDocument(of: fence.job)
            try await store.add(
                document, (1...5).map { page($0, "p\($0)") }, (0..<7).map { chunk($0, "c\($0)") }, fence)
            document.title = "New"
            try await store.add(document, [page(1, "new")], [chunk(0, "c0"), chunk(1, "new")], fence)
            let stored = try #require(try await store.document(document.id, namespace: "default"))
            #expect(stored.title == "New" && stored.updatedAt > stored.createdAt)
            #expect(try await store.pages(of: stored, after: 0, limit: 9).parts == [page(1, "new")])
            #expect(try await store.chunks(of: stored, after: -1, limit: 9).parts.map(\.text) == ["c0", "new"])

            let failed = DocumentRecord(
                namespace: "default", job: fence.job, path: [0], name: "a",
                error: .init(code: "encrypted", message: "It is locked."))
            #expect(failed.id == document.id)
            try await store.add(failed, [], [], fence)
            #expect(try await store.document(failed.id, namespace: "default")?.error?.code == "encrypted")
            #expect(try await store.places().count == 1, "its pages and chunks are gone")
        }
    }

    @Test func aWorkerThatLostItsJobWritesNothing() async throws {
        try await withStore { store in
            let first = try await store.run()
            let document = wholeDocument(of: first.job)
            try await store.expireLeases()
            _ = try await store.reap()
            #expect(try await store.write(document.finish(lastPage: 0, chunks: 0), under: first) == false)
            let second = try await store.claimOne(first.job)
            #expect(try await store.write(document.finish(lastPage: 0, chunks: 0), under: first) == false)
            #expect(try await store.places().isEmpty)
            #expect(try await store.write(document.finish(lastPage: 0, chunks: 0), under: second))
            _ = try await store.write([.outcome(second, ending(.completed, "completed"))])
            let other = DocumentRecord(namespace: "default", job: first.job, path: [1], name: "late")
            #expect(try await store.write(other.finish(lastPage: 0, chunks: 0), under: second) == false)
            #expect(try await store.places().count == 1)
        }
    }

    @Test func aWriteWaitsForWhoeverTakesTheJobAway() async throws {
        try await withStore { store in
            let fence = try await store.run()
            let document = wholeDocument(of: fence.job)
            let late = try await store.database.withSession { session in
                try session.transaction { session in
                    try session.query("UPDATE jobs SET attempt = attempt + 1 WHERE id = \(fence.job)")
                    let write = Task { try await store.write(document.finish(lastPage: 0, chunks: 0), under: fence) }
                    // Only then is it certain that the write has met the lock.
                    var isWaiting = false
                    for _ in 0..<100_000 where !isWaiting {
                        isWaiting = try !session.query(
                            "SELECT 1 FROM pg_locks WHERE NOT granted AND locktype IN ('transactionid', 'tuple')"
                        ).isEmpty
                    }
                    #expect(isWaiting)
                    return write
                }
            }
            #expect(try await late.value == false)
            #expect(try await store.places().isEmpty)
        }
    }

    @Test func partsComeInPagesOfSoManyBytes() async throws {
        try await withStore { store in
            let fence = try await store.run()
            let document = wholeDocument(of: fence.job)
            let text = String(repeating: "0123456789abcdef", count: 3 << 15)  // 1.5 MiB
            let pages = (1...5).map { page($0, text) } + [page(6, text + text + text + text), page(7, "end")]
            try await store.add(document, pages, [], fence)
            func read(after number: Int32, _ limit: Int) async throws -> ([Int32], hasMore: Bool) {
                let found = try await store.pages(of: document, after: number, limit: limit)
                return (found.parts.map(\.number), found.hasMore)
            }
            #expect(try await read(after: 0, 2) == ([1, 2], true), "as many as were asked for")
            #expect(try await read(after: 0, 9) == ([1, 2, 3], true), "as much as fits")
            #expect(try await read(after: 3, 9) == ([4, 5, 6], true))
            #expect(try await read(after: 5, 9) == ([6], true), "one at least")
            #expect(try await read(after: 6, 1) == ([7], false))
            #expect(try await read(after: 7, 9) == ([], false))
        }
    }

    @Test func chunksAreFoundByTheirPage() async throws {
        try await withStore { store in
            let fence = try await store.run()
            let document = wholeDocument(of: fence.job)
            try await store.add(document, [], (0..<30).map { chunk($0, "c\($0)", page: $0 / 10 + 1) }, fence)
            func read(page: Int32?, after index: Int32) async throws -> ([Int32], hasMore: Bool) {
                let found = try await store.chunks(of: document, page: page, after: index, limit: 6)
                return (found.parts.map(\.index), found.hasMore)
            }
            #expect(try await read(page: 2, after: -1) == ([10, 11, 12, 13, 14, 15], true))
            #expect(try await read(page: 2, after: 15) == ([16, 17, 18, 19], false))
            #expect(try await read(page: 4, after: -1) == ([], false))
            #expect(try await read(page: nil, after: 26) == ([27, 28, 29], false))
        }
    }

    @Test func batchesAreBoundedByRowsAndBytes() {
        let small = (1...1201).map { page(Int32($0), "x") }
        #expect(DocumentBatches(small).map(\.parts.count) == [500, 500, 201])
        let large = String(repeating: "x", count: DocumentBatches<[DocumentPage]>.maxBytes / 2)
        let mixed = [page(1, large + large + large), page(2, large), page(3, large), page(4, "x")]
        #expect(DocumentBatches(mixed).map { $0.parts.map(\.number) } == [[1], [2, 3], [4]])
        #expect(DocumentBatches(mixed).map(\.bytes) == [3 * large.utf8.count, 2 * large.utf8.count, 1])
        #expect(DocumentBatches([DocumentPage]()).map(\.bytes).isEmpty)
    }

    @Test func whatNoStatementMayWriteIsRefused() async throws {
        try await withStore { store in
            let fence = try await store.run()
            try await store.add(wholeDocument(of: fence.job), [], [chunk(0, "c")], fence)
            let impossible: [(table: StaticString, change: Statement)] = [
                ("documents", "status = 'failed'"), ("documents", "status = 'done'"), ("documents", "error_code = 'x'"),
                ("documents", "path = '{}'"), ("documents", "path = '{0,1}'"),
                ("document_chunks", "box_left = 1"),
            ]
            for (table, change) in impossible {
                await #expect(throws: PostgresError.self, "\(change.sql)") {
                    try await store.database.query("UPDATE \(raw: table) SET \(change)")
                }
            }
        }
    }
}

/// A document that says all that one can say about itself.
func wholeDocument(of job: UUID, path: [Int32] = [0], namespace: String = "default") -> DocumentRecord {
    var document = DocumentRecord(namespace: namespace, job: job, path: path, name: "a.pdf")
    document.mediaType = "application/pdf"
    document.sha256 = String(repeating: "0f", count: 32)
    document.size = 5_000_000_000
    document.title = "A title"
    document.authors = ["Ada", "Bob \"B\" {x,y}"]
    document.subject = "Wagons"
    document.language = "de-CH"
    document.created = Date(timeIntervalSince1970: 1_000_000_000)
    document.modified = Date(timeIntervalSince1970: -1000)
    document.producer = "a program"
    (document.pages, document.characters, document.chunks) = (3, 100, 2)
    return document
}

func page(_ number: Int32, _ text: String, error: String? = nil, image: UUID? = nil) -> DocumentPage {
    let file = UUID(name: "\(number)", namespace: UUID(uuid: (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1)))
    return DocumentPage(
        number: number, start: 0, end: 9, error: error, isRecognized: number == 2,
        image: image ?? (number > 1 ? file : nil),
        thumbnail: number > 2 ? file : nil, text: text)
}

func chunk(_ index: Int32, _ text: String, page: Int32? = nil, headings: [String] = []) -> DocumentChunk {
    DocumentChunk(index: index, id: "id\(index)", page: page, start: 0, end: 9, headings: headings, text: text)
}

extension JobStore {
    /// Writes a document as a worker does.
    func add(_ document: DocumentRecord, _ pages: [DocumentPage], _ chunks: [DocumentChunk], _ fence: Fence)
        async throws
    {
        let statements =
            DocumentBatches(pages).map { DocumentPage.upsert($0.parts, of: document) }
            + DocumentBatches(chunks).map { DocumentChunk.upsert($0.parts, of: document) }
        let last = document.finish(lastPage: pages.last?.number ?? 0, chunks: Int32(chunks.count))
        guard try await write(statements + last, under: fence) else { throw NotClaimed() }
    }

    /// Where each row of documents stands: a row that is written again moves.
    fileprivate func places() async throws -> [String] {
        try await database.query(
            """
            SELECT 'd' || ctid::text || xmin::text AS place FROM documents
            UNION ALL SELECT 'p' || ctid::text || xmin::text FROM document_pages
            UNION ALL SELECT 'c' || ctid::text || xmin::text FROM document_chunks ORDER BY place
            """
        ).map { try $0.decode("place") }
    }
}
