import Foundation

/// A file that was stored.
public struct StoredFile: Sendable, Hashable {
    /// How many bytes it has.
    public let size: Int
    /// The SHA-256 of the content, in lower-case hexadecimal.
    public let sha256: String

    /// Makes the description of a stored file.
    public init(size: Int, sha256: String) {
        self.size = size
        self.sha256 = sha256
    }
}

/// Why content could not be stored or read.
public struct StorageError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What kind of fault it is.
    public enum Kind: Sendable, Hashable {
        /// The content has more bytes than the caller's limit.
        case tooLarge(limit: Int)
        /// The disk, its quota or the process's limit on file sizes is used up.
        case diskFull
        /// Nothing is stored under the id.
        case missing
        /// The store does not answer or is overloaded; later it may.
        case unavailable
        /// Anything else that the system refuses.
        case failed
    }

    /// What kind of fault it is.
    public let kind: Kind
    /// What was tried and what the system said.
    public let message: String

    /// The message.
    public var description: String { message }

    /// Makes an error.
    package init(kind: Kind, message: String) {
        self.kind = kind
        self.message = message
    }

    /// More bytes came than were allowed.
    package static func tooLarge(limit: Int) -> StorageError {
        StorageError(kind: .tooLarge(limit: limit), message: "the content has more than \(limit) bytes")
    }

    /// The failure of a system call.
    static func system(_ action: String, code: Int32) -> StorageError {
        let isFull = code == ENOSPC || code == EDQUOT || code == EFBIG
        return StorageError(
            kind: isFull ? .diskFull : .failed, message: "cannot \(action): \(String(cString: strerror(code)))")
    }

    /// The failure to open content.
    static func opening(_ path: String, code: Int32) -> StorageError {
        guard code == ENOENT else { return .system("read \(path)", code: code) }
        return StorageError(kind: .missing, message: "\(path) does not exist")
    }
}
