import Foundation
import HTTPServer
import Synchronization

/// A web server of a test's own on loopback, which keeps what it is sent.
public final class Receiver: Sendable {
    /// How it answers; gets the request and how many came before it.
    public typealias Answer = @Sendable (HTTPRequest, Int) async -> HTTPResponse

    private struct Handler: HTTPHandler {
        let receiver: Receiver

        func respond(to request: HTTPRequest) async -> HTTPResponse {
            let count = receiver.log.withLock { log in
                log.append(request)
                return log.count - 1
            }
            return await receiver.answer(request, count)
        }
    }

    private let answer: Answer
    private let host: String
    private let log = Mutex<[HTTPRequest]>([])
    private let server = Mutex<HTTPServer?>(nil)

    /// Starts it, on 127.0.0.1 unless the configuration says otherwise.
    public init(
        _ configuration: HTTPServerConfiguration = HTTPServerConfiguration(),
        answer: @escaping Answer = { _, _ in HTTPResponse(status: 204) }
    ) throws {
        self.answer = answer
        host = configuration.host
        let server = HTTPServer(configuration, handler: Handler(receiver: self))
        try server.start()
        self.server.withLock { $0 = server }
    }

    /// Where it listens.
    public var port: UInt16 { server.withLock { $0?.port ?? 0 } }

    /// Its address with a path.
    public func url(_ path: String = "/hook") -> String { "http://\(host):\(port)\(path)" }

    /// What came, in order.
    public var requests: [HTTPRequest] { log.withLock { $0 } }

    /// Ends it.
    public func stop() async {
        let server = server.withLock { $0.take() }
        await server?.drain(deadline: .seconds(1))
    }
}

extension HTTPRequest {
    /// The whole body.
    public var bytes: [UInt8] {
        if case .bytes(let bytes) = body { return bytes }
        return []
    }
}

/// Holds whoever waits until it is opened; then it stays open.
public final class Gate: Sendable {
    private let state = Mutex((isOpen: false, waiting: [CheckedContinuation<Void, Never>]()))

    /// Makes a closed gate.
    public init() {}

    /// Waits until the gate is open.
    public func pass() async {
        await withCheckedContinuation { continuation in
            let isOpen = state.withLock { state in
                if !state.isOpen { state.waiting.append(continuation) }
                return state.isOpen
            }
            if isOpen { continuation.resume() }
        }
    }

    /// Lets everybody pass.
    public func open() {
        let waiting = state.withLock { state in
            state.isOpen = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }
}
