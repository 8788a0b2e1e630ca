import Crypto
import Foundation
import Storage
import Testing

private struct Interrupted: Error {}

@Suite final class FileStoreTests {
    private let root = "/tmp/switchyard-storage-\(UUIDv7.generate().text)"

    deinit {
        do {
            try FileManager.default.removeItem(atPath: root)
        } catch {
            Issue.record(error)
        }
    }

    private func stream(_ chunks: [[UInt8]], error: (any Error)? = nil) -> AsyncThrowingStream<[UInt8], any Error> {
        AsyncThrowingStream { continuation in
            for chunk in chunks { continuation.yield(chunk) }
            continuation.finish(throwing: error)
        }
    }

    private func content(of path: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(fileURLWithPath: path))) }

    private func temporaryFiles() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: root + "/tmp")
    }

    @Test func storesWhatComesInPieces() async throws {
        let store = try FileStore(root: root)
        let chunks = (0..<50).map { index in [UInt8](repeating: UInt8(index), count: index * 100) }
        let id = UUIDv7.generate()
        let file = try await store.write(id: id, limit: 1 << 20, chunks: stream(chunks))
        let bytes = chunks.flatMap { $0 }
        #expect(file == StoredFile(size: bytes.count, sha256: Hex.encode(sha256(bytes))))
        #expect(try content(of: store.path(of: id)) == bytes)
        #expect(try temporaryFiles().isEmpty)
    }

    @Test func putsFilesByTheRandomEndOfTheirId() async throws {
        let store = try FileStore(root: root + "/")
        let id = try #require(UUID(text: "0199f0e2-7c1a-7d3b-8e4f-5a6b7c8d9e0f"))
        #expect(store.path(of: id) == "\(root)/0f/0199f0e2-7c1a-7d3b-8e4f-5a6b7c8d9e0f")
        let file = try await store.write(id: id, bytes: [])
        #expect(file.size == 0)
        #expect(file.sha256 == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        #expect(try content(of: store.path(of: id)).isEmpty)
    }

    @Test func replacesAndRemoves() async throws {
        let store = try FileStore(root: root)
        let id = UUIDv7.generate()
        _ = try await store.write(id: id, bytes: [1])
        _ = try await store.write(id: id, bytes: [2, 3])
        #expect(try content(of: store.path(of: id)) == [2, 3])
        #expect(try await store.remove(id))
        #expect(try await !store.remove(id))
        #expect(!FileManager.default.fileExists(atPath: store.path(of: id)))
    }

    @Test func stopsAtTheLimit() async throws {
        let store = try FileStore(root: root)
        let id = UUIDv7.generate()
        let exact = try await store.write(id: id, limit: 10, chunks: stream([[1, 2, 3, 4, 5], [6, 7, 8, 9, 10]]))
        #expect(exact.size == 10)
        let error = await #expect(throws: StorageError.self) {
            try await store.write(id: id, limit: 10, chunks: self.stream([[1, 2, 3, 4, 5], [6, 7, 8, 9, 10, 11]]))
        }
        #expect(error?.kind == .tooLarge(limit: 10))
        #expect(try temporaryFiles().isEmpty)
        // What was there before is untouched.
        #expect(try content(of: store.path(of: id)).count == 10)
    }

    @Test func leavesNothingWhenTheSourceBreaksOff() async throws {
        let store = try FileStore(root: root)
        let id = UUIDv7.generate()
        await #expect(throws: Interrupted.self) {
            try await store.write(id: id, limit: 100, chunks: self.stream([[1], [2]], error: Interrupted()))
        }
        #expect(try temporaryFiles().isEmpty)
        #expect(!FileManager.default.fileExists(atPath: store.path(of: id)))
    }

    @Test func tellsOtherFailuresWithTheirReason() async throws {
        let store = try FileStore(root: root)
        try FileManager.default.removeItem(atPath: root + "/tmp")
        let error = await #expect(throws: StorageError.self) {
            try await store.write(id: UUIDv7.generate(), bytes: [1])
        }
        #expect(error?.kind == .failed)
        #expect(error?.message.contains("No such file or directory") == true)
    }

    @Test func refusesAPlaceThatIsNoFolder() throws {
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
        try Data([1]).write(to: URL(fileURLWithPath: root + "/file"))
        let error = #expect(throws: StorageError.self) { try FileStore(root: self.root + "/file") }
        #expect(error?.kind == .failed)
        #expect(error?.message.contains("Not a directory") == true)
    }

    @Test func sweepsOldTemporaryFilesOnly() async throws {
        _ = try FileStore(root: root)
        let now = time(nil)
        for (name, age) in [("fresh", 0), ("younger", 86_000), ("older", 87_000), ("ancient", 864_000)] {
            let path = "\(root)/tmp/\(name)"
            try Data([1]).write(to: URL(fileURLWithPath: path))
            var times = [timeval(tv_sec: now - age, tv_usec: 0), timeval(tv_sec: now - age, tv_usec: 0)]
            try #require(utimes(path, &times) == 0)
        }
        let store = try FileStore(root: root)
        #expect(try temporaryFiles().sorted() == ["fresh", "younger"])
        _ = try await store.write(id: UUIDv7.generate(), bytes: [1])
    }

    @Test func storesManyAtOnce() async throws {
        let store = try FileStore(root: root)
        let stored = try await withThrowingTaskGroup(of: (UUID, [UInt8], StoredFile).self) { group in
            for index in 0..<64 {
                group.addTask {
                    let id = UUIDv7.generate()
                    let bytes = [UInt8](repeating: UInt8(index), count: index * 37)
                    return (id, bytes, try await store.write(id: id, bytes: bytes))
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(stored.count == 64)
        for (id, bytes, file) in stored {
            #expect(file.size == bytes.count)
            #expect(try content(of: store.path(of: id)) == bytes)
        }
        #expect(try temporaryFiles().isEmpty)
    }

    @Test func isNotReadableByEveryone() async throws {
        let store = try FileStore(root: root)
        let id = UUIDv7.generate()
        _ = try await store.write(id: id, bytes: [1])
        var status = stat()
        try #require(stat(store.path(of: id), &status) == 0)
        #expect(status.st_mode & 0o007 == 0)
        try #require(stat(root, &status) == 0)
        #expect(status.st_mode & 0o007 == 0)
    }
}
