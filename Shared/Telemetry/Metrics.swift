import Synchronization

/// The metrics of a process, shown as Prometheus text (format 0.0.4).
///
/// Ask for an instrument once and keep it: looking one up takes a lock, recording into it does not. Asking again with the same
/// name and labels gives the same instrument. Labels come from small fixed sets (a job type, a status), never from users.
public final class Metrics: Sendable {
    /// Label names and values, in the order in which they are shown.
    public typealias Labels = KeyValuePairs<String, String>

    /// The content type of `text()`.
    public static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    enum Instrument: Sendable {
        case counter(Counter)
        case gauge(Gauge)
        case callback(@Sendable () -> Double)
        case histogram(Histogram)
    }

    struct Family: Sendable {
        let name: String
        let help: String
        let kind: String
        /// Instruments by their labels as they are shown, `type="export"`.
        var series: [(labels: String, instrument: Instrument)] = []
    }

    private let families = Mutex<[Family]>([])

    /// Makes an empty registry.
    ///
    /// - Parameter process: whether to add the process's own metrics: memory, processor time, open files, start.
    public init(process: Bool = true) {
        if process { addProcessMetrics() }
    }

    /// A counter; its name ends in `_total`.
    public func counter(_ name: String, help: String, labels: Labels = [:]) -> Counter {
        register(name, help, "counter", labels, make: { .counter(Counter()) }) { instrument in
            guard case .counter(let counter) = instrument else { return nil }
            return counter
        }
    }

    /// A gauge that the code sets.
    public func gauge(_ name: String, help: String, labels: Labels = [:]) -> Gauge {
        register(name, help, "gauge", labels, make: { .gauge(Gauge()) }) { instrument in
            guard case .gauge(let gauge) = instrument else { return nil }
            return gauge
        }
    }

    /// A gauge that is asked for its value whenever the metrics are read; the closure must be quick and not block.
    public func gauge(
        _ name: String, help: String, labels: Labels = [:], read: @escaping @Sendable () -> Double
    ) {
        register(name, help, "gauge", labels, make: { .callback(read) }) { _ in () }
    }

    /// A counter that is kept elsewhere and read through a closure, which must be quick and not block.
    public func counter(
        _ name: String, help: String, labels: Labels = [:], read: @escaping @Sendable () -> Double
    ) {
        register(name, help, "counter", labels, make: { .callback(read) }) { _ in () }
    }

    /// A histogram with the given upper bounds, ascending; its name ends in its unit, such as `_seconds`.
    public func histogram(
        _ name: String, help: String, labels: Labels = [:], buckets: [Double] = Histogram.latencyBuckets
    ) -> Histogram {
        register(name, help, "histogram", labels, make: { .histogram(Histogram(bounds: buckets)) }) { instrument in
            guard case .histogram(let histogram) = instrument else { return nil }
            return histogram
        }
    }

    /// All metrics as UTF-8 text.
    public func text() -> [UInt8] {
        let families = families.withLock { $0 }
        return Exposition.text(of: families)
    }

    @discardableResult
    private func register<Result>(
        _ name: String, _ help: String, _ kind: String, _ labels: Labels, make: () -> Instrument,
        as cast: (Instrument) -> Result?
    ) -> Result {
        let shown = Exposition.text(of: labels)
        let instrument = families.withLock { families -> Instrument in
            let position = families.firstIndex { $0.name == name } ?? families.endIndex
            if position == families.endIndex { families.append(Family(name: name, help: help, kind: kind)) }
            if let known = families[position].series.first(where: { $0.labels == shown }) { return known.instrument }
            precondition(families[position].kind == kind, "the metric \(name) is a \(families[position].kind)")
            let made = make()
            families[position].series.append((shown, made))
            return made
        }
        guard let result = cast(instrument) else {
            preconditionFailure("the metric \(name) is no \(kind) of this kind")
        }
        return result
    }
}
