import HTTPClient
import WorkerKit

/// How messages call what is fetched, and what they advise.
public struct FetchWords: Sendable {
    /// In the singular: `document`.
    public let thing: String
    /// What to do when it is too large, besides raising `limits.download_bytes`.
    public let whenLarge: String

    /// Makes them.
    public init(thing: String, whenLarge: String) {
        self.thing = thing
        self.whenLarge = whenLarge
    }
}

/// Why a URL gave no file, and whether another try may help.
public struct FetchFailure: Error {
    /// For clients.
    public let failure: JobFailure
    /// Whether another try may help.
    public let isTransient: Bool
    /// How long the server asks to wait.
    let retryAfter: Duration

    private init(_ code: String, _ message: String, isTransient: Bool = false, retryAfter: Duration = .zero) {
        failure = JobFailure(code: code, message: message)
        self.isTransient = isTransient
        self.retryAfter = retryAfter
    }
}

extension FetchFailure {
    /// A text that is no URL.
    static func invalidURL(_ error: WebError) -> FetchFailure {
        FetchFailure("invalid_url", "The URL cannot be fetched: \(error.message).")
    }

    /// An answer that is not what was asked for.
    static func status(_ head: WebHead, at url: WebURL, _ words: FetchWords) -> FetchFailure {
        let answer = "\(url.origin) answered \(head.status)"
        return switch head.status {
        case 408, 425, 429, 500...599:
            FetchFailure(
                "http_status", "\(answer): submit the \(words.thing) again later.",
                isTransient: true, retryAfter: head.retryAfter ?? .zero)
        case 401, 403, 407:
            FetchFailure("http_status", "\(answer): use a URL that is signed or open, or upload the file.")
        default:
            FetchFailure("http_status", "\(answer), which is no \(words.thing): check the URL.")
        }
    }

    /// No answer, or no usable one, on the way from a URL to where it leads.
    ///
    /// - Throws: what is not the URL's fault.
    static func of(_ error: WebError, at url: WebURL, _ words: FetchWords) throws -> FetchFailure {
        let origin = url.origin
        return switch error.kind {
        case .invalidRequest: FetchFailure("invalid_url", "The URL cannot be fetched: \(error.message).")
        case .refusedAddress:
            FetchFailure(
                "address_not_allowed",
                "\(origin) is, or leads to, an address that is not public: upload the file, or let the operator list the host in SWITCHYARD_FETCH_ALLOW."
            )
        case .dns:
            // The resolver may be away for a moment: nothing tells that from a name that is wrong.
            FetchFailure(
                "name_not_resolved", "\(origin), or where it leads, has no address: check the host's name.",
                isTransient: true)
        case .connect:
            FetchFailure(
                "connection_failed", "\(origin), or where it leads, takes no connection: see that the server runs.",
                isTransient: true)
        case .tls:
            FetchFailure(
                "tls_failed", "No trusted connection to \(origin): \(error.message). Mend the server's certificate.")
        case .timeout:
            FetchFailure(
                "download_timed_out",
                "\(origin) did not send the \(words.thing) in time: submit it again later, raise limits.download_seconds, or upload the file.",
                isTransient: true)
        case .tooLarge:
            FetchFailure(
                "too_large", "\(origin): \(error.message): raise limits.download_bytes, or \(words.whenLarge).")
        case .redirect: FetchFailure("bad_redirect", "\(origin): \(error.message): use the URL that it ends at.")
        case .answer:
            FetchFailure(
                "broken_answer", "\(origin) broke off, or does not speak HTTP: \(error.message).", isTransient: true)
        case .cancelled: throw CancellationError()
        case .overflow, .closed: throw error
        }
    }
}
