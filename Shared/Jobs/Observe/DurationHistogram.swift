/// How often durations of each size occurred, in fixed buckets, so that histograms of any two places can be added up.
///
/// Buckets are eighths of powers of two in microseconds, as in HdrHistogram: what is read out is at most 1/16 off. Longer
/// durations than about four years count in the last bucket.
public struct DurationHistogram: Sendable, Hashable {
    private static let eighths = 8
    /// Below this each microsecond has a bucket of its own.
    private static let firstPower = 3
    private static let lastPower = 46
    private static let bucketCount = (lastPower - firstPower + 2) * eighths

    /// By bucket; the empty ones at the end are left out.
    private var counts: [Int] = []

    /// Makes an empty histogram.
    public init() {}

    /// How many durations were added.
    public private(set) var count = 0

    /// Adds one duration; a negative one counts as none.
    public mutating func add(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        let microseconds = seconds.multipliedReportingOverflow(by: 1_000_000)
        let value = microseconds.overflow ? .max : microseconds.partialValue + attoseconds / 1_000_000_000_000
        add(1, at: Self.bucket(max(0, value)))
    }

    /// Adds what another histogram has counted.
    public mutating func merge(_ other: DurationHistogram) {
        for (index, number) in other.counts.enumerated() where number > 0 { add(number, at: index) }
    }

    /// Halves every count, so that what is added afterwards weighs more than what was added before.
    public mutating func age() {
        counts = counts.map { $0 / 2 }
        count = counts.reduce(0, +)
    }

    /// The duration in seconds that this share of all stays below; nil of an empty histogram.
    public func quantile(_ share: Double) -> Double? { quantile(share, beyond: 0) }

    /// The same among the durations that are longer than `seconds`; nil when there are none.
    public func quantile(_ share: Double, beyond seconds: Double) -> Double? {
        let first = Self.bucket(Int64(min(seconds, 1e12) * 1e6))
        guard first < counts.count else { return nil }
        // What lies in the same bucket cannot be told apart from what is asked about; it counts as long as nothing lies beyond it.
        let start = seconds > 0 && counts[(first + 1)...].contains { $0 > 0 } ? first + 1 : first
        let total = counts[start...].reduce(0, +)
        guard total > 0 else { return nil }
        let rank = max(1, min(total, Int((share * Double(total)).rounded(.up))))
        var passed = 0
        for index in start..<counts.count {
            passed += counts[index]
            if passed >= rank { return max(Self.middle(index), seconds) }
        }
        return nil
    }

    private mutating func add(_ number: Int, at index: Int) {
        if counts.count <= index { counts += repeatElement(0, count: index + 1 - counts.count) }
        counts[index] += number
        count += number
    }

    private static func bucket(_ microseconds: Int64) -> Int {
        guard microseconds >= Int64(eighths) else { return Int(microseconds) }
        let power = 63 - microseconds.leadingZeroBitCount
        guard power <= lastPower else { return bucketCount - 1 }
        return (power - firstPower + 1) * eighths + Int(microseconds >> (power - firstPower)) % eighths
    }

    /// The middle of a bucket, in seconds.
    private static func middle(_ index: Int) -> Double {
        guard index >= eighths else { return Double(index) / 1e6 }
        let width = 1 << (index / eighths - 1)
        return Double((eighths + index % eighths) * width) / 1e6 + Double(width - 1) / 2e6
    }
}

extension DurationHistogram: Codable {
    /// Reads pairs of bucket and count, flat in one array.
    public init(from decoder: any Decoder) throws {
        let pairs = try decoder.singleValueContainer().decode([Int].self)
        for index in stride(from: 0, to: pairs.count - 1, by: 2) {
            guard (0..<Self.bucketCount).contains(pairs[index]), pairs[index + 1] >= 0 else { continue }
            add(pairs[index + 1], at: pairs[index])
        }
    }

    /// Writes pairs of bucket and count, flat in one array: most buckets are empty.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(counts.enumerated().filter { $0.element > 0 }.flatMap { [$0.offset, $0.element] })
    }
}
