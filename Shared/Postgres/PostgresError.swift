/// Something went wrong between us and the database.
public struct PostgresError: Error, Sendable, CustomStringConvertible {
    /// What kind of trouble it is; callers branch on this and on `sqlState`, never on text.
    public enum Kind: Sendable, Hashable {
        /// No connection, or it was lost: a statement in flight may or may not have taken effect.
        case connection
        /// The server refused the statement; `sqlState` says why.
        case server
        /// No connection of the pool came free in time; nothing was sent.
        case poolTimeout
        /// A value of a result is not of the type that was asked for.
        case decoding
        /// The task was cancelled; the statement was stopped or never sent.
        case cancelled
        /// The caller did what cannot work, such as binding text that holds a NUL.
        case usage
    }

    /// What kind of trouble it is.
    public let kind: Kind
    /// The server's five-character code (PostgreSQL manual, appendix A), if it gave one.
    public let sqlState: String?
    /// The server's or the module's sentence about it.
    public let message: String
    /// The server's second sentence. It may quote values of the row: do not show it to strangers.
    public let detail: String?
    /// The name of the violated constraint.
    public let constraint: String?
    /// A plan that a schema change broke, inside a transaction where it could not be retried in place.
    let isStalePlan: Bool

    /// Makes an error; services use it in tests and for faults of their own statements.
    public init(
        _ kind: Kind, _ message: String, sqlState: String? = nil, detail: String? = nil, constraint: String? = nil
    ) {
        self.init(kind, message, sqlState: sqlState, detail: detail, constraint: constraint, isStalePlan: false)
    }

    init(
        _ kind: Kind, _ message: String, sqlState: String?, detail: String?, constraint: String?, isStalePlan: Bool
    ) {
        self.kind = kind
        self.message = message
        self.sqlState = sqlState
        self.detail = detail
        self.constraint = constraint
        self.isStalePlan = isStalePlan
    }

    /// Whether the same operation may well succeed when it is tried again.
    ///
    /// That does not make it safe to repeat: after `.connection` it may have taken effect already.
    public var isTransient: Bool {
        switch kind {
        case .connection, .poolTimeout: return true
        case .decoding, .cancelled, .usage: return false
        case .server: break
        }
        guard let sqlState, !isStalePlan else { return isStalePlan }
        // Of the class of connection troubles, 08P01 alone is a mistake of ours, such as COPY into a column of another size.
        if sqlState == "08P01" { return false }
        return ["08", "53"].contains(sqlState.prefix(2))
            || ["40001", "40P01", "55P03", "57P01", "57P02", "57P03", "57P04", "57P05"].contains(sqlState)
    }

    /// Whether the values of the statement are at fault, so that it fails however often it is tried: text that holds NUL, a
    /// number out of range, a broken constraint, a row that is too large.
    public var isDataFault: Bool {
        switch kind {
        case .usage, .decoding: true
        case .server: sqlState.map { ["22", "23", "54"].contains($0.prefix(2)) } ?? false
        case .connection, .poolTimeout, .cancelled: false
        }
    }

    /// Whether the server gave the statement up because it took too long (`statement_timeout`), or takes no writes at the moment
    /// (read-only after a failover). Another try may help, but not at once.
    public var isOverload: Bool { kind == .server && (sqlState == "57014" || sqlState == "25006") }

    /// A sentence for people, without `detail`.
    public var description: String {
        sqlState.map { "\(kind): \(message) (SQLSTATE \($0))" } ?? "\(kind): \(message)"
    }

    /// The same error with its place in front of the message.
    func at(_ place: String) -> PostgresError {
        PostgresError(
            kind, "\(place): \(message)", sqlState: sqlState, detail: detail, constraint: constraint,
            isStalePlan: isStalePlan)
    }
}
