extension Collection where Element: Comparable {
    /// The element in the middle of their order, of two the larger one; nil when there is none.
    var median: Element? {
        let sorted = sorted()
        return sorted.isEmpty ? nil : sorted[sorted.count / 2]
    }
}
