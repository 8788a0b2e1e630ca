import Jobs
import Sandbox

/// What is asked of a parsing child: a fetched body, and what is known of it.
struct PageRequest: Sendable {
    let kind: FrontierKind
    /// The canonical URL of the page.
    let url: String
    /// The values of its `Content-Type` and `X-Robots-Tag` headers.
    let contentType: String?
    let robotsTag: String?
    /// The product token that rules for robots name.
    let agent: String
    let keepsTracking: Bool
    let body: [UInt8]

    /// As a frame for the child.
    var frame: [UInt8] {
        var writer = FrameWriter(capacity: body.count + url.utf8.count + 256)
        writer.append(UInt8(kind == .page ? 0 : 1))
        writer.append(UInt8(keepsTracking ? 1 : 0))
        writer.append(url)
        writer.append(contentType)
        writer.append(robotsTag)
        writer.append(agent)
        writer.append(body)
        return writer.bytes
    }

    init(
        kind: FrontierKind, url: String, contentType: String?, robotsTag: String?, agent: String, keepsTracking: Bool,
        body: [UInt8]
    ) {
        self.kind = kind
        self.url = url
        self.contentType = contentType
        self.robotsTag = robotsTag
        self.agent = agent
        self.keepsTracking = keepsTracking
        self.body = body
    }

    /// Reads what `frame` has.
    init(frame: UnsafeRawBufferPointer) throws(FrameError) {
        var reader = FrameReader(frame)
        kind = try reader.readUInt8() == 0 ? .page : .sitemap
        keepsTracking = try reader.readUInt8() == 1
        url = try reader.readText() ?? ""
        contentType = try reader.readText()
        robotsTag = try reader.readText()
        agent = try reader.readText() ?? ""
        body = Array(try reader.readBytes())
        try reader.finish()
    }
}
