import Synchronization

/// Lends a fixed number of things, first come first served, with a bound on the wait.
final class WaitingLine<Item: Sendable>: Sendable {
    private struct State {
        var idle: [Item] = []
        var all: [Item] = []
        var line: [(id: Int, deadline: ContinuousClock.Instant)] = []
        /// Who still waits; whoever gave up is missing here and skipped in the line.
        var waiting: [Int: CheckedContinuation<Item, any Error>] = [:]
        var lastID = 0
        var hasTimer = false
        var isClosed = false
    }

    private let size: Int
    private let limit: Duration
    private let maxWaiting: Int
    private let make: @Sendable () -> Item
    private let state = Mutex(State())

    /// - Parameters:
    ///   - size: how many items there are at most; they are made when they are first needed.
    ///   - limit: how long one may wait.
    ///   - maxWaiting: how many may wait; more are refused at once.
    init(size: Int, limit: Duration, maxWaiting: Int = 10_000, make: @escaping @Sendable () -> Item) {
        self.size = size
        self.limit = limit
        self.maxWaiting = maxWaiting
        self.make = make
    }

    /// Everything that was made so far.
    var items: [Item] { state.withLock(\.all) }

    /// How many wait now.
    var waitingCount: Int { state.withLock(\.waiting.count) }

    /// Takes an item, or waits for one. Throws `.poolTimeout`, `.cancelled`, or `.usage` after `close`.
    func take() async throws -> Item {
        if let item = try state.withLock({ state in try takeNow(&state) }) { return item }
        let id = state.withLock { state in
            state.lastID += 1
            return state.lastID
        }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let outcome = state.withLock { state in enter(&state, id, continuation) }
                guard let outcome else { return }
                continuation.resume(with: outcome)
            }
        } onCancel: {
            fail(id, PostgresError(.cancelled, "the task was cancelled while it waited for a connection"))
        }
    }

    /// Gives an item back, to whoever has waited longest.
    func give(_ item: Item) {
        let next = state.withLock { state -> CheckedContinuation<Item, any Error>? in
            if let continuation = Self.first(&state) { return continuation }
            state.idle.append(item)
            return nil
        }
        next?.resume(returning: item)
    }

    /// Refuses everybody from now on, also those who wait.
    func close() {
        let waiting = state.withLock { state in
            state.isClosed = true
            defer { state.waiting.removeAll() }
            return Array(state.waiting.values)
        }
        for continuation in waiting { continuation.resume(throwing: Self.closed) }
    }

    private static var closed: PostgresError { PostgresError(.usage, "the database is closed") }

    private func takeNow(_ state: inout State) throws -> Item? {
        if state.isClosed { throw Self.closed }
        // The most recently used comes first, so that the others may fall idle and close.
        guard state.waiting.isEmpty else { return nil }
        if let item = state.idle.popLast() { return item }
        guard state.all.count < size else { return nil }
        let item = make()
        state.all.append(item)
        return item
    }

    /// Enters the line; an outcome means that there is no need to wait.
    private func enter(
        _ state: inout State, _ id: Int, _ continuation: CheckedContinuation<Item, any Error>
    ) -> Result<Item, any Error>? {
        do {
            // The handler of a cancellation takes the same lock: it ran already, or it will find the continuation.
            if Task.isCancelled { throw PostgresError(.cancelled, "the task was cancelled") }
            if let item = try takeNow(&state) { return .success(item) }
            guard state.waiting.count < maxWaiting else {
                throw PostgresError(.poolTimeout, "more than \(maxWaiting) operations wait for a connection")
            }
        } catch {
            return .failure(error)
        }
        state.waiting[id] = continuation
        state.line.append((id, .now + limit))
        if !state.hasTimer {
            state.hasTimer = true
            Task { await expire() }
        }
        return nil
    }

    private static func first(_ state: inout State) -> CheckedContinuation<Item, any Error>? {
        var position = 0
        defer { state.line.removeFirst(position) }
        while position < state.line.count {
            position += 1
            if let continuation = state.waiting.removeValue(forKey: state.line[position - 1].id) { return continuation }
        }
        return nil
    }

    private func fail(_ id: Int, _ error: PostgresError) {
        state.withLock { $0.waiting.removeValue(forKey: id) }?.resume(throwing: error)
    }

    /// One timer for the whole line: whoever came first expires first.
    private func expire() async {
        while let deadline = nextDeadline() {
            // Nobody cancels this task.
            do { try await Task.sleep(until: deadline, clock: .continuous) } catch { return }
            let expired = state.withLock { state in
                let ids = state.line.prefix { $0.deadline <= .now }.map(\.id)
                state.line.removeFirst(ids.count)
                return ids
            }
            for id in expired { fail(id, PostgresError(.poolTimeout, "no connection came free within \(limit)")) }
        }
    }

    private func nextDeadline() -> ContinuousClock.Instant? {
        state.withLock { state in
            state.hasTimer = !state.line.isEmpty
            return state.line.first?.deadline
        }
    }
}
