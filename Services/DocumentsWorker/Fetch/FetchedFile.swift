import Crypto
import Foundation
import HTTPClient
import Markup
import Synchronization

/// A document that was fetched.
struct FetchedFile: Sendable {
    let file: UnnamedFile
    let size: Int
    /// In lower-case hexadecimal.
    let sha256: String
    /// What its server calls it; it is shown, and is never a path.
    let name: String
    /// What its server says that it is.
    let mediaType: String?
}

/// The body of an answer on its way into a file.
final class FetchedBody: Sendable {
    private struct State {
        var hasher = SHA256Hasher()
        var size = 0
        var failure: ExtractionError?
    }

    private let file: UnnamedFile
    private let state = Mutex(State())

    init() throws(ExtractionError) { file = try UnnamedFile() }

    /// Takes the next bytes; false when the disk does not.
    func take(_ bytes: UnsafeRawBufferPointer) -> Bool {
        state.withLock { state in
            do throws(ExtractionError) {
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
    func checkDisk() throws(ExtractionError) {
        if let failure = state.withLock(\.failure) { throw failure }
    }

    func finished(name: String, mediaType: String?) -> FetchedFile {
        let (size, digest) = state.withLock { ($0.size, $0.hasher.digest()) }
        return FetchedFile(file: file, size: size, sha256: Hex.encode(digest), name: name, mediaType: mediaType)
    }
}
