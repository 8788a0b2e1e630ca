import CLibPQ
import Glibc

/// The owner of one `PGconn` in non-blocking mode: it waits with `poll`, and never longer than it should.
///
/// Not `Sendable`: it lives on the thread of the actor that opened it.
final class Connection {
    let pointer: OpaquePointer
    /// How long the server may be silent while we wait for it.
    private let silenceLimit: Duration
    /// The server said, while we were idle, that it will close the connection.
    private var isDying = false
    /// How long a server that was asked to cancel may go on.
    private static let cancelGrace: Duration = .seconds(5)

    /// Connects. Blocks for up to the configuration's connect timeout per address of the host.
    init(_ configuration: PostgresConfiguration) throws(PostgresError) {
        let parameters = configuration.parameters(urlOptions: try Self.options(in: configuration.url))
        guard let pointer = Self.connect(parameters) else { throw PostgresError(.connection, "out of memory") }
        self.pointer = pointer
        silenceLimit = configuration.silenceLimit
        // From here on `deinit` frees the connection, also when this throws.
        guard PQstatus(pointer) == CONNECTION_OK else { throw lost() }
        // The callback runs only inside libpq calls that this object makes, so the pointer is good whenever it is used.
        PQsetNoticeReceiver(
            pointer,
            { owner, notice in
                guard let owner, let notice else { return }
                Unmanaged<Connection>.fromOpaque(owner).takeUnretainedValue().receive(notice)
            }, Unmanaged.passUnretained(self).toOpaque())
        guard PQsetnonblocking(pointer, 1) == 0 else { throw lost() }
    }

    deinit { PQfinish(pointer) }

    private static func connect(_ parameters: [(keyword: String, value: String)]) -> OpaquePointer? {
        let keywords = parameters.map { strdup($0.keyword) }
        let values = parameters.map { strdup($0.value) }
        defer { (keywords + values).forEach { free($0) } }
        return PQconnectdbParams(
            keywords.map { UnsafePointer($0) } + [nil], values.map { UnsafePointer($0) } + [nil], 1)
    }

    /// What the URL itself says for `options`, which ours are added to.
    private static func options(in url: String) throws(PostgresError) -> String? {
        var message: UnsafeMutablePointer<CChar>?
        guard let start = PQconninfoParse(url, &message) else {
            defer { PQfreemem(message) }
            throw PostgresError(.usage, "the database URL is invalid: \(Self.sentence(message))")
        }
        defer { PQconninfoFree(start) }
        var option = start
        while let keyword = option.pointee.keyword {
            if strcmp(keyword, "options") == 0 { return option.pointee.val.map { String(cString: $0) } }
            option += 1
        }
        return nil
    }

    /// Whether the socket is still good. Reads what an idle connection may have received: notices, or its end.
    var isAlive: Bool {
        // A closed socket shows its last message first and its end after it.
        for _ in 0..<8 {
            guard PQstatus(pointer) == CONNECTION_OK, !isDying else { return false }
            var descriptor = pollfd(fd: PQsocket(pointer), events: Int16(POLLIN), revents: 0)
            if poll(&descriptor, 1, 0) <= 0 { return true }
            guard PQconsumeInput(pointer) == 1 else { return false }
            _ = PQisBusy(pointer)
        }
        return PQstatus(pointer) == CONNECTION_OK && !isDying
    }

    /// Drops notices. The farewell of a server to an idle connection comes this way too, ahead of the closed socket.
    private func receive(_ notice: OpaquePointer) {
        if let severity = PQresultErrorField(notice, PG_DIAG_SEVERITY_CODE), strcmp(severity, "FATAL") == 0 {
            isDying = true
        }
    }

    var isIdle: Bool {
        PQstatus(pointer) == CONNECTION_OK && PQtransactionStatus(pointer) == PQTRANS_IDLE
            && PQpipelineStatus(pointer) == PQ_PIPELINE_OFF
    }

    var isInTransaction: Bool { [PQTRANS_INTRANS, PQTRANS_INERROR].contains(PQtransactionStatus(pointer)) }
    var isTransactionFailed: Bool { PQtransactionStatus(pointer) == PQTRANS_INERROR }

