import Foundation
import JSON
import Jobs
import Markup
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
    let origin: DocumentOrigin
    let place: DocumentPlace
    let stages: Stages
    let tools: DocumentTools
    let limits: ExtractionLimits
    let onPage: @Sendable (Int, Int?) -> Void

    private var context: JobContext { tools.context }

    /// Takes the document to its end; one that cannot be read ends with its error.
    func run() async throws -> PassedDocument {
        let start = ContinuousClock.now
        var name = origin.givenName ?? origin.nameInURL ?? "document \(place.index + 1)"
        var opened: DocumentSource?
        var stage = stages.open
        do {
            let source = try await stages.run(stages.open) { try await open() }
            name = origin.givenName ?? source.name
            opened = source
            stages.open.gave(bytes: Int(source.size))

            stage = stages.extract
            stages.extract.took(bytes: Int(source.size))
            let title = name
            // A member is read again with its input.
            let ranges =
                place.parent == nil ? tools.checkpoints.ranges(ofInput: place.index, sha256: source.sha256) : nil
            let extracted = try await stages.run(stages.extract) {
                try await tools.extractor.extract(
                    source.document, name: title, declaredType: source.mediaType, recognition: tools.recognition,
                    furniture: tools.furniture, limits: limits, ranges: ranges, onPage: onPage)
            }
            let textBytes = extracted.text.utf8.count + (extracted.markdown?.utf8.count ?? 0)
            stages.extract.gave(bytes: textBytes)
            report(pagesOf: extracted, name)

            stage = stages.render ?? stages.extract
            let images = try await draw(source, extracted, name, kept: ranges)

            stage = stages.chunk
            let chunks = await cut(extracted, name)

            stage = stages.store
            var (document, artifacts) = try await store(
                extracted, chunks: chunks, images: images ?? DocumentImages(), name: name, source: source)
            document.take(images)
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

    private func open() async throws -> DocumentSource {
        let source = try await origin.open(with: tools, limits: limits) { failure, pause in
            context.log(
                .warning, in: stages.open,
                "fetching is tried again in \(Int(pause / .milliseconds(1))) ms: \(failure.message)",
                details: ["code": .string(failure.code), "path": .string(place.path)])
        }
        stages.open.took(bytes: Int(source.size))
        return source
    }

    /// Pages that gave no text, in a document that did.
    private func report(pagesOf extracted: Extracted, _ name: String) {
        for page in extracted.pages {
            guard let error = page.error else { continue }
            warn(in: stages.extract, name, page: page.number, error)
        }
    }

    private func warn(in stage: Operator, _ name: String, page: Int, _ error: String) {
        warn(in: stage, "\(name), page \(page): \(error)", ["page": .int(Int64(page))], record: name)
    }

    private func warn(in stage: Operator, _ message: String, _ details: JSONObject, record: String) {
        var details = details
        details["document"] = .int(Int64(place.index))
        details["path"] = .string(place.path)
        context.error(.warning, in: stage, message, details: .object(details), record: record)
    }

    /// Makes the pictures that are wanted; nil where none are, and for a format that gives none.
    private func draw(
        _ source: DocumentSource, _ extracted: Extracted, _ name: String, kept: Checkpoints.KeptRanges?
    ) async throws -> DocumentImages? {
        guard let images = tools.images, let stage = stages.render, source.document.isPDF else { return nil }
        stage.took(bytes: Int(source.size))
        let passage = ImagePassage(
            images: images, place: place, prefix: prefix(of: name), stages: stages, stage: stage, tools: tools,
            limits: limits, kept: kept)
        let made = try await stages.run(stage) {
            try await passage.run(source.document, pages: extracted.pages.count)
        }
        for failure in made.failures { warn(in: stage, name, page: failure.page, failure.message) }
        if let shortfall = made.shortfall {
            warn(in: stage, "\(name): \(shortfall.message)", ["code": .string(shortfall.code)], record: name)
        }
        return made
    }

    /// How the names of a document's files begin. The names of a job's files are its own: the place tells members of the same name
    /// apart.
    private func prefix(of name: String) -> String {
        let label = place.parent == nil ? name : String(name.split(separator: "/").last ?? "member")
        return "\(place.path.replacing("/", with: "-"))-\(label)"
    }

    private func cut(_ extracted: Extracted, _ name: String) async -> [Chunk] {
        stages.chunk.took(bytes: extracted.text.utf8.count)
        let chunks = await stages.run(stages.chunk) { tools.chunker.chunks(of: extracted) }
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
        _ extracted: Extracted, chunks: [Chunk], images: DocumentImages, name: String, source: DocumentSource
    ) async throws -> (ProcessedDocument, [ProcessedArtifact]) {
        let rows = DocumentRows(
            extracted, chunks: chunks, images: images, name: name, sha256: source.sha256, size: source.size,
            path: place.numbers, of: context)
        let document = ProcessedDocument(
            place, id: rows.record.id, name: name, extracted: extracted, chunks: chunks.count, sha256: source.sha256)
        stages.store.took(bytes: extracted.text.utf8.count + (extracted.markdown?.utf8.count ?? 0))
        let artifacts = try await stages.run(stages.store) {
            let made = files(of: extracted, chunks: chunks, name: name, source: source)
            let stored = try await context.files.store(made.map(\.file))
            try await rows.write(in: context)
            return zip(made.map(\.kind), stored).map { kind, stored in
                ProcessedArtifact(place, kind: kind, stored)
            }
        }
        stages.store.gave(records: artifacts.count, bytes: artifacts.reduce(0) { $0 + Int($1.sizeBytes) })
        return (document, artifacts + images.artifacts)
    }

    private func files(
        of extracted: Extracted, chunks: [Chunk], name: String, source: DocumentSource
    ) -> [(kind: String, file: JobFiles.Artifact)] {
        let prefix = prefix(of: name)
        func file(_ kind: String, _ suffix: String, _ mediaType: String, _ bytes: [UInt8]) -> (
            kind: String, file: JobFiles.Artifact
        ) {
            (kind, JobFiles.Artifact(name: "\(prefix).\(suffix)", mediaType: mediaType, bytes: bytes))
        }
        let text = file("text", "txt", "text/plain; charset=utf-8", Array(extracted.text.utf8))
        let whole = file(
            "document", "json", "application/json",
            DocumentJSON.bytes(of: extracted, chunks: chunks, name: name, sha256: source.sha256))
        guard let markdown = extracted.markdown else { return [text, whole] }
        return [text, whole, file("markdown", "md", "text/markdown; charset=utf-8", Array(markdown.utf8))]
    }
}
