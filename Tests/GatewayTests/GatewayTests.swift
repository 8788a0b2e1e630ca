import Crypto
import Foundation
import HTTPServer
import JSON
import Postgres
import Telemetry
import Testing

@testable import Concurrency
@testable import Gateway
@testable import Jobs

@Suite struct RouterTests {
    private let router = Router([
        RouteGroup(
            name: "Jobs", description: "",
            routes: [
                ("GET", "/api/v1/jobs"), ("POST", "/api/v1/jobs"), ("GET", "/api/v1/jobs/{job}"),
                ("POST", "/api/v1/jobs/batch"), ("POST", "/api/v1/jobs/{job}/cancel"),
            ].map { method, path in
                Route("call", method, path, .read, "", answers: []) { _ in HTTPResponse(status: 200) }
            })
    ])

    private func match(_ method: String, _ path: String) -> String {
        switch router.match(method: method, segments: path.split(separator: "/").map(String.init)) {
        case .route(let route, let parameters):
            "\(route.method) \(route.path) \(parameters)"
        case .otherMethods(let methods): "allow \(methods.joined(separator: " "))"
        case .none: "none"
        }
    }

    @Test func requestsFindTheirRoutes() {
        #expect(match("GET", "/api/v1/jobs") == "GET /api/v1/jobs []")
        #expect(match("HEAD", "/api/v1/jobs") == "GET /api/v1/jobs []")
        #expect(match("POST", "/api/v1/jobs/batch") == "POST /api/v1/jobs/batch []")
        #expect(match("GET", "/api/v1/jobs/7") == #"GET /api/v1/jobs/{job} ["7"]"#)
        #expect(match("POST", "/api/v1/jobs/7/cancel") == #"POST /api/v1/jobs/{job}/cancel ["7"]"#)
        #expect(match("GET", "/api/v1") == "none")
        #expect(match("GET", "/api/v1/jobs/7/cancel/now") == "none")
        #expect(match("GET", "/") == "none")
        #expect(match("GET", "/api/v1/jobs/batch") == "allow POST", "what is named is no id")
    }

    @Test func otherMethodsAreToldWhatIsAllowed() {
        #expect(match("DELETE", "/api/v1/jobs") == "allow GET HEAD POST")
        #expect(match("HEAD", "/api/v1/jobs/7/cancel") == "allow POST")
        #expect(match("PUT", "/api/v1/jobs/7") == "allow GET HEAD")
        #expect(Problem.methodNotAllowed(["GET", "HEAD"]).headers.contains { $0 == ("Allow", "GET, HEAD") })
    }
}

@Suite struct CursorTests {
    @Test func cursorsComeBack() throws {
        let id = UUIDv7.generate()
        #expect(try Cursor.job(Cursor.text(id)) == id)
        #expect(try Cursor.event(Cursor.text(Int64.max)) == .max)
        #expect(try Cursor.logLine(Cursor.text(attempt: 3, number: 10_001)) == (3, 10_001))
        let document = DocumentRecord(namespace: "n", job: id, path: [12, 0, 7], name: "d")
        #expect(try Cursor.document(Cursor.text(after: document)) == (id, [12, 0, 7]))
        #expect(try Cursor.place(Cursor.text(place: Int64.max)) == .max)
    }

    @Test func whatIsNoCursorIsRefused() {
        let texts = [
            "", "x", "%%%", "AAAA", Cursor.text(UUIDv7.generate()) + "A",
            Base64URL.encode(Array("l1".utf8)), Base64URL.encode(Array("l1.2.3".utf8)),
            Base64URL.encode(Array("l1.x".utf8)), Base64URL.encode(Array("e".utf8)),
            Base64URL.encode(Array("e1x".utf8)), Base64URL.encode(Array("jx".utf8)),
            Base64URL.encode(Array("e99999999999999999999".utf8)), Base64URL.encode([0xFF, 0xFE]),
        ]
        for text in texts {
            #expect(refusal { try Cursor.job(text) } == "invalid_cursor", "\(text)")
            #expect(refusal { try Cursor.event(text) } == "invalid_cursor", "\(text)")
            #expect(refusal { try Cursor.logLine(text) } == "invalid_cursor", "\(text)")
            #expect(refusal { try Cursor.document(text) } == "invalid_cursor", "\(text)")
            #expect(refusal { try Cursor.place(text) } == "invalid_cursor", "\(text)")
        }
    }

