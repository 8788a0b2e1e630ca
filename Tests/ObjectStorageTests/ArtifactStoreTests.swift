import Crypto
import Foundation
import Storage
import TestKit
import Testing

@testable import ObjectStorage

/// What every store promises, on both.
@Suite struct ArtifactStoreTests {
    enum Kind: CaseIterable { case folder, bucket }

    /// A store of its own, and what lies in it.
    private struct Place {
        let store: any ArtifactStore
        let left: @Sendable () async throws -> [String]
    }

    private func with(_ kind: Kind, _ body: (Place) async throws -> Void) async throws {
        let root = NSTemporaryDirectory() + "switchyard-store-\(UUIDv7.generate().text)"
        defer { #expect(throws: Never.self) { try FileManager.default.removeItem(atPath: root) } }
        let folder = try FileStore(root: root)
        let files: @Sendable () throws -> [String] = {
            try FileManager.default.subpathsOfDirectory(atPath: root).filter { $0.split(separator: "/").count == 2 }
        }
        switch kind {
        case .folder: try await body(Place(store: folder, left: files))
        case .bucket:
            let bench = try await Bench()
            let store = try S3Store(bench.client, bucket: bench.bucket, prefix: bench.prefix, scratch: folder)
            try await body(
                Place(
                    store: store,
                    left: { try await bench.keys() + bench.uploads().map { "upload \($0.key)" } + files() }))
        }
    }

    private func content(_ store: any ArtifactStore, _ id: UUID, _ range: Range<Int>? = nil) async throws -> [UInt8] {
        let reader = try await store.read(id, range: range)
        var bytes: [UInt8] = []
        while let piece = try await reader.next() {
            #expect(!piece.isEmpty && piece.count <= 256 << 10)
            bytes += piece
        }
        #expect(bytes.count == reader.size)
        return bytes
    }

    @Test(arguments: Kind.allCases, [0, 1, 300_000, 12 << 20])
    func keepsWhatComesInPieces(_ kind: Kind, _ count: Int) async throws {
        try await with(kind) { place in
            let bytes = Bench.bytes(count)
            let made = UUIDv7.generate()
            let pending = try await place.store.begin(made, limit: count)
            for start in stride(from: 0, to: count, by: 99_991) {
                try await pending.append(Array(bytes[start..<min(start + 99_991, count)]))
            }
            await #expect { try await place.store.read(made, range: nil) } throws: {
                ($0 as? StorageError)?.kind == .missing
            }
            let stored = try await pending.commit()
            #expect(stored == StoredFile(size: count, sha256: Hex.encode(sha256(bytes))))
            await pending.discard()
            #expect(try await content(place.store, made) == bytes)
            #expect(try await place.left().count == 1)
            let file = try await place.store.file(made)
            #expect(try file.withPath { Array(try Data(contentsOf: URL(filePath: $0))) } == bytes)
            #expect(try await place.store.remove(made))
            #expect(try await !place.store.remove(made))
        }
    }

    @Test(arguments: Kind.allCases) func readsRanges(_ kind: Kind) async throws {
        try await with(kind) { place in
            let id = UUIDv7.generate()
            let bytes = Bench.bytes(600_000)
            try await place.store.write(id: id, bytes: bytes)
            for range in [0..<1, 5..<300_000, 599_999..<600_000, 100..<9_000_000, 7..<Int.max] {
                #expect(try await content(place.store, id, range) == Array(bytes[range.clamped(to: 0..<600_000)]))
            }
            for range in [600_000..<600_001, 900_000..<Int.max, 4..<4] {
                #expect(try await content(place.store, id, range).isEmpty)
            }
        }
    }

