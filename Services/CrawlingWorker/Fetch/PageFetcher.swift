import Foundation
import HTTPClient
import Jobs
import WebAddress

/// What a request for a URL has brought.
enum FetchedAnswer: Sendable {
    /// The whole body of a 2xx answer.
    case body([UInt8], WebHead)
    /// 304: what is known is still so.
    case notModified(WebHead)
    /// An answer that leads elsewhere.
    case redirect(to: String, WebHead)
    /// A body that nobody wants was not read.
    case unwanted(mediaType: String, WebHead)
    /// No answer, or one that is none; what a refusal says, where it is a page.
    case fault(FetchFault, message: String, WebHead?, page: [UInt8] = [])
}

/// A request for a URL and how its answer is taken.
struct FetchRequest: Sendable {
    let url: PageURL
    var headers: [(name: String, value: String)] = []
    var validators: FrontierURL.Validators?
    /// Media types that are read, in lower case; nil for any.
    var mediaTypes: Set<String>?
    var maxBytes: Int
    /// Whether a body that is too large is read up to the limit and taken for whole, as RFC 9309 has it for robots.txt.
    var takesBeginning = false
    var time: Duration
}

/// Fetches one URL at a time and follows nothing: where a redirect leads is a URL like any other, with its own host, robots.txt and turn.
///
/// Only public addresses are connected to, and those that the operator allows; the client checks the address that it really connects to.
struct PageFetcher: Sendable {
    /// Ports on which something else than a web server listens: those of the Fetch Standard ("bad ports").
    private static let badPorts: Set<UInt16> = [
        1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109,
        110,
        111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526, 530, 531,
        532,
        540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060,
        5061,
        6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080,
    ]

    private static let longestRefusal = 256 << 10

    let client: WebClient
    let userAgent: String

    /// - Parameter onHead: called when the first byte of the answer is there.
    func fetch(_ request: FetchRequest, onHead: () -> Void = {}) async -> FetchedAnswer {
        let url: WebURL
        do throws(WebError) { url = try Self.url(request.url) } catch { return Self.fault(error, nil) }
        guard !Self.badPorts.contains(url.port) else {
            return .fault(.addressRefused, message: "port \(url.port) is not one of a web server", nil)
        }
        var head: WebHead?
        do throws(WebError) {
            let stream = try await client.open(
                WebRequest("GET", url, headers: headers(of: request), limits: Self.limits(of: request)))
            head = stream.head
            onHead()
            return try await answer(stream, to: request)
        } catch {
            return Self.fault(error, head)
        }
    }

    private func answer(_ stream: WebStream, to request: FetchRequest) async throws(WebError) -> FetchedAnswer {
        let head = stream.head
        switch head.status {
        case 200, 203: break
        case 304: return .notModified(head)
        case 301, 302, 303, 307, 308:
            guard let location = head["Location"] else {
                return .fault(.badRedirect, message: "the answer \(head.status) has no Location", head)
            }
            return .redirect(to: location, head)
        case 200..<300: return .fault(.brokenAnswer, message: "the answer \(head.status) has no page", head)
        default:
            let fault = FetchFault(status: head.status) ?? .brokenAnswer
            return .fault(
                fault, message: "the server answered \(head.status)", head, page: await refusal(stream, fault))
        }
        if let mediaType = head.mediaType, let wanted = request.mediaTypes, !wanted.contains(mediaType) {
            return .unwanted(mediaType: mediaType, head)
        }
        return .body(try await body(stream, request), head)
    }

    /// What a refusal says, up to a limit: it may be a wall against programs.
    private func refusal(_ stream: WebStream, _ fault: FetchFault) async -> [UInt8] {
        guard [.forbidden, .rateLimited].contains(fault), stream.head.mediaType == "text/html" else { return [] }
        var page: [UInt8] = []
        do throws(WebError) {
            while page.count < Self.longestRefusal, let piece = try await stream.next() { page += piece }
        } catch {
            // The status has said enough.
            return []
        }
        return page
    }

    /// The limit is also the client's, but for a body of which the beginning will do.
    private func body(_ stream: WebStream, _ request: FetchRequest) async throws(WebError) -> [UInt8] {
        if !request.takesBeginning, let length = stream.head["Content-Length"].flatMap({ Int($0) }),
            length > request.maxBytes
        {
            throw WebError(.tooLarge, "the answer has \(length) bytes, more than \(request.maxBytes)")
        }
        var body: [UInt8] = []
        while let piece = try await stream.next() {
            if body.isEmpty { body = piece } else { body += piece }
            if request.takesBeginning, body.count > request.maxBytes {
                stream.cancel()
                break
            }
        }
        return body
    }

    private func headers(of request: FetchRequest) -> [(name: String, value: String)] {
        var headers = [("User-Agent", userAgent), ("Accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.5")]
        if let etag = request.validators?.etag { headers.append(("If-None-Match", etag)) }
        if let time = request.validators?.lastModified { headers.append(("If-Modified-Since", time)) }
        let own = Set(request.headers.map { $0.name.lowercased() })
        return headers.filter { !own.contains($0.0.lowercased()) } + request.headers
    }

    private static func limits(of request: FetchRequest) -> WebLimits {
        WebLimits(
            connect: min(request.time, .seconds(15)), total: request.time, stall: min(request.time, .seconds(20)),
            body: request.takesBeginning ? request.maxBytes + (1 << 20) : request.maxBytes, acceptsCompression: true)
    }

    /// The URL as the client takes it apart; it must mean the same host, or one of the two is fooled.
    static func url(_ url: PageURL) throws(WebError) -> WebURL {
        let parsed = try WebURL(url.text)
        let host = url.host.hasPrefix("[") ? String(url.host.dropFirst().dropLast()) : url.host
        // The two write some addresses of IPv6 differently.
        let isSame = parsed.host == host || parsed.address.map { $0 == IPAddress(host) } ?? false
        guard isSame, parsed.port == url.port else {
            throw WebError(.invalidRequest, "the URL can be read in two ways")
        }
        return parsed
    }

    private static func fault(_ error: WebError, _ head: WebHead?) -> FetchedAnswer {
        let fault: FetchFault =
            switch error.kind {
            case .invalidRequest: .badURL
            case .refusedAddress: .addressRefused
            case .dns: .dns
            case .connect: .connect
            case .tls: .tls
            case .timeout, .cancelled, .closed, .overflow: .timeout
            case .tooLarge: .tooLarge
            case .redirect: .badRedirect
            case .answer: head == nil ? .reset : .brokenAnswer
            }
        return .fault(fault, message: error.message, head)
    }
}

extension WebHead {
    /// The media type without its parameters, in lower case; nil when it is not told.
    var mediaType: String? {
        guard let value = self["Content-Type"] else { return nil }
        let type = value.prefix { $0 != ";" }.trimmingCharacters(in: .whitespaces).lowercased()
        return type.isEmpty ? nil : type
    }
}
