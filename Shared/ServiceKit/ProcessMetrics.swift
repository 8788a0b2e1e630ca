import Synchronization
import Telemetry

extension Metrics {
    /// The registry of this process, shown at `/metrics`.
    public static let shared = Metrics()
}

/// Counters that differ in one label, made as its values turn up; the values come from small fixed sets.
public final class CounterFamily: Sendable {
    private let name: String
    private let help: String
    private let label: String
    private let counters = Mutex<[String: Counter]>([:])

    /// Makes a family in the process's registry.
    public init(_ name: String, help: String, label: String) {
        self.name = name
        self.help = help
        self.label = label
    }

    /// Adds to the counter with this value of the label.
    public func add(_ count: Int = 1, _ value: String) {
        let counter = counters.withLock { counters in
            if let known = counters[value] { return known }
            let made = Metrics.shared.counter(name, help: help, labels: [label: value])
            counters[value] = made
            return made
        }
        counter.add(count)
    }
}
