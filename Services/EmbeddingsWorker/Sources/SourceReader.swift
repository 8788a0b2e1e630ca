import Crypto
import Foundation
import Jobs
import WorkerKit

/// Reads what a job is to embed, in order: the texts of its spec, then documents, then pages.
struct SourceReader: Sendable {
    /// How far the reading is: behind which source of which part of the spec.
    struct Position: Codable, Sendable, Equatable {
        /// 0 for the texts, then each job of `documents`, then each of `pages`.
        var part = 0
        /// How many texts, or the number of the last page.
        var number: Int64 = 0
        /// The place of the last document in its job.
        var path: [Int32] = []

        mutating func nextPart() { self = Position(part: part + 1) }
    }

    private static let textsAtOnce = 64
    private static let pagesAtOnce = 32

    let spec: BatchEmbedding
    let context: JobContext

    /// The next sources behind a position, and the position behind them; nil at the end. None where a part ends, or has only what is left out.
    func read(after position: Position) async throws -> (sources: [SourceText], position: Position)? {
        var (next, part) = (position, position.part)
        if part == 0 {
            let texts = spec.texts.dropFirst(Int(position.number)).prefix(Self.textsAtOnce)
            next.number += Int64(texts.count)
            if texts.isEmpty { next.nextPart() }
            return (texts.map(SourceText.init), next)
        }
        part -= 1
        if part < spec.documents.count { return try await documents(of: spec.documents[part], &next) }
        part -= spec.documents.count
        guard part < spec.pages.count else { return nil }
        return try await pages(of: spec.pages[part], &next)
    }

    /// How many sources there are.
    ///
    /// - Throws: `JobFailure` where the spec names a job that cannot be read from.
    func count() async throws -> Int {
        var count = spec.texts.count
        for job in spec.documents {
            let documents = try await context.read {
                try await $0.countDocuments(of: job, namespace: context.namespace)
            }
            guard let documents else {
                throw JobFailure(
                    code: "unknown_documents",
                    message:
                        "documents names \(job.text), which is no job of this namespace that has ended and has documents."
                )
            }
            count += documents
        }
        for job in spec.pages {
            let crawl = try await crawl(of: job)
            count += try await context.read { try await crawl.countPages(in: $0) }
        }
        return count
    }

    /// One document at a time: its text may be large.
    private func documents(of job: UUID, _ next: inout Position) async throws -> ([SourceText], Position) {
        var filter = DocumentFilter(limit: 1)
        filter.job = job
        filter.status = .completed
        if !next.path.isEmpty { filter.after = (job, next.path) }
        let found = try await context.read { [filter] store in
            try await store.documents(filter, namespace: context.namespace)
        }
        guard let document = found.first else {
            next.nextPart()
            return ([], next)
        }
        next.path = document.path
        return ([try await text(of: document)], next)
    }

    private func text(of document: DocumentRecord) async throws -> SourceText {
        var sections: [SourceText.Section] = []
        var last: Int32 = -1
        while true {
            let batch = try await context.read { [last] store in
                try await store.chunks(of: document, after: last, limit: 500)
            }
            for chunk in batch.parts {
                sections.append(
                    SourceText.Section(
                        text: chunk.text, start: Int(chunk.start), page: chunk.page, headings: chunk.headings))
            }
            guard batch.hasMore, let end = batch.parts.last else { break }
            last = end.index
        }
        return SourceText(
            kind: .document, key: document.id.text, sections: sections, title: document.title ?? document.name)
    }

    private func pages(of job: UUID, _ next: inout Position) async throws -> ([SourceText], Position) {
        let crawl = try await crawl(of: job)
        let number = next.number
        let pages = try await context.read { store in
            try await crawl.pages(after: number, limit: Self.pagesAtOnce, in: store)
        }
        guard let end = pages.last else {
            next.nextPart()
            return ([], next)
        }
        next.number = end.number
        // The page that it repeats is found already.
        return (pages.filter { $0.duplicateOf == nil }.map(SourceText.init), next)
    }

    private func crawl(of job: UUID) async throws -> Crawl {
        let crawl = try await context.read { try await Crawl.of(job, namespace: context.namespace, in: $0) }
        guard let crawl else {
            throw JobFailure(
                code: "unknown_crawl", message: "pages names \(job.text), which has no crawl in this namespace.")
        }
        return crawl
    }
}

extension SourceText {
    fileprivate init(_ text: BatchEmbedding.Text) {
        self.init(
            kind: .text, key: text.id, sections: [Section(text: text.text)], title: text.title, url: text.url)
    }

    fileprivate init(_ page: CrawlPage) {
        self.init(
            kind: .page, key: Self.key(page.url), sections: [Section(text: page.markdown)], title: page.title,
            url: page.url)
    }

    /// The URL, or the SHA-256 of one that is too long for an id.
    private static func key(_ url: String) -> String {
        url.utf8.count <= EmbeddingSource.maxKeyBytes ? url : "sha256:\(Hex.encode(sha256(url)))"
    }
}
