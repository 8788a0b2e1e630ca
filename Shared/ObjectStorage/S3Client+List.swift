import Foundation
import HTTPClient
import JSON

extension S3Client {
    /// One page of the objects whose keys begin with a prefix, in the order of their keys.
    ///
    /// - Parameter token: `next` of the page before.
    public func list(
        bucket: String, prefix: String, token: String? = nil, limit: Int = 1000
    ) async throws(S3Error) -> (objects: [S3Object], next: String?) {
        var request = try S3Request("GET", bucket)
        request.query = [("list-type", "2"), ("max-keys", String(limit)), ("prefix", prefix)]
        if let token { request.query.append(("continuation-token", token)) }
        let answer = try await answer(request, "ListBucketResult")
        let objects = try answer.all("Contents").map { entry throws(S3Error) in
            guard let key = entry["Key"], let size = entry["Size"].flatMap({ Int($0) }) else {
                throw S3Error(.badAnswer, "cannot \(request.action): an object has no key or size")
            }
            return S3Object(
                key: key, size: size, tag: entry["ETag"] ?? "",
                modified: entry["LastModified"].flatMap(Date.init(rfc3339:)))
        }
        return (objects, answer["IsTruncated"] == "true" ? answer["NextContinuationToken"] : nil)
    }

    /// The multipart uploads under way whose keys begin with a prefix.
    public func uploads(bucket: String, prefix: String) async throws(S3Error) -> [S3UploadRecord] {
        var found: [S3UploadRecord] = []
        var marker: (key: String, id: String)?
        repeat {
            var request = try S3Request("GET", bucket)
            request.query = [("prefix", prefix), ("uploads", "")]
            if let marker { request.query += [("key-marker", marker.key), ("upload-id-marker", marker.id)] }
            let answer = try await answer(request, "ListMultipartUploadsResult")
            for entry in answer.all("Upload") {
                guard let key = entry["Key"], let id = entry["UploadId"] else {
                    throw S3Error(.badAnswer, "cannot \(request.action): an upload has no key or id")
                }
                // Not every store heeds the prefix.
                guard key.hasPrefix(prefix) else { continue }
                found.append(
                    S3UploadRecord(key: key, id: id, begun: entry["Initiated"].flatMap(Date.init(rfc3339:))))
            }
            let isTruncated = answer["IsTruncated"] == "true"
            marker = isTruncated ? answer["NextKeyMarker"].map { ($0, answer["NextUploadIdMarker"] ?? "") } : nil
        } while marker != nil
        return found
    }

    func answer(_ request: S3Request, _ root: String) async throws(S3Error) -> S3Answer {
        let body = try await send(request, expecting: root).body
        guard let answer = S3Answer(body) else {
            throw S3Error(.badAnswer, "cannot \(request.action): the answer is no XML")
        }
        return answer
    }
}

/// A multipart upload under way.
public struct S3UploadRecord: Sendable, Hashable {
    /// The key that it is for.
    public let key: String
    /// The store's name for it.
    public let id: String
    /// When it was begun.
    public let begun: Date?
}
