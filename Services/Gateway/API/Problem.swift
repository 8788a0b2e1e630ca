import Concurrency
import Foundation
import HTTPServer
import JSON
import Jobs
import Postgres

/// An answer that says what went wrong and what to do, as `application/problem+json` (RFC 9457).
struct Problem: Error, Sendable {
    let status: Int
    /// A stable word, the last part of the problem's type.
    let code: String
    let title: String
    let detail: String
    var violations: [Violation] = []
    var headers: [(String, String)] = []

    var response: HTTPResponse {
        var json: JSONObject = [
            "type": .string("urn:switchyard:problem:" + code), "title": .string(title), "status": .int(Int64(status)),
            "code": .string(code), "detail": .string(detail),
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

/// The catalogue of problems.
extension Problem {
    static func malformedJSON(_ error: JSONError) -> Problem {
        Problem(status: 400, code: "malformed_json", title: "The body is not JSON", detail: "\(error)")
    }
    static func invalidParameter(_ name: String, _ expected: String) -> Problem {
        Problem(
            status: 400, code: "invalid_parameter", title: "A query parameter is not valid",
            detail: "\(name) must be \(expected).")
    }
    static let invalidCursor = Problem(
        status: 400, code: "invalid_cursor", title: "The cursor is not valid",
        detail: "Use next_cursor of an earlier page as it is, or leave cursor out to start anew.")
    static let unauthenticated = Problem(
        status: 401, code: "unauthenticated", title: "A valid API key is required",
        detail: "Send the key as \"Authorization: Bearer KEY\" or \"X-API-Key: KEY\".",
        headers: [("WWW-Authenticate", "Bearer realm=\"switchyard\"")])
    static func forbidden(_ scope: Scope) -> Problem {
        Problem(
            status: 403, code: "forbidden", title: "The API key does not allow this",
            detail: "This call needs a key with the scope \(scope.rawValue).")
    }
    static func notFound(_ what: String) -> Problem {
        Problem(
            status: 404, code: "not_found", title: "Not found",
            detail: "There is no such \(what) in this key's namespace.")
    }
    static let noSuchCall = Problem(
        status: 404, code: "no_such_call", title: "There is no such call",
        detail: "The API lives under /api/v1; see README.")
    static func methodNotAllowed(_ allowed: [String]) -> Problem {
        Problem(
            status: 405, code: "method_not_allowed", title: "The method is not allowed here",
            detail: "Allowed: \(allowed.joined(separator: ", ")).",
            headers: [("Allow", allowed.joined(separator: ", "))])
    }
    static func ambiguousID(_ prefix: String) -> Problem {
        Problem(
            status: 409, code: "ambiguous_id", title: "The short id is not unique",
            detail: "Several jobs start with \(prefix); give more of the id.")
    }
    static func illegalMove(_ action: String, _ status: JobStatus) -> Problem {
        Problem(
            status: 409, code: "illegal_move", title: "The job's status does not allow this",
            detail: "The job is \(status.rawValue), which cannot be changed by \(action).")
    }
    static func illegalMove(_ action: String, _ status: Workflow.Status) -> Problem {
        Problem(
            status: 409, code: "illegal_move", title: "The workflow's status does not allow this",
            detail: "The workflow is \(status.rawValue), which cannot be changed by \(action).")
    }
    static func tooManySchedules(_ limit: Int) -> Problem {
        Problem(
            status: 409, code: "too_many_schedules", title: "The namespace has as many schedules as it may have",
            detail: "At most \(limit) schedules are allowed in a namespace. Delete one that is not needed.")
    }
    static let changedMeanwhile = Problem(
        status: 409, code: "changed_meanwhile", title: "Somebody else has changed this at the same time",
        detail: "Read it again, and repeat the change if it is still wanted.")
    static func unknownDependencies(_ pointers: [String]) -> Problem {
        Problem(
            status: 422, code: "unknown_dependency", title: "A job that is depended on does not exist",
            detail: "depends_on names jobs of this key's namespace.",
            violations: pointers.map { Violation(at: $0, rule: "depends_on", message: "there is no such job") })
    }
    static let unsupportedMediaType = Problem(
        status: 415, code: "unsupported_media_type", title: "Forms are not accepted",
        detail: "Send the file itself as the body: curl --data-binary @FILE.")
    static func refused(_ error: SubmissionError) -> Problem {
        let title =
            switch error.kind {
            case .unknownType: "The job type is not known"
            case .invalidSpec: "The spec does not fit its schema"
            case .invalidField: "The request does not fit its schema"
            }
        return Problem(
            status: 422, code: error.kind.rawValue, title: title, detail: error.detail, violations: error.violations)
    }
    static func invalidField(_ pointer: String, _ message: String) -> Problem {
        Problem(
            status: 422, code: "invalid_field", title: "The request does not fit its schema", detail: message,
            violations: [Violation(at: pointer, rule: "type", message: message)])
    }
    static func keyReused(_ id: UUID, of what: String = "job") -> Problem {
        Problem(
            status: 422, code: "idempotency_key_reused", title: "The Idempotency-Key was used for another request",
            detail: "The key belongs to \(what) \(id.text), which was asked for with another body. Use a new key.")
    }
    static func tooLarge(_ limit: Int) -> Problem {
        Problem(
            status: 413, code: "body_too_large", title: "The body is too large",
            detail: "At most \(limit) bytes are accepted here.")
    }
    /// The client went away, or the gateway stops: mostly nobody reads it.
    static let cutOff = unavailable("The request was cut off before it was answered. Try again.")
    /// Nobody may be there to read it; it is counted all the same.
    static func brokenBody(_ error: BodyStreamError) -> Problem {
        Problem(
            status: 400, code: "bad_request", title: "The body did not come to its end",
            detail: "Nothing was stored: \(error).")
    }
    static let storageFull = Problem(
        status: 507, code: "storage_full", title: "The storage is full", detail: "Free disk space, then upload again.")
    static func unavailable(_ what: String) -> Problem {
        Problem(
            status: 503, code: "unavailable", title: "Temporarily unavailable", detail: what,
            headers: [("Retry-After", "1")])
    }
    static let fault = Problem(
        status: 500, code: "fault", title: "The gateway has a fault",
        detail: "The request was not understood by the gateway itself; its log tells more.")

    /// The problem that stands for any error of a use case.
    init(_ error: any Error) {
        switch error {
        case let problem as Problem: self = problem
        case let error as RequestError: self.init(error)
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
        case .fileUnavailable:
            self.init(
                status: 500, code: "content_unavailable", title: "The content cannot be read",
                detail: "Its file is missing or unreadable in the storage; the gateway's log tells more.")
        case .invalidResponse: self = .fault
        case .badRequest, .headersTooLarge, .timeout:
            self.init(
                status: error.status, code: "bad_request", title: "The request cannot be read",
                detail: error.description)
        }
    }
}
