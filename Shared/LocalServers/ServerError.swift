/// Why a private server could not be started, reached or stopped.
public struct ServerError: Error, Sendable, CustomStringConvertible {
    /// What callers may want to tell apart.
    public enum Kind: Sendable, Hashable {
        /// The server's programs are not on this machine.
        case notInstalled
        /// Somebody else listens on the wanted port.
        case portTaken
        /// A folder or file cannot be made, read, written or reached.
        case folder
        /// The server's process ended by itself.
        case ended
        /// The server did not get to the wanted state in time.
        case timedOut
        /// The server runs but refuses work.
        case unhealthy
        /// The task was cancelled.
        case cancelled
        /// A call to the operating system failed.
        case system
    }

    /// The kind of failure.
    public let kind: Kind
    /// A sentence for people.
    public let message: String
    /// The last lines of the server's log, when they can explain it.
    public let log: String

    /// Makes the error.
    public init(_ kind: Kind, _ message: String, log: String = "") {
        self.kind = kind
        self.message = message
        self.log = log
    }

    /// The sentence, and the last log lines below it.
    public var description: String { log.isEmpty ? message : "\(message)\n\(log)" }
}
