/// Why a text is no URL of a page.
public enum URLFault: String, Error, Sendable, Hashable, CaseIterable, CustomStringConvertible {
    /// More bytes than a URL may have.
    case tooLong = "too_long"
    /// No scheme, and no page that it could be relative to.
    case noScheme = "no_scheme"
    /// A scheme other than http and https: `mailto:`, `javascript:`, `data:`, `ftp:` …
    case wrongScheme = "wrong_scheme"
    /// Nothing where the host should stand.
    case noHost = "no_host"
    /// A byte in the host that no host may have.
    case badHost = "bad_host"
    /// A name that has no form in ASCII by IDNA.
    case badName = "bad_name"
    /// A host that looks like an IPv4 or IPv6 address and is none.
    case badAddress = "bad_address"
    /// A port that is no number up to 65535.
    case badPort = "bad_port"

    /// A sentence for people, without the URL.
    public var description: String {
        switch self {
        case .tooLong: "The URL is longer than \(PageURL.maxLength) bytes."
        case .noScheme: "The URL does not begin with http:// or https://."
        case .wrongScheme: "The URL's scheme is neither http nor https."
        case .noHost: "The URL has no host."
        case .badHost: "The URL's host has a character that no host may have."
        case .badName: "The URL's host is no valid international name."
        case .badAddress: "The URL's host is no valid IP address."
        case .badPort: "The URL's port is no number up to 65535."
        }
    }
}
