import AMQP
import Concurrency
import Foundation
import Jobs
import Synchronization
import Telemetry

/// Brings commands to the broker.
///
/// Order of effects for every command: the row is committed, the command is published, the broker confirms, the row is marked
/// dispatched. What a crash or a fault does between two of them:
/// - committed, not published: the row's grace ends and the leading dispatcher publishes it;
/// - published, not confirmed or not marked: it is published again; the second command finds the job claimed and is dropped;
/// - marked, and then lost by the broker (queue deleted, broker wiped): `audit` compares the rows that say dispatched with the
///   queue's depth and publishes anew what is missing.
///
/// Two paths lead to the broker. The direct one publishes right after the commit, while the type's window has room and nothing
/// waits. The other is the leading gateway's loop, which publishes what is due by priority and age. Several gateways may run:
/// one leads at a time, and two leaders for a moment do no harm.
///
/// Types do not wait for each other: one whose queue cannot be declared, or whose commands the broker does not confirm, is left
/// alone for a while (see `TypeTrouble`) and the others go on.
///
/// Rows are marked a moment after the confirm (see `Unmarked`): by then most of them are claimed, which needs no mark, and a write
/// for each job is saved.
final class Dispatcher: Sendable {
    private static let duty = "dispatch"
    private static let leadership: Duration = .seconds(5)
    private static let batch = 1000
    private static let idlePause: Duration = .milliseconds(100)
    /// While jobs wait for room in the window.
    private static let busyPause: Duration = .milliseconds(10)

    private let store: JobStore
    private let types: TypeCache
    private let publisher: Publisher
    private let window: DispatchWindow
    private let lostAfter: Duration
    private let holder: String
    private let log: Logger
    private let wakeup = Wakeup()
    private let declared = Mutex<Set<String>>([])
    /// The types whose backlog is being published.
    private let busy = Mutex<Set<String>>([])
    private let trouble: TypeTrouble
    private let unmarked = Unmarked()
    private let fresh = Mutex<(commands: [Command], isPublishing: Bool)>(([], false))

    init(
        _ store: JobStore, types: TypeCache, publisher: Publisher, configuration: GatewayConfiguration, holder: String,
        log: Logger
    ) {
        self.store = store
        self.types = types
        self.publisher = publisher
        window = DispatchWindow(size: configuration.dispatchWindow)
        lostAfter = configuration.lostAfter
        self.holder = holder
        self.log = log
        trouble = TypeTrouble(log: log)
    }

    /// Which of these may be published directly after their commit.
    func admit(_ submissions: [Submission]) -> [Bool] {
        guard publisher.isConnected else { return submissions.map { _ in false } }
        return submissions.map { $0.scheduledAt == nil && window.take($0.type) }
    }

    /// Publishes the commands of a batch that has just been committed, without making the caller wait.
    ///
    /// While the broker has not confirmed what was published last, the next ones gather: under load it gets few large batches, and
    /// so do the workers behind it. The window bounds how many can gather.
    func publishSoon(_ commands: [Command]) {
        if commands.isEmpty { return wakeup.signal() }
        let mustStart = fresh.withLock { fresh in
            fresh.commands += commands
            defer { fresh.isPublishing = true }
            return !fresh.isPublishing
        }
        if mustStart { Task { await publishFresh() } }
    }

    private func publishFresh() async {
        while let commands = nextFresh() {
            do {
                try await publish(commands, path: "direct", readAt: nil)
            } catch {
                log.warning(
                    "commands wait for the dispatcher", ["count": .int(commands.count), "error": .error(error)])
            }
        }
    }

    private func nextFresh() -> [Command]? {
        fresh.withLock { fresh in
            guard !fresh.commands.isEmpty else {
                fresh.isPublishing = false
                return nil
            }
            defer { fresh.commands = [] }
            return fresh.commands
        }
    }

    /// Asks workers to do something; a request about a job that is lost costs one heartbeat.
    func tellWorkers(_ requests: [ControlRequest]) async {
        guard !requests.isEmpty else { return }
        let results = await publisher.publish(
            batch: requests.map { Publication($0.message, exchange: Topics.control, routingKey: "", mandatory: false) },
            timeout: .seconds(2))
        for case (let request, .failure(let error)) in zip(requests, results) {
            log.warning(
                "control request is left to the heartbeat",
                ["request": .string(String(describing: request)), "error": .error(error)])
        }
    }

    /// Publishes these jobs' commands anew, after making sure that their type's queue exists.
    func recover(_ ids: [UUID], type: String) async throws {
        if types.names.contains(type) { try await publisher.update(topology: Topics.topology(types: [type])) }
        try await store.undispatch(ids)
        wakeup.signal()
    }

