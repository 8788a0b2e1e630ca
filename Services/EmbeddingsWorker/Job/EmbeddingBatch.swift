import Embedding
import Foundation
import JSON
import Jobs
import Postgres
import WorkerKit

/// Sources that are embedded together, so that the model has much to do at a time.
///
/// Order of effects, and what a death in between leaves:
/// 1. Each source is begun; one that was embedded before, by whatever job, with the same cuts is done with.
/// 2. The chunks of the others are taken in windows of some hundred, whichever sources they are of. The texts of a window that have no vector
///    yet are embedded. Nothing of that is written: it would be done again.
/// 3. The window's chunks and the vectors that they need are written, a source at a time. A later attempt finds these texts known.
/// 4. The transaction with the last chunks of a source ends it: it is searched, and its earlier version is not.
/// 5. What was counted is told, for a checkpoint. Only what was done between a commit and the checkpoint behind it is counted differently by a later attempt: it
///    finds it done.
struct EmbeddingBatch {
    private struct Entry {
        let text: SourceText
        let source: EmbeddingSource
        let chunks: [EmbeddedChunk]
    }

    /// Chunks of one source within a window.
    private struct Part {
        let entry: Entry
        let source: OpenSource
        let chunks: ArraySlice<EmbeddedChunk>
        /// Whether they are the source's last.
        let isLast: Bool
    }

    /// How many chunks, and how much of their text in bytes, are embedded and written at a time: the job's heartbeat waits for the writing.
    private static let windowChunks = 128
    private static let windowBytes = 1 << 20
    /// How often vectors may be forgotten by others between being seen and being used.
    private static let mostRounds = 3

    private let space: EmbeddingSpace
    private let embedder: any Embedder
    private let cutter: SourceCutter
    private let labels: JSON
    private let context: JobContext
    private let stages: EmbeddingStages
    private var entries: [Entry] = []
    private var chunks = 0
    /// How many sources have been left for a later version of theirs.
    private var superseded = 0

    init(
        _ space: EmbeddingSpace, _ embedder: any Embedder, _ cutter: SourceCutter, labels: [String: String],
        _ context: JobContext
    ) {
        (self.space, self.embedder, self.cutter, self.context) = (space, embedder, cutter, context)
        var object = JSONObject()
        for (name, value) in labels.sorted(by: { $0.key < $1.key }) { object[name] = .string(value) }
        self.labels = .object(object)
        stages = EmbeddingStages(context)
    }

    /// Whether there is enough in it for the model to work well, or as much as one transaction begins.
    var isFull: Bool { chunks >= Self.windowChunks || entries.count >= Self.windowChunks }

    /// Cuts a source and adds it; of two with the same id, which can only be written one after the other, the later one counts.
    mutating func add(_ text: SourceText) async throws {
        let bytes = text.sections.reduce(0) { $0 + $1.text.utf8.count }
        stages.read.gave(records: 1, bytes: bytes)
        stages.chunk.took(records: 1, bytes: bytes)
        let cut = await stages.chunk.measure { await cutter.chunks(of: text) }
        stages.chunk.gave(records: cut.count)
        for chunk in cut {
            context.sample(stages.chunk, ["source": .string(text.key), "text": .string(chunk.text)])
        }
        if cut.isEmpty { context.error(.warning, in: stages.chunk, "there is nothing to embed", record: text.key) }
        var source = EmbeddingSource(
            kind: text.kind, key: text.key, labels: labels, hash: text.hash, chunker: cutter.version)
        (source.title, source.url) = (text.title, text.url)
        // By their bytes: ids that only look alike are two, here as in the database.
        if let earlier = entries.firstIndex(where: {
            $0.text.kind == text.kind && $0.text.key.utf8.elementsEqual(text.key.utf8)
        }) {
            chunks -= entries.remove(at: earlier).chunks.count
            superseded += 1
        }
        entries.append(Entry(text: text, source: source, chunks: cut))
        chunks += cut.count
    }

    /// Embeds and stores what was added, and counts it; the batch is empty then.
    ///
    /// - Parameter onProgress: told of the counts after each step but the last.
    /// - Returns: false when the job was asked to end before all was stored.
    mutating func finish(
        _ counts: inout EmbeddingTally, onProgress: (EmbeddingTally) async throws -> Void
    ) async throws -> Bool {
        let open = try await begin(&counts)
        for window in Self.windows(of: open) {
            try await onProgress(counts)
            guard context.stopReason == nil else { return false }
            try await store(window, &counts)
        }
        return true
    }