    @Test func aCursorOfAnotherListIsRefused() {
        #expect(refusal { try Cursor.event(Cursor.text(UUIDv7.generate())) } == "invalid_cursor")
        for path in ["", "/", "/x", "/1/", "/1/x", "/99999999999"] {
            let text = Base64URL.encode(Array("d\(UUIDv7.generate().text)\(path)".utf8))
            #expect(refusal { try Cursor.document(text) } == "invalid_cursor", "\(path)")
        }
        #expect(refusal { try Cursor.job(Cursor.text(7)) } == "invalid_cursor")
        #expect(refusal { try Cursor.place(Cursor.text(7)) } == "invalid_cursor")
        #expect(refusal { try Cursor.event(Cursor.text(attempt: 1, number: 1)) } == "invalid_cursor")
    }

    private func refusal(_ body: () throws -> Any) -> String? {
        do {
            _ = try body()
            return nil
        } catch {
            return (error as? Problem)?.code.rawValue
        }
    }
}

@Suite struct ShortIDTests {
    @Test func aPrefixIsTheRangeOfItsIds() throws {
        let short = try #require(ShortID.range("0190AB12"))
        #expect(short.first.text == "0190ab12-0000-0000-0000-000000000000")
        #expect(short.last.text == "0190ab12-ffff-ffff-ffff-ffffffffffff")
        let dashed = try #require(ShortID.range("0190ab12-34"))
        #expect(dashed.first.text == "0190ab12-3400-0000-0000-000000000000")
        let whole = try #require(ShortID.range("0190ab1200007000800000000000000a"))
        #expect(whole.first == whole.last)
    }

    @Test(arguments: [
        "", "0190ab1", "0190ab1g", "0190ab12000070008000000000000000a", "--------", "０１９０ab12", "0190ab12 ",
        "0190ab12-----------------------------------",
    ]) func whatIsNoPrefixIsRefused(text: String) {
        #expect(ShortID.range(text) == nil)
    }
}

@Suite struct ProblemTests {
    @Test func everyErrorHasItsAnswer() throws {
        let cases: [(any Error, Int, String)] = [
            (Problem.notFound("job"), 404, "not_found"),
            (PostgresError(.connection, "x"), 503, "unavailable"),
            (PostgresError(.poolTimeout, "x"), 503, "unavailable"),
            (PostgresError(.server, "x", sqlState: "40P01"), 503, "unavailable"),
            (PostgresError(.server, "x", sqlState: "57P01"), 503, "unavailable"),
            (PostgresError(.server, "x", sqlState: "23505"), 500, "fault"),
            (PostgresError(.usage, "x"), 500, "fault"),
            (BatcherOverflow(limit: 1), 503, "unavailable"),
            (TimedOut(limit: .seconds(1)), 503, "unavailable"),
            (PostgresError(.server, "x", sqlState: "57014"), 503, "unavailable"),
            (CancellationError(), 503, "unavailable"),
            (RequestError.draining, 503, "unavailable"),
            (RequestError.bodyTooLarge(limit: 1), 413, "body_too_large"),
            (RequestError.fileUnavailable(path: "x", reason: "y"), 500, "content_unavailable"),
            (BodyStreamError.disconnected, 400, "bad_request"),
        ]
        for (error, status, code) in cases {
            let problem = Problem(error)
            #expect(problem.status == status && problem.code.rawValue == code, "\(error)")
            #expect(problem.headers.contains { $0.0 == "Retry-After" } == (status == 503), "\(error)")
        }
    }

    @Test func theAnswerIsAProblemDocument() throws {
        let error = SubmissionError(
            kind: .invalidSpec, detail: "no",
            violations: [Violation(at: "/spec/pages", rule: "minimum", message: "too small")])
        let response = Problem.refused(error).response
        #expect(response.status == 422)
        #expect(response.headers.contains { $0 == ("Content-Type", "application/problem+json") })
        guard case .bytes(let bytes) = response.body else {
            Issue.record("no body")
            return
        }
        let json = try JSON.parse(bytes)
        #expect(json["type"] == "urn:switchyard:problem:invalid_spec" && json["status"] == 422)
        #expect(json["code"] == "invalid_spec" && json["detail"] == "no")
        #expect(json["errors"]?[0] == ["pointer": "/spec/pages", "rule": "minimum", "message": "too small"])
        #expect(Problem.unauthenticated.headers.contains { $0.0 == "WWW-Authenticate" })
    }
}

@Suite struct DispositionTests {
    @Test(arguments: [
        ("a.pdf", "attachment; filename=\"a.pdf\"; filename*=UTF-8''a.pdf"),
        ("Größe 1.txt", "attachment; filename=\"Gr__e 1.txt\"; filename*=UTF-8''Gr%C3%B6%C3%9Fe%201.txt"),
        ("\"\\\r\nX: y", "attachment; filename=\"____X: y\"; filename*=UTF-8''%22%5C%0D%0AX%3A%20y"),
    ])
    func aNameCannotBreakOutOfItsHeader(name: String, header: String) {
        #expect(Gateway.disposition(name) == header)
    }
}
