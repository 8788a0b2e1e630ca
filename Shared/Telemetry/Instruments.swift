import Synchronization

/// A number that only grows, such as requests since the start. Adding is one atomic instruction.
public final class Counter: Sendable {
    private let total = Atomic<Int>(0)

    init() {}

    /// Adds `count`, which is not negative.
    public func add(_ count: Int = 1) {
        assert(count >= 0, "a counter only grows")
        total.wrappingAdd(count, ordering: .relaxed)
    }

    /// The sum so far.
    public var value: Int { total.load(ordering: .relaxed) }
}

/// A number that goes up and down, such as open connections.
public final class Gauge: Sendable {
    private let current = AtomicDouble()

    init() {}

    /// Replaces the number.
    public func set(_ value: Double) { current.store(value) }

    /// Adds to the number; `change` may be negative.
    public func add(_ change: Double = 1) { current.add(change) }

    /// The number now.
    public var value: Double { current.load() }
}

/// How often values fell into each of a fixed set of buckets, with their sum.
public final class Histogram: @unchecked Sendable {  // `counts` is allocated once and only used atomically.
    /// Upper bounds in seconds that suit requests to a database or a broker.
    public static let latencyBuckets = [
        0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
    ]

    /// The upper bounds, ascending, without the infinite last one.
    let bounds: [Double]
    private let counts: UnsafeMutableBufferPointer<Atomic<Int>>
    private let total = AtomicDouble()

    init(bounds: [Double]) {
        precondition(zip(bounds, bounds.dropFirst()).allSatisfy(<), "the bounds of a histogram ascend")
        self.bounds = bounds
        counts = .allocate(capacity: bounds.count + 1)
        for index in counts.indices { counts.initializeElement(at: index, to: Atomic(0)) }
    }

    deinit {
        counts.deinitialize()
        counts.deallocate()
    }

    /// Counts a value, in the unit that the metric's name ends with.
    public func record(_ value: Double) {
        var index = 0
        while index < bounds.count, value > bounds[index] { index += 1 }
        counts[index].wrappingAdd(1, ordering: .relaxed)
        total.add(value)
    }

    /// Counts a length of time, in seconds.
    public func record(_ duration: Duration) { record(duration / .seconds(1)) }

    /// How many values each bucket holds by itself, the infinite one last.
    var bucketCounts: [Int] { counts.indices.map { counts[$0].load(ordering: .relaxed) } }

    /// How many values were counted.
    public var count: Int { bucketCounts.reduce(0, +) }

    /// The sum of all values.
    public var sum: Double { total.load() }
}

/// A double that many threads add to.
final class AtomicDouble: Sendable {
    private let bits = Atomic<UInt64>(0)

    func load() -> Double { Double(bitPattern: bits.load(ordering: .relaxed)) }

    func store(_ value: Double) { bits.store(value.bitPattern, ordering: .relaxed) }

    func add(_ change: Double) {
        var seen = bits.load(ordering: .relaxed)
        while true {
            let sum = Double(bitPattern: seen) + change
            let (exchanged, original) = bits.weakCompareExchange(
                expected: seen, desired: sum.bitPattern, ordering: .relaxed)
            if exchanged { return }
            seen = original
        }
    }
}
