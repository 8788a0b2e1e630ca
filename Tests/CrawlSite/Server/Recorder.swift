import Synchronization

/// Every request of a run, when it came and how it was answered; at most a million.
final class Recorder: Sendable {
    struct Entry: Sendable {
        /// Microseconds since the server's start.
        let time: Int64
        let host: Host
        let method: String
        let target: String
        let isForbidden: Bool
        var status = 0
    }

    /// What a host saw.
    struct Rate: Sendable, Equatable {
        var requests = 0
        /// The shortest time between the starts of two consecutive requests, in microseconds; nil for less than two.
        var smallestGap: Int64?
        var mostInFlight = 0
        /// The most requests that started within any second.
        var mostInSecond = 0
        var forbidden = 0
    }

    private struct State {
        var entries: [Entry] = []
        var dropped = 0
        var run = 0
        var inFlight = [Int](repeating: 0, count: Host.allCases.count)
        var mostInFlight = [Int](repeating: 0, count: Host.allCases.count)
    }

    /// A request that is being answered.
    struct Ticket: Sendable {
        fileprivate let place: Int?
        fileprivate let host: Host
        fileprivate let run: Int
    }

    static let capacity = 1_000_000
    private let start = ContinuousClock.now
    private let state = Mutex(State())

    func begin(_ host: Host, method: String, target: String, isForbidden: Bool) -> Ticket {
        state.withLock { state in
            let index = host.rawValue
            state.inFlight[index] += 1
            state.mostInFlight[index] = max(state.mostInFlight[index], state.inFlight[index])
            guard state.entries.count < Self.capacity else {
                state.dropped += 1
                return Ticket(place: nil, host: host, run: state.run)
            }
            // Under the lock, so that the times are in order.
            let time = Int64((ContinuousClock.now - start) / .microseconds(1))
            state.entries.append(
                Entry(time: time, host: host, method: method, target: target, isForbidden: isForbidden))
            return Ticket(place: state.entries.count - 1, host: host, run: state.run)
        }
    }

    /// Notes the status when the answer has been handed to the server, or its stream has ended: so what is in flight is
    /// what the site still works on, without the sending of what is ready.
    func end(_ ticket: Ticket, status: Int) {
        state.withLock { state in
            guard ticket.run == state.run else { return }
            state.inFlight[ticket.host.rawValue] -= 1
            if let place = ticket.place { state.entries[place].status = status }
        }
    }

    /// Forgets all; requests that are in flight count no more.
    func reset() {
        state.withLock { state in
            let run = state.run + 1
            state = State()
            state.run = run
        }
    }

    var entries: [Entry] { state.withLock { $0.entries } }
    var dropped: Int { state.withLock { $0.dropped } }

    /// The figures of each host, by its raw value.
    var rates: [Rate] {
        let (entries, most) = state.withLock { ($0.entries, $0.mostInFlight) }
        return Host.allCases.map { host in
            Self.rate(entries.filter { $0.host == host }, mostInFlight: most[host.rawValue])
        }
    }

    private static func rate(_ entries: [Entry], mostInFlight: Int) -> Rate {
        var rate = Rate(requests: entries.count, mostInFlight: mostInFlight)
        var first = 0
        for (index, entry) in entries.enumerated() {
            if index > 0 { rate.smallestGap = min(rate.smallestGap ?? .max, entry.time - entries[index - 1].time) }
            while entry.time - entries[first].time >= 1_000_000 { first += 1 }
            rate.mostInSecond = max(rate.mostInSecond, index - first + 1)
            if entry.isForbidden { rate.forbidden += 1 }
        }
        return rate
    }
}
