import Foundation
import HTTPServer
import Jobs
import Storage

/// Which bytes of a file a request wants (RFC 9110, 13 and 14).
enum Download: Equatable {
    case unchanged
    case whole
    case part(Range<Int>)
    case outside

    /// Several ranges, and what is none, are answered with the whole, as the RFC allows.
    init(_ headers: HTTPHeaders, method: String, tag: String, size: Int) {
        if let known = headers["If-None-Match"], Self.has(known, tag) {
            self = .unchanged
            return
        }
        guard method == "GET", let range = headers["Range"], (headers["If-Range"] ?? tag) == tag else {
            self = .whole
            return
        }
        self = Self.part(range, size)
    }

    /// Whether a list of tags has this one, weakly compared.
    private static func has(_ list: String, _ tag: String) -> Bool {
        list.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
            .contains { $0 == "*" || $0 == tag || $0 == "W/" + tag }
    }

    private static func part(_ text: String, _ size: Int) -> Download {
        let sides = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard sides.count == 2, sides[0].lowercased() == "bytes" else { return .whole }
        let ends = sides[1].trimmingCharacters(in: .whitespaces).split(
            separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        guard ends.count == 2 else { return .whole }
        switch (number(ends[0]), number(ends[1])) {
        case (let first?, let last?):
            guard first <= last else { return .whole }
            return first < size ? .part(first..<min(last, size - 1) + 1) : .outside
        case (let first?, nil):
            guard ends[1].isEmpty else { return .whole }
            return first < size ? .part(first..<size) : .outside
        case (nil, let count?):
            guard ends[0].isEmpty else { return .whole }
            return count > 0 && size > 0 ? .part(max(0, size - count)..<size) : .outside
        case (nil, nil): return .whole
        }
    }

    /// Digits only; a number that is too large for anything is as good as the largest.
    private static func number(_ text: Substring) -> Int? {
        guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return Int(text) ?? .max
    }
}

extension Gateway {
    /// The content of a file as the request wants it: by the kernel from a local one, otherwise piece by piece, no faster than the client takes it.
    func download(_ file: FileRecord, _ request: HTTPRequest) async throws -> HTTPResponse {
        let tag = "\"\(file.sha256)\""
        let size = Int(file.size)
        var response = HTTPResponse(
            status: 200,
            headers: [
                ("Content-Type", file.mediaType), ("Content-Disposition", Self.disposition(file.name)), ("ETag", tag),
                ("Accept-Ranges", "bytes"), ("X-Content-Type-Options", "nosniff"),
            ])
        switch Download(request.headers, method: request.method, tag: tag, size: size) {
        case .unchanged: return HTTPResponse(status: 304, headers: [("ETag", tag)])
        case .outside: throw Problem.outOfRange(size)
        case .whole: response.body = try await body(file.id, 0..<size, isRead: request.method == "GET")
        case .part(let range):
            response.status = 206
            response.headers.append(("Content-Range", "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(size)"))
            response.body = try await body(file.id, range, isRead: true)
        }
        return response
    }

    private func body(_ id: UUID, _ range: Range<Int>, isRead: Bool) async throws -> ResponseBody {
        if let path = content.localPath(of: id) {
            return .file(path: path, offset: range.lowerBound, length: range.count)
        }
        guard isRead else { return .stream(length: range.count) { _ in } }
        let reader = try await content.read(id, range: range)
        guard reader.size == range.count else { throw Problem.contentUnavailable }
        return .stream(length: range.count) { writer in
            while let piece = try await reader.next() { try await writer.write(piece) }
        }
    }
}
