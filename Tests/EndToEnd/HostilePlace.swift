import Foundation
import TestKit
import Testing

/// The folders around jobs of hostile files, and what in them may not change.
struct HostilePlace {
    /// Has this in its name what a hostile file has made.
    private static let mark = "escaped"

    /// The inputs.
    let files: String
    /// What hostile files aim at: by absolute paths, through links, as external entities.
    let canaries: String
    /// The worker's own.
    let home: String
    let temporary: String
    /// What may stand in no text: what a canary says, and the system's list of users.
    let secrets: [Data]

    init(in folder: String) throws {
        files = folder + "/hostile"
        canaries = folder + "/canaries"
        home = folder + "/home"
        temporary = folder + "/temporary"
        for folder in [files, canaries, home, temporary] {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        }
        let secret = "Only this file says so: \(UUID().uuidString)"
        try secret.write(toFile: canaries + "/secret.txt", atomically: false, encoding: .utf8)
        secrets = [Data(secret.utf8), Data("root:x:0:0".utf8)]
    }

    /// Watches from now on: no canary may be so much as looked at, nothing may come or go among the inputs and in the worker's home.
    func watch() throws -> FolderWatch {
        let changes = Int(IN_MODIFY | IN_ATTRIB | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF)
        return try FolderWatch([canaries: changes | Int(IN_ACCESS | IN_OPEN), files: changes, home: changes])
    }

    /// Whether nothing was left behind here, nor where names that lead upwards would have led.
    func expectUntouched() throws {
        let manager = FileManager.default
        #expect(try manager.contentsOfDirectory(atPath: canaries) == ["secret.txt"])
        #expect(try manager.contentsOfDirectory(atPath: temporary) == [])
        var places: Set<String> = ["/tmp", NSHomeDirectory()]
        for start in [manager.currentDirectoryPath, files, temporary] {
            var folder = URL(filePath: start)
            places.insert(folder.path)
            while folder.path != "/" {
                folder = folder.deletingLastPathComponent().standardizedFileURL
                places.insert(folder.path)
            }
        }
        for place in places where manager.isReadableFile(atPath: place) {
            let escaped = try manager.contentsOfDirectory(atPath: place).filter {
                $0.contains("switchyard-" + Self.mark)
            }
            #expect(escaped == [], "\(place)")
        }
    }
}

/// What the kernel tells of folders: each access to them, by whatever process.
final class FolderWatch {
    private let descriptor: Int32
    private var folders: [Int32: String] = [:]

    /// - Parameter kinds: the events of each folder that are wanted (inotify(7)).
    init(_ kinds: [String: Int]) throws {
        descriptor = inotify_init1(Int32(IN_NONBLOCK | IN_CLOEXEC))
        guard descriptor >= 0 else { throw TestKitError("no inotify: \(errno)") }
        for (folder, events) in kinds {
            let watch = inotify_add_watch(descriptor, folder, UInt32(events))
            guard watch >= 0 else { throw TestKitError("cannot watch \(folder): \(errno)") }
            folders[watch] = folder
        }
    }

    deinit { close(descriptor) }

    /// What has happened since the last call: folder, name and kind.
    func events() throws -> [String] {
        var events: [String] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            guard count > 0 else {
                guard errno == EAGAIN else { throw TestKitError("cannot read events: \(errno)") }
                return events
            }
            var offset = 0
            while offset < count {
                let (watch, mask, length) = buffer.withUnsafeBytes { bytes in
                    (
                        bytes.loadUnaligned(fromByteOffset: offset, as: Int32.self),
                        bytes.loadUnaligned(fromByteOffset: offset + 4, as: UInt32.self),
                        Int(bytes.loadUnaligned(fromByteOffset: offset + 12, as: UInt32.self))
                    )
                }
                let name = String(
                    decoding: buffer[(offset + 16)..<(offset + 16 + length)].prefix { $0 != 0 }, as: UTF8.self)
                events.append("\(folders[watch] ?? "?")/\(name) \(String(mask, radix: 16))")
                offset += 16 + length
            }
        }
    }
}
