import Concurrency
import Foundation
import HTTPClient
import JSON

/// How a provider is reached by a job.
struct ForgeConnection: Sendable {
    let web: WebClient
    let pace: any ForgePace
    /// How long a request may take.
    let timeout: Duration
}

/// Sends requests to a provider's API: one place for the credentials, the waits that it asks for, and what its errors mean.
struct ForgeClient: Sendable {
    private static let tries = 4
    private static let backoff = Backoff(base: .milliseconds(300), cap: .seconds(5))
    /// An answer lists up to a hundred things, or a whole tree.
    private static let mostBytes = 16 << 20
    /// How long a provider that says that it is too much, and not for how long, is left alone (GitHub's advice).
    private static let usualWait: Duration = .seconds(60)
    /// The longest that a provider is believed; budgets are by the hour.
    private static let longestWait: Duration = .seconds(7200)

    let provider: String
    let base: WebURL
    let headers: [(name: String, value: String)]
    let connection: ForgeConnection
    /// What an error's body says, by the provider's own form.
    let explain: @Sendable (JSON) -> String?
    /// The query's name for how many entries a page has.
    var pageSize = "per_page"

    /// Reads; what may pass is tried again.
    func get(_ path: String, _ query: [(String, String)] = []) async throws(ForgeError) -> ForgeAnswer {
        try await read("GET", path, query)
    }

    /// Reads; nil where there is no such thing.
    func find(_ path: String, _ query: [(String, String)] = []) async throws(ForgeError) -> ForgeAnswer? {
        try await find("GET", path, query)
    }

    /// The header fields of an answer without its body; nil where there is no such thing.
    func look(_ path: String, _ query: [(String, String)]) async throws(ForgeError) -> WebHead? {
        try await find("HEAD", path, query)?.head
    }

    private func find(
        _ method: String, _ path: String, _ query: [(String, String)]
    ) async throws(ForgeError) -> ForgeAnswer? {
        do throws(ForgeError) { return try await read(method, path, query) } catch {
            guard error.kind == .notFound else { throw error }
            return nil
        }
    }

    private func read(
        _ method: String, _ path: String, _ query: [(String, String)]
    ) async throws(ForgeError) -> ForgeAnswer {
        try await persistently { (error) in
            error.kind == .unclear
        } _: { () async throws(ForgeError) in
            try await connection.pace.beforeRead()
            return try await send(method, path, query, nil)
        }
    }

    /// All entries of a list that comes in pages of a hundred.
    func list(_ path: String, _ query: [(String, String)] = [], most: Int, member: String? = nil)
        async throws(ForgeError) -> [JSON]
    {
        var entries: [JSON] = []
        for page in 1... {
            let answer = try await get(path, query + [(pageSize, "100"), ("page", String(page))])
            let more = (member.flatMap { answer.json[$0] } ?? answer.json).arrayValue ?? []
            entries += more
            // A provider may have pages that are smaller than what is asked for.
            let hasNext = answer.head.list("Link")?.contains("rel=\"next\"") ?? false
            if more.isEmpty || more.count < 100 && !hasNext || entries.count >= most { break }
        }
        return entries
    }

    /// Writes. What has become of it is for the caller to look up when it is unclear; what was refused as too much has had no effect.
    func write(_ method: String, _ path: String, _ body: JSON?) async throws(ForgeError) -> ForgeAnswer {
        try await persistently { _ in
            false
        } _: { () async throws(ForgeError) in
            try await connection.pace.beforeWrite()
            return try await send(method, path, [], body)
        }
    }

    /// The pace says how long to wait where the provider wants to be left alone, or that it is too long.
    private func persistently(
        _ mayPass: (ForgeError) -> Bool, _ request: () async throws(ForgeError) -> ForgeAnswer
    ) async throws(ForgeError) -> ForgeAnswer {
        var tries = 1
        while true {
            do throws(ForgeError) { return try await request() } catch {
                guard tries < Self.tries, error.isLimit || mayPass(error) else { throw error }
                if !error.isLimit { try await Self.sleep(Self.backoff.delay(afterFailures: tries)) }
                tries += 1
            }
        }
    }

    private static func sleep(_ time: Duration) async throws(ForgeError) {
        do { try await Task.sleep(for: time) } catch { throw .cancelled }
    }

