import Concurrency
import Foundation
import HTTPServer
import JSON
import Jobs
import Postgres
import Search
import Storage

/// An answer that says what went wrong and what to do, as `application/problem+json` (RFC 9457).
struct Problem: Error, Sendable {
    let code: Code
    let detail: String
    var violations: [Violation] = []
    var headers: [(String, String)] = []

    init(_ code: Code, _ detail: String, violations: [Violation] = [], headers: [(String, String)] = []) {
        self.code = code
        self.detail = detail
        self.violations = violations
        self.headers = headers
    }

    var status: Int { code.status }

    var response: HTTPResponse {
        var json: JSONObject = [
            "type": .string("urn:switchyard:problem:" + code.rawValue), "title": .string(code.title),
            "status": .int(Int64(status)), "code": .string(code.rawValue), "detail": .string(detail),
        ]
        if !violations.isEmpty {
            json["errors"] = .array(
                violations.map {
                    ["pointer": .string($0.pointer), "rule": .string($0.keyword), "message": .string($0.message)]
                })
        }
        return HTTPResponse(
            status: status, headers: [("Content-Type", "application/problem+json")] + headers,
            body: .bytes(JSON.object(json).serialized()))
    }
}

/// The problems that use cases name.
extension Problem {
    static func malformedJSON(_ error: JSONError) -> Problem { Problem(.malformedJSON, "\(error)") }
    static func invalidParameter(_ name: String, _ expected: String) -> Problem {
        Problem(.invalidParameter, "\(name) must be \(expected).")
    }
    static func unknownParameter(_ name: String, known: [String]) -> Problem {
        Problem(
            .invalidParameter,
            "There is no parameter \(name.prefix(100)) here. "
                + (known.isEmpty ? "This call takes none." : "Known: \(known.joined(separator: ", "))."))
    }
    static let invalidCursor = Problem(
        .invalidCursor, "Use next_cursor of an earlier page as it is, or leave cursor out to start anew.")
    static let unauthenticated = Problem(
        .unauthenticated, "Send the key as \"Authorization: Bearer KEY\" or \"X-API-Key: KEY\".",
        headers: [("WWW-Authenticate", "Bearer")])
    static func forbidden(_ scope: Scope) -> Problem {
        Problem(.forbidden, "This call needs a key with the scope \(scope.rawValue).")
    }
    static func notFound(_ what: String) -> Problem {
        Problem(.notFound, "There is no such \(what) in this key's namespace.")
    }
    static let noSuchCall = Problem(.noSuchCall, "The API lives under /api/v1; /docs lists its calls.")
    static func methodNotAllowed(_ allowed: [String]) -> Problem {
        Problem(
            .methodNotAllowed, "Allowed: \(allowed.joined(separator: ", ")).",
            headers: [("Allow", allowed.joined(separator: ", "))])
    }
    static func ambiguousID(_ prefix: String) -> Problem {
        Problem(.ambiguousID, "Several jobs start with \(prefix); give more of the id.")
    }
    static func illegalMove(_ action: String, _ status: JobStatus) -> Problem {
        Problem(.illegalMove, "The job is \(status.rawValue), which cannot be changed by \(action).")
    }
    static func illegalMove(_ action: String, _ status: Workflow.Status) -> Problem {
        Problem(.illegalMove, "The workflow is \(status.rawValue), which cannot be changed by \(action).")
    }
    static func tooManySchedules(_ limit: Int) -> Problem {
        Problem(
            .tooManySchedules,
            "At most \(limit) schedules are allowed in a namespace. Delete one that is not needed.")
    }
    static let changedMeanwhile = Problem(
        .changedMeanwhile, "Read it again, and repeat the change if it is still wanted.")
    static func unknownDependencies(_ pointers: [String]) -> Problem {
        Problem(
            .unknownDependency, "depends_on names jobs of this key's namespace.",
            violations: pointers.map { Violation(at: $0, rule: "depends_on", message: "there is no such job") })
    }
    static let unsupportedMediaType = Problem(
        .unsupportedMediaType, "Send the file itself as the body: curl --data-binary @FILE.")
    static func refused(_ error: SubmissionError) -> Problem {
        let code: Code =
            switch error.kind {
            case .unknownType: .unknownType
            case .invalidSpec: .invalidSpec
            case .invalidField: .invalidField
            case .noSealingKey: .unavailable
            }
        return Problem(code, error.detail, violations: error.violations)
    }
    static func invalidField(_ pointer: String, _ message: String) -> Problem {
        invalidBody([Violation(at: pointer, rule: "type", message: message)])
    }
    /// The body breaks the schema of its call.
    static func invalidBody(_ violations: [Violation]) -> Problem {
        Problem(.invalidField, violations.first?.description ?? "The body does not fit.", violations: violations)
    }
    static func keyReused(_ id: UUID, of what: String = "job") -> Problem {
        Problem(
            .idempotencyKeyReused,
            "The key belongs to \(what) \(id.text), which was asked for with another body. Use a new key.")
    }
    static func tooLarge(_ limit: Int) -> Problem {
        Problem(.bodyTooLarge, "At most \(limit) bytes are accepted here.")
    }
    /// The client went away, or the gateway stops: mostly nobody reads it.
    static let cutOff = unavailable("The request was cut off before it was answered. Try again.")
    /// Nobody may be there to read it; it is counted all the same.
    static func brokenBody(_ error: BodyStreamError) -> Problem {
        Problem(.badRequest, "The body did not come to its end, and nothing was stored: \(error).")
    }
    static let storageFull = Problem(.storageFull, "Free disk space, then upload again.")
    static func unavailable(_ what: String) -> Problem {
        Problem(.unavailable, what, headers: [("Retry-After", "1")])
    }
    static let badSignature = Problem(
        .badSignature, "Use the address as it was given, or ask for another: POST /api/v1/artifacts/{artifact}/url.")
    static let urlExpired = Problem(
        .urlExpired, "Its time is over. Ask for another: POST /api/v1/artifacts/{artifact}/url.")
    static func outOfRange(_ size: Int) -> Problem {
        Problem(
            .outOfRange, "The file has \(size) bytes; a range begins before its end.",
            headers: [("Content-Range", "bytes */\(size)")])
    }
    static let contentUnavailable = Problem(
        .contentUnavailable, "Its content is missing or unreadable in the storage; the gateway's log tells more.")
    static let fault = Problem(
        .fault, "The request was not understood by the gateway itself; its log tells more.")
}

