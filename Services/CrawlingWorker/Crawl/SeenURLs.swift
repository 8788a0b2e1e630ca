import Synchronization

/// URLs that were lately given to the frontier: most links of a page lead to what is known, and need not be asked of the database.
///
/// A table of 64-bit hashes in which a new one takes the place of another: what is forgotten is merely asked for again. That two
/// URLs have one hash, and the second is lost, is to be expected once in 10^13 links.
final class SeenURLs: Sendable {
    private static let places = 1 << 17

    private let table = Mutex([UInt64](repeating: 0, count: places))

    /// Notes the URLs; answers those that were not noted.
    func filter<Element>(_ elements: [Element], by url: (Element) -> String) -> [Element] {
        let hashes = elements.map { Self.hash(url($0)) }
        let isNew = table.withLock { table in
            hashes.map { hash in
                let place = Int(truncatingIfNeeded: hash) & (Self.places - 1)
                defer { table[place] = hash }
                return table[place] != hash
            }
        }
        return zip(elements, isNew).compactMap { $1 ? $0 : nil }
    }

    /// Never that of an empty place.
    private static func hash(_ url: String) -> UInt64 {
        var hasher = Hasher()
        hasher.combine(url)
        return UInt64(bitPattern: Int64(hasher.finalize())) | 1 << 63
    }
}
