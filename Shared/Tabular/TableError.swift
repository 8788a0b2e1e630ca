import Compression
import Markup

/// Why a table cannot be read any further, or at all; what is wrong with single rows is a `RowFault`.
public struct TableError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What went wrong, for code to branch on.
    public enum Kind: String, Sendable, Codable {
        /// The file cannot be read.
        case unreadable
        /// The bytes are not what they claim to be.
        case corrupt
        /// The content is larger than a limit.
        case tooLarge = "too_large"
        /// A format or an encoding that is not read.
        case unsupported
        /// A password is needed.
        case encrypted
        /// There is no row.
        case empty
        /// There is no memory.
        case memory
    }

    /// What went wrong.
    public let kind: Kind
    /// A sentence for people, which says what to do.
    public let message: String

    /// Makes an error.
    public init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    /// The message.
    public var description: String { message }

    init(_ error: CompressionError) {
        switch error.kind {
        case .broken, .truncated:
            self.init(
                .corrupt, "the compressed data are damaged (\(error)): compress the file anew and upload it again")
        case .tooLarge: self.init(.tooLarge, error.description)
        case .memory: self.init(.memory, error.description)
        }
    }

    init(_ error: ExtractionError) {
        switch error.code {
        case .tooLarge, .tooDeep, .tooManyMembers: self.init(.tooLarge, error.message)
        case .encrypted: self.init(.encrypted, error.message)
        case .outOfMemory: self.init(.memory, error.message)
        default: self.init(.corrupt, error.message)
        }
    }
}
