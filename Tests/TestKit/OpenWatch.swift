import Foundation

/// Tells which of some files were opened, by the kernel's word (`inotify(7)`): a count of who began to read them that no service keeps.
public final class OpenWatch: Sendable {
    private let descriptor: Int32
    private let places: [Int32: Int]

    /// Watches these files from now on.
    public init(_ paths: [String]) throws {
        descriptor = inotify_init1(Int32(IN_NONBLOCK) | Int32(IN_CLOEXEC))
        guard descriptor >= 0 else { throw TestKitError("inotify: \(String(cString: strerror(errno)))") }
        var places: [Int32: Int] = [:]
        for (place, path) in paths.enumerated() {
            let watch = inotify_add_watch(descriptor, path, UInt32(IN_OPEN))
            guard watch >= 0 else {
                close(descriptor)
                throw TestKitError("\(path): \(String(cString: strerror(errno)))")
            }
            places[watch] = place
        }
        self.places = places
    }

    deinit { close(descriptor) }

    /// The files that were opened since the last call, by their place in the list; throws when the kernel had to forget some.
    public func opened() throws -> Set<Int> {
        var opened: Set<Int> = []
        let event = MemoryLayout<inotify_event>.size
        try withUnsafeTemporaryAllocation(byteCount: 64 << 10, alignment: MemoryLayout<inotify_event>.alignment) {
            buffer in
            while true {
                let count = read(descriptor, buffer.baseAddress, buffer.count)
                if count < 0, errno == EAGAIN { return }
                guard count > 0 else { throw TestKitError("inotify: \(String(cString: strerror(errno)))") }
                // A watch of a file gives events without names: each is as long as the next.
                for offset in stride(from: 0, to: count, by: event) {
                    let event = buffer.load(fromByteOffset: offset, as: inotify_event.self)
                    guard let place = places[event.wd] else { throw TestKitError("inotify has lost count") }
                    opened.insert(place)
                }
            }
        }
        return opened
    }
}
