import HTTPClient
import Storage

/// An object store's refusal, or that none could be reached.
public struct S3Error: Error, Sendable, Hashable, CustomStringConvertible {
    /// What went wrong, as a word that stays.
    public enum Code: String, Sendable, Hashable, CaseIterable {
        /// A bucket, key, region or part that cannot be one.
        case invalid = "s3_invalid"
        /// The keys are not known, sign wrongly or may not do this.
        case denied = "s3_denied"
        /// The keys were for a limited time, which is over.
        case expiredCredentials = "s3_expired_credentials"
        /// There is no such bucket.
        case noBucket = "s3_no_bucket"
        /// There is no such object.
        case noObject = "s3_no_object"
        /// There is no such multipart upload.
        case noUpload = "s3_no_upload"
        /// The bucket is in another region.
        case wrongRegion = "s3_wrong_region"
        /// The clock of this machine is wrong.
        case clock = "s3_clock"
        /// Nothing of the object is in the range.
        case outOfRange = "s3_out_of_range"
        /// The object is larger than the store, or its uploader, takes.
        case tooLarge = "s3_too_large"
        /// The object has changed while it was read.
        case changed = "s3_changed"
        /// The store does not answer, or is overloaded, also after several tries.
        case unavailable = "s3_unavailable"
        /// The address policy forbids the store's address.
        case refusedAddress = "s3_refused_address"
        /// The store's certificate does not hold.
        case tls = "s3_tls"
        /// Anything else that the store refuses.
        case refused = "s3_refused"
        /// What answers does not speak S3.
        case badAnswer = "s3_bad_answer"
        /// The task was cancelled.
        case cancelled = "s3_cancelled"
    }

    /// What went wrong.
    public let code: Code
    /// A sentence for people: what was tried, what the store said, and what to do. Never a secret.
    public let message: String

    /// Whether the same may succeed later, without anybody's doing.
    public var isTransient: Bool { code == .unavailable }

    /// Code and message.
    public var description: String { "\(code.rawValue): \(message)" }

    init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// A request that got no answer.
    init(_ action: String, _ error: WebError) {
        let code: Code =
            switch error.kind {
            case .cancelled: .cancelled
            case .refusedAddress: .refusedAddress
            case .tls: .tls
            case .invalidRequest, .redirect: .invalid
            case .tooLarge: .badAnswer
            case .overflow, .dns, .connect, .timeout, .answer, .closed: .unavailable
            }
        self.init(code, "cannot \(action): \(error.message)")
    }

    /// An answer that refuses, or a good one with an error inside.
    init(_ action: String, status: Int, body: [UInt8]) {
        let said = S3Answer.error(in: body)
        let code = Self.code(said?.code ?? "", status: status)
        var message = "cannot \(action): the store answers \(status)"
        if let said { message += " \(said.code) (\(said.message.prefix(300)))" }
        if let advice = Self.advice[code] { message += "; \(advice)" }
        self.init(code, message)
    }

    private static func code(_ said: String, status: Int) -> Code {
        switch said {
        case "ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "RequestExpired": .expiredCredentials
        case "NoSuchBucket": .noBucket
        case "NoSuchKey": .noObject
        case "NoSuchUpload": .noUpload
        case "PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException": .wrongRegion
        case "RequestTimeTooSkewed": .clock
        case "EntityTooLarge": .tooLarge
        case "PreconditionFailed": .changed
        case "InvalidAccessKeyId", "InvalidToken", "InvalidClientTokenId", "SignatureDoesNotMatch": .denied
        // These two come with a status of 400 and of 409.
        case "RequestTimeout", "OperationAborted", "SlowDown", "InternalError", "ServiceUnavailable": .unavailable
        default: code(status: status)
        }
    }

    private static func code(status: Int) -> Code {
        switch status {
        case 301, 307: .wrongRegion
        case 401, 403: .denied
        case 404: .noObject
        case 412: .changed
        case 416: .outOfRange
        case 408, 429, 500...599: .unavailable
        case 200..<300: .badAnswer
        default: .refused
        }
    }

    private static let advice: [Code: String] = [
        .denied: "check the access key, its secret and what it may do",
        .expiredCredentials: "get new keys and submit them",
        .noBucket: "make the bucket or name another",
        .wrongRegion: "name the bucket's region and endpoint",
        .clock: "set the clock of this machine",
    ]
}

extension StorageError {
    /// What went wrong in the object store behind an artifact store.
    init(_ error: S3Error) {
        let kind: Kind =
            switch error.code {
            case .noObject: .missing
            case .unavailable: .unavailable
            default: .failed
            }
        self.init(kind: kind, message: error.description)
    }
}
