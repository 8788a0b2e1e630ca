import HTTPServer
import Synchronization

/// Serves the site: finds the host and page of a request, keeps the record, and answers as the model says.
final class SiteHandler: HTTPHandler {
    private struct Agent: Hashable {
        let name: String
        let host: Host
    }

    let recorder = Recorder()
    /// Set once the port is known, which the pages' links name.
    private let model = Mutex<SiteModel?>(nil)
    private let answers = Mutex<[SiteURL: Answer]>([:])
    private let attempts = Mutex<[SiteURL: Int]>([:])
    private let rules = Mutex<[Agent: Robots]>([:])

    func serve(_ model: SiteModel) { self.model.withLock { $0 = model } }

    /// Makes all pages that are not endless, so that the first visit costs what the others do.
    func warm(_ model: SiteModel) {
        for url in model.storedURLs { _ = answer(at: url, model) }
    }

    func respond(to request: HTTPRequest) async -> HTTPResponse {
        guard let model = model.withLock({ $0 }) else { return .text("not ready\n", status: 503) }
        let name = (request.headers["Host"] ?? "").prefix { $0 != ":" }.lowercased()
        if name == Control.host {
            return Control(recorder: recorder, reset: reset, model: model).respond(to: request)
        }
        guard let host = Host(name: name) else { return .text("no such site\n", status: 404) }
        let url = SiteURL(host, request.target)
        let isForbidden = !rules(of: request, host, model).allows(url.target) && !url.path.hasSuffix("/robots.txt")
        let ticket = recorder.begin(host, method: request.method, target: url.target, isForbidden: isForbidden)
        var response = await page(url, request, model)
        let status = response.status
        // The stream of a HEAD request is never asked for.
        guard case .stream(_, let write) = response.body, request.method == "GET" else {
            recorder.end(ticket, status: status)
            return response
        }
        response.body = .stream { [recorder] writer in
            defer { recorder.end(ticket, status: status) }
            try await write(writer)
        }
        return response
    }

    private func page(_ url: SiteURL, _ request: HTTPRequest, _ model: SiteModel) async -> HTTPResponse {
        guard request.method == "GET" || request.method == "HEAD" else { return .text("only GET\n", status: 405) }
        switch model.robotsAnswer(at: url) {
        case .text(let text): return .text(text)
        case .redirect(let target):
            return HTTPResponse(status: 301, headers: [("Location", target.absolute(port: model.port))])
        case .missing: return .text("no rules\n", status: 404)
        case nil: break
        }
        if url.path.hasPrefix("/static/") { return HTTPResponse(status: 200, headers: [("Content-Type", "text/css")]) }
        guard let answer = answer(at: url, model) ?? answer(at: url.canonical, model) else {
            return HTTPResponse(
                status: 404, headers: [("Content-Type", "text/html; charset=utf-8")],
                body: .string("<!DOCTYPE html><title>Not found</title><h1>Not found</h1>\n"))
        }
        if answer.isKnown(to: request) { return HTTPResponse(status: 304, headers: answer.page.headers) }
        if answer.page.behaviour == .immediate { return await answer.response(attempt: 1) }
        let attempt = attempts.withLock { attempts in
            attempts[url, default: 0] += 1
            return attempts[url] ?? 1
        }
        return await answer.response(attempt: attempt)
    }

    /// The page, kept unless it is one of an endless trap.
    private func answer(at url: SiteURL, _ model: SiteModel) -> Answer? {
        if let known = answers.withLock({ $0[url] }) { return known }
        guard let page = model.page(at: url) else { return nil }
        let answer = Answer(page, model)
        if model.isStored(url) { answers.withLock { $0[url] = answer } }
        return answer
    }

    /// The rules for whoever asks, by the product token of its name.
    private func rules(of request: HTTPRequest, _ host: Host, _ model: SiteModel) -> Robots {
        let name = request.headers["User-Agent"] ?? ""
        let agent = Agent(name: name.prefix { $0.isLetter || $0 == "-" || $0 == "_" }.lowercased(), host: host)
        return rules.withLock { rules in
            if let known = rules[agent] { return known }
            if rules.count >= 100 { rules = [:] }
            let robots = model.robots(host, agent: agent.name)
            rules[agent] = robots
            return robots
        }
    }

    private func reset() {
        recorder.reset()
        attempts.withLock { $0 = [:] }
    }
}

extension HTTPRequest {
    /// Path and query. The server gives the query decoded, so its escapes are written anew.
    fileprivate var target: String {
        guard !query.isEmpty else { return path }
        return path + "?" + query.map { "\(encoded($0.name))=\(encoded($0.value))" }.joined(separator: "&")
    }

    private func encoded(_ text: String) -> String {
        let plain = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~:/@!$'()*,;?".utf8)
        if text.utf8.allSatisfy(plain.contains) { return text }
        return text.utf8.map { byte in
            plain.contains(byte)
                ? String(UnicodeScalar(byte)) : (byte < 16 ? "%0" : "%") + String(byte, radix: 16, uppercase: true)
        }.joined()
    }
}

extension SiteURL {
    /// Without tracking parameters and needless escapes, as many servers take what they are asked for.
    fileprivate var canonical: SiteURL {
        let path = String(decoding: Robots.comparable(path, isPattern: true), as: UTF8.self)
        let kept = (query ?? "").split(separator: "&").filter { part in
            !["utm_", "gclid=", "fbclid=", "PHPSESSID="].contains { part.hasPrefix($0) }
        }
        return SiteURL(host, kept.isEmpty ? path : path + "?" + kept.joined(separator: "&"))
    }
}