/// The problems that stand for errors of the layers below.
extension Problem {
    /// The problem that stands for any error of a use case.
    init(_ error: any Error) {
        switch error {
        case let problem as Problem: self = problem
        case let error as SubmissionError: self = .refused(error)
        case let error as RequestError: self.init(error)
        case let error as SearchError: self.init(error)
        case let error as StorageError: self.init(error)
        case let error as PostgresError where error.isOverload:
            self = .unavailable("The database is too slow at the moment, or takes no writes. Try again later.")
        case let error as PostgresError where error.isTransient:
            self = .unavailable(
                "The database does not answer. A request that changes something may have taken effect: repeat it with the "
                    + "Idempotency-Key that it had, or look before you repeat it.")
        case is BatcherOverflow: self = .unavailable("Too many requests wait for the database. Try again.")
        case BodyStreamError.tooLarge(let limit): self = .tooLarge(limit)
        case let error as BodyStreamError: self = .brokenBody(error)
        case is TimedOut: self = .unavailable("The request took too long. Try again.")
        case is CancellationError: self = .cutOff
        case let error as PostgresError where error.kind == .cancelled: self = .cutOff
        default: self = .fault
        }
    }

    /// The problem that stands for what the server itself refuses.
    init(_ error: RequestError) {
        switch error {
        case .bodyTooLarge(let limit): self = .tooLarge(limit)
        case .draining: self = .unavailable("This gateway is about to stop. Try again: another one takes over.")
        case .methodNotAllowed: self = .methodNotAllowed(["GET", "HEAD", "POST"])
        case .fileUnavailable: self = .contentUnavailable
        case .invalidResponse: self = .fault
        case .badRequest: self.init(.badRequest, error.description)
        case .headersTooLarge: self.init(.headersTooLarge, error.description)
        case .timeout: self.init(.requestTimeout, error.description)
        }
    }

    /// The problem that stands for what the store of files refuses.
    init(_ error: StorageError) {
        switch error.kind {
        case .tooLarge(let limit): self = .tooLarge(limit)
        case .diskFull: self = .storageFull
        case .missing: self = .contentUnavailable
        case .unavailable: self = .unavailable("The store of files does not answer. Try again later.")
        case .failed: self = .fault
        }
    }

    /// The problem that stands for a search without an answer.
    init(_ error: SearchError) {
        switch error.code {
        case .unknownModel: self.init(.unknownModel, error.message)
        case .noEmbedder: self.init(.noEmbedder, error.message)
        case .badVector: self = .invalidField("/vector", error.message)
        case .badText: self = .invalidField("/query", error.message)
        case .modelUnavailable, .tooSlow, .busy: self = .unavailable(error.message)
        }
    }
}
