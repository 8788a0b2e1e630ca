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
/// Two paths lead to the broker. The direct one publishes right after the commit, while the type's window has room beyond what waits
/// already, and no pause and no limit may hold the job. The other is the leading gateway's loop, which takes turns between the
/// classes and the tenants (see `FairOrder`) and keeps the limits (see `BacklogReader`). Several gateways may run: one leads at a
/// time, and two leaders for a moment do no harm.
///
/// A paused queue gets nothing more; the few commands that its window holds still run.
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
    /// While commands are published, or jobs wait for room in the window.
    private static let busyPause: Duration = .milliseconds(25)
    /// From the start of one tick to the next, however often it is asked for.
    private static let shortestRound: Duration = .milliseconds(5)
    private static let busyRound: Duration = .milliseconds(25)
    /// How long a type is left alone whose waiting jobs may not go.
    private static let heldPause: Duration = .milliseconds(50)

    private let store: JobStore
    private let types: TypeCache
    private let rules: FlowRules
    private let publisher: Publisher
    private let window: DispatchWindow
    private let path: CommandPath
    private let backlog: BacklogReader
    private let audit: CommandAudit
    private let lostAfter: Duration
    private let holder: String
    private let log: Logger
    private let wakeup = Wakeup()
    private let declared = Mutex<Set<String>>([])
    /// The types whose backlog is being published, and those whose waiting jobs may not go, until when they are left alone.
    private let busy = Mutex<(types: Set<String>, held: [String: ContinuousClock.Instant])>(([], [:]))
    private let trouble: TypeTrouble
    private let unmarked = Unmarked()
    private let fresh = Mutex<(commands: [Command], isPublishing: Bool)>(([], false))

    init(
        _ store: JobStore, types: TypeCache, rules: FlowRules, publisher: Publisher,
        configuration: GatewayConfiguration, holder: String, log: Logger
    ) {
        self.store = store
        self.types = types
        self.rules = rules
        self.publisher = publisher
        window = DispatchWindow(limit: configuration.dispatchWindow)
        path = CommandPath(publisher: publisher, window: window, unmarked: unmarked)
        backlog = BacklogReader(store, duty: Self.duty, holder: holder)
        lostAfter = configuration.lostAfter
        self.holder = holder
        self.log = log
        trouble = TypeTrouble(log: log)
        audit = CommandAudit(
            store: store, types: types, publisher: publisher, trouble: trouble, lostAfter: configuration.lostAfter,
            log: log)
    }

    /// Whether commands can be published at all.
    var isBrokerReachable: Bool { publisher.isConnected }

    /// Which of these may be published directly after their commit.
    func admit(_ submissions: [Submission]) -> [Bool] {
        guard publisher.isConnected else { return submissions.map { _ in false } }
        return submissions.map { job in
            job.isReady
                && rules.letsPass(type: job.type, namespace: job.namespace, key: job.concurrencyKey)
                && window.take(job.type)
        }
    }

    /// Publishes the commands of a batch that has just been committed, without making the caller wait.
    ///
    /// While the broker has not confirmed what was published last, the next ones gather: under load it gets few large batches, and
    /// so do the workers behind it. The window bounds how many can gather.
    func publishSoon(_ commands: [Command]) {
        if commands.isEmpty { return }
        path.expect(commands, marking: .after(readAt: nil))
        let mustStart = fresh.withLock { fresh in
            fresh.commands += commands
            defer { fresh.isPublishing = true }
            return !fresh.isPublishing
        }
        if mustStart { Task { await publishFresh() } }
    }

    /// These have just been committed, and must wait their turn.
    func queueSoon(_ jobs: [Submission]) {
        if jobs.isEmpty { return }
        backlog.expect(jobs)
        wakeup.signal()
    }

    /// Looks whether something waits that nobody has told of.
    func lookSoon() {
        backlog.ask()
        wakeup.signal()
    }

    private func publishFresh() async {
        while let commands = nextFresh() {
            let (failed, error) = await path.publish(commands, path: "direct", marking: .after(readAt: nil))
            if let error {
                log.warning("commands wait for the dispatcher", ["count": .int(failed.count), "error": .error(error)])
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
        lookSoon()
    }

    /// Dispatches until cancelled.
    func run() async throws {
        var nextLead = ContinuousClock.now
        var nextAudit = ContinuousClock.now
        var nextSweep = ContinuousClock.now
        var isLeading = false
        while !Task.isCancelled {
            let start = ContinuousClock.now
            var pause: Duration = Self.idlePause
            do {
                try await types.refreshIfOld()
                try await rules.refreshIfOld()
                if ContinuousClock.now >= nextLead {
                    isLeading = try await store.lead(Self.duty, as: holder, for: Self.leadership)
                    nextLead = .now + Self.leadership / 5
                }
                pause = try await tick(isLeading: isLeading)
                if isLeading, ContinuousClock.now >= nextAudit {
                    if try await audit.publishLost() > 0 { lookSoon() }
                    nextAudit = .now + max(.milliseconds(500), lostAfter / 4)
                }
                if isLeading, ContinuousClock.now >= nextSweep { nextSweep = .now + (try await expire()) }
            } catch is CancellationError {
                break
            } catch {
                window.close()
                log.warning("dispatching waits", ["error": .error(error)])
                pause = .milliseconds(500)
            }
            await wakeup.wait(upTo: pause)
            let round = pause == Self.busyPause ? Self.busyRound : Self.shortestRound
            do { try await Task.sleep(until: start + round, clock: .continuous) } catch { break }
        }
    }

    /// Lets another gateway lead at once.
    func resign() async { await store.giveUp(Self.duty, as: holder, log: log) }

    /// - Returns: how long to wait before the next one.
    private func tick(isLeading: Bool) async throws -> Duration {
        await declareNewTypes()
        for batch in unmarked.takeDue() { try await store.markDispatched(batch.ids, readAt: batch.readAt) }
        if isLeading, try await store.release() > 0 { backlog.ask() }
        let rules = rules.current
        let open = types.names.filter { rules.pauses[$0] == nil }
        let asked = unmarked.ids
        let start = ContinuousClock.now
        let page = isLeading ? FairOrder.page : 1
        let cursors = backlog.cursors(open, at: start)
        let survey = try await store.survey(
            types: types.names, cursors: cursors, page: page, asked: asked, except: unmarked.backlogIDs,
            staleAfter: lostAfter)
        unmarked.settle(asked: asked, waiting: survey.waiting)
        if !cursors.isEmpty { backlog.note(survey.lanes, from: cursors, page: page, lookedAt: start) }
        var lanes = backlog.lanes(open)
        guard publisher.isConnected else {
            window.close()
            return Self.idlePause
        }
        let isActive = window.isActive
        let troubled = trouble.types
        let counts = unmarked.counts
        let (deep, expected) = backlog.depths
        window.update(
            survey.states.mapValues { $0.dispatched + counts[$0.type, default: 0] }, waiting: expected,
            closed: deep.union(rules.pauses.keys).union(troubled))
        guard isLeading, !lanes.isEmpty else { return isActive ? Self.busyPause : Self.idlePause }
        lanes = lanes.filter { !troubled.contains($0.key) }
        if rules.limits.isEmpty {
            for (type, lanes) in lanes { publishBacklog([type: lanes], rules) }
        } else {
            // One type after the other: a limit of a tenant counts in all of them.
            publishBacklog(lanes, rules)
        }
        return Self.busyPause
    }

    /// Publishes what there is room for, type by type, without making the caller wait.
    private func publishBacklog(_ lanes: [String: [Lane]], _ rules: FlowRules.Snapshot) {
        let now = ContinuousClock.now
        let ready = busy.withLock { busy -> [String: [Lane]] in
            guard rules.limits.isEmpty || busy.types.isEmpty else { return [:] }
            busy.held = busy.held.filter { $0.value > now }
            let ready = lanes.filter { type, _ in
                window.room(type) > 0 && !busy.types.contains(type) && busy.held[type] == nil
            }
            busy.types.formUnion(ready.keys)
            return ready
        }
        guard !ready.isEmpty else { return }
        Task {
            for (type, lanes) in ready {
                let didPublish = await publishBacklog(of: type, lanes, rules)
                busy.withLock { busy in
                    busy.types.remove(type)
                    if !didPublish { busy.held[type] = .now + Self.heldPause }
                }
                if didPublish { wakeup.signal() }
            }
        }
    }

    /// - Returns: whether something was published, or nothing was there; false when what waits may not go.
    private func publishBacklog(of type: String, _ lanes: [Lane], _ rules: FlowRules.Snapshot) async -> Bool {
        do {
            let room = min(Self.batch, window.room(type))
            guard room > 0 else { return false }
            let batch = try await backlog.read(
                type, lanes: lanes, limit: room, except: unmarked.backlogIDs, limits: rules.limits)
            let parts: [(commands: [Command], marking: CommandPath.Marking)] = [
                (batch.marked, .before), (batch.unmarked, .after(readAt: batch.readAt)),
            ]
            for (commands, marking) in parts where !commands.isEmpty {
                path.expect(commands, marking: marking)
                let (failed, error) = await path.publish(commands, path: "backlog", marking: marking)
                if case .before = marking, !failed.isEmpty { try await store.undispatch(failed) }
                if let error { throw error }
            }
            let count = batch.marked.count + batch.unmarked.count
            let (deep, expected) = backlog.depths
            if batch.isAll, !deep.contains(type) { window.open(type, waiting: expected[type, default: 0]) }
            return count > 0 || batch.isAll
        } catch {
            trouble.note(type, error)
            return false
        }
    }

    /// Ends jobs that waited too long.
    ///
    /// - Returns: when to look again.
    private func expire() async throws -> Duration {
        let count = try await store.expire(limit: Self.batch)
        GatewayMetrics.expired.add(count)
        return count == Self.batch ? .zero : .seconds(1)
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
}
