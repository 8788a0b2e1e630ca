/// Reads an HTTP/1.1 answer that may not be complete yet.
struct AnswerReader {
    private let bytes: UnsafeBufferPointer<UInt8>

    init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

    /// The answer, or nil while bytes are missing; throws on anything but a head with Content-Length and its body.
    func response() throws(BenchError) -> WireResponse? {
        guard let bodyStart = endOfHead else { return nil }
        guard let status = number(in: 9..<12), let length = try contentLength(before: bodyStart) else {
            throw BenchError("not an answer with Content-Length: \(text(0..<min(bytes.count, 2000)))")
        }
        guard bytes.count >= bodyStart + length else { return nil }
        guard bytes.count == bodyStart + length else { throw BenchError("more came than the one answer") }
        return WireResponse(status: status, body: Array(bytes[bodyStart...]))
    }

    private var endOfHead: Int? {
        guard bytes.count >= 16 else { return nil }
        // Only every line feed can be the end, and there are few.
        for index in 3..<bytes.count where bytes[index] == UInt8(ascii: "\n") && bytes[index - 2] == UInt8(ascii: "\n")
        {
            return index + 1
        }
        return nil
    }

    private func contentLength(before end: Int) throws(BenchError) -> Int? {
        var start = 0
        for index in 0..<end where bytes[index] == UInt8(ascii: "\n") {
            if index - start > Self.name.utf8CodeUnitCount, isName(at: start) {
                return number(in: start + Self.name.utf8CodeUnitCount..<index)
            }
            start = index + 1
        }
        return nil
    }

    private static let name: StaticString = "content-length:"

    private func isName(at start: Int) -> Bool {
        Self.name.withUTF8Buffer { name in
            // Or-ing 32 makes letters lower-case and leaves `-` and `:` as they are.
            name.indices.allSatisfy { bytes[start + $0] | 32 == name[$0] }
        }
    }

    /// The decimal number in a field, with blanks around it.
    private func number(in range: Range<Int>) -> Int? {
        var result: Int?
        for byte in bytes[range] where byte != UInt8(ascii: " ") && byte != UInt8(ascii: "\r") {
            guard (48...57).contains(byte), (result ?? 0) < 1 << 40 else { return nil }
            result = (result ?? 0) * 10 + Int(byte - 48)
        }
        return result
    }

    private func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }
}
