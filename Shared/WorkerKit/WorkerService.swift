import AMQP
import Concurrency
import Config
import Crypto
import Foundation
import HTTPServer
import Jobs
import Postgres
import ServiceKit
import Storage
import Telemetry

/// A worker of one type: its long-lived parts, started together and ended in order.
///
/// - the consumer brings commands, `Intake` claims them, `Executor` runs them, `Recorder` writes what they say;
/// - `Watch` renews leases, applies time limits, and hears what is wanted of running jobs;
/// - `Presence` keeps the worker in the registry, and drains and resumes it when an operator asks;
/// - SIGTERM (G9): take nothing more, let jobs finish for half of the drain time, ask the rest to stop and hand back, leave.
public struct WorkerService<W: Worker>: ServedWorker {
    private let worker: W
    private let configuration: WorkerConfiguration
    /// What it runs.
    public let type: JobType
    private let log: Logger
    private let store: JobStore
    private let running: RunningJobs
    private let consumer: Consumer
    private let control: Consumer
    private let publisher: Publisher
    private let durations: Durations
    private let executor: Executor<W>
    private let intake: Intake
    private let watch: Watch
    private let presence: Presence

    /// Runs a worker until the process is told to end; for `main`.
    ///
    /// Exits the process with 78 when its configuration is wrong and with 70 after a fault.
    public static func run(_ worker: @autoclosure @Sendable () throws -> W) async {
        await WorkerProcess.run(named: String(describing: W.self)) { environment in
            [try Self(worker(), WorkerConfiguration(environment, defaultSlots: W.defaultSlots))]
        }
    }

    /// Makes the service; nothing connects yet.
    public init(_ worker: W, _ configuration: WorkerConfiguration) throws {
        let type = try W.jobType()
        let name = "\(type.name)-\(ProcessInfo.processInfo.hostName)-\(getpid())-\(Hex.encode(randomBytes(3)))"
        let log = Logger(service: type.name)
        let lease = configuration.lease ?? .seconds(type.policy.leaseSeconds)
        let topology = Topics.topology(types: [type.name])
        let store = JobStore(configuration.service.database(name: name, size: 4))
        let content = try configuration.service.artifacts()
        let vault = Self.vault(type, configuration.service, log: log)
        let roots = configuration.fileRoots

        self.worker = worker
        self.configuration = configuration
        self.type = type
        self.log = log
        self.store = store
        let running = RunningJobs()
        self.running = running
        let recorder = Recorder(store, log: log)
        durations = Durations(type: type.name, store: store, log: log)
        executor = Executor(
            worker: worker, schema: type.validator, policy: type.policy, recorder: recorder,
            files: { JobFiles(store: store, content: content, roots: roots, namespace: $0.namespace, job: $0.id) },
            log: log, vault: vault, durations: durations)
        publisher = Publisher(
            try configuration.service.broker(name: name + " dead letters"), topology: topology,
            onEvent: log.brokerEvents("dead letters"))
        let prefetch = min(configuration.slots, 256)
        consumer = Consumer(
            try configuration.service.broker(name: name + " commands"), topology: topology, queue: type.queue,
            prefetch: prefetch, onEvent: log.brokerEvents("commands"))
        let requests = Topics.controlQueue(of: name)
        control = Consumer(
            try configuration.service.broker(name: name + " control"), topology: requests.topology,
            queue: requests.name, prefetch: 100, onEvent: log.brokerEvents("control"))
        let claimer = Claimer(
            store: store, type: type, vault: vault, worker: name, lease: lease, publisher: publisher,
            isRunning: { running.contains($0) }, log: log)
        intake = Intake(
            slots: configuration.slots, prefetch: prefetch, suspectFrom: max(1, type.policy.maxCrashes - 1),
            consumer: consumer, claimer: claimer)
        watch = Watch(running: running, recorder: recorder, lease: lease, log: log)
        presence = Presence(
            WorkerRecord(
                id: name, type: type, build: configuration.build, host: ProcessInfo.processInfo.hostName, pid: getpid(),
                slots: configuration.slots), store: store, running: running, log: log)
    }

