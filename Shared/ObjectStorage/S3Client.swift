import Concurrency
import Foundation
import HTTPClient

/// A client of an object store that speaks S3: Amazon's, or one that is like it.
///
/// What may pass (no connection, 5xx, 429, a request to slow down) is tried again with growing waits, a few times; what the store refuses
/// for good is told at once. Every operation is safe to repeat but the beginning of an upload, which says that it was repeated.
public struct S3Client: Sendable {
    /// How long one request may take, and how long nothing may move.
    private static let limits = WebLimits(connect: .seconds(10), total: .seconds(600), stall: .seconds(30))
    /// A reader may take its time; what moves nothing for half a minute ends all the same.
    private static let downloadLimits = WebLimits(
        connect: .seconds(10), total: .seconds(86_400), stall: .seconds(30), body: .max)

    /// As much of an error as is read.
    private static let maxRefusal = 64 << 10

    let settings: S3Settings
    private let web: WebClient

    /// Makes a client.
    ///
    /// - Parameter web: opens the connections; its policy says where they may lead.
    public init(_ settings: S3Settings, web: WebClient) {
        self.settings = settings
        self.web = web
    }

    /// Stores a small object, in place of what was there.
    public func put(
        _ bytes: [UInt8], bucket: String, key: String, contentType: String = "application/octet-stream"
    ) async throws(S3Error) {
        var request = try S3Request("PUT", bucket, key)
        request.body = bytes
        request.headers = [("Content-Type", contentType)]
        _ = try await send(request)
    }

    /// Begins to read an object, or a part of it; nothing comes from a range behind the end.
    public func get(bucket: String, key: String, range: Range<Int>? = nil) async throws(S3Error) -> S3Download {
        if let range, range.isEmpty { return S3Download(empty: self, bucket, key) }
        do throws(S3Error) {
            let opened = try await open(bucket: bucket, key: key, range: range, tag: nil)
            return try S3Download(self, bucket, key, range: range, opened)
        } catch {
            guard error.code == .outOfRange else { throw error }
            return S3Download(empty: self, bucket, key)
        }
    }

    /// Removes an object; one that is not there is removed already.
    public func delete(bucket: String, key: String) async throws(S3Error) {
        do throws(S3Error) { try await send(try S3Request("DELETE", bucket, key)) } catch {
            guard error.code == .noObject else { throw error }
        }
    }

    /// What is known of an object; nil when it is not there.
    public func head(bucket: String, key: String) async throws(S3Error) -> S3Object? {
        let request = try S3Request("HEAD", bucket, key)
        do throws(S3Error) {
            let head = try await send(request).head
            guard let size = head["Content-Length"].flatMap({ Int($0) }) else {
                throw S3Error(.badAnswer, "cannot \(request.action): the answer has no Content-Length")
            }
            return S3Object(key: key, size: size, tag: head["ETag"] ?? "", modified: nil)
        } catch {
            guard error.code == .noObject else { throw error }
            return nil
        }
    }

    // MARK: requests

    /// Sends a request, again where that may help; answers only with a 2xx.
    ///
    /// - Parameter root: the name of the answer's outermost element; what else a 200 carries is an error.
    @discardableResult
    func send(_ request: S3Request, expecting root: String? = nil) async throws(S3Error) -> WebResponse {
        try await sendCounting(request, expecting: root).response
    }

    /// The same, with how many tries failed before.
    func sendCounting(
        _ request: S3Request, expecting root: String? = nil
    ) async throws(S3Error) -> (response: WebResponse, failures: Int) {
        var limits = Self.limits
        limits.body = request.answerLimit
        // While a store puts parts together, it sends a blank now and then, or nothing.
        if root != nil { limits.stall = limits.total }
        let digest = request.digest
        let (response, failures) = try await persistently { () async throws(S3Error) in
            // Anew for each try: a signature holds for a quarter of an hour.
            let signed = try request.signed(settings, limits: limits, digest: digest)
            let response: WebResponse
            do throws(WebError) { response = try await web.send(signed) } catch { throw S3Error(request.action, error) }
            let isWanted = root == nil || S3Answer(response.body)?.name == root
            guard (200..<300).contains(response.status), isWanted else {
                throw S3Error(request.action, status: response.status, body: response.body)
            }
            return response
        }
        return (response, failures)
    }

    /// Opens the stream of an object's bytes.
    ///
    /// - Parameter tag: the version that it must still have.
    func open(bucket: String, key: String, range: Range<Int>?, tag: String?) async throws(S3Error) -> WebStream {
        var request = try S3Request("GET", bucket, key)
        if let range {
            request.headers.append(
                ("Range", "bytes=\(range.lowerBound)-" + (range.upperBound == .max ? "" : String(range.upperBound - 1)))
            )
        }
        if let tag { request.headers.append(("If-Match", tag)) }
        let digest = request.digest
        return try await persistently { () async throws(S3Error) in
            let signed = try request.signed(settings, limits: Self.downloadLimits, digest: digest)
            let (stream, refusal) = try await self.stream(signed, request.action)
            guard refusal == nil else {
                throw S3Error(request.action, status: stream.head.status, body: refusal ?? [])
            }
            return stream
        }.output
    }

    /// The answer, and the body of one that refuses.
    private func stream(
        _ request: WebRequest, _ action: String
    ) async throws(S3Error) -> (WebStream, refusal: [UInt8]?) {
        do throws(WebError) {
            let stream = try await web.open(request)
            if (200..<300).contains(stream.head.status) { return (stream, nil) }
            var refusal: [UInt8] = []
            while refusal.count < Self.maxRefusal, let piece = try await stream.next() { refusal += piece }
            return (stream, refusal)
        } catch {
            throw S3Error(action, error)
        }
    }

    private func persistently<Output: Sendable>(
        _ operation: () async throws(S3Error) -> Output
    ) async throws(S3Error) -> (output: Output, failures: Int) {
        let backoff = Backoff(base: settings.backoff, cap: .seconds(20))
        var failures = 0
        while true {
            do throws(S3Error) {
                return (try await operation(), failures)
            } catch {
                failures += 1
                guard error.isTransient, failures < settings.tries else { throw error }
            }
            do { try await Task.sleep(for: backoff.delay(afterFailures: failures)) } catch {
                throw S3Error(.cancelled, "the task was cancelled")
            }
        }
    }
}

/// An object as a store tells of it.
public struct S3Object: Sendable, Hashable {
    /// Its key.
    public let key: String
    /// In bytes.
    public let size: Int
    /// What tells this version from others, in quotation marks.
    public let tag: String
    /// When it was stored, where the store was asked for a list.
    public let modified: Date?
}