    /// The next result of what was sent, nil at the end of a statement's results.
    func nextResult(_ operation: Operation) throws(PostgresError) -> ResultHandle? {
        try flush(operation)
        while PQisBusy(pointer) == 1 { try waitFor(POLLIN, operation) }
        return PQgetResult(pointer).map { ResultHandle($0) }
    }

    /// The next row of a copy from the server, which the caller frees with `PQfreemem`; nil at its end.
    func nextCopyRow(_ operation: Operation) throws(PostgresError) -> UnsafeMutableRawBufferPointer? {
        var row: UnsafeMutablePointer<CChar>?
        while true {
            let length = PQgetCopyData(pointer, &row, 1)
            switch length {
            case 0: try waitFor(POLLIN, operation)
            case -1: return nil
            case -2: throw lost()
            default: return UnsafeMutableRawBufferPointer(start: row, count: Int(length))
            }
        }
    }

    /// Sends everything that libpq holds back; reads meanwhile, so that a server that waits for us to read goes on.
    func flush(_ operation: Operation) throws(PostgresError) {
        while true {
            switch PQflush(pointer) {
            case 0: return
            case 1: try waitFor(POLLIN | POLLOUT, operation)
            default: throw lost()
            }
        }
    }

    /// Throws unless libpq accepted what was to be sent.
    func check(_ accepted: Int32) throws(PostgresError) {
        if accepted != 1 { throw lost() }
    }

    /// The error of the connection itself; nothing more can be done with it.
    func lost() -> PostgresError { PostgresError(.connection, Self.sentence(PQerrorMessage(pointer))) }

    /// Waits for the socket and reads what is there.
    private func waitFor(_ events: Int32, _ operation: Operation) throws(PostgresError) {
        let start = ContinuousClock.now
        var cancelledAt: ContinuousClock.Instant?
        while true {
            var descriptor = pollfd(fd: PQsocket(pointer), events: Int16(events), revents: 0)
            // A slice of a second is soon enough to see a cancellation that the server does not answer.
            let ready = poll(&descriptor, 1, 1_000)
            if ready > 0 { break }
            if ready < 0, errno != EINTR {
                throw PostgresError(.connection, "poll: \(String(cString: strerror(errno)))")
            }
            let now = ContinuousClock.now
            guard now - start < silenceLimit else {
                throw PostgresError(.connection, "the server is silent for \(silenceLimit)")
            }
            guard operation.isCancelled else { continue }
            cancelledAt = cancelledAt ?? now
            if let cancelledAt, now - cancelledAt > Self.cancelGrace {
                throw PostgresError(.connection, "the server does not answer a cancellation")
            }
        }
        guard PQconsumeInput(pointer) == 1 else { throw lost() }
    }

    /// What libpq says, without its layout for terminals.
    private static func sentence(_ message: UnsafePointer<CChar>?) -> String {
        guard let message, message.pointee != 0 else { return "the connection is lost" }
        return String(cString: message).split { $0 == "\n" || $0 == "\t" }.joined(separator: " ")
    }
}

extension PostgresError {
    /// The error that a result reports. A server that closes the connection counts as a lost connection.
    init(_ result: ResultHandle, on connection: Connection, _ operation: Operation) {
        let sqlState = result.errorField(PG_DIAG_SQLSTATE_CODE)
        let severity = result.errorField(PG_DIAG_SEVERITY_CODE)
        let isLost = sqlState == nil || severity == "FATAL" || severity == "PANIC"
        let kind: Kind = isLost ? .connection : sqlState == "57014" && operation.isCancelled ? .cancelled : .server
        let source = result.errorField(PG_DIAG_FUNCTION_CODE)
        self.init(
            kind, result.errorField(PG_DIAG_MESSAGE_CODE) ?? connection.lost().message, sqlState: sqlState,
            detail: result.errorField(PG_DIAG_DETAIL_CODE), constraint: result.errorField(PG_DIAG_CONSTRAINT_CODE),
            // "cached plan must not change result type", told by where it is raised because its text is translated.
            // 26000: somebody deallocated our statements.
            isStalePlan: sqlState == "0A000" && source == "RevalidateCachedQuery" || sqlState == "26000")
    }
}