    /// What opens the specs of this type. Without a key the worker does what it can: jobs that have secrets fail with a word about it.
    private static func vault(_ type: JobType, _ service: ServiceConfiguration, log: Logger) -> SpecVault {
        guard type.validator.hasSecrets else { return SpecVault() }
        do { return SpecVault(try service.sealingBox()) } catch {
            log.warning("no sealing key: jobs that have secrets will fail", ["error": .error(error)])
            return SpecVault()
        }
    }

    /// Its database and its broker.
    public var checks: [ReadinessCheck] {
        [
            ReadinessCheck("database") { [store] in await store.problem() },
            ReadinessCheck("broker") { [consumer] in consumer.problem },
        ]
    }

    /// Registers the type and works until its task is cancelled.
    public func work() async throws {
        log.info("started", ["slots": .int(configuration.slots)])
        try await store.whenReachable(log: log) {
            try await $0.register(type)
            try await worker.announce(in: $0)
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await publisher.run() }
            group.addTask { try await control.run { deliveries in hear(deliveries) } }
            group.addTask { try await consumer.run { intake.offer($0) } }
            group.addTask { await intake.run { start($0) } }
            group.addTask { try await watch.renewLeases() }
            group.addTask { try await durations.run() }
            group.addTask {
                await presence.run(
                    drain: {
                        intake.suspend()
                        await emptySlots()
                    }, resume: { intake.resume() })
            }
            group.addTask {
                try await watch.applyTimeLimits { job in
                    await executor.abandon(job)
                    ended(job)
                }
            }
            try await group.waitForAll()
        }
    }

    private func hear(_ deliveries: [Delivery]) {
        watch.hear(deliveries)
        if deliveries.contains(where: { WorkerRequest($0.message)?.worker == presence.id }) { presence.hurry() }
        control.settle(deliveries.map { ($0, .acknowledge) })
    }

    private func start(_ claim: Claim) {
        let job = RunningJob(claim, grace: .seconds(type.policy.cancelGraceSeconds))
        running.add(job)
        WorkerMetrics.running.add(1)
        job.started(
            Task {
                await executor.execute(job)
                ended(job)
            })
    }

    private func ended(_ job: RunningJob) {
        guard running.remove(job) else { return }
        WorkerMetrics.running.add(-1)
        intake.release(job.claim)
    }

    /// Takes nothing more; lets jobs finish, asks those that go on to hand back, abandons the rest.
    public func drain() async {
        log.info("draining", ["running": .int(running.count)])
        presence.leave()
        intake.close()
        await emptySlots()
    }

    /// Leaves the registry and closes the pool.
    public func end() async {
        await presence.end()
        await store.database.close()
    }

    /// Lets jobs finish for half of the drain time and asks the rest to hand back; what does not even do that is abandoned. Stops early
    /// when its task is cancelled.
    private func emptySlots() async {
        let end = ContinuousClock.now + configuration.drain
        await waitUntilIdle(ContinuousClock.now + configuration.drain / 2)
        guard !Task.isCancelled else { return }
        await waitUntilIdle(end, handingBack: true)
        guard !Task.isCancelled else { return }
        await withDiscardingTaskGroup { group in
            for job in running.all {
                group.addTask {
                    await executor.abandon(job)
                    ended(job)
                }
            }
        }
        await durations.flush()
    }

    private func waitUntilIdle(_ deadline: ContinuousClock.Instant, handingBack: Bool = false) async {
        // A claim under way counts: it may be committed already, and its job would wait for its lease to end.
        while running.count > 0 || intake.isClaiming, ContinuousClock.now < deadline {
            // Also what such a claim brings: cut off without being asked first, it would look like a failure.
            if handingBack { for job in running.all { job.stop(.draining) } }
            do { try await Task.sleep(for: .milliseconds(20)) } catch { return }
        }
    }
}
