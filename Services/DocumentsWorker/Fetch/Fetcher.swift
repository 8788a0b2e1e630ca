import Concurrency
import Config
import HTTPClient
import WorkerKit

/// Fetches documents from web servers, all through one client, and from public addresses only unless the operator lists more.
///
/// A document has one time for everything: its tries, the waits between them, redirects. What may pass by itself (a server that does not
/// answer, breaks off, or is busy) is tried again; everything else is the document's error at once. No error shows more of a URL than
/// its origin, but for the last part of its path, which names the document; a query may hold a secret.
struct Fetcher: Sendable {
    /// As many as all lanes of the usual slots may want; one more waits, within its time.
    private static let places = 256
    private static let tries = 4
    /// Whoever is asked to come back later than this does not wait for it.
    private static let longestPause: Duration = .seconds(60)

    private let client: WebClient
    private let backoff: Backoff

    /// Reads `SWITCHYARD_FETCH_ALLOW`: addresses, networks and hosts that may be fetched from although they are not public.
    init(_ environment: Environment) throws(ConfigError) {
        self.init(addresses: try environment.addressPolicy("SWITCHYARD_FETCH_ALLOW"))
    }

    init(addresses: AddressPolicy, backoff: Backoff = Backoff(base: .seconds(1), cap: .seconds(8))) {
        client = WebClient(
            addresses: addresses, concurrency: Self.places, maxQueued: 40 * Self.places, name: "documents")
        self.backoff = backoff
    }

    /// Fetches a document into a file without a name.
    ///
    /// - Parameter onRetry: hears why a try failed, and how long the wait for the next one is.
    /// - Throws: `JobFailure` where the URL gives no document, `ExtractionError` `unavailable` where this machine cannot take it, and
    ///   `CancellationError`, at once, when the task is cancelled.
    func fetch(
        _ text: String, limits: ExtractionLimits, onRetry: (JobFailure, Duration) -> Void = { _, _ in }
    ) async throws -> FetchedFile {
        let url: WebURL
        do { url = try WebURL(text) } catch { throw FetchFailure.invalidURL(error) }
        let deadline = ContinuousClock.now + limits.downloadTime
        var failures = 0
        while true {
            do {
                return try await attempt(url, limits: limits, until: deadline)
            } catch let error as FetchFailure {
                try Task.checkCancellation()
                failures += 1
                let pause = max(backoff.delay(afterFailures: failures), error.retryAfter)
                guard error.isTransient, failures < Self.tries, pause <= Self.longestPause, .now + pause < deadline
                else { throw error.failure }
                onRetry(error.failure, pause)
                try await Task.sleep(for: pause)
            }
        }
    }

    private func attempt(
        _ url: WebURL, limits: ExtractionLimits, until deadline: ContinuousClock.Instant
    ) async throws -> FetchedFile {
        let body = try FetchedBody()
        var request = WebRequest(
            "GET", url, headers: [("User-Agent", "Switchyard")],
            limits: WebLimits(
                total: deadline - .now, stall: .seconds(30), body: limits.downloadBytes, redirects: 8,
                acceptsCompression: true))
        request.sink = { body.take($0) }
        let answer: WebStream
        do throws(WebError) {
            answer = try await client.open(request)
            if answer.head.isDocument {
                try answer.head.expectBody(within: limits.downloadBytes)
                while try await answer.next() != nil {}
            }
        } catch {
            try body.checkDisk()
            throw try FetchFailure.of(error, at: url)
        }
        guard answer.head.isDocument else { throw FetchFailure.status(answer.head, at: answer.url) }
        return body.finished(
            name: FetchedName.of(answer.url, disposition: answer.head["Content-Disposition"]),
            mediaType: answer.head["Content-Type"])
    }
}

extension WebHead {
    /// Whether the body is the whole document: nobody asked for a part of one.
    fileprivate var isDocument: Bool { (200..<300).contains(status) && status != 206 }

    /// A body that is said to be too large is not even begun; how large a compressed one becomes shows when it comes.
    fileprivate func expectBody(within limit: Int) throws(WebError) {
        guard let length = self["Content-Length"].flatMap({ Int($0) }), length > limit else { return }
        throw WebError(.tooLarge, "the answer has \(length) bytes, more than \(limit)")
    }
}
