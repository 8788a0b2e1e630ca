import Concurrency
import Foundation
import HTTPClient
import WorkerKit

/// Fetches files from web servers, by the addresses that its client allows.
///
/// A file has one time for everything: its tries, the waits between them, redirects. What may pass by itself (a server that does not
/// answer, breaks off, or is busy) is tried again; everything else is the file's error at once. No error shows more of a URL than
/// its origin; a query may hold a secret.
public struct FileFetcher: Sendable {
    /// What a file may take; both are called so in the messages: `limits.download_seconds` and `limits.download_bytes`.
    public struct Limits: Sendable {
        /// With all tries.
        public let time: Duration
        /// After decompression.
        public let bytes: Int

        /// Makes them.
        public init(time: Duration, bytes: Int) {
            self.time = time
            self.bytes = bytes
        }
    }

    private static let tries = 4
    /// Whoever is asked to come back later than this does not wait for it.
    private static let longestPause: Duration = .seconds(60)

    private let client: WebClient
    private let words: FetchWords
    private let backoff: Backoff

    /// Makes a fetcher over a client.
    public init(
        _ client: WebClient, words: FetchWords, backoff: Backoff = Backoff(base: .seconds(1), cap: .seconds(8))
    ) {
        self.client = client
        self.words = words
        self.backoff = backoff
    }

    /// Fetches what a URL gives into a file, a new one for each try.
    ///
    /// - Parameter onRetry: hears why a try failed, and how long the wait for the next one is.
    /// - Throws: `FetchFailure` where the URL gives no file, what writing the file throws, `WebError` where this process cannot fetch now, and
    ///   `CancellationError`, at once, when the task is cancelled.
    public func fetch<File: FetchTarget>(
        _ text: String, limits: Limits, into makeFile: () throws -> File,
        onRetry: (JobFailure, Duration) -> Void = { _, _ in }
    ) async throws -> Fetched<File> {
        let url: WebURL
        do { url = try WebURL(text) } catch { throw FetchFailure.invalidURL(error) }
        let deadline = ContinuousClock.now + limits.time
        var failures = 0
        while true {
            do {
                return try await attempt(url, limits.bytes, into: makeFile(), until: deadline)
            } catch let error as FetchFailure {
                try Task.checkCancellation()
                failures += 1
                let pause = max(backoff.delay(afterFailures: failures), error.retryAfter)
                guard error.isTransient, failures < Self.tries, pause <= Self.longestPause, .now + pause < deadline
                else { throw error }
                onRetry(error.failure, pause)
                try await Task.sleep(for: pause)
            }
        }
    }

    private func attempt<File: FetchTarget>(
        _ url: WebURL, _ limit: Int, into file: File, until deadline: ContinuousClock.Instant
    ) async throws -> Fetched<File> {
        let body = FetchedBody(file)
        var request = WebRequest(
            "GET", url, headers: [("User-Agent", "Switchyard")],
            limits: WebLimits(
                total: deadline - .now, stall: .seconds(30), body: limit, redirects: 8, acceptsCompression: true))
        request.sink = { body.take($0) }
        let answer: WebStream
        do throws(WebError) {
            answer = try await client.open(request)
            if answer.head.isWhole {
                try answer.head.expectBody(within: limit)
                while try await answer.next() != nil {}
            }
        } catch {
            try body.checkDisk()
            throw try FetchFailure.of(error, at: url, words)
        }
        guard answer.head.isWhole else { throw FetchFailure.status(answer.head, at: answer.url, words) }
        return body.finished(url: answer.url, head: answer.head)
    }
}

extension WebHead {
    /// Whether the body is the whole file: nobody asked for a part of one.
    fileprivate var isWhole: Bool { (200..<300).contains(status) && status != 206 }

    /// A body that is said to be too large is not even begun; how large a compressed one becomes shows when it comes.
    fileprivate func expectBody(within limit: Int) throws(WebError) {
        guard let length = self["Content-Length"].flatMap({ Int($0) }), length > limit else { return }
        throw WebError(.tooLarge, "the answer has \(length) bytes, more than \(limit)")
    }
}
