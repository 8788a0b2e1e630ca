/// One page on its way through the pool.
struct PageRead: Sendable {
    let id: UInt64
    /// Nil where the caller only asks whether a child is ready.
    let request: [UInt8]?
    /// Whether a child has crashed on it already.
    var isRetry = false
    /// Takes the answer, once, on the pool's thread.
    let finish: @Sendable (Result<[UInt8], ParserFault>) -> Void
}

/// Pages in the order of their arrival.
struct PageQueue {
    private var arrived: [PageRead] = []
    /// The first page is the last element.
    private var leaving: [PageRead] = []

    var count: Int { arrived.count + leaving.count }

    mutating func append(_ page: PageRead) { arrived.append(page) }

    mutating func popFirst() -> PageRead? {
        if leaving.isEmpty {
            leaving = arrived.reversed()
            arrived.removeAll(keepingCapacity: true)
        }
        return leaving.popLast()
    }

    mutating func remove(id: UInt64) -> PageRead? {
        if let index = arrived.firstIndex(where: { $0.id == id }) { return arrived.remove(at: index) }
        if let index = leaving.firstIndex(where: { $0.id == id }) { return leaving.remove(at: index) }
        return nil
    }
}
