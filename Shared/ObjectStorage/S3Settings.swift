import HTTPClient

/// Keys of an object store.
public struct S3Credentials: Sendable, Hashable, CustomStringConvertible, CustomReflectable {
    let keyID: String
    let secret: String
    let token: String?

    /// Makes keys; a session token belongs to keys for a limited time.
    public init(accessKeyID: String, secretAccessKey: String, sessionToken: String? = nil) {
        keyID = accessKeyID
        secret = secretAccessKey
        token = sessionToken
    }

    /// Nothing of the secret.
    public var description: String { "S3 credentials" }
    /// Nothing of the secret.
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// Where an object store is, and as whom it is used.
public struct S3Settings: Sendable {
    /// The store's address without a bucket; Amazon's in the region when nil.
    public var endpoint: WebURL?
    /// The region that requests are signed for.
    public var region: String
    /// The keys.
    public var credentials: S3Credentials
    /// How often a request is tried that fails for a reason that may pass.
    public var tries: Int
    /// The wait after a first failure; it doubles, up to 20 seconds.
    public var backoff: Duration
    /// How large a part of a multipart upload is, in bytes; no less than 5 MiB at Amazon's. Of one upload two are in memory.
    public var partSize: Int

    /// Makes settings.
    public init(
        endpoint: WebURL? = nil, region: String = "us-east-1", credentials: S3Credentials, tries: Int = 5,
        backoff: Duration = .milliseconds(200), partSize: Int = 8 << 20
    ) {
        self.endpoint = endpoint
        self.region = region
        self.credentials = credentials
        self.tries = tries
        self.backoff = backoff
        self.partSize = partSize
    }

    /// The bucket's own host at Amazon's; its path elsewhere, where names of hosts for buckets are rare, and for names with dots, which no
    /// certificate covers.
    func base(of bucket: String) -> String {
        if let endpoint {
            return (endpoint.text.hasSuffix("/") ? String(endpoint.text.dropLast()) : endpoint.text) + "/" + bucket
        }
        let host = "s3.\(region).amazonaws.com"
        return bucket.contains(".") ? "https://\(host)/\(bucket)" : "https://\(bucket).\(host)"
    }
}
