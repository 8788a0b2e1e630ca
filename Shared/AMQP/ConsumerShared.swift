import Foundation
import Synchronization

/// The part of a consumer that all threads share.
final class ConsumerShared: Sendable {
    enum Command: Sendable {
        case settle([(tag: UInt64, generation: UInt64, settlement: Settlement)])
        case pause
        case resume(prefetch: Int?)
    }

    private struct Shared {
        var hasRun = false
        /// No more batches are handed over.
        var isFinished = false
        var commands: [Command] = []
        var arrived: [Delivery] = []
        var waiter: CheckedContinuation<[Delivery]?, Never>?
        var state = ConsumerState.connecting
        var lastProof: Date?
    }

    private let shared = Mutex(Shared())

    var state: ConsumerState { shared.withLock { $0.state } }
    var lastProof: Date? { shared.withLock { $0.lastProof } }

    func set(_ state: ConsumerState) { shared.withLock { $0.state = state } }
    func prove() { shared.withLock { $0.lastProof = Date() } }

    /// Answers false when it was called before.
    func begin() -> Bool {
        shared.withLock { shared in
            defer { shared.hasRun = true }
            return !shared.hasRun
        }
    }

    /// Adds a command; after the end it has nobody to go to and is dropped.
    func add(_ command: Command) {
        shared.withLock { if $0.state != .closed { $0.commands.append(command) } }
    }

    /// The commands so far, and whether the consumer is to end.
    func takeCommands() -> (commands: [Command], isFinished: Bool) {
        shared.withLock { shared in
            defer { shared.commands = [] }
            return (shared.commands, shared.isFinished)
        }
    }

    var hasCommands: Bool { shared.withLock { !$0.commands.isEmpty } }

    // MARK: Handing over

    func handOver(_ deliveries: [Delivery]) {
        let (waiter, batch) = shared.withLock { shared -> (CheckedContinuation<[Delivery]?, Never>?, [Delivery]) in
            guard !shared.isFinished else { return (nil, []) }
            shared.lastProof = Date()
            shared.arrived += deliveries
            guard let waiter = shared.waiter else { return (nil, []) }
            defer { shared.arrived = [] }
            shared.waiter = nil
            return (waiter, shared.arrived)
        }
        waiter?.resume(returning: batch)
    }

    /// Forgets what was not handed over: the broker has it back.
    func dropArrived() { shared.withLock { $0.arrived = [] } }

    /// Everything that has arrived, as soon as there is something; nil at the end.
    func nextBatch() async -> [Delivery]? {
        await withCheckedContinuation { continuation in
            let ready = shared.withLock { shared -> [Delivery]?? in
                if shared.isFinished { return .some(nil) }
                if shared.arrived.isEmpty {
                    shared.waiter = continuation
                    return nil
                }
                defer { shared.arrived = [] }
                return shared.arrived
            }
            if let ready { continuation.resume(returning: ready) }
        }
    }

    /// Ends the handing over; what has arrived and was not handed over goes back to the broker with the connection.
    func finish() {
        let waiter = shared.withLock { shared -> CheckedContinuation<[Delivery]?, Never>? in
            shared.isFinished = true
            shared.arrived = []
            defer { shared.waiter = nil }
            return shared.waiter
        }
        waiter?.resume(returning: nil)
    }
}
