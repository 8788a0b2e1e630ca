import AMQP
import Concurrency
import Crypto
import Foundation
import HTTPServer
import Jobs
import Postgres
import ServiceKit
import Storage
import Telemetry

/// The gateway as a process: the API in front, and the loops behind it that bring commands to the broker, events to clients, dead
/// messages into the database and jobs away from dead workers. Any number of gateways may run side by side.
final class Gateway: Sendable {
    let configuration: GatewayConfiguration
    let store: JobStore
    private let background: JobStore
    let content: FileStore
    let types: TypeCache
    let submitter: Submitter
    let reader: JobReader
    let dispatcher: Dispatcher
    let hub: EventHub
    let histories: HistoryCache
    private let log: Logger
    private let publisher: Publisher
    private let deadConsumer: Consumer
    private let listener: PostgresListener

    init(_ configuration: GatewayConfiguration, log: Logger) throws {
        let service = configuration.service
        let name = "gateway-\(ProcessInfo.processInfo.hostName)-\(getpid())-\(Hex.encode(randomBytes(3)))"
        self.configuration = configuration
        self.log = log
        store = JobStore(service.database(name: name, size: 6))
        // The loops have connections of their own: slow requests must not keep jobs from being dispatched and reaped.
        let background = JobStore(service.database(name: name + " loops", size: 3))
        self.background = background
        content = try FileStore(root: service.storage)
        types = TypeCache(background, log: log)
        let topology = Topics.topology(types: [])
        publisher = Publisher(
            try service.broker(name: name + " commands"), topology: topology, onEvent: log.brokerEvents("commands"))
        deadConsumer = Consumer(
            try service.broker(name: name + " dead letters"), topology: topology, queue: Topics.deadQueue, prefetch: 50,
            onEvent: log.brokerEvents("dead letters"))
        dispatcher = Dispatcher(
            background, types: types, publisher: publisher, configuration: configuration, holder: name, log: log)
        submitter = Submitter(store, dispatcher: dispatcher)
        reader = JobReader(store)
        hub = EventHub(background, log: log)
        histories = HistoryCache(background, log: log)
        listener = PostgresListener(
            PostgresConfiguration(url: service.databaseURL, applicationName: name + " events"),
            channels: [JobStore.eventsChannel])
    }

    /// Serves until SIGTERM or SIGINT; then answers what is in flight and ends.
    func run() async throws {
        try await store.whenReachable(log: log)
        let handler = Handler(
            router: Router(routes), pages: OperationsPages(service: "gateway", checks: checks),
            contract: ContractPages(routes),
            authentication: Authentication(store), log: log)
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
        }
        await background.database.close()
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
            dispatcher.publishSoon([])
        }
        let collector = DeadLetterCollector(
            store: background, dispatcher: dispatcher, types: types, consumer: deadConsumer, log: log)
        try await withThrowingTaskGroup(of: Void.self) { [self] group in
            group.addTask { try await self.publisher.run() }
            group.addTask { try await self.dispatcher.run() }
            group.addTask { try await reaper.run() }
            group.addTask { try await collector.run() }
            group.addTask { await self.hub.run() }
            group.addTask { try await self.histories.run() }
            group.addTask { try await self.listener.run() }
            group.addTask { for await _ in self.listener.events { self.hub.announce() } }
            try await group.waitForAll()
        }
    }
}
