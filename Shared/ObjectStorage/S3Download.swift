import HTTPClient

/// An object that is read piece by piece, by one task at a time. A connection that breaks is opened anew where it broke, as long as the
/// object is the same.
public actor S3Download {
    /// How many bytes come in all.
    public nonisolated let size: Int

    private let client: S3Client
    private let bucket: String
    private let key: String
    private let tag: String?
    private var rest: Range<Int>
    private var stream: WebStream?
    private var failures = 0

    /// Reads what a stream has: of the range, or all.
    init(
        _ client: S3Client, _ bucket: String, _ key: String, range: Range<Int>?, _ stream: WebStream
    ) throws(S3Error) {
        guard let size = stream.head["Content-Length"].flatMap({ Int($0) }), size >= 0 else {
            throw S3Error(.badAnswer, "cannot GET s3://\(bucket)/\(key): the answer has no Content-Length")
        }
        if range != nil { try Self.expectRange(stream, bucket, key) }
        (self.client, self.bucket, self.key, self.stream) = (client, bucket, key, stream)
        tag = stream.head["ETag"]
        self.size = size
        let start = range?.lowerBound ?? 0
        rest = start..<start + size
    }

    /// Nothing.
    init(empty client: S3Client, _ bucket: String, _ key: String) {
        (self.client, self.bucket, self.key, tag, size, rest) = (client, bucket, key, nil, 0, 0..<0)
    }

    /// The next piece, at most 256 KiB; nil at the end.
    public func next() async throws(S3Error) -> [UInt8]? {
        while !rest.isEmpty {
            do throws(WebError) {
                let piece = try await piece()
                rest = rest.dropFirst(piece.count)
                failures = 0
                return piece
            } catch {
                failures += 1
                let failure = S3Error("GET s3://\(bucket)/\(key)", error)
                guard failure.isTransient, failures < client.settings.tries else { throw failure }
            }
            let stream = try await client.open(bucket: bucket, key: key, range: rest, tag: tag)
            try Self.expectRange(stream, bucket, key)
            self.stream = stream
        }
        return nil
    }

    /// A store that does not know ranges sends the object from its beginning.
    private static func expectRange(_ stream: WebStream, _ bucket: String, _ key: String) throws(S3Error) {
        guard stream.head.status == 206 else {
            throw S3Error(.badAnswer, "cannot GET s3://\(bucket)/\(key): the store does not know ranges")
        }
    }

    private func piece() async throws(WebError) -> [UInt8] {
        guard let piece = try await stream?.next(), piece.count <= rest.count else {
            throw WebError(.answer, "the object has another length than its head says")
        }
        return piece
    }
}
