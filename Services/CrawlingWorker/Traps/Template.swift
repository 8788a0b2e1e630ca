/// What the URLs of one kind of page have in common: the path without its numbers, and the names of the query's parameters.
///
/// Within a segment each run of digits, and each word that looks like hexadecimal, a UUID or another made-up identifier, becomes `#`; so a date
/// does. `/shop/item-17.html?page=2&id=9` is of the template `/shop/item-#.html?id&page`.
struct Template: Sendable, Hashable {
    /// Stable between runs: in the upper half the path, in the lower half the names of the parameters.
    let hash: UInt64
    /// How many segments the path has; an empty last one is none.
    let depth: Int
    /// How often the most frequent segment stands in the path.
    let repetitions: Int
    /// How many bytes the path and query have.
    let length: Int
    /// How many parameters the query has.
    let parameters: Int

    /// The template of a path and query of a normalised URL.
    init(_ target: String) {
        let target = Array(target.utf8)
        let mark = target.firstIndex(of: UInt8(ascii: "?"))
        let segments = target[..<(mark ?? target.count)].split(separator: UInt8(ascii: "/"))
        let names = Self.names(mark.map { target[($0 + 1)...] } ?? [])
        hash = Self.hash(segments: segments, names: names, isFolder: target.last == UInt8(ascii: "/"))
        depth = segments.count
        repetitions = Dictionary(segments.map { ($0, 1) }, uniquingKeysWith: +).values.max() ?? 0
        length = target.count
        parameters = names.count
    }

    /// The name of each parameter, also of one that comes again.
    private static func names(_ query: ArraySlice<UInt8>) -> [[UInt8]] {
        query.split(separator: UInt8(ascii: "&")).map { part in
            TemplateWord.replaceIdentifiers(in: part.prefix { $0 != UInt8(ascii: "=") })
        }
    }

    private static func hash(segments: [ArraySlice<UInt8>], names: [[UInt8]], isFolder: Bool) -> UInt64 {
        var path = segments.flatMap { [UInt8(ascii: "/")] + TemplateWord.replaceIdentifiers(in: $0) }
        if isFolder { path.append(UInt8(ascii: "/")) }
        let sorted = Set(names).sorted { $0.lexicographicallyPrecedes($1) }
        let query = sorted.joined(separator: [UInt8(ascii: "&")])
        return fold(StableHash.of(path)) << 32 | fold(StableHash.of(query))
    }

    private static func fold(_ hash: UInt64) -> UInt64 { hash >> 32 }

    /// Why no page like this is fetched, whatever others there are.
    func excess(over limits: TrapLimits) -> TrapReason? {
        if length > limits.length { return .length }
        if depth > limits.depth { return .depth }
        if repetitions > limits.repetitions { return .repetition }
        return parameters > limits.parameters ? .parameters : nil
    }
}