    @Test(arguments: Kind.allCases, [10, 7 << 20]) func leavesNothingOfWhatIsTooLarge(_ kind: Kind, _ limit: Int)
        async throws
    {
        try await with(kind) { place in
            let pending = try await place.store.begin(UUIDv7.generate(), limit: limit)
            try await pending.append(Bench.bytes(limit))
            await #expect { try await pending.append([1]) } throws: {
                ($0 as? StorageError)?.kind == .tooLarge(limit: limit)
            }
            await pending.discard()
            await pending.discard()
            #expect(try await place.left().isEmpty)
        }
    }

    @Test(arguments: Kind.allCases) func replacesWithoutAGap(_ kind: Kind) async throws {
        try await with(kind) { place in
            let id = UUIDv7.generate()
            try await place.store.write(id: id, bytes: [1])
            let reader = try await place.store.read(id, range: nil)
            try await place.store.write(id: id, bytes: Bench.bytes(6 << 20))
            #expect(try await content(place.store, id).count == 6 << 20)
            #expect(reader.size == 1)
            #expect(try await place.left().count == 1)
        }
    }

    @Test(arguments: Kind.allCases) func aLocalFileOfAnObjectGoesWithItsOwner(_ kind: Kind) async throws {
        try await with(kind) { place in
            let id = UUIDv7.generate()
            try await place.store.write(id: id, bytes: [1, 2, 3])
            var file: LocalFile? = try await place.store.file(id)
            let path = try #require(file?.withPath { $0 })
            #expect(FileManager.default.contents(atPath: path) == Data([1, 2, 3]))
            file = nil
            #expect(FileManager.default.fileExists(atPath: path) == (kind == .folder))
            await #expect { try await place.store.file(UUIDv7.generate()) } throws: {
                ($0 as? StorageError)?.kind == .missing
            }
        }
    }

    @Test func sweepsWhatDeadProcessesLeft() async throws {
        let bench = try await Bench()
        let root = NSTemporaryDirectory() + "switchyard-store-\(UUIDv7.generate().text)"
        defer { #expect(throws: Never.self) { try FileManager.default.removeItem(atPath: root) } }
        let store = try S3Store(
            bench.client, bucket: bench.bucket, prefix: bench.prefix, scratch: try FileStore(root: root))
        let kept = UUIDv7.generate()
        try await store.write(id: kept, bytes: [1])
        let id = UUIDv7.generate()
        let pending = try await store.begin(id, limit: .max)
        try await pending.append(Bench.bytes(6 << 20))
        let others = try bench.client.begin(bucket: bench.bucket, key: bench.prefix + "others")
        try await others.append(Bench.bytes(6 << 20))
        #expect(try await bench.uploads().count == 2)
        // moto says of every upload that it was begun in 2010.
        try await store.sweep { ids in
            #expect(ids == [id])
            return [id]
        }
        #expect(try await bench.uploads().count == 2, "its job goes on")
        try await store.sweep { _ in [] }
        #expect(try await bench.uploads().map(\.key) == [bench.prefix + "others"])
        try await others.discard()
        #expect(try await bench.keys().count == 1)
        #expect(try await content(store, kept) == [1])
    }

    @Test func anUploadThatCannotBeCompletedLeavesNothing() async throws {
        let proxy = try await FaultProxy { request, _ in
            request.method == "POST" && request.query("uploadId") != nil
                ? .answer(status: 403, code: "AccessDenied") : .none
        }
        let bench = try await Bench(port: proxy.port)
        let root = NSTemporaryDirectory() + "switchyard-store-\(UUIDv7.generate().text)"
        defer { #expect(throws: Never.self) { try FileManager.default.removeItem(atPath: root) } }
        let store = try S3Store(
            bench.client, bucket: bench.bucket, prefix: bench.prefix, scratch: try FileStore(root: root))
        let error = await #expect(throws: StorageError.self) {
            try await store.write(id: UUIDv7.generate(), bytes: Bench.bytes(6 << 20))
        }
        #expect(error?.message.hasPrefix("s3_denied") == true)
        #expect(try await bench.keys().isEmpty)
        #expect(try await bench.uploads().isEmpty)
        await proxy.receiver.stop()
    }
}
