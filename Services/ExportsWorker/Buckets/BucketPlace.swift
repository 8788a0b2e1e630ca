import HTTPClient
import JSON
import ObjectStorage
import WorkerKit

/// A place in an object store that a job names, with keys of its client's.
struct BucketPlace: Decodable, Sendable {
    let bucket: String
    /// A whole key of a source; what the keys of a target begin with.
    let key: String
    /// The store's address; Amazon's when nil.
    let endpoint: String?
    let region: String
    let accessKeyID: String
    let secretAccessKey: String
    let sessionToken: String?

    enum CodingKeys: String, CodingKey {
        case bucket, key, endpoint, region
        case accessKeyID = "access_key_id"
        case secretAccessKey = "secret_access_key"
        case sessionToken = "session_token"
    }

    /// What a spec says of it.
    static func schema(key: String) -> JSON {
        [
            "type": "object", "additionalProperties": false,
            "required": ["bucket", "key", "access_key_id", "secret_access_key"],
            "properties": [
                "bucket": Schema.text(max: 63), "key": Schema.text(max: 900).described(key),
                "endpoint": [
                    "type": "string", "maxLength": 500, "pattern": "^https?://",
                    "description": "The store's address; Amazon's in the region when it is not told.",
                ],
                "region": Schema.text(max: 60).defaulting(to: "us-east-1"), "access_key_id": Schema.text(max: 200),
                "secret_access_key": secret, "session_token": secret,
            ],
        ]
    }

    private static let secret: JSON = ["type": "string", "minLength": 1, "maxLength": 4096, "x-secret": true]

    /// Where it is, for people.
    func uri(_ key: String) -> String { "s3://\(bucket)/\(key)" }

    /// A client of the store.
    ///
    /// - Throws: `JobFailure` `s3_invalid` for an endpoint that is no URL.
    func client(_ web: WebClient) throws(JobFailure) -> S3Client {
        var address: WebURL?
        do throws(WebError) { address = try endpoint.map { (text) throws(WebError) in try WebURL(text) } } catch {
            throw JobFailure(code: "s3_invalid", message: "The endpoint cannot be used: \(error.message).")
        }
        return S3Client(
            S3Settings(
                endpoint: address, region: region,
                credentials: S3Credentials(
                    accessKeyID: accessKeyID, secretAccessKey: secretAccessKey, sessionToken: sessionToken)),
            web: web)
    }
}

extension S3Error {
    /// What the job's client is told.
    private var failure: JobFailure { JobFailure(code: code.rawValue, message: message) }

    /// How the job ends for it.
    ///
    /// - Throws: the failure where another attempt may succeed; `CancellationError` where the job was asked to end, which is no failure of its.
    func outcome<Output>() throws -> Outcome<Output> {
        if code == .cancelled { throw CancellationError() }
        guard isTransient else { return .reject(failure) }
        throw failure
    }
}
