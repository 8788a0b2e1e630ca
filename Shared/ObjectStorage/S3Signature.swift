import Crypto
import Foundation
import HTTPClient

/// Signs requests by AWS Signature Version 4, as Amazon's documentation for S3 has it.
///
/// By hand, although libcurl can sign: of the versions that Debian has, 7.88 signs headers that are not sent, and 8.16 signs `%2B` in a query as
/// something else, so that no prefix or token with a plus sign could be listed.
struct S3Signature {
    let settings: S3Settings
    let date: Date

    /// Adds the headers that sign the request as it stands. Its path and query are spelled canonically (`S3Request`).
    ///
    /// - Parameters:
    ///   - query: what stands behind the `?`.
    ///   - digest: the SHA-256 of the body in lower-case hexadecimal.
    func sign(_ request: inout WebRequest, query: String, digest: String) {
        let time = date.formatted(
            Date.ISO8601FormatStyle(dateSeparator: .omitted, timeSeparator: .omitted, timeZone: .gmt))
        let day = String(time.prefix(8))
        request.headers += [("x-amz-content-sha256", digest), ("x-amz-date", time)]
        if let token = settings.credentials.token { request.headers.append(("x-amz-security-token", token)) }

        let host = request.url.origin.drop { $0 != "/" }.dropFirst(2)
        let fields = (request.headers + [("host", String(host))])
            .map { (name: $0.name.lowercased(), value: $0.value.trimmingCharacters(in: .whitespaces)) }
            .sorted { $0.name < $1.name }
        let names = fields.map(\.name).joined(separator: ";")
        let canonical =
            "\(request.method)\n\(request.url.path)\n\(query)\n"
            + fields.map { "\($0.name):\($0.value)\n" }.joined() + "\n\(names)\n\(digest)"
        let scope = "\(day)/\(settings.region)/s3/aws4_request"
        let text = "AWS4-HMAC-SHA256\n\(time)\n\(scope)\n\(Hex.encode(sha256(canonical)))"
        let signature = Hex.encode(hmacSHA256(key: key(day), message: Array(text.utf8)))
        request.headers.append(
            (
                "Authorization",
                "AWS4-HMAC-SHA256 Credential=\(settings.credentials.keyID)/\(scope), SignedHeaders=\(names), Signature=\(signature)"
            ))
    }

    private func key(_ day: String) -> [UInt8] {
        [day, settings.region, "s3", "aws4_request"].reduce(Array("AWS4\(settings.credentials.secret)".utf8)) {
            hmacSHA256(key: $0, message: Array($1.utf8))
        }
    }
}
