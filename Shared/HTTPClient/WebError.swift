import CCurl

/// A request that got no answer, or no usable one.
public struct WebError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What went wrong.
    public enum Kind: String, Sendable, Hashable {
        /// The request itself cannot be sent: its URL, method or headers.
        case invalidRequest = "invalid_request"
        /// Too many requests wait already, or memory is out.
        case overflow
        /// The address policy forbids the address.
        case refusedAddress = "refused_address"
        /// The name has no address.
        case dns
        /// No connection came up.
        case connect
        /// The server's certificate does not hold, or TLS failed otherwise.
        case tls
        /// The time for connecting or for the whole is over, or nothing came for too long.
        case timeout
        /// The answer is larger than its limit.
        case tooLarge = "too_large"
        /// Too many redirects, one from https to http, or one that leads to no URL.
        case redirect
        /// The server broke off, or does not speak HTTP.
        case answer
        /// The task was cancelled.
        case cancelled
        /// The client was closed.
        case closed
    }

    /// What went wrong.
    public let kind: Kind
    /// A sentence for people, without the URL.
    public let message: String

    /// Makes the error.
    public init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    /// Kind and message.
    public var description: String { "\(kind.rawValue): \(message)" }

    init(_ code: CURLcode) {
        let kind: Kind =
            switch code {
            case CURLE_URL_MALFORMAT, CURLE_BAD_FUNCTION_ARGUMENT: .invalidRequest
            case CURLE_OUT_OF_MEMORY: .overflow
            case CURLE_COULDNT_RESOLVE_HOST: .dns
            case CURLE_COULDNT_CONNECT: .connect
            case CURLE_OPERATION_TIMEDOUT: .timeout
            case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER,
                CURLE_SSL_ISSUER_ERROR, CURLE_SSL_INVALIDCERTSTATUS, CURLE_SSL_CACERT_BADFILE:
                .tls
            default: .answer
            }
        self.init(kind, String(cString: curl_easy_strerror(code)))
    }
}
