import Foundation
import HTTPClient
import HTTPServer
import TestKit

@testable import ObjectStorage

/// Stands between a client and the real server, and passes on what a test does not take out.
struct FaultProxy {
    /// What happens to a request; gets how many came before it.
    enum Fault: Sendable {
        case none
        /// Answered here; the server never sees it.
        case answer(status: Int, code: String)
        /// The server does it, the client hears of a failure.
        case loseAnswer
        /// The answer's body breaks off after so many bytes.
        case cut(after: Int)
    }

    let receiver: Receiver

    init(_ decide: @escaping @Sendable (HTTPRequest, Int) -> Fault) async throws {
        let target = try await SharedServer.running.port
        receiver = try Receiver(HTTPServerConfiguration(maxCollectedBody: 64 << 20)) { request, count in
            let fault = decide(request, count)
            if case .answer(let status, let code) = fault { return Self.error(status, code) }
            do {
                let answer = try await Self.forward(request, to: target)
                switch fault {
                case .loseAnswer: return Self.error(500, "InternalError")
                case .cut(let count):
                    let bytes = Array(Self.body(of: answer).prefix(count))
                    return HTTPResponse(
                        status: answer.status, headers: answer.headers,
                        body: .stream(length: Self.body(of: answer).count) { writer in
                            try await writer.write(bytes)
                            throw TestKitError("cut off")
                        })
                default: return answer
                }
            } catch {
                return .text("\(error)", status: 502)
            }
        }
    }

    var port: UInt16 { receiver.port }

    /// The query's names of all that came, in order, with the method before them.
    var log: [String] {
        receiver.requests.map { "\($0.method) \($0.query.map(\.name).sorted().joined(separator: " "))" }
    }

    static func error(_ status: Int, _ code: String) -> HTTPResponse {
        HTTPResponse(
            status: status, headers: [("Content-Type", "application/xml")],
            body: .string(
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>\(code)</Code><Message>said the proxy</Message></Error>"
            ))
    }

    private static func body(of response: HTTPResponse) -> [UInt8] {
        if case .bytes(let bytes) = response.body { return bytes }
        return []
    }

    private static let passed = [
        "Host", "Authorization", "X-Amz-Date", "X-Amz-Content-Sha256", "X-Amz-Security-Token",
        "Content-Type", "Range", "If-Match",
    ]

    private static func forward(_ request: HTTPRequest, to port: UInt16) async throws -> HTTPResponse {
        let query = request.query.map { "\(WebURL.encoded($0.name))=\(WebURL.encoded($0.value))" }
        let path = request.path + (query.isEmpty ? "" : "?" + query.joined(separator: "&"))
        let headers = passed.compactMap { name in request.headers[name].map { (name, $0) } }
        var limits = WebLimits(body: 64 << 20)
        limits.total = .seconds(60)
        let answer = try await Bench.web.send(
            WebRequest(
                request.method, try WebURL("http://127.0.0.1:\(port)\(path)"), headers: headers,
                body: request.method == "GET" || request.method == "HEAD" ? nil : request.bytes, limits: limits))
        let kept = answer.head.headers.filter {
            ["content-type", "etag", "last-modified", "content-range"].contains($0.name.lowercased())
        }
        let size = request.method == "HEAD" ? answer.head["Content-Length"].flatMap { Int($0) } : nil
        return HTTPResponse(
            status: answer.status, headers: kept.map { ($0.name, $0.value) },
            body: .bytes(size.map { [UInt8](repeating: 0, count: $0) } ?? answer.body))
    }
}
