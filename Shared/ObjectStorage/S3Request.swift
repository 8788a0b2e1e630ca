import Crypto
import Foundation
import HTTPClient

/// One request to an object store, before it is signed; spelled in the canonical form that is signed.
struct S3Request {
    let method: String
    let bucket: String
    /// Nil for the bucket itself.
    let key: String?
    var query: [(name: String, value: String)] = []
    var headers: [(name: String, value: String)] = []
    var body: [UInt8]?
    /// The most bytes of an answer that is held in memory.
    var answerLimit = 8 << 20

    /// What it does, for messages: `PUT s3://bucket/key`.
    var action: String { "\(method) s3://\(bucket)/\(key ?? "")" }

    init(_ method: String, _ bucket: String, _ key: String? = nil) throws(S3Error) {
        self.method = method
        self.bucket = bucket
        self.key = key
        try Self.check(bucket: bucket)
        if let key { try Self.check(key: key) }
    }

    static func check(bucket: String) throws(S3Error) {
        let isName =
            (3...63).contains(bucket.utf8.count) && !bucket.contains("..")
            && bucket.utf8.allSatisfy { $0.isUnreserved && $0 != UInt8(ascii: "~") }
        guard isName else {
            throw S3Error(
                .invalid,
                "a bucket's name has 3 to 63 letters, digits, dashes and dots, which \(bucket.prefix(80)) has not")
        }
    }

    /// It stands in a host's name.
    static func check(region: String) throws(S3Error) {
        guard (1...64).contains(region.utf8.count),
            region.utf8.allSatisfy({ $0.isUnreserved && $0 != UInt8(ascii: ".") })
        else {
            throw S3Error(
                .invalid, "a region has 1 to 64 letters, digits and dashes, which \(region.prefix(80)) has not")
        }
    }

    /// A part that is a dot or two would be taken for a way through folders, by this client's URLs and by others.
    static func check(key: String) throws(S3Error) {
        let parts = key.split(separator: "/", omittingEmptySubsequences: false)
        guard (1...1024).contains(key.utf8.count), !parts.contains("."), !parts.contains(".."),
            key.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F })
        else {
            throw S3Error(.invalid, "a key has 1 to 1,024 bytes, no control characters, and no part that is . or ..")
        }
    }

    /// The request, signed for this moment.
    ///
    /// - Parameter digest: the SHA-256 of the body in lower-case hexadecimal.
    func signed(_ settings: S3Settings, limits: WebLimits, digest: String) throws(S3Error) -> WebRequest {
        try Self.check(region: settings.region)
        var text = settings.base(of: bucket)
        if let key {
            text += "/" + WebURL.encoded(key, keeping: "/")
        } else if settings.endpoint == nil {
            text += "/"
        }
        let query = query.map { (name: WebURL.encoded($0.name), value: WebURL.encoded($0.value)) }
            .sorted { $0.name < $1.name }.map { "\($0.name)=\($0.value)" }.joined(separator: "&")
        if !query.isEmpty { text += "?" + query }
        let url: WebURL
        do { url = try WebURL(text) } catch { throw S3Error(.invalid, "cannot \(action): \(error.message)") }
        var request = WebRequest(method, url, headers: headers, body: body, limits: limits)
        if body != nil, !headers.contains(where: { $0.name == "Content-Type" }) {
            request.headers.append(("Content-Type", "application/octet-stream"))
        }
        S3Signature(settings: settings, date: Date()).sign(&request, query: query, digest: digest)
        return request
    }

    /// The SHA-256 of the body in lower-case hexadecimal.
    var digest: String { Hex.encode(sha256(body ?? [])) }
}
