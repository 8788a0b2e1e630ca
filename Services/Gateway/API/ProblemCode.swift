/// The catalogue of problems: a stable word for each, its status, and what it means.
///
/// `/openapi.json` and `/docs` are made from it.
extension Problem {
    enum Code: String, Sendable, CaseIterable {
        case badRequest = "bad_request"
        case malformedJSON = "malformed_json"
        case invalidParameter = "invalid_parameter"
        case invalidCursor = "invalid_cursor"
        case unauthenticated
        case forbidden
        case urlExpired = "url_expired"
        case badSignature = "bad_signature"
        case badDelivery = "bad_delivery"
        case notFound = "not_found"
        case noSuchCall = "no_such_call"
        case methodNotAllowed = "method_not_allowed"
        case requestTimeout = "request_timeout"
        case ambiguousID = "ambiguous_id"
        case illegalMove = "illegal_move"
        case changedMeanwhile = "changed_meanwhile"
        case tooManySchedules = "too_many_schedules"
        case grantsMore = "grants_more"
        case jobEnded = "job_ended"
        case keyEnded = "key_ended"
        case lastKey = "last_key"
        case workerGone = "worker_gone"
        case tooManyWebhooks = "too_many_webhooks"
        case webhookDisabled = "webhook_disabled"
        case bodyTooLarge = "body_too_large"
        case unsupportedMediaType = "unsupported_media_type"
        case outOfRange = "range_not_satisfiable"
        case unknownType = "unknown_type"
        case invalidSpec = "invalid_spec"
        case invalidField = "invalid_field"
        case unknownDependency = "unknown_dependency"
        case unknownModel = "unknown_model"
        case noEmbedder = "no_embedder"
        case idempotencyKeyReused = "idempotency_key_reused"
        case headersTooLarge = "headers_too_large"
        case fault
        case contentUnavailable = "content_unavailable"
        case pullRequestFailed = "pull_request_failed"
        case unavailable
        case storageFull = "storage_full"

        var status: Int {
            switch self {
            case .badRequest, .malformedJSON, .invalidParameter, .invalidCursor: 400
            case .unauthenticated, .badDelivery: 401
            case .forbidden, .urlExpired, .badSignature, .grantsMore: 403
            case .notFound, .noSuchCall: 404
            case .methodNotAllowed: 405
            case .requestTimeout: 408
            case .ambiguousID, .illegalMove, .changedMeanwhile, .tooManySchedules, .jobEnded, .keyEnded, .lastKey,
                .workerGone, .tooManyWebhooks, .webhookDisabled:
                409
            case .bodyTooLarge: 413
            case .unsupportedMediaType: 415
            case .outOfRange: 416
            case .unknownType, .invalidSpec, .invalidField, .unknownDependency, .unknownModel, .noEmbedder,
                .idempotencyKeyReused:
                422
            case .headersTooLarge: 431
            case .fault, .contentUnavailable: 500
            case .pullRequestFailed: 502
            case .unavailable: 503
            case .storageFull: 507
            }
        }

        var title: String {
            switch self {
            case .badRequest: "The request cannot be read"
            case .malformedJSON: "The body is not JSON"
            case .invalidParameter: "A query parameter is not valid"
            case .invalidCursor: "The cursor is not valid"
            case .unauthenticated: "A valid API key is required"
            case .forbidden: "The key does not allow this"
            case .urlExpired: "The address is no longer valid"
            case .badSignature: "The address is not valid"
            case .badDelivery: "The delivery is not signed by who it should be"
            case .notFound: "Not found"
            case .noSuchCall: "There is no such call"
            case .methodNotAllowed: "The method is not allowed here"
            case .requestTimeout: "The request did not arrive in time"
            case .ambiguousID: "The short id is not unique"
            case .illegalMove: "The status does not allow this"
            case .changedMeanwhile: "Somebody else has changed this at the same time"
            case .tooManySchedules: "The namespace has as many schedules as it may have"
            case .grantsMore: "A key gives no more than it has"
            case .jobEnded: "The message's job has ended"
            case .keyEnded: "The key has ended"
            case .lastKey: "No other key allows this"
            case .workerGone: "The worker has ended"
            case .tooManyWebhooks: "The namespace has too many webhooks"
            case .webhookDisabled: "The webhook is disabled"
            case .bodyTooLarge: "The body is too large"
            case .unsupportedMediaType: "Forms are not accepted"
            case .outOfRange: "The file has no such bytes"
            case .unknownType: "The job type is not known"
            case .invalidSpec: "The spec does not fit its schema"
            case .invalidField: "The request does not fit its schema"
            case .unknownDependency: "A job that is depended on does not exist"
            case .unknownModel: "Nothing was embedded by such a model"
            case .noEmbedder: "Texts cannot be embedded here"
            case .idempotencyKeyReused: "The Idempotency-Key was used for another request"
            case .headersTooLarge: "The headers are too large"
            case .fault: "The gateway has a fault"
            case .contentUnavailable: "The content cannot be read"
            case .pullRequestFailed: "The pull request has failed again"
            case .unavailable: "Temporarily unavailable"
            case .storageFull: "The storage is full"
            }
        }
    }
}

extension Route {
    /// What this call may answer when something is wrong, in the order of the catalogue.
    var problems: [Problem.Code] {
        var codes: Set<Problem.Code> = [
            .badRequest, .invalidParameter, .requestTimeout, .headersTooLarge, .bodyTooLarge, .unavailable,
        ]
        if scope != nil { codes.formUnion([.unauthenticated, .forbidden]) }
        if !parameterNames.isEmpty { codes.insert(.notFound) }
        if parameterNames.contains("job") { codes.insert(.ambiguousID) }
        if query.contains(where: { $0.name == "cursor" }) { codes.insert(.invalidCursor) }
        switch body {
        case .none: break
        case .object: codes.formUnion([.malformedJSON, .invalidField])
        case .submission: codes.formUnion([.malformedJSON, .invalidField, .unknownType, .invalidSpec])
        case .signed: codes.formUnion([.malformedJSON, .unsupportedMediaType])
        case .file: codes.formUnion([.unsupportedMediaType, .storageFull])
        }
        if headers.contains(where: { $0.name == "Idempotency-Key" }) { codes.insert(.idempotencyKeyReused) }
        codes.formUnion(ownProblems)
        return Problem.Code.allCases.filter(codes.contains)
    }
}
