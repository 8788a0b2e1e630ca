import Crypto
import Foundation
import Jobs
import Storage
import TestKit
import Testing

@testable import WorkerKit

/// Artifacts that are produced piece by piece.
@Suite struct ArtifactTests {
    @Test func thePartsOfAJobBecomeVisibleTogether() async throws {
        try await Bench.with { bench in
            let claim = try await bench.claim()
            let made = try await bench.run(claim) { _, context in
                var records: [FileRecord] = []
                for part in 0..<3 {
                    let writer = try await context.files.begin(name: "part-\(part)", mediaType: "text/csv")
                    for piece in 0..<10 { try await writer.append(Array("\(part).\(piece),".utf8)) }
                    records.append(try await writer.finish())
                    await writer.discard()
                }
                #expect(try await bench.made(claim.id).isEmpty)
                await #expect { try await context.files.open(records[0].id) } throws: {
                    ($0 as? JobFailure)?.code == "file_not_found"
                }
                let rows = records
                try await context.write([context.files.adding(rows)])
                // Safe to repeat.
                try await context.write([context.files.adding(rows)])
                #expect(try await bench.made(claim.id) == rows.map(\.id))
                // What is told of stays, whatever becomes of the attempt.
                try await context.files.removeUnnamed(rows.map(\.id))
                let (record, reader) = try await context.files.open(rows[1].id)
                #expect(record.size == Int64(reader.size))
                var text: [UInt8] = []
                while let piece = try await reader.next() { text += piece }
                #expect(String(decoding: text, as: UTF8.self).hasPrefix("1.0,1.1,"))
                #expect(record.sha256 == Hex.encode(sha256(text)))
                return .done(ProbeWorker.Output(text: "ok"))
            }
            #expect(made.status == .completed)
        }
    }

    @Test func whatAnAttemptLeftIsClearedByTheNext() async throws {
        try await Bench.with { bench in
            let claim = try await bench.claim()
            let end = try await bench.run(claim) { _, context in
                let files = context.files
                var left = try await files.store([JobFiles.Artifact(name: "old", mediaType: "t", bytes: [1])]).map(\.id)
                let unnamed = try await files.begin(name: "new", mediaType: "t")
                try await unnamed.append([2])
                left.append(try await unnamed.finish().id)
                #expect(try await bench.made(claim.id) == [left[0]])
                try await context.clearArtifacts()
                #expect(try await bench.made(claim.id).isEmpty)
                for id in left {
                    await #expect { try await files.content.read(id, range: nil) } throws: {
                        ($0 as? StorageError)?.kind == .missing
                    }
                }
                // A stale attempt may write again what was cleared away; the sweep finds it.
                #expect(Set(try await bench.store.pendingFiles(left)) == Set(left))
                return .done(ProbeWorker.Output(text: "ok"))
            }
            #expect(end.status == .completed)
        }
    }
}

extension Bench {
    fileprivate func made(_ job: UUID) async throws -> [UUID] {
        try await store.files(of: job, namespace: "default", after: nil, limit: 100).map(\.id)
    }
}