    private func send(
        _ method: String, _ path: String, _ query: [(String, String)], _ body: JSON?
    ) async throws(ForgeError) -> ForgeAnswer {
        let action = "\(method) \(path)"
        let response: WebResponse
        do throws(WebError) {
            let text = query.map { "\(WebURL.encoded($0.0))=\(WebURL.encoded($0.1))" }.joined(separator: "&")
            let root = base.text.hasSuffix("/") ? String(base.text.dropLast()) : base.text
            let url = try WebURL(root + path + (text.isEmpty ? "" : "?" + text))
            var request = WebRequest(
                method, url, headers: headers, limits: WebLimits(total: connection.timeout, body: Self.mostBytes))
            if let body {
                request.body = body.serialized()
                request.headers.append(("Content-Type", "application/json"))
            }
            response = try await connection.web.send(request)
        } catch {
            throw Self.error(error, action, provider)
        }
        if (200...299).contains(response.status) {
            guard !response.body.isEmpty else { return ForgeAnswer(head: response.head, json: .null) }
            do { return ForgeAnswer(head: response.head, json: try JSON.parse(response.body)) } catch {
                throw ForgeError(
                    .unclear, "provider_unavailable", "\(provider) answers \(action) with what is no JSON.")
            }
        }
        let error = refusal(response, action)
        if case .limited(let wait) = error.kind { await connection.pace.block(for: wait) }
        throw error
    }

    private func refusal(_ response: WebResponse, _ action: String) -> ForgeError {
        let json: JSON
        // A proxy's page is no JSON; the status is enough then.
        do { json = try JSON.parse(response.body) } catch { json = .null }
        let said = String((explain(json) ?? "no reason").prefix(1000))
        let message = "\(provider) answers \(action) with \(response.status): \(said)"
        if let wait = Self.wait(response, said) {
            return ForgeError(.limited(wait), "rate_limited", message)
        }
        switch response.status {
        case 401: return ForgeError(.refused, "bad_credentials", message)
        case 403: return ForgeError(.refused, "not_allowed", message)
        case 404, 410: return ForgeError(.notFound, "not_found", message)
        case 409: return ForgeError(.conflict, "conflict", message)
        case 400, 405, 406, 412, 413, 415, 422: return ForgeError(.invalid, "refused", message)
        case 300...399: return ForgeError(.refused, "moved", "\(message). The repository may have another name now.")
        default: return ForgeError(.unclear, "provider_unavailable", message)
        }
    }

    /// How long a provider that is asked too much wants to be left alone; nil for other answers.
    private static func wait(_ response: WebResponse, _ said: String) -> Duration? {
        guard [403, 429].contains(response.status) else { return nil }
        if let wait = response.head.retryAfter { return min(wait, longestWait) }
        let isEmpty = ["X-RateLimit-Remaining", "RateLimit-Remaining"].contains { response.head[$0] == "0" }
        let reset = ["X-RateLimit-Reset", "RateLimit-Reset"].lazy.compactMap { response.head[$0].flatMap { Int($0) } }
        if isEmpty, let reset = reset.first {
            let left = Double(reset) - Date().timeIntervalSince1970 + 1
            return .seconds(min(max(1, left), longestWait / .seconds(1)))
        }
        let isSecondary = said.lowercased().contains("secondary rate limit")
        return response.status == 429 || isSecondary ? usualWait : nil
    }

    private static func error(_ error: WebError, _ action: String, _ provider: String) -> ForgeError {
        let message = "\(provider) cannot be reached for \(action): \(error.message)."
        switch error.kind {
        case .invalidRequest: return ForgeError(.refused, "invalid_address", message)
        case .refusedAddress: return ForgeError(.refused, "address_not_allowed", message)
        default: return ForgeError(.unclear, "provider_unavailable", message)
        }
    }
}

/// A 2xx answer.
struct ForgeAnswer: Sendable {
    let head: WebHead
    let json: JSON

    /// A string that must be there.
    func text(_ path: String...) throws(ForgeError) -> String {
        var value = json
        for part in path { value = value[part] ?? .null }
        guard let text = value.stringValue else {
            throw ForgeError(
                .unclear, "provider_unavailable", "An answer of the provider lacks \(path.joined(separator: ".")).")
        }
        return text
    }
}

/// When a token's next request may be sent.
protocol ForgePace: Sendable {
    /// Waits while the provider wants to be left alone.
    func beforeRead() async throws(ForgeError)
    /// Waits until the budget has a write.
    func beforeWrite() async throws(ForgeError)
    /// Sends nothing for so long.
    func block(for time: Duration) async
}
