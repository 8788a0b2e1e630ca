import Foundation
import Synchronization

/// One request on its way, shared by the task that waits for it and the client's thread.
///
/// It ends once: with the answer's end, an error of the transfer, a limit, or a cancellation, whichever comes first.
final class Transfer: Sendable {
    private struct State {
        var isStarted = false
        var status = 0
        var statusLine = ""
        var headers: [(name: String, value: String)] = []
        var headerBytes = 0
        var head: WebHead?
        var chunks: [[UInt8]] = []
        var buffered = 0
        var received = 0
        var isPaused = false
        /// Why the callbacks broke the transfer off, which curl only knows as "a callback failed".
        var fault: WebError?
        var end: Result<Void, WebError>?
        var isSignalled = false
        var waiter: CheckedContinuation<Void, Never>?
    }

    /// What the callbacks tell curl about a piece of the body.
    enum Intake { case taken, pause, refuse }

    private static let maxBuffered = 256 << 10
    private static let maxHeaderBytes = 64 << 10

    let request: WebRequest
    let deadline: ContinuousClock.Instant
    private let loop: TransferLoop
    private let state = Mutex(State())

    init(_ request: WebRequest, deadline: ContinuousClock.Instant, loop: TransferLoop) {
        self.request = request
        self.deadline = deadline
        self.loop = loop
    }

    // MARK: the task's side

    func start() async throws(WebError) -> WebHead {
        try loop.enqueue(self)
        return try await take { state in
            if let head = state.head { return .success(head) }
            guard let end = state.end else { return nil }
            return end.flatMap { .failure(WebError(.answer, "the answer has no head")) }
        }
    }

    func next() async throws(WebError) -> [UInt8]? {
        let (chunk, mustResume) = try await take { state -> Result<([UInt8]?, Bool), WebError>? in
            if !state.chunks.isEmpty {
                // Chunk by chunk: joining them would copy byte by byte.
                let chunk = state.chunks.reduce(into: [UInt8]()) { $0 += $1 }
                state.chunks = []
                state.buffered = 0
                defer { state.isPaused = false }
                return .success((chunk, state.isPaused))
            }
            return state.end.map { $0.map { (nil, false) } }
        }
        if mustResume { loop.resume(self) }
        return chunk
    }

    func cancel() {
        guard state.withLock({ $0.end == nil }) else { return }
        loop.cancel(self)
    }

    private func take<Value: Sendable>(
        _ body: (inout sending State) -> Result<Value, WebError>?
    ) async throws(WebError) -> Value {
        while true {
            let result = state.withLock { state in
                state.isSignalled = false
                return body(&state)
            }
            if let result { return try result.get() }
            await withTaskCancellationHandler {
                await withCheckedContinuation { continuation in
                    let isReady = state.withLock { state in
                        if !state.isSignalled { state.waiter = continuation }
                        return state.isSignalled
                    }
                    if isReady { continuation.resume() }
                }
            } onCancel: {
                cancel()
            }
        }
    }

    private func signal(_ change: (inout State) -> Void) {
        let waiter = state.withLock { state in
            change(&state)
            state.isSignalled = true
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }

    // MARK: the thread's side

    /// Why the transfer was broken off by its own callbacks.
    var fault: WebError? { state.withLock(\.fault) }

    func note(_ fault: WebError) { state.withLock { if $0.fault == nil { $0.fault = fault } } }

    func finish(_ result: Result<Void, WebError>) {
        signal { state in
            guard state.end == nil else { return }
            // What came before a broken end is no answer.
            if case .failure = result { state.chunks = [] }
            state.end = result
        }
    }

    /// - Parameter address: tells which address the connection leads to.
    func take(header line: UnsafeRawBufferPointer, from address: () -> String?) -> Bool {
        let text = String(decoding: line, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        var isComplete = false
        let isAccepted = state.withLock { state in
            state.headerBytes += line.count
            guard state.headerBytes <= Self.maxHeaderBytes else {
                state.fault = WebError(.tooLarge, "the headers are larger than \(Self.maxHeaderBytes) bytes")
                return false
            }
            if text.hasPrefix("HTTP/"), state.head == nil {
                // Also after an interim answer (1xx).
                state.statusLine = text
                state.status = text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
                state.headers = []
            } else if text.isEmpty {
                isComplete = state.status >= 200 && state.head == nil
            } else if let colon = text.firstIndex(of: ":") {
                state.headers.append(
                    (String(text[..<colon]), text[text.index(after: colon)...].trimmingCharacters(in: .whitespaces)))
            }
            return true
        }
        if isComplete {
            let address = address()
            signal {
                $0.head = WebHead(
                    status: $0.status, headers: $0.headers, statusLine: $0.statusLine, address: address)
            }
        }
        return isAccepted
    }

    func take(body bytes: UnsafeRawBufferPointer) -> Intake {
        if let sink = request.sink { return hand(bytes, to: sink) }
        var intake = Intake.taken
        signal { state in
            guard isWithinLimit(bytes, &state) else { return intake = .refuse }
            guard state.buffered == 0 || state.buffered + bytes.count <= Self.maxBuffered else {
                state.isPaused = true
                return intake = .pause
            }
            state.received += bytes.count
            state.buffered += bytes.count
            state.chunks.append(Array(bytes))
        }
        return intake
    }

    /// Nobody is woken: who waits for the body waits for its end.
    private func hand(_ bytes: UnsafeRawBufferPointer, to sink: (UnsafeRawBufferPointer) -> Bool) -> Intake {
        let isWanted = state.withLock { state in
            guard (200..<300).contains(state.status), isWithinLimit(bytes, &state) else { return false }
            state.received += bytes.count
            return true
        }
        return isWanted && sink(bytes) ? .taken : .refuse
    }

    private func isWithinLimit(_ bytes: UnsafeRawBufferPointer, _ state: inout State) -> Bool {
        guard state.received + bytes.count > request.limits.body else { return true }
        state.fault = WebError(.tooLarge, "the answer is larger than \(request.limits.body) bytes")
        return false
    }
}
