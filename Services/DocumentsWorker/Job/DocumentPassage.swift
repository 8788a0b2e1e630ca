import Crypto
import Foundation
import HTTPClient
import JSON
import Jobs
import WorkerKit

/// What a document's way through the stages gave.
struct PassedDocument: Sendable {
    let document: ProcessedDocument
    let artifacts: [ProcessedArtifact]
    /// Bytes read.
    let bytes: Int64
    /// The documents inside it, still to be read.
    let members: [Member]
}

/// One document on its way through the stages.
struct DocumentPassage: Sendable {
    /// Where the document comes from.
    enum Origin: Sendable {
        case input(DocumentProcessing.Input)
        case member(Member)
    }

    let origin: Origin
    let place: DocumentPlace
    let stages: Stages
    let fetcher: Fetcher
    let extractor: Extractor
    let chunker: Chunker
    let recognition: Recognition
    let furniture: PageFurniture
    let limits: ExtractionLimits
    let checkpoints: Checkpoints
    let context: JobContext
    let onPage: @Sendable (Int, Int?) -> Void

    /// The file that a document is read from.
    private struct Source: Sendable {
        let document: OpenDocument
        let name: String
        let mediaType: String?
        let size: Int64
        let sha256: String
    }

    /// Takes the document to its end; one that cannot be read ends with its error.
    func run() async throws -> PassedDocument {
        let start = ContinuousClock.now
        var name = givenName ?? nameInURL ?? "document \(place.index + 1)"
        var opened: Source?
        var stage = stages.open
        do {
            let source = try await stages.run(stages.open) { try await open() }
            name = givenName ?? source.name
            opened = source
            stages.open.gave(bytes: Int(source.size))

            stage = stages.extract
            stages.extract.took(bytes: Int(source.size))
            let title = name
            // A member is read again with its input.
            let ranges =
                place.parent == nil ? checkpoints.ranges(ofInput: place.index, sha256: source.sha256) : nil
            let extracted = try await stages.run(stages.extract) {
                try await extractor.extract(
                    source.document, name: title, declaredType: source.mediaType, recognition: recognition,
                    furniture: furniture, limits: limits, ranges: ranges, onPage: onPage)
            }
            let textBytes = extracted.text.utf8.count + (extracted.markdown?.utf8.count ?? 0)
            stages.extract.gave(bytes: textBytes)
            report(pagesOf: extracted, name)

            stage = stages.chunk
            let chunks = await cut(extracted, name)

            stage = stages.store
            var (document, artifacts) = try await store(extracted, chunks: chunks, name: name, source: source)
            stages.store.finishedRecord(after: .now - start)
            context.log(
                .info, in: stages.extract,
                "\(name): \(document.pages.map { "\($0) pages" } ?? "no pages"), \(document.characters ?? 0) characters"
            )
            if let shortfall = extracted.contents?.shortfall {
                document.error = tell(shortfall.code.rawValue, shortfall.message)
            }
            return PassedDocument(
                document: document, artifacts: artifacts, bytes: source.size,
                members: extracted.contents?.members ?? [])
        } catch let error as ExtractionError where error.code != .cancelled && error.code != .unavailable {
            return try await failed(error.code.rawValue, error.message, mediaType: error.mediaType)
        } catch let failure as JobFailure {
            return try await failed(failure.code, failure.message, mediaType: nil)
        }

        func failed(_ code: String, _ message: String, mediaType: String?) async throws -> PassedDocument {
            let rows = DocumentRows(
                failed: .init(code: code, message: message), mediaType: mediaType, name: name, sha256: opened?.sha256,
                size: opened?.size, path: place.numbers, of: context)
            try await rows.write(in: context)
            var document = ProcessedDocument(
                index: place.index, id: rows.record.id.text, path: place.path, parent: place.parent, name: name,
                status: .failed)
            document.mediaType = mediaType
            document.error = tell(code, message)
            return PassedDocument(document: document, artifacts: [], bytes: opened?.size ?? 0, members: [])
        }

        func tell(_ code: String, _ message: String) -> ProcessedDocument.Failure {
            context.log(
                .error, in: stage, "\(name): \(message)", details: ["code": .string(code), "path": .string(place.path)])
            context.error(
                in: stage, "\(name): \(message)",
                details: ["code": .string(code), "document": .int(Int64(place.index)), "path": .string(place.path)],
                record: name)
            return ProcessedDocument.Failure(code: code, message: message)
        }
    }

    /// The name that somebody else than the file gave.
    private var givenName: String? {
        switch origin {
        case .input(let input): input.name
        case .member(let member): member.name
        }
    }

    /// What a document that is to be fetched is called until its server says its name. Of a URL that is none, fetching it tells.
    private var nameInURL: String? {
        guard case .input(let input) = origin, let text = input.webURL else { return nil }
        do { return FetchedName.of(try WebURL(text)) } catch { return nil }
    }

    private func open() async throws -> Source {
        switch origin {
        case .input(let input): return try await open(input)
        case .member(let member):
            let (document, size, sha256) = try member.open()
            stages.open.took(bytes: size)
            return Source(
                document: document, name: member.name, mediaType: member.declaredType, size: Int64(size),
                sha256: sha256)
        }
    }

