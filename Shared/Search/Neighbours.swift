import COpenBLAS
import Jobs

/// A chunk and how near it is: the cosine of its vector and the query's.
struct Neighbour: Equatable {
    let chunk: Int64
    let similarity: Double

    /// Whether this one comes before the other: the nearer, or of two as near the one with the lower number.
    func precedes(_ other: Neighbour) -> Bool {
        similarity == other.similarity ? chunk < other.chunk : similarity > other.similarity
    }
}

/// The nearest of the chunks that are shown to it, exactly: as if each had been compared in double precision and all had been sorted.
///
/// BLAS compares a batch in single precision. Only what comes so near to the worst of those that are kept that rounding may decide is
/// compared again, in double precision, in the order of the numbers; so the answer depends on neither the batches nor the machine.
struct Neighbours {
    private let query: [Float]
    private let floor: Double
    /// How far BLAS may be off for two vectors of unit length: `n` roundings of at most half a unit in the last place each.
    private let margin: Double
    private var kept: BoundedHeap
    private var matrix: [Float] = []
    private var products: [Float] = []

    /// Looks for at most `count` chunks.
    ///
    /// - Parameters:
    ///   - query: of unit length.
    ///   - floor: the least similarity.
    init(of query: [Float], count: Int, floor: Double = -.infinity) {
        self.query = query
        self.floor = floor
        margin = Double(query.count + 2) * 0x1p-24 * 1.01
        kept = BoundedHeap(capacity: count)
    }

    /// Those that are kept, the nearest first.
    var sorted: [Neighbour] { kept.elements.sorted { $0.precedes($1) } }

    /// Looks at chunks whose vectors have as many numbers as the query.
    mutating func look(at batch: [(chunk: Int64, vector: StoredVector)]) {
        multiply(batch)
        for (entry, product) in zip(batch, products) {
            guard Double(product) + margin >= max(floor, kept.worst?.similarity ?? -.infinity) else { continue }
            let neighbour = Neighbour(chunk: entry.chunk, similarity: Self.product(query, entry.vector.numbers))
            if neighbour.similarity >= floor { kept.offer(neighbour) }
        }
    }

    /// Fills `products`.
    private mutating func multiply(_ batch: [(chunk: Int64, vector: StoredVector)]) {
        matrix.removeAll(keepingCapacity: true)
        for entry in batch {
            precondition(entry.vector.numbers.count == query.count, "a vector of a space has the space's dimensions")
            matrix += entry.vector.numbers
        }
        products = [Float](repeating: 0, count: batch.count)
        let (rows, columns) = (Int32(batch.count), Int32(query.count))
        cblas_sgemv(CblasRowMajor, CblasNoTrans, rows, columns, 1, matrix, columns, query, 1, 0, &products, 1)
    }

    static func product(_ one: [Float], _ other: [Float]) -> Double {
        var sum = 0.0
        for (a, b) in zip(one, other) { sum += Double(a) * Double(b) }
        return sum
    }
}

/// The best so many of what is offered; the worst of them is on top.
struct BoundedHeap {
    private let capacity: Int
    private(set) var elements: [Neighbour] = []

    init(capacity: Int) {
        precondition(capacity > 0, "a heap has room")
        self.capacity = capacity
    }

    /// The one that goes next; nil while there is room.
    var worst: Neighbour? { elements.count < capacity ? nil : elements.first }

    mutating func offer(_ neighbour: Neighbour) {
        if elements.count < capacity {
            elements.append(neighbour)
            rise()
        } else if neighbour.precedes(elements[0]) {
            elements[0] = neighbour
            sink()
        }
    }

    private mutating func rise() {
        var child = elements.count - 1
        while child > 0, elements[(child - 1) / 2].precedes(elements[child]) {
            elements.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    private mutating func sink() {
        var parent = 0
        while true {
            var worst = parent
            for child in [2 * parent + 1, 2 * parent + 2]
            where child < elements.count && elements[worst].precedes(elements[child]) {
                worst = child
            }
            guard worst != parent else { return }
            elements.swapAt(parent, worst)
            parent = worst
        }
    }
}
