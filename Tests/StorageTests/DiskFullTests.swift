import Crypto
import Foundation
import Testing

@testable import Storage

@Suite struct DiskFullTests {
    @Test func tellsAFullDiskApart() throws {
        let full = open("/dev/full", O_WRONLY | O_CLOEXEC)
        try #require(full >= 0)
        defer { close(full) }
        let error = #expect(throws: StorageError.self) { try Files.write([1], to: full, path: "x") }
        #expect(error == StorageError(kind: .diskFull, message: "cannot write x: No space left on device"))
    }

    /// In a process of its own, because the limit on the size of files holds for all of it. To the store it is a full disk.
    @Test func leavesNothingWhenTheDiskIsFull() async {
        await #expect(processExitsWith: .success) {
            let root = "/tmp/switchyard-storage-\(UUIDv7.generate().text)"
            let store = try FileStore(root: root)
            signal(SIGXFSZ, SIG_IGN)
            var small = rlimit(rlim_cur: 1 << 20, rlim_max: 1 << 20)
            try #require(setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &small) == 0)
            let id = UUIDv7.generate()
            let error = await #expect(throws: StorageError.self) {
                try await store.write(id: id, bytes: [UInt8](repeating: 7, count: 3 << 20))
            }
            #expect(error?.kind == .diskFull)
            #expect(try FileManager.default.contentsOfDirectory(atPath: root + "/tmp").isEmpty)
            #expect(!FileManager.default.fileExists(atPath: store.path(of: id)))
            #expect(try await store.write(id: id, bytes: [1]).size == 1)
            try FileManager.default.removeItem(atPath: root)
        }
    }
}
