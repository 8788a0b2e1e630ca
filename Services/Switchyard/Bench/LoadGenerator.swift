import Foundation

/// Requests to send over and over, and how long.
struct Load: Sendable {
    enum Extent: Sendable {
        case requests(Int)
        case time(Duration)
    }

    /// Sent in turn, from the first again after the last.
    let requests: [WireRequest]
    let connections: Int
    let extent: Extent
    /// The run ends with an error when no connection gets an answer for this long.
    var silenceLimit: Duration = .seconds(30)
}

/// What came of a load. Times are readings of the monotonic clock in nanoseconds.
struct LoadOutcome: Sendable {
    /// When the first request was sent.
    let start: UInt64
    /// When the last answer had come.
    let end: UInt64
    let latencies: Percentiles
    /// The ids that the answers carried.
    let ids: [UUID]
    /// How much of one core the generator itself used, from 0 to 1.
    let generatorShare: Double

    /// Answers per second.
    var rate: Double { Double(latencies.count) / seconds(from: start, to: end) }
}

/// Keeps connections busy: each has one request on its way, and the next goes out as soon as the answer is in.
///
/// A client of our own, because the servers are measured on the same two cores: libcurl or URLSession with their handles,
/// header tables and callbacks would eat about half of them. Here a request is bytes that were built before, and an answer is read
/// for its status, Content-Length, body and leading id. One thread looks after all connections; with at most 64 of them one
/// `poll` costs about 3 µs and serves every answer that is in, so epoll, which Swift's Glibc module lacks, would not show.
struct LoadGenerator {
    private let load: Load
    private let connections: [WireConnection]
    private var interests: [pollfd]
    private var sentAt: [UInt64]
    private var current: [Int]
    private var started = 0
    private var waiting = 0
    private var microseconds: [UInt32] = []
    private var ids: [UUID] = []

    /// Runs the load on a thread of its own.
    static func run(_ load: Load, on target: BenchTarget) async throws -> LoadOutcome {
        try await onThread("load") {
            var generator = try LoadGenerator(load, on: target)
            return try generator.run()
        }
    }

    private init(_ load: Load, on target: BenchTarget) throws(BenchError) {
        self.load = load
        var connections: [WireConnection] = []
        for _ in 0..<load.connections {
            connections.append(try WireConnection(host: target.host, port: target.port))
        }
        self.connections = connections
        interests = connections.map { pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0) }
        sentAt = Array(repeating: 0, count: connections.count)
        current = Array(repeating: 0, count: connections.count)
        microseconds.reserveCapacity(1 << 17)
        ids.reserveCapacity(1 << 17)
    }

    private mutating func run() throws(BenchError) -> LoadOutcome {
        let start = monotonicNanoseconds()
        let processor = clock()
        for index in connections.indices where hasMore(at: start, since: start) { try startNext(index) }
        var end = start
        while waiting > 0 {
            try awaitEvents()
            for index in connections.indices where interests[index].revents != 0 {
                guard let response = try advance(index) else { continue }
                end = monotonicNanoseconds()
                microseconds.append(UInt32(clamping: (end - sentAt[index]) / 1000))
                if let id = try load.requests[current[index]].check(response) { ids.append(id) }
                waiting -= 1
                if hasMore(at: end, since: start) { try startNext(index) }
            }
        }
        return LoadOutcome(
            start: start, end: end, latencies: Percentiles(microseconds: microseconds), ids: ids,
            generatorShare: Double(clock() - processor) / Double(CLOCKS_PER_SEC) / seconds(from: start, to: end))
    }

    private func hasMore(at now: UInt64, since start: UInt64) -> Bool {
        switch load.extent {
        case .requests(let count): started < count
        case .time(let duration): .nanoseconds(now - start) < duration
        }
    }

    private mutating func startNext(_ index: Int) throws(BenchError) {
        current[index] = started % load.requests.count
        started += 1
        waiting += 1
        sentAt[index] = monotonicNanoseconds()
        try connections[index].begin(load.requests[current[index]])
        watch(index)
    }

    private mutating func advance(_ index: Int) throws(BenchError) -> WireResponse? {
        if connections[index].wantsToWrite {
            try connections[index].flush()
            watch(index)
        }
        return interests[index].revents & ~Int16(POLLOUT) == 0 ? nil : try connections[index].receive()
    }

    private mutating func watch(_ index: Int) {
        interests[index].events = Int16(connections[index].wantsToWrite ? POLLIN | POLLOUT : POLLIN)
    }

    private mutating func awaitEvents() throws(BenchError) {
        let limit = Int32(load.silenceLimit.components.seconds * 1000)
        let ready = poll(&interests, nfds_t(interests.count), limit)
        guard ready != 0 else {
            throw BenchError("\(waiting) requests (\(load.requests[0].name)) had no answer within \(load.silenceLimit)")
        }
        // An interrupted wait leaves no events, so that nothing is read by mistake.
        if ready < 0 {
            guard errno == EINTR else { throw .system("poll") }
            for index in interests.indices { interests[index].revents = 0 }
        }
    }
}
