/// What came of fetching a robots.txt (RFC 9309, section 2.3.1).
enum RobotsAnswer: Sendable, Equatable {
    /// The file was read.
    case file(RobotsFile)
    /// There is none: everything may be fetched.
    case unavailable
    /// The host could not say: nothing may be fetched for now, and the file is asked for again.
    case unreachable

    /// How long an answer may be used (section 2.4); an unreachable host is asked sooner.
    static let lifetime = Duration.seconds(86_400)

    /// Judges an HTTP answer after its redirects, of which the fetcher follows five; a status of 3xx is one that led no further.
    ///
    /// 429 says nothing about the file, only that it was asked for too often, so it counts as unreachable.
    init(status: Int, body: [UInt8]) {
        switch status {
        case 200..<300: self = .file(RobotsFile(body))
        case 429: self = .unreachable
        case 300..<500: self = .unavailable
        default: self = .unreachable
        }
    }

    /// Whether a crawler may fetch a target: the path and query of a URL.
    func decision(agent: String, target: String) -> RobotsDecision {
        switch self {
        case .file(let file): file.decision(agent: agent, target: target)
        case .unavailable: .allowed(by: nil)
        case .unreachable: .postponed
        }
    }
}
