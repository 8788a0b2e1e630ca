import Crypto
import Foundation
import Jobs
import Storage
import TestKit
import Testing

@testable import WorkerKit

/// Artifacts that are produced piece by piece.
@Suite struct ArtifactTests {
    private func files(_ bench: Bench, _ job: UUID, _ content: FileStore) -> JobFiles {
        JobFiles(store: bench.store, content: content, roots: [], namespace: "default", job: job)
    }

    private func with(_ body: @Sendable (Bench, FileStore) async throws -> Void) async throws {
        let folder = NSTemporaryDirectory() + "switchyard-artifacts-\(UUIDv7.generate().text)"
        defer { #expect(throws: Never.self) { try FileManager.default.removeItem(atPath: folder) } }
        try await Bench.with { try await body($0, try FileStore(root: folder)) }
    }

    @Test func thePartsOfAJobBecomeVisibleTogether() async throws {
        try await with { bench, content in
            let claim = try await bench.claim()
            let made = try await bench.run(claim) { _, context in
                var records: [FileRecord] = []
                for part in 0..<3 {
                    let writer = try await context.files.begin(name: "part-\(part)", mediaType: "text/csv")
                    for piece in 0..<10 { try await writer.append(Array("\(part).\(piece),".utf8)) }
                    records.append(try await writer.finish())
                    await writer.discard()
                }
                #expect(try await context.files.made().isEmpty)
                await #expect { try await context.files.open(records[0].id) } throws: {
                    ($0 as? JobFailure)?.code == "file_not_found"
                }
                let rows = records
                try await context.write([context.files.adding(rows)])
                // Safe to repeat.
                try await context.write([context.files.adding(rows)])
                #expect(try await context.files.made().map(\.id) == rows.map(\.id).sorted { $0.text < $1.text })
                let (record, reader) = try await context.files.open(rows[1].id)
                #expect(record.size == Int64(reader.size))
                var text: [UInt8] = []
                while let piece = try await reader.next() { text += piece }
                #expect(String(decoding: text, as: UTF8.self).hasPrefix("1.0,1.1,"))
                #expect(record.sha256 == Hex.encode(sha256(text)))
                // The same as in one go.
                let again = try await context.files.store([
                    JobFiles.Artifact(name: "part-1", mediaType: "text/csv", bytes: text)
                ])
                #expect(again.map(\.id) == [record.id])
                return .done(ProbeWorker.Output(text: "ok"))
            }
            #expect(made.status == .completed)
        }
    }

    @Test func whatAnAttemptLeftIsFoundAndCleared() async throws {
        try await with { bench, content in
            let claim = try await bench.claim()
            let files = files(bench, claim.id, content)
            let left = try await files.store([JobFiles.Artifact(name: "old", mediaType: "t", bytes: [1])])
            let discarded = try await files.begin(name: "new", mediaType: "t")
            try await discarded.append([2])
            await discarded.discard()
            #expect(try await files.made().map(\.id) == left.map(\.id))
            try await files.remove(try await files.made().map(\.id))
            #expect(try await files.made().isEmpty)
            await #expect { try await content.read(left[0].id, range: nil) } throws: {
                ($0 as? StorageError)?.kind == .missing
            }
        }
    }
}
