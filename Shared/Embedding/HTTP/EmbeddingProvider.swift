import Foundation
import HTTPClient
import JSON
import Synchronization

/// One endpoint: sends it texts, waits while it is unwell, and counts.
final class EmbeddingProvider: Sendable {
    /// What the endpoint says to texts.
    enum Reply: Sendable {
        case answered(ProviderAnswer)
        /// It does not take them; its own words.
        case refused(String)
    }

    private typealias Encoding = HTTPEmbedderSettings.Encoding

    private struct State {
        var counters = HTTPEmbedderCounters()
        var encoding: Encoding
        /// Whether the endpoint has taken a request for this encoding.
        var isProven = false
    }

    private let settings: HTTPEmbedderSettings
    private let endpoint: WebURL
    private let client: WebClient
    private let pace: ProviderPace
    private let state: Mutex<State>

    init(_ settings: HTTPEmbedderSettings, client: WebClient) throws(EmbeddingError) {
        do throws(WebError) { endpoint = try settings.endpoint } catch {
            throw EmbeddingError(.denied, "the address of the embedding provider is no URL: \(error.message)")
        }
        self.settings = settings
        self.client = client
        state = Mutex(State(encoding: settings.encoding))
        pace = ProviderPace(settings.patience)
    }

    /// What was asked so far.
    var counters: HTTPEmbedderCounters {
        var counters = state.withLock { $0.counters }
        (counters.waits, counters.waited) = pace.pauses
        return counters
    }

    func count(_ change: (inout HTTPEmbedderCounters) -> Void) { state.withLock { change(&$0.counters) } }

    /// Sends texts until the endpoint takes or refuses them.
    ///
    /// - Parameters:
    ///   - estimate: how many tokens the texts have, for an endpoint that does not say.
    ///   - dimensions: of a vector; nil takes any.
    /// - Throws: `unavailable` when our patience is at its end, `denied`, `cancelled`.
    func ask(_ texts: [String], estimate: Int, dimensions: Int?) async throws(EmbeddingError) -> Reply {
        let deadline = ContinuousClock.now + settings.patience.total
        var (tries, unreadable) = (0, 0)
        var reason = "there was no turn for a try"
        while true {
            let attempt = try await pace.send(before: deadline) { () async throws(EmbeddingError) in
                try await self.attempt(texts, estimate: estimate, dimensions: dimensions, isRetry: tries > 0)
            }
            switch attempt {
            case .answer(let reply): return reply
            case .trouble(let trouble):
                reason = trouble.reason
                tries += 1
                unreadable += trouble.isUnreadable ? 1 : 0
                guard deadline > .now, unreadable < settings.patience.tries else { throw unavailable(reason, tries) }
            case nil: throw unavailable(reason, tries)
            }
        }
    }

    private func unavailable(_ reason: String, _ tries: Int) -> EmbeddingError {
        EmbeddingError(
            .unavailable,
            "the embedding provider at \(settings.base.origin) gives no usable answer, tried \(tries) times: \(reason)")
    }

    /// One request; a second one, for decimal numbers, where base64 may be what is refused.
    private func attempt(
        _ texts: [String], estimate: Int, dimensions: Int?, isRetry: Bool
    ) async throws(EmbeddingError) -> Attempt<Reply> {
        let (encoding, isProven) = state.withLock { ($0.encoding, $0.isProven) }
        let first = try await send(texts, encoding, estimate: estimate, dimensions: dimensions, isRetry: isRetry)
        guard case .answer(.refused) = first, encoding == .base64, !isProven else {
            if case .answer(.answered) = first { state.withLock { $0.isProven = $0.encoding == encoding } }
            return first
        }
        let second = try await send(texts, .float, estimate: estimate, dimensions: dimensions, isRetry: true)
        if case .answer(.answered) = second { state.withLock { ($0.encoding, $0.isProven) = (.float, true) } }
        return second
    }

