/// Keys to sign a request with by AWS Signature Version 4, as object stores want it; libcurl does the signing.
///
/// What libcurl signs is the request as it is written, for which versions 7.88 (Debian 12) and 8.14 (Debian 13) agree on these forms:
/// - the query is given in its canonical form: names in order, everything but letters, digits and `-._~` percent-encoded, a name without a
///   value with its `=` (7.88 signs the query as it stands, later versions bring it into that form);
/// - the path is percent-encoded in the same way, but for slashes;
/// - the header `x-amz-content-sha256` has the digest of the body (7.88 signs a digest without sending it);
/// - no header is without a value (7.88 signs those that curl does not send).
public struct WebSignature: Sendable, Hashable, CustomStringConvertible, CustomReflectable {
    let region: String
    let service: String
    let keyID: String
    let secret: String
    let token: String?

    /// Makes a signature's keys; a token belongs to keys for a limited time.
    public init(region: String, service: String, keyID: String, secret: String, token: String? = nil) {
        self.region = region
        self.service = service
        self.keyID = keyID
        self.secret = secret
        self.token = token
    }

    /// Nothing of the secret.
    public var description: String { "a signature for \(service) in \(region)" }
    /// Nothing of the secret.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
