import Foundation

/// An HTTP client over libcurl: one thread, many transfers, each with its limits.
///
/// TLS certificates are always checked; only http and https are spoken; proxies of the environment are not used; redirects are not
/// followed unless a request allows some. Which addresses may be connected to is the client's, not a request's: connections are
/// kept and used again.
public final class WebClient: Sendable {
    private let loop: TransferLoop

    /// Makes a client and starts its thread.
    ///
    /// - Parameters:
    ///   - addresses: where it may connect to.
    ///   - concurrency: how many transfers run together.
    ///   - maxQueued: how many more may wait for a place; beyond that `.overflow` is thrown at once.
    ///   - authorities: a PEM file of the authorities to trust; the system's when nil.
    public init(
        addresses: AddressPolicy = AddressPolicy(), concurrency: Int = 64, maxQueued: Int = 1000,
        authorities: String? = nil,
        name: String = "web client"
    ) {
        loop = TransferLoop(
            TransferLoop.Settings(
                addresses: addresses, concurrency: concurrency, maxQueued: maxQueued, authorities: authorities))
        loop.start(name: name)
    }

    deinit { loop.stop() }

    /// Ends every transfer with `.closed`, and the thread.
    public func close() { loop.stop() }

    /// Sends a request and reads the whole answer. Any status is an answer, not an error.
    ///
    /// Cancelling the task ends the transfer.
    public func send(_ request: WebRequest) async throws(WebError) -> WebResponse {
        let stream = try await open(request)
        var body: [UInt8] = []
        while let chunk = try await stream.next() { body += chunk }
        return WebResponse(head: stream.head, body: body, url: stream.url)
    }

    /// Sends a request and answers as soon as the head is there; the body is read by `WebStream.next`.
    public func open(_ request: WebRequest) async throws(WebError) -> WebStream {
        let deadline = ContinuousClock.now + request.limits.total
        var request = request
        var left = request.limits.redirects
        while true {
            if let fault = request.fault { throw fault }
            let transfer = Transfer(request, deadline: deadline, loop: loop)
            let head = try await transfer.start()
            guard request.limits.redirects > 0, let location = head.location else {
                return WebStream(head: head, url: request.url, transfer: transfer)
            }
            transfer.cancel()
            guard left > 0 else { throw WebError(.redirect, "more than \(request.limits.redirects) redirects") }
            left -= 1
            request = try request.redirected(to: location, status: head.status)
        }
    }
}

/// An answer whose body is read piece by piece. What is not read yet stays with the server, but for a small buffer.
public final class WebStream: Sendable {
    /// Status and headers.
    public let head: WebHead
    /// The URL that answered, after redirects.
    public let url: WebURL
    private let transfer: Transfer

    init(head: WebHead, url: WebURL, transfer: Transfer) {
        self.head = head
        self.url = url
        self.transfer = transfer
    }

    deinit { transfer.cancel() }

    /// The next bytes of the body, nil at its end. One reader at a time.
    public func next() async throws(WebError) -> [UInt8]? { try await transfer.next() }

    /// Ends the transfer; `next` throws `.cancelled` then.
    public func cancel() { transfer.cancel() }
}

extension WebRequest {
    fileprivate func redirected(to location: String, status: Int) throws(WebError) -> WebRequest {
        var next = self
        do {
            next.url = try url.resolving(location)
        } catch {
            throw WebError(.redirect, "the redirect leads to no URL that may be followed: \(error.message)")
        }
        guard url.scheme != "https" || next.url.scheme == "https" else {
            throw WebError(.redirect, "the redirect leads from https to http")
        }
        if status == 303 && method != "HEAD" || (status == 301 || status == 302) && method == "POST" {
            next.method = "GET"
            next.body = nil
        }
        if !next.url.hasOrigin(of: url) {
            next.headers.removeAll {
                ["authorization", "cookie", "proxy-authorization"].contains($0.name.lowercased())
            }
        }
        return next
    }
}
