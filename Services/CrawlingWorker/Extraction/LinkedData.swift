import JSON

/// What a page's JSON-LD says (W3C JSON-LD 1.1, the terms of schema.org).
struct LinkedData: Sendable, Equatable {
    /// The types of all things described, each once, in order.
    var types: [String] = []
    /// Of the thing that the page is about: an article, a product, whatever has a headline or a name first.
    var headline: String?
    var description: String?
    var author: String?
    var publisher: String?
    /// As written.
    var published: String?
    /// As written.
    var modified: String?
    var language: String?

    private static let mostTypes = 32
    private static let mostThings = 512
    private static let mostBytes = 256 << 10
    private static let longest = 500
    /// Things that a site has on each page, and that say nothing about this one.
    private static let surroundings: Set<String> = [
        "Organization", "NewsMediaOrganization", "WebSite", "BreadcrumbList", "ListItem", "SearchAction", "ImageObject",
        "Person", "SiteNavigationElement", "EntryPoint", "PostalAddress", "ContactPoint", "Comment",
    ]

    /// Adds a script's content; what is no JSON, or too large, says nothing.
    mutating func add(_ script: UnsafeBufferPointer<UInt8>) {
        guard script.count <= Self.mostBytes, let root = Self.parse(script) else { return }
        var stack = [root]
        var count = 0
        while let value = stack.popLast(), count < Self.mostThings {
            count += 1
            switch value {
            case .array(let elements): stack += elements.prefix(Self.mostThings).reversed()
            case .object(let members):
                read(members)
                stack += members.map(\.value).filter { $0.objectValue != nil || $0.arrayValue != nil }.reversed()
            default: break
            }
        }
    }

    private static func parse(_ script: UnsafeBufferPointer<UInt8>) -> JSON? {
        do throws(JSONError) {
            return try JSON.parse(Array(script))
        } catch {
            // Pages write what they like there: it is no failure of the page.
            return nil
        }
    }

    private mutating func read(_ thing: JSONObject) {
        let names = Self.names(thing["@type"])
        for name in names where types.count < Self.mostTypes && !types.contains(name) { types.append(name) }
        guard !names.isEmpty, !names.contains(where: Self.surroundings.contains) else { return }
        Self.set(&headline, thing["headline"] ?? thing["name"])
        Self.set(&description, thing["description"])
        Self.set(&author, thing["author"] ?? thing["creator"])
        Self.set(&publisher, thing["publisher"])
        Self.set(&published, thing["datePublished"] ?? thing["dateCreated"] ?? thing["uploadDate"])
        Self.set(&modified, thing["dateModified"])
        Self.set(&language, thing["inLanguage"])
    }

    private static func names(_ value: JSON?) -> [String] {
        (value?.arrayValue ?? [value].compactMap { $0 }).compactMap(\.stringValue).prefix(mostTypes).map {
            String($0.split(separator: "/").last ?? "").clipped(to: longest)
        }
    }

    /// Sets what is not set yet; of a thing or a list of things, their names.
    private static func set(_ field: inout String?, _ value: JSON?) {
        guard field == nil, let value else { return }
        let texts = (value.arrayValue ?? [value]).prefix(16).compactMap { $0.stringValue ?? $0["name"]?.stringValue }
        let text = texts.map { $0.collapsingBlanks() }.filter { !$0.isEmpty }.joined(separator: ", ")
        if !text.isEmpty { field = text.clipped(to: longest) }
    }
}

extension String {
    /// The first so many scalars.
    func clipped(to count: Int) -> String {
        utf8.count <= count ? self : String(String.UnicodeScalarView(unicodeScalars.prefix(count)))
    }
}
