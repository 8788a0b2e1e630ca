import Crypto
import HTTPClient
import Synchronization

/// A file that a body is written to.
public protocol FetchTarget: Sendable {
    /// Writes bytes at an offset.
    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws
}

/// A file that was fetched.
public struct Fetched<File: FetchTarget>: Sendable {
    /// Where it is.
    public let file: File
    /// In bytes.
    public let size: Int
    /// In lower-case hexadecimal.
    public let sha256: String
    /// Where it came from in the end.
    public let url: WebURL
    /// What its server says of it.
    public let head: WebHead
}

/// The body of an answer on its way into a file.
final class FetchedBody<File: FetchTarget>: Sendable {
    private struct State {
        var hasher = SHA256Hasher()
        var size = 0
        var failure: (any Error)?
    }

    private let file: File
    private let state = Mutex(State())

    init(_ file: File) { self.file = file }

    /// Takes the next bytes; false when the disk does not.
    func take(_ bytes: UnsafeRawBufferPointer) -> Bool {
        state.withLock { state in
            do {
                try file.write(bytes, at: state.size)
            } catch {
                state.failure = error
                return false
            }
            state.hasher.update(bytes)
            state.size += bytes.count
            return true
        }
    }

    /// Throws why the disk did not take the bytes.
    func checkDisk() throws {
        if let failure = state.withLock({ $0.failure }) { throw failure }
    }

    func finished(url: WebURL, head: WebHead) -> Fetched<File> {
        let (size, digest) = state.withLock { ($0.size, $0.hasher.digest()) }
        return Fetched(file: file, size: size, sha256: Hex.encode(digest), url: url, head: head)
    }
}