    /// Dispatches until cancelled.
    func run() async throws {
        var nextLead = ContinuousClock.now
        var nextAudit = ContinuousClock.now
        var isLeading = false
        while !Task.isCancelled {
            var pause: Duration = Self.idlePause
            do {
                try await types.refreshIfOld()
                if ContinuousClock.now >= nextLead {
                    isLeading = try await store.lead(Self.duty, as: holder, for: Self.leadership)
                    nextLead = .now + Self.leadership / 5
                }
                pause = try await tick(isLeading: isLeading)
                if isLeading, ContinuousClock.now >= nextAudit {
                    try await audit()
                    nextAudit = .now + max(.milliseconds(500), lostAfter / 4)
                }
            } catch is CancellationError {
                break
            } catch {
                window.close()
                log.warning("dispatching waits", ["error": .error(error)])
                pause = .milliseconds(500)
            }
            if pause > .zero { await wakeup.wait(upTo: pause) }
        }
    }

    /// Lets another gateway lead at once.
    func resign() async {
        do { try await store.resign(Self.duty, as: holder) } catch {
            log.info("leadership is left to run out", ["error": .error(error)])
        }
    }

    /// - Returns: how long to wait before the next one.
    private func tick(isLeading: Bool) async throws -> Duration {
        await declareNewTypes()
        for batch in unmarked.takeDue() { try await store.markDispatched(batch.ids, readAt: batch.readAt) }
        if isLeading { _ = try await store.release() }
        let states = try await store.dispatchStates(types: types.names, staleAfter: lostAfter)
        guard publisher.isConnected else {
            window.close()
            return Self.idlePause
        }
        let pending = unmarked.ids
        let troubled = trouble.types
        window.update(states, pending: pending.count, closed: troubled)
        guard isLeading else { return Self.idlePause }
        var pause = Self.idlePause
        for state in states where state.hasBacklog && !troubled.contains(state.type) {
            pause = min(pause, Self.busyPause)
            let room = min(Self.batch, window.roomForBacklog(state, pending: pending.count))
            guard room > 0, busy.withLock({ $0.insert(state.type).inserted }) else { continue }
            Task {
                let didPublish = await publishBacklog(of: state.type, limit: room, except: pending)
                _ = busy.withLock { $0.remove(state.type) }
                if didPublish { wakeup.signal() }
            }
        }
        return pause
    }

    /// - Returns: whether something was published.
    private func publishBacklog(of type: String, limit: Int, except pending: [UUID]) async -> Bool {
        do {
            let (commands, readAt) = try await store.undispatched(type: type, limit: limit, except: pending)
            guard !commands.isEmpty else { return false }
            try await publish(commands, path: "backlog", readAt: readAt)
            return true
        } catch {
            trouble.note(type, error)
            return false
        }
    }

    private func declareNewTypes() async {
        guard publisher.isConnected else { return }
        let troubled = trouble.types
        for type in types.names where !declared.withLock({ $0.contains(type) }) && !troubled.contains(type) {
            do {
                try await publisher.update(topology: Topics.topology(types: [type]))
                _ = declared.withLock { $0.insert(type) }
            } catch {
                trouble.note(type, error)
            }
        }
    }

    /// Publishes commands; throws when some were not confirmed.
    private func publish(_ commands: [Command], path: String, readAt: Date?) async throws {
        let results = await publisher.publish(
            batch: commands.map {
                Publication($0.message, exchange: Topics.jobs, routingKey: $0.type, mandatory: true)
            }, timeout: .seconds(10))
        var ids: [UUID] = []
        var failure: (any Error)?
        for (command, result) in zip(commands, results) {
            switch result {
            case .success(.confirmed): ids.append(command.id)
            case .success(let outcome):
                failure = AMQPError(.closed, "the broker answered \(outcome) for \(command.type)")
            case .failure(let error): failure = error
            }
        }
        GatewayMetrics.published.add(ids.count, path)
        unmarked.add(ids, readAt: readAt)
        if let failure { throw failure }
    }

    /// Finds commands that the broker has lost: more rows say dispatched, for some time, than its queue holds. Commands that a
    /// worker holds unacknowledged are missing from the depth too; publishing those again is harmless.
    private func audit() async throws {
        let troubled = trouble.types
        for state in try await store.dispatchStates(types: types.names, staleAfter: lostAfter)
        where state.stale > 0 && !troubled.contains(state.type) {
            do {
                try await audit(state)
            } catch {
                trouble.note(state.type, error)
            }
        }
    }

    private func audit(_ state: DispatchState) async throws {
        try await publisher.update(topology: Topics.topology(types: [state.type]))
        let depth = try await publisher.declare(Topics.commands(ofType: state.type)).messagesReady
        let missing = min(state.stale, state.dispatched - depth)
        guard missing > 0 else { return }
        let found = try await store.undispatchLost(type: state.type, count: missing, staleAfter: lostAfter)
        GatewayMetrics.lost.add(found)
        log.warning(
            "commands lost by the broker are published again", ["type": .string(state.type), "count": .int(found)])
        wakeup.signal()
    }
}
