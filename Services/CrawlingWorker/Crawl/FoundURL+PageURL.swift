import Jobs
import WebAddress

extension FoundURL {
    /// A URL in its canonical form, for the frontier.
    init(_ url: PageURL, kind: FrontierKind = .page, depth: Int16, hops: Int16 = 0, referrer: Int64? = nil) {
        self.init(url: url.text, origin: url.origin, kind: kind, depth: depth, hops: hops, referrer: referrer)
    }
}
