import HTTPClient

/// Header blocks of archived answers.
enum WARCHead {
    private static let setAside = ["content-encoding", "transfer-encoding", "content-length"]

    /// The header block of an answer. That of HTTP/2, which has none, is written as HTTP/1.1 would have it: archives know no other.
    static func bytes(of head: WebHead) -> [UInt8] {
        let line = head.statusLine.hasPrefix("HTTP/1.") ? head.statusLine : "HTTP/1.1 \(head.status) "
        return Array("\(line)\r\n\(head.headers.map { "\($0.name): \($0.value)\r\n" }.joined())\r\n".utf8)
    }

    /// A header block for a body of which chunks and compression were taken off, so that readers do not take them off again.
    static func describing(bodyOf length: Int, _ head: [UInt8]) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(head.count + 64)
        for line in head.split(separator: 0x0A) {
            let line = line.last == 0x0D ? line.dropLast() : line
            guard !line.isEmpty else { continue }
            let name = String(decoding: line.prefix { $0 != UInt8(ascii: ":") }, as: UTF8.self).lowercased()
            if setAside.contains(name) { output += "X-Archive-Orig-".utf8 }
            output += line
            output += WARCFields.lineEnd
        }
        output += "Content-Length: \(length)\r\n\r\n".utf8
        return output
    }
}
