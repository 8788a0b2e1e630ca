import HTTPClient

extension S3Client {
    /// The most parts of an upload.
    static let maxParts = 10_000

    /// Begins an upload.
    ///
    /// - Returns: its id, and whether it was begun more than once: a store that did it and whose answer was lost has another one then.
    func createUpload(
        bucket: String, key: String, contentType: String
    ) async throws(S3Error) -> (id: String, mayHaveTwin: Bool) {
        var request = try S3Request("POST", bucket, key)
        request.query = [("uploads", "")]
        request.headers = [("Content-Type", contentType)]
        let root = "InitiateMultipartUploadResult"
        let (response, failures) = try await sendCounting(request, expecting: root)
        guard let id = S3Answer(response.body)?["UploadId"], !id.isEmpty else {
            throw S3Error(.badAnswer, "cannot \(request.action): the answer names no upload")
        }
        return (id, failures > 0)
    }

    /// Uploads a part, from 1 on; answers its tag.
    func uploadPart(
        _ number: Int, _ bytes: [UInt8], bucket: String, key: String, id: String
    ) async throws(S3Error) -> String {
        var request = try S3Request("PUT", bucket, key)
        request.query = [("partNumber", String(number)), ("uploadId", id)]
        request.body = bytes
        guard let tag = try await send(request).head["ETag"] else {
            throw S3Error(.badAnswer, "cannot \(request.action): a part has no ETag")
        }
        return tag
    }

    /// Makes the object of its parts.
    ///
    /// - Parameter size: how many bytes they have, by which the object is known when the answer to a first try was lost.
    func completeUpload(
        bucket: String, key: String, id: String, tags: [String], size: Int
    ) async throws(S3Error) {
        var request = try S3Request("POST", bucket, key)
        request.query = [("uploadId", id)]
        request.headers = [("Content-Type", "application/xml")]
        let parts = tags.enumerated().map { index, tag in
            "<Part><PartNumber>\(index + 1)</PartNumber><ETag>\(S3Answer.escaped(tag))</ETag></Part>"
        }
        let namespace = "http://s3.amazonaws.com/doc/2006-03-01/"
        request.body = Array(
            "<CompleteMultipartUpload xmlns=\"\(namespace)\">\(parts.joined())</CompleteMultipartUpload>".utf8)
        do throws(S3Error) {
            // A 200 may carry an error: the status is sent before the store has put the parts together.
            _ = try await send(request, expecting: "CompleteMultipartUploadResult")
        } catch {
            guard error.code == .noUpload, let object = try await head(bucket: bucket, key: key), object.size == size
            else { throw error }
        }
    }

    /// Ends an upload and forgets its parts; one that is not there has ended already.
    public func abortUpload(bucket: String, key: String, id: String) async throws(S3Error) {
        var request = try S3Request("DELETE", bucket, key)
        request.query = [("uploadId", id)]
        do throws(S3Error) { try await send(request) } catch {
            guard error.code == .noUpload else { throw error }
        }
    }
}