    /// Begins the sources, counts those that are done with, and answers the others.
    private mutating func begin(_ counts: inout EmbeddingTally) async throws -> [(Entry, OpenSource)] {
        let sources = entries.map(\.source)
        let starts = try await context.transaction { [space, job = context.job] session in
            try space.begin(sources, job: job, session)
        }
        var open: [(Entry, OpenSource)] = []
        for (entry, start) in zip(entries, starts) {
            switch start {
            case .unchanged(let chunks, _):
                counts.sources += 1
                counts.unchanged += 1
                counts.chunks += chunks
            case .repeated(let chunks, _):
                counts.sources += 1
                counts.chunks += chunks
            case .open(let source): open.append((entry, source))
            }
        }
        counts.sources += superseded
        (entries, chunks, superseded) = ([], 0, 0)
        return open
    }

    private func store(_ window: [Part], _ counts: inout EmbeddingTally) async throws {
        var vectors: [[UInt8]: EmbeddedVector] = [:]
        var failures: [[UInt8]: EmbeddingError] = [:]
        for round in 1...Self.mostRounds {
            let wanted = window.flatMap(\.chunks).filter { vectors[$0.hash] == nil && failures[$0.hash] == nil }
            try await embed(wanted, &vectors, &failures, &counts)
            do {
                for part in window { try await write(part, vectors, failures) }
                break
            } catch is MissingVectors where round < Self.mostRounds {
                // Forgotten since: they are not known now.
                continue
            }
        }
        for part in window {
            counts.chunks += part.chunks.count
            if part.isLast { counts.sources += 1 }
            for chunk in part.chunks {
                guard let error = failures[chunk.hash] else { continue }
                counts.failed += 1
                note(error, chunk, of: part.entry)
            }
        }
    }

    /// Embeds the texts that have no vector yet, each once.
    private func embed(
        _ chunks: [EmbeddedChunk], _ vectors: inout [[UInt8]: EmbeddedVector],
        _ failures: inout [[UInt8]: EmbeddingError], _ counts: inout EmbeddingTally
    ) async throws {
        let hashes = Array(Set(chunks.map(\.hash)))
        let known = try await context.read { [space] in try await space.known(hashes, in: $0.database) }
        var texts: [[UInt8]: String] = [:]
        for chunk in chunks where !known.contains(chunk.hash) { texts[chunk.hash] = chunk.text }
        guard !texts.isEmpty else { return }
        let asked = Array(texts)
        stages.embed.took(records: asked.count, bytes: asked.reduce(0) { $0 + $1.value.utf8.count })
        let results = try await stages.embed.measure { [embedder] in
            try await embedder.embed(asked.map(\.value), as: .passage)
        }
        for ((hash, _), result) in zip(asked, results) {
            switch result {
            case .success(let text):
                vectors[hash] = EmbeddedVector(hash: hash, vector: text.vector, tokens: text.tokens)
                stages.embed.gave(records: 1)
                counts.embedded += 1
                counts.tokens += text.tokens
            case .failure(let error): failures[hash] = error
            }
        }
    }

    /// Writes the chunks that have a vector, and ends the source with the last of them.
    private func write(
        _ part: Part, _ vectors: [[UInt8]: EmbeddedVector], _ failures: [[UInt8]: EmbeddingError]
    ) async throws {
        let sound = part.chunks.filter { failures[$0.hash] == nil }
        let needed = Set(sound.map(\.hash)).compactMap { vectors[$0] }
        let count = part.entry.chunks.count
        stages.store.took(records: sound.count)
        try await stages.store.measure { [context, space, source = part.source, isLast = part.isLast] in
            try await context.transaction { session in
                if isLast {
                    try space.finish(source, with: sound, vectors: needed, of: count, session)
                } else if !sound.isEmpty {
                    try space.write(sound, vectors: needed, to: source, session)
                }
            }
        }
        stages.store.gave(records: sound.count)
    }

    private func note(_ error: EmbeddingError, _ chunk: EmbeddedChunk, of entry: Entry) {
        context.error(
            in: stages.embed, error.message,
            details: [
                "code": .string(error.code.rawValue), "source": .string(entry.text.key),
                "start": .int(Int64(chunk.start)), "end": .int(Int64(chunk.end)),
            ], record: chunk.text)
    }

    private static func windows(of sources: [(Entry, OpenSource)]) -> [[Part]] {
        var windows: [[Part]] = []
        var (count, bytes) = (Int.max, 0)
        for (entry, source) in sources {
            var rest = entry.chunks[...]
            repeat {
                if count >= windowChunks || bytes >= windowBytes {
                    windows.append([])
                    (count, bytes) = (0, 0)
                }
                // As many as there is room for, but one at least.
                var end = rest.startIndex
                while end < rest.endIndex, count < windowChunks, bytes < windowBytes {
                    bytes += rest[end].text.utf8.count
                    count += 1
                    end += 1
                }
                let isLast = end == rest.endIndex
                windows[windows.count - 1].append(
                    Part(entry: entry, source: source, chunks: rest[..<end], isLast: isLast))
                rest = rest[end...]
            } while !rest.isEmpty
        }
        return windows
    }
}
