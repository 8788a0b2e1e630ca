/// The times of many requests, in order of length.
struct Percentiles: Sendable {
    private let sorted: [UInt32]

    init(microseconds: [UInt32]) { sorted = microseconds.sorted() }

    /// How many requests there were.
    var count: Int { sorted.count }

    /// The time in milliseconds that this share of the requests did not exceed (nearest rank).
    func milliseconds(_ share: Double) -> Double {
        guard !sorted.isEmpty else { return .nan }
        let rank = Int((share * Double(sorted.count)).rounded(.up))
        return Double(sorted[max(0, min(rank, sorted.count) - 1)]) / 1000
    }
}

/// The middle of some figures.
func median(_ figures: [Double]) -> Double {
    let sorted = figures.sorted()
    let middle = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}
