import CMicroHTTPD
import Glibc
import Synchronization

/// A response that has been checked and whose file is open: it can be handed to libmicrohttpd.
struct OutgoingResponse: Sendable {
    enum Body: Sendable {
        case bytes([UInt8])
        case file(OpenFile, offset: UInt64, length: UInt64)
        case stream(OutputBuffer, length: UInt64?)
        /// The head of a streamed response whose body is not sent (HEAD, 204, 304).
        case headOfStream(length: UInt64?)
    }

    let status: Int
    let headers: [(String, String)]
    let body: Body

    /// Checks a response and opens its file; `makeBuffer` is called for a streamed body that is to be sent.
    init(
        _ response: HTTPResponse, bodyIsSent: Bool, makeBuffer: () -> OutputBuffer
    ) throws(RequestError) {
        guard (200...599).contains(response.status) else {
            throw .invalidResponse(reason: "status \(response.status)")
        }
        for (name, value) in response.headers {
            guard !name.isEmpty, isSafe(name), isSafe(value) else {
                throw .invalidResponse(reason: "the header \(name) is empty or has a line break")
            }
        }
        status = response.status
        headers = response.headers
        switch response.body {
        case .empty: body = .bytes([])
        case .bytes(let bytes): body = .bytes(bytes)
        case .string(let text): body = .bytes(Array(text.utf8))
        case .file(let path, let offset, let length):
            let file = try OpenFile(path)
            let available = file.size - offset
            guard offset >= 0, available >= 0, (length ?? 0) >= 0, length ?? available <= available else {
                throw .fileUnavailable(path: path, reason: "it has \(file.size) bytes only")
            }
            body = .file(file, offset: UInt64(offset), length: UInt64(length ?? available))
        case .stream(let length, _):
            guard length ?? 0 >= 0 else { throw .invalidResponse(reason: "a body of a negative length") }
            let length = length.map(UInt64.init)
            body = bodyIsSent ? .stream(makeBuffer(), length: length) : .headOfStream(length: length)
        }
    }

    /// Makes a response of a status alone.
    init(status: Int) {
        self.status = status
        headers = []
        body = .bytes([])
    }

    /// The bytes of the response, for sending past libmicrohttpd; nil when the body is no short text.
    func raw(bodyIsSent: Bool) -> [UInt8]? {
        guard case .bytes(let bytes) = body else { return nil }
        return rawResponse(status: status, headers: headers, body: bytes, bodyIsSent: bodyIsSent)
    }

    /// Makes libmicrohttpd's object; the caller destroys it after queueing. Nil when memory is short.
    func makePointer(connection: Connection, closing: Bool) -> OpaquePointer? {
        guard let pointer = makeBody(connection) else { return nil }
        for (name, value) in headers { _ = MHD_add_response_header(pointer, name, value) }
        if closing { _ = MHD_add_response_header(pointer, "Connection", "close") }
        return pointer
    }

    private func makeBody(_ connection: Connection) -> OpaquePointer? {
        switch body {
        case .bytes(let bytes):
            return bytes.withUnsafeBytes { buffer in
                MHD_create_response_from_buffer(
                    buffer.count, UnsafeMutableRawPointer(mutating: buffer.baseAddress), .RESPMEM_MUST_COPY)
            }
        case .file(let file, let offset, let length):
            guard let descriptor = file.take() else { return nil }
            return MHD_create_response_from_fd_at_offset64(length, descriptor, offset)
        case .headOfStream(let length?):
            return MHD_create_response_from_callback(length, 1024, { _, _, _, _ in -1 }, nil, nil)
        case .headOfStream(nil):
            // libmicrohttpd ends even the missing body of a HEAD response with an empty chunk, which the client would take for
            // the next response: so this one has no chunks and closes.
            guard let pointer = MHD_create_response_from_callback(UInt64.max, 1024, { _, _, _, _ in -1 }, nil, nil)
            else { return nil }
            _ = switchyard_MHD_end_by_close(pointer)
            return pointer
        case .stream(let buffer, let length):
            let source = StreamSource(buffer: buffer, connection: connection)
            return MHD_create_response_from_callback(
                length ?? UInt64.max, 16_384,
                { context, _, target, room in
                    guard let context, let target else { return StreamSource.broken }
                    return Unmanaged<StreamSource>.fromOpaque(context).takeUnretainedValue().read(
                        into: target, room: room)
                }, Unmanaged.passRetained(source).toOpaque(),
                { context in
                    guard let context else { return }
                    Unmanaged<StreamSource>.fromOpaque(context).release()
                })
        }
    }
}

/// What libmicrohttpd reads a streamed body from; it holds one reference until it frees the response.
private final class StreamSource: Sendable {
    static let end = -1
    static let broken = -2
    private let buffer: OutputBuffer
    private let connection: Connection

    init(buffer: OutputBuffer, connection: Connection) {
        self.buffer = buffer
        self.connection = connection
    }

    func read(into target: UnsafeMutableRawPointer, room: Int) -> Int {
        while true {
            switch buffer.read(into: target, room: room) {
            case .bytes(let count): return count
            case .end: return Self.end
            case .broken: return Self.broken
            case .nothing: break
            }
            switch connection.park() {
            case .parked: return 0
            case .again: continue
            case .stopping: return Self.broken
            }
        }
    }
}

/// An open regular file; the descriptor is closed here unless libmicrohttpd has taken it.
final class OpenFile: Sendable {
    let size: Int
    private let descriptor: Atomic<Int32>

    /// Opens the file for reading.
    init(_ path: String) throws(RequestError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            throw .fileUnavailable(path: path, reason: String(cString: strerror(errno)))
        }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            Glibc.close(descriptor)
            throw .fileUnavailable(path: path, reason: "it is not a regular file")
        }
        self.descriptor = Atomic(descriptor)
        size = Int(status.st_size)
    }

    /// Hands the descriptor over, once.
    func take() -> Int32? {
        let taken = descriptor.exchange(-1, ordering: .relaxed)
        return taken >= 0 ? taken : nil
    }

    deinit {
        if let descriptor = take() { Glibc.close(descriptor) }
    }
}

/// Whether the text can stand in a header line.
private func isSafe(_ text: String) -> Bool {
    text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }
}
