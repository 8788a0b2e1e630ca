import CMicroHTTPD
import Glibc

/// How many bytes of body a head announces.
enum BodyFraming: Sendable, Equatable {
    case none
    case length(Int)
    case chunked
}

/// Copies a request's head out of libmicrohttpd's memory and refuses what it lets through.
///
/// libmicrohttpd 0.9.75 joins obsolete folded lines, cuts values at NUL, accepts bare line feeds, and takes the first of
/// several Content-Length fields. A proxy in front may read each of these otherwise, which is how requests are smuggled. All of
/// it shows in the addresses: in a proper head each name begins exactly two bytes (the former CR LF) after the value before it.
///
/// What it refuses by itself, before any callback, it answers with pages of its own: a Content-Length that is no number (400), no
/// colon in a field (400), a bad chunk (400), and a head beyond its memory, `maxHeaderBytes` and 6 KiB (431, 414).
struct HeadReader {
    private var headers: HTTPHeaders
    private var expected: UnsafePointer<CChar>
    private var contentLength: Int?
    private var isChunked = false
    private var hosts = 0
    private(set) var expectsContinue = false
    private var problem: String?

    /// Reads the head that the connection's callback sees in its first call.
    ///
    /// - Parameters:
    ///   - target: the raw target, as long as the request line had it.
    static func read(
        _ connection: OpaquePointer, method: UnsafePointer<CChar>, version: UnsafePointer<CChar>, target: [UInt8],
        remoteAddress: String
    ) throws(RequestError) -> (head: RequestHead, framing: BodyFraming, expectsContinue: Bool) {
        let name = String(cString: method)
        guard name.utf8.allSatisfy(isTokenByte), !name.isEmpty else {
            throw .badRequest(reason: "the method is not a token")
        }
        if name == "CONNECT" { throw .methodNotAllowed(method: name) }
        let methodEnd = method + name.utf8.count
        guard methodEnd + 1 + target.count + 1 == version else {
            throw .badRequest(reason: "the request line is not method, target and version with single spaces")
        }
        let size = switchyard_MHD_header_size(connection)
        var reader = HeadReader(
            headers: HTTPHeaders(reservingBytes: size, fields: 16), expected: version + strlen(version) + 2)
        withUnsafeMutablePointer(to: &reader) { reader in
            _ = MHD_get_connection_values_n(
                connection, .HEADER_KIND,
                { context, _, name, nameLength, value, valueLength in
                    guard let context, let name else { return .NO }
                    let reader = context.assumingMemoryBound(to: HeadReader.self)
                    reader.pointee.add(name, nameLength, value ?? name + nameLength, valueLength)
                    return reader.pointee.problem == nil ? .YES : .NO
                }, reader)
        }
        let framing = try reader.check(end: method + size, version: version)
        let parts = try RequestTarget(target)
        let head = RequestHead(
            method: name, path: parts.path, segments: parts.segments, query: parts.query, headers: reader.headers,
            remoteAddress: remoteAddress)
        return (head, framing, reader.expectsContinue)
    }

    private init(headers: HTTPHeaders, expected: UnsafePointer<CChar>) {
        self.headers = headers
        self.expected = expected
    }

    private mutating func add(
        _ name: UnsafePointer<CChar>, _ nameLength: Int, _ value: UnsafePointer<CChar>, _ valueLength: Int
    ) {
        guard name == expected else {
            problem = "a header field is folded, holds a NUL, or does not end in CR LF"
            return
        }
        expected = value + valueLength + 2
        let nameBytes = UnsafeRawBufferPointer(start: name, count: nameLength)
        var valueBytes = UnsafeRawBufferPointer(start: value, count: valueLength)
        guard nameLength > 0, nameBytes.allSatisfy(isTokenByte) else {
            problem = "the name of a header field is not a token"
            return
        }
        guard valueBytes.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }) else {
            problem = "the value of a header field has a control character"
            return
        }
        note(nameBytes, valueBytes)
        while let last = valueBytes.last, last == 0x20 || last == 0x09 {
            valueBytes = UnsafeRawBufferPointer(rebasing: valueBytes.dropLast())
        }
        headers.append(name: nameBytes, value: valueBytes)
    }

    /// Keeps what decides how the body is framed. Each length belongs to one name only.
    private mutating func note(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) {
        switch name.count {
        case 4 where equal(name, "host"): hosts += 1
        case 6 where equal(name, "expect"): expectsContinue = equal(value, "100-continue")
        case 14 where equal(name, "content-length"):
            guard contentLength == nil else { return problem = "Content-Length is repeated" }
            guard let length = Self.decimal(value) else { return problem = "Content-Length is not a number" }
            contentLength = length
        case 17 where equal(name, "transfer-encoding"):
            guard !isChunked, equal(value, "chunked") else { return problem = "Transfer-Encoding is not chunked" }
            isChunked = true
        default: break
        }
    }

    private func check(end: UnsafePointer<CChar>, version: UnsafePointer<CChar>) throws(RequestError) -> BodyFraming {
        if let problem { throw .badRequest(reason: problem) }
        guard expected + 2 == end else {
            throw .badRequest(reason: "a header field is folded, holds a NUL, or does not end in CR LF")
        }
        let isHTTP11 = strcmp(version, "HTTP/1.1") == 0
        guard hosts == 1 || (hosts == 0 && !isHTTP11) else {
            throw .badRequest(reason: "the request needs one Host field")
        }
        if isChunked {
            guard contentLength == nil else {
                throw .badRequest(reason: "Content-Length and Transfer-Encoding exclude each other")
            }
            guard isHTTP11 else { throw .badRequest(reason: "Transfer-Encoding needs HTTP/1.1") }
            return .chunked
        }
        guard let contentLength, contentLength > 0 else { return .none }
        return .length(contentLength)
    }

    private static func decimal(_ text: UnsafeRawBufferPointer) -> Int? {
        guard !text.isEmpty, text.count <= 18 else { return nil }
        var number = 0
        for byte in text {
            guard byte &- 0x30 < 10 else { return nil }
            number = number * 10 + Int(byte - 0x30)
        }
        return number
    }
}

/// Whether the bytes are this name in lower case, without regard to their own case.
private func equal(_ bytes: UnsafeRawBufferPointer, _ name: StaticString) -> Bool {
    guard bytes.count == name.utf8CodeUnitCount else { return false }
    for index in 0..<bytes.count where lowercased(bytes[index]) != name.utf8Start[index] { return false }
    return true
}

/// Whether the byte may stand in a method or a field name (RFC 9110, 5.6.2).
private func isTokenByte(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
    case 0x21, 0x23...0x27, 0x2A, 0x2B, 0x2D, 0x2E, 0x5E...0x60, 0x7C, 0x7E: true
    default: false
    }
}
