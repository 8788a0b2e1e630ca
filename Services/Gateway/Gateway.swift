import AMQP
import Concurrency
import Crypto
import Foundation
import HTTPServer
import Jobs
import Postgres
import Search
import ServiceKit
import Storage
import Telemetry

/// The gateway as a process: the API in front, and the loops behind it that bring commands to the broker, events to clients, dead
/// messages into the database and jobs away from dead workers. Any number of gateways may run side by side.
final class Gateway: Sendable {
    let configuration: GatewayConfiguration
    let store: JobStore
    private let background: JobStore
    private let outgoing: JobStore
    let content: any ArtifactStore
    let signedURLs: SignedURLs
    let types: TypeCache
    let rules: FlowRules
    let submitter: Submitter
    let reader: JobReader
    let dispatcher: Dispatcher
    let hub: EventHub
    let histories: HistoryCache
    private let name: String
    let planner: Planner
    let events: EventsOut
    let hookBodies = HookBodies()
    let log: Logger
    let publisher: Publisher
    let searches: SearchEngine
    private let searched: Database
    private let indexing: Database
    private let housekeeper: Housekeeper
    private let authentication: Authentication
    private let deadConsumer: Consumer
    private let listener: PostgresListener

    init(_ configuration: GatewayConfiguration, log: Logger) throws {
        let service = configuration.service
        let name = "gateway-\(ProcessInfo.processInfo.hostName)-\(getpid())-\(Hex.encode(randomBytes(3)))"
        self.configuration = configuration
        self.name = name
        self.log = log
        store = JobStore(service.database(name: name, size: 6))
        // The loops have connections of their own: slow requests must not keep jobs from being dispatched and reaped.
        let background = JobStore(service.database(name: name + " loops", size: 4))
        self.background = background
        content = try service.artifacts()
        let box = try service.sealingBox()
        signedURLs = SignedURLs(box)
        types = TypeCache(background, vault: SpecVault(box), log: log)
        rules = FlowRules(background)
        let topology = Topics.topology(types: [])
        publisher = Publisher(
            try service.broker(name: name + " commands"), topology: topology, onEvent: log.brokerEvents("commands"))
        deadConsumer = Consumer(
            try service.broker(name: name + " dead letters"), topology: topology, queue: Topics.deadQueue, prefetch: 50,
            onEvent: log.brokerEvents("dead letters"))
        dispatcher = Dispatcher(
            background, types: types, rules: rules, publisher: publisher, configuration: configuration, holder: name,
            log: log)
        housekeeper = Housekeeper(
            store: background, content: content, types: types, configuration: configuration.retention, holder: name,
            log: log)
        authentication = Authentication(store)
        submitter = Submitter(store, dispatcher: dispatcher)
        reader = JobReader(store)
        hub = EventHub(background, log: log)
        planner = Planner(background, types: types, dispatcher: dispatcher, holder: name, log: log)
        // Relays and deliveries have connections of their own too: many slow receivers must not keep jobs from being dispatched.
        let outgoing = JobStore(service.database(name: name + " events", size: 3))
        self.outgoing = outgoing
        events = try EventsOut(
            outgoing, service: service, configuration: configuration.events, vault: WebhookVault(box),
            holder: name, log: log)
        histories = HistoryCache(background, log: log)
        searched = configuration.search.database(service, name: name + " searches")
        searches = SearchEngine(
            searched, models: configuration.search.models, timeout: configuration.search.timeout)
        indexing = SearchConfiguration.builderDatabase(service, name: name + " indexes")
        listener = PostgresListener(
            PostgresConfiguration(url: service.databaseURL, applicationName: name + " events"),
            channels: [JobStore.eventsChannel])
    }

    /// Serves until SIGTERM or SIGINT; then answers what is in flight and ends.
    func run() async throws {
        try await store.whenReachable(log: log)
        let handler = Handler(
            router: Router(routes), pages: OperationsPages(service: "gateway", checks: checks),
            contract: ContractPages(routes), authentication: authentication, log: log)
        let server = HTTPServer(
            HTTPServerConfiguration(
                host: configuration.host, port: configuration.port, maxCollectedBody: Limits.batch), handler: handler)
        try server.start()
        log.info("started", ["host": .string(configuration.host), "port": .int(Int(server.port))])
        try await Termination.run(deadline: .seconds(20)) { [self] in
            try await work()
        } drain: { [self] in
            log.info("draining")
            hub.close()
            await server.drain(deadline: .seconds(10))
            await dispatcher.resign()
            await planner.resign()
            await housekeeper.resign()
            await events.resign()
        }
        await background.database.close()
        await outgoing.database.close()
        await searched.close()
        await indexing.close()
        await store.database.close()
        log.info("stopped")
    }

    private var checks: [ReadinessCheck] {
        [
            ReadinessCheck("database") { [store] in await store.problem() },
            ReadinessCheck("broker") { [publisher] in publisher.isConnected ? nil : "not connected" },
        ]
    }

    private func work() async throws {
        let reaper = Reaper(store: background, grace: configuration.reapGrace, log: log) { [dispatcher] in
            dispatcher.lookSoon()
        }
        let collector = DeadLetterCollector(
            store: background, dispatcher: dispatcher, types: types, consumer: deadConsumer, log: log)
        let meter = QueueMeter(store: background, types: types, publisher: publisher, holder: name, log: log)
        let gauges = QueueGauges(store: background, drainTarget: configuration.drainTarget, log: log)
        try await withThrowingTaskGroup(of: Void.self) { [self] group in
            group.addTask { try await meter.run() }
            group.addTask { try await gauges.run() }
            group.addTask { try await self.publisher.run() }
            group.addTask { try await self.dispatcher.run() }
            group.addTask { try await reaper.run() }
            group.addTask { try await self.housekeeper.run() }
            group.addTask { try await IndexDuty(database: self.indexing, log: self.log).run() }
            group.addTask { try await self.authentication.noteUse(log: self.log) }
            group.addTask { try await collector.run() }
            group.addTask { await self.hub.run() }
            group.addTask { await self.planner.run() }
            group.addTask { try await self.events.run() }
            group.addTask { try await self.histories.run() }
            group.addTask { try await self.listener.run() }
            group.addTask {
                for await _ in self.listener.events {
                    self.hub.announce()
                    self.planner.wake()
                    self.events.announce()
                }
            }
            try await group.waitForAll()
        }
    }
}
