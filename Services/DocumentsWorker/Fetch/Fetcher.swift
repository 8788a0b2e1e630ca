import Concurrency
import Config
import Fetching
import HTTPClient
import Markup
import WorkerKit

/// Fetches documents from web servers, all through one client, and from public addresses only unless the operator lists more.
///
/// No error shows more of a URL than its origin, but for the last part of its path, which names the document.
struct Fetcher: Sendable {
    /// As many as all lanes of the usual slots may want; one more waits, within its time.
    private static let places = 256

    private let files: FileFetcher

    /// Reads `SWITCHYARD_FETCH_ALLOW`: addresses, networks and hosts that may be fetched from although they are not public.
    init(_ environment: Environment) throws(ConfigError) {
        self.init(addresses: try environment.addressPolicy("SWITCHYARD_FETCH_ALLOW"))
    }

    init(addresses: AddressPolicy, backoff: Backoff = Backoff(base: .seconds(1), cap: .seconds(8))) {
        files = FileFetcher(
            WebClient(addresses: addresses, concurrency: Self.places, maxQueued: 40 * Self.places, name: "documents"),
            words: FetchWords(thing: "document", whenLarge: "split the document"), backoff: backoff)
    }

    /// Fetches a document into a file without a name.
    ///
    /// - Parameter onRetry: hears why a try failed, and how long the wait for the next one is.
    /// - Throws: `JobFailure` where the URL gives no document, `ExtractionError` `unavailable` where this machine cannot take it, and
    ///   `CancellationError`, at once, when the task is cancelled.
    func fetch(
        _ text: String, limits: ExtractionLimits, onRetry: (JobFailure, Duration) -> Void = { _, _ in }
    ) async throws -> FetchedFile {
        do {
            let fetched = try await files.fetch(
                text, limits: FileFetcher.Limits(time: limits.downloadTime, bytes: limits.downloadBytes),
                into: { try UnnamedFile() }, onRetry: onRetry)
            return FetchedFile(
                file: fetched.file, size: fetched.size, sha256: fetched.sha256,
                name: FetchedName.of(fetched.url, disposition: fetched.head["Content-Disposition"]),
                mediaType: fetched.head["Content-Type"])
        } catch let error as FetchFailure {
            throw error.failure
        } catch let error as WebError {
            throw ExtractionError.unavailable(error.message)
        }
    }
}

extension UnnamedFile: FetchTarget {}
