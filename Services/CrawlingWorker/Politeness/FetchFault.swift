/// Why a URL could not be fetched; the raw values are stored and shown, and never change.
enum FetchFault: String, Sendable, CaseIterable {
    /// The name could not be resolved just now.
    case dns
    /// The name does not exist.
    case unknownHost = "unknown_host"
    case connect
    case tls
    case timeout
    /// The connection ended before the answer did.
    case reset
    /// 429, or 503 with or without `Retry-After`.
    case rateLimited = "rate_limited"
    /// Any other 5xx.
    case serverError = "http_5xx"
    /// 408 and 425, by which a server asks for another try.
    case tryAgain = "http_try_again"
    /// Any other 4xx.
    case clientError = "http_4xx"
    /// 404 and 410.
    case notFound = "not_found"
    /// 401, 403, 407 and 451.
    case forbidden
    /// What came is no HTTP, or its encoding is broken.
    case brokenAnswer = "broken_answer"
    case tooLarge = "too_large"
    case contentType = "content_type"
    case redirectLoop = "redirect_loop"
    case tooManyRedirects = "too_many_redirects"
    case badRedirect = "bad_redirect"
    /// The address, or the scheme, may not be fetched from.
    case addressRefused = "address_refused"
    case badURL = "bad_url"
    /// By robots.txt.
    case robotsDisallowed = "robots_disallowed"
    /// The robots.txt could not be read.
    case robotsUnreachable = "robots_unreachable"
    case softNotFound = "soft_404"
    case botWall = "bot_wall"
    case trap

    /// The fault that a status stands for; nil for one below 400.
    init?(status: Int) {
        switch status {
        case ..<400: return nil
        case 404, 410: self = .notFound
        case 401, 403, 407, 451: self = .forbidden
        case 408, 425: self = .tryAgain
        case 429, 503: self = .rateLimited
        case 400..<500: self = .clientError
        case 500..<600: self = .serverError
        default: self = .brokenAnswer
        }
    }

    /// Whether the same request may well succeed later.
    var isTransient: Bool {
        switch self {
        case .dns, .connect, .timeout, .reset, .rateLimited, .serverError, .tryAgain, .brokenAnswer, .robotsUnreachable:
            true
        case .unknownHost, .tls, .clientError, .notFound, .forbidden, .tooLarge, .contentType, .redirectLoop,
            .tooManyRedirects, .badRedirect, .addressRefused, .badURL, .robotsDisallowed, .softNotFound, .botWall,
            .trap:
            false
        }
    }
}