    private func open(_ input: DocumentProcessing.Input) async throws -> Source {
        if let id = input.fileID {
            let (record, path) = try await context.files.file(id)
            stages.open.took(bytes: Int(record.size))
            return Source(
                document: try OpenDocument(path: path), name: record.name, mediaType: record.mediaType,
                size: record.size, sha256: record.sha256)
        }
        if let url = input.webURL { return try await fetch(url) }
        let path = try context.files.path(of: input.url ?? "")
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw JobFailure(code: "unreadable", message: "\(input.url ?? "") is not a readable file.")
        }
        stages.open.took(bytes: Int(status.st_size))
        let name = String(path.split(separator: "/").last ?? "document")
        return Source(
            document: try OpenDocument(path: path), name: name, mediaType: nil, size: Int64(status.st_size),
            sha256: try FileDigest.sha256(ofFile: path))
    }

    private func fetch(_ url: String) async throws -> Source {
        let fetched = try await fetcher.fetch(url, limits: limits) { failure, pause in
            context.log(
                .warning, in: stages.open,
                "fetching is tried again in \(Int(pause / .milliseconds(1))) ms: \(failure.message)",
                details: ["code": .string(failure.code), "path": .string(place.path)])
        }
        stages.open.took(bytes: fetched.size)
        return Source(
            document: OpenDocument(fetched.file), name: fetched.name, mediaType: fetched.mediaType,
            size: Int64(fetched.size), sha256: fetched.sha256)
    }

    /// Pages that gave no text, in a document that did.
    private func report(pagesOf extracted: Extracted, _ name: String) {
        for page in extracted.pages {
            guard let error = page.error else { continue }
            context.error(
                .warning, in: stages.extract, "\(name), page \(page.number): \(error)",
                details: [
                    "document": .int(Int64(place.index)), "path": .string(place.path),
                    "page": .int(Int64(page.number)),
                ], record: name)
        }
    }

    private func cut(_ extracted: Extracted, _ name: String) async -> [Chunk] {
        stages.chunk.took(bytes: extracted.text.utf8.count)
        let chunks = await stages.run(stages.chunk) { chunker.chunks(of: extracted) }
        stages.chunk.gave(records: chunks.count, bytes: chunks.reduce(0) { $0 + $1.text.utf8.count })
        for chunk in chunks { context.sample(stages.chunk, sample(chunk, of: name)) }
        return chunks
    }

    private func sample(_ chunk: Chunk, of name: String) -> JSON {
        [
            "document": .int(Int64(place.index)), "path": .string(place.path), "name": .string(name),
            "index": .int(Int64(chunk.index)),
            "start": .int(Int64(chunk.start)), "end": .int(Int64(chunk.end)),
            "page": chunk.page.map { .int(Int64($0)) } ?? .null,
            "headings": .array(chunk.headings.map { .string($0) }), "text": .string(chunk.text),
        ]
    }

    private func store(
        _ extracted: Extracted, chunks: [Chunk], name: String, source: Source
    ) async throws -> (ProcessedDocument, [ProcessedArtifact]) {
        let rows = DocumentRows(
            extracted, chunks: chunks, name: name, sha256: source.sha256, size: source.size,
            path: place.numbers, of: context)
        let document = ProcessedDocument(
            place, id: rows.record.id, name: name, extracted: extracted, chunks: chunks.count, sha256: source.sha256)
        stages.store.took(bytes: extracted.text.utf8.count + (extracted.markdown?.utf8.count ?? 0))
        let artifacts = try await stages.run(stages.store) {
            let made = files(of: extracted, chunks: chunks, name: name, source: source)
            let stored = try await context.files.store(made.map(\.file))
            try await rows.write(in: context)
            return zip(made.map(\.kind), stored).map { kind, stored in
                ProcessedArtifact(
                    document: place.index, path: place.path, kind: kind, id: stored.id.text, name: stored.name,
                    mediaType: stored.mediaType,
                    sizeBytes: stored.size, sha256: stored.sha256)
            }
        }
        stages.store.gave(records: artifacts.count, bytes: artifacts.reduce(0) { $0 + Int($1.sizeBytes) })
        return (document, artifacts)
    }

    private func files(
        of extracted: Extracted, chunks: [Chunk], name: String, source: Source
    ) -> [(kind: String, file: JobFiles.Artifact)] {
        // The names of a job's files are its own: the place tells members of the same name apart.
        let prefix = place.path.replacing("/", with: "-")
        let label = place.parent == nil ? name : String(name.split(separator: "/").last ?? "member")
        func file(_ kind: String, _ suffix: String, _ mediaType: String, _ bytes: [UInt8]) -> (
            kind: String, file: JobFiles.Artifact
        ) {
            (kind, JobFiles.Artifact(name: "\(prefix)-\(label).\(suffix)", mediaType: mediaType, bytes: bytes))
        }
        let text = file("text", "txt", "text/plain; charset=utf-8", Array(extracted.text.utf8))
        let whole = file(
            "document", "json", "application/json",
            DocumentJSON.bytes(of: extracted, chunks: chunks, name: name, sha256: source.sha256))
        guard let markdown = extracted.markdown else { return [text, whole] }
        return [text, whole, file("markdown", "md", "text/markdown; charset=utf-8", Array(markdown.utf8))]
    }
}

extension ProcessedDocument {
    /// A document whose text was extracted.
    fileprivate init(
        _ place: DocumentPlace, id: UUID, name: String, extracted: Extracted, chunks: Int, sha256: String
    ) {
        let metadata = extracted.metadata
        func short(_ field: String?) -> String? { field?.cut(to: Self.longestField) }
        let pageErrors = extracted.pages.lazy.compactMap { page in
            page.error.map { PageFailure(page: page.number, message: $0.cut(to: Self.longestField)) }
        }
        self.init(
            index: place.index, id: id.text, path: place.path, parent: place.parent, name: name, status: .completed,
            mediaType: metadata.mediaType.cut(to: Self.longestField), sha256: sha256, title: short(metadata.title),
            author: short(metadata.author), created: metadata.created, modified: metadata.modified,
            pages: extracted.pages.isEmpty ? nil : extracted.pages.count,
            characters: extracted.text.unicodeScalars.count, chunks: chunks,
            pageErrors: Array(pageErrors.prefix(Self.mostPageErrors)))
    }
}
