import Foundation
import Jobs
import WorkerKit

/// Artifacts of one kind that are written one after the other, each no larger than it must be.
struct ArtifactParts {
    /// Parts beyond these are left out: what they would hold can be read page by page all the same.
    private static let mostParts = 5000

    private let context: JobContext
    private let kind: String
    private let name: String
    private let mediaType: String
    private let partBytes: Int
    private let beginning: (Int) throws -> [UInt8]
    private var bytes: [UInt8] = []
    private var count = 0
    private var artifacts: [CrawledSite.Artifact] = []

    /// Makes the first part.
    ///
    /// - Parameters:
    ///   - name: with `%05d` for the number of the part, from 1.
    ///   - partBytes: a part is stored as soon as it has so many.
    ///   - beginning: what a part begins with.
    init(
        _ context: JobContext, kind: String, name: String, mediaType: String, partBytes: Int,
        beginning: @escaping (Int) throws -> [UInt8] = { _ in [] }
    ) {
        (self.context, self.kind, self.name, self.mediaType) = (context, kind, name, mediaType)
        (self.partBytes, self.beginning) = (partBytes, beginning)
    }

    /// Whether there are as many parts as there may be.
    var isFull: Bool { artifacts.count >= Self.mostParts }

    /// Adds a record; nothing when there are as many parts as there may be.
    mutating func add(_ record: [UInt8]) async throws {
        guard !isFull else { return }
        if count == 0 { bytes = try beginning(artifacts.count + 1) }
        bytes += record
        count += 1
        if bytes.count >= partBytes { try await store() }
    }

    /// Stores the last part; answers all of them.
    mutating func finish() async throws -> [CrawledSite.Artifact] {
        if count > 0 { try await store() }
        if isFull { context.log(.warning, "no more than \(Self.mostParts) files of \(kind) are written") }
        return artifacts
    }

    private mutating func store() async throws {
        let name = String(format: name, artifacts.count + 1)
        let records = try await context.files.store([
            JobFiles.Artifact(name: name, mediaType: mediaType, bytes: bytes)
        ])
        guard let record = records.first else {
            throw JobFailure(code: "artifact_not_stored", message: "The file \(name) was not stored.")
        }
        artifacts.append(
            CrawledSite.Artifact(
                id: record.id, kind: kind, name: name, size: record.size, sha256: record.sha256, pages: count))
        (bytes, count) = ([], 0)
    }
}