    private func send(
        _ texts: [String], _ encoding: Encoding, estimate: Int, dimensions: Int?, isRetry: Bool
    ) async throws(EmbeddingError) -> Attempt<Reply> {
        count { counters in
            counters.requests += 1
            counters.retries += isRetry ? 1 : 0
        }
        let response: WebResponse
        do throws(WebError) {
            response = try await client.send(request(texts, encoding, dimensions: dimensions))
        } catch {
            return .trouble(try trouble(of: error))
        }
        return try judge(response, texts: texts.count, estimate: estimate, dimensions: dimensions)
    }

    private func request(_ texts: [String], _ encoding: Encoding, dimensions: Int?) -> WebRequest {
        var json = JSONWriter(capacity: texts.reduce(256) { $0 + $1.utf8.count + 8 })
        json.beginObject()
        json.member("model", settings.model)
        json.member("input", texts)
        json.member("encoding_format", encoding.rawValue)
        if let dimensions = settings.dimensions { json.member("dimensions", dimensions) }
        json.endObject()
        var headers = [
            ("Content-Type", "application/json"), ("Accept", "application/json"), ("User-Agent", "Switchyard"),
        ]
        if let key = settings.key { headers.append(("Authorization", "Bearer \(key)")) }
        let timeout = settings.patience.timeout
        return WebRequest(
            "POST", endpoint, headers: headers.map { (name: $0.0, value: $0.1) }, body: json.bytes,
            limits: WebLimits(
                connect: min(timeout, .seconds(10)), total: timeout, stall: timeout,
                body: ProviderAnswer.mostBytes(texts: texts.count, dimensions: dimensions)))
    }

    private func judge(
        _ response: WebResponse, texts: Int, estimate: Int, dimensions: Int?
    ) throws(EmbeddingError) -> Attempt<Reply> {
        let status = response.status
        switch status {
        case 200..<300:
            do throws(UnreadableAnswer) {
                let answer = try ProviderAnswer(response.body, count: texts, dimensions: dimensions)
                let tokens = answer.tokens ?? estimate
                count { counters in
                    counters.tokens += tokens
                    counters.cost += Double(tokens) / 1e6 * settings.pricePerMillionTokens
                }
                return .answer(.answered(answer))
            } catch {
                return .trouble(
                    Trouble(reason: "it answered \(status), but \(shown(error.reason))", isUnreadable: true))
            }
        case 408, 425, 429, 500...:
            return .trouble(Trouble(reason: words(of: response), retryAfter: response.head.retryAfter))
        case 400, 409, 413, 422: return .answer(.refused(words(of: response)))
        default:
            // A key, a model or an address that is wrong is so for every text.
            throw EmbeddingError(
                .denied, "the embedding provider at \(settings.base.origin) refuses: \(words(of: response))")
        }
    }

    private func words(of response: WebResponse) -> String {
        let message = shown(ProviderMessage(body: response.body).text)
        return "it answered \(response.status)\(message.isEmpty ? "" : ": \(message)")"
    }

    /// What it says, on one line and not a long one, without the key, which some endpoints repeat when they do not like it.
    private func shown(_ text: String) -> String {
        guard let key = settings.key, !key.isEmpty else { return ProviderMessage.clipped(text) }
        // First of the whole text: of a key that is cut in two a part would stay.
        return ProviderMessage.clipped(text.replacingOccurrences(of: key, with: "***"))
    }

    private func trouble(of error: WebError) throws(EmbeddingError) -> Trouble {
        switch error.kind {
        case .cancelled: throw .wasCancelled
        case .refusedAddress, .invalidRequest, .redirect:
            throw EmbeddingError(
                .denied, "the embedding provider at \(settings.base.origin) cannot be asked: \(error.message)")
        case .tooLarge, .answer: return Trouble(reason: error.message, isUnreadable: true)
        case .overflow, .dns, .connect, .tls, .timeout, .closed: return Trouble(reason: error.message)
        }
    }
}
