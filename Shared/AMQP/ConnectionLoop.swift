import Concurrency
import Foundation
import Synchronization

/// What a publisher or a consumer does with its connection. Made on the connection's thread and used only there.
protocol ConnectionDriver: AnyObject {
    /// What to declare before `opened`.
    var topology: Topology { get }
    /// Whether the loop should come back when the socket takes more.
    var waitsToWrite: Bool { get }
    /// When the loop must come back even if nothing happens.
    var deadline: ContinuousClock.Instant? { get }
    /// The connection is logged in and its topology declared.
    func opened(_ connection: Connection) throws(AMQPError)
    /// Does what other threads asked for.
    func work(_ connection: Connection) throws(AMQPError)
    /// Handles one frame.
    func received(_ frame: Frame, _ connection: Connection) throws(AMQPError)
    /// Everything that was there has been received.
    func receivedAll()
    /// Whether nothing more is to be sent or awaited before a clean close.
    func isDrained() -> Bool
    /// The connection is gone.
    func lost(_ error: AMQPError)
}

/// Keeps one connection on one thread: connect, serve, reconnect with backoff, until stopped.
///
/// Order of effects of one turn: (1) commands of other threads are carried out in the order in which they were given; (2) if
/// it is stopping and the driver is drained, or 2 s have passed, the connection is closed; (3) it sleeps in poll() on the
/// socket and the wake descriptor, at most a second; (4) every frame that is there is received, at most 4,096; (5) the driver
/// hands on what came. Commands and frames never wait for each other.
///
/// Failures: any error of a turn ends the connection; the driver fails what was in flight, `disconnected` is reported, and
/// after a backoff (100 ms to 10 s, growing unless the connection lasted 10 s) the next is made. Heartbeats are librabbitmq's:
/// sent and checked with every turn, so a silent peer ends the connection after two intervals. Connect, login and each
/// declaration are bounded by the connect timeout. A write that hangs is ended from outside after two heartbeats, or 2 s after
/// `stop` (see StallGuard).
final class ConnectionLoop: Sendable {
    private static let drainLimit = Duration.seconds(2)
    private static let maxFramesPerTurn = 4096

    let wake = WakeDescriptor()
    private let configuration: AMQPConfiguration
    private let onEvent: @Sendable (AMQPEvent) -> Void
    private let stallGuard = StallGuard()
    private let stopTime = Mutex<ContinuousClock.Instant?>(nil)

    init(_ configuration: AMQPConfiguration, onEvent: @escaping @Sendable (AMQPEvent) -> Void) {
        self.configuration = configuration
        self.onEvent = onEvent
    }

    /// Asks for a clean close; `run` returns soon after.
    func stop() {
        stopTime.withLock { $0 = $0 ?? .now }
        wake.signal()
    }

    var isStopping: Bool { stopTime.withLock { $0 != nil } }

    /// Runs the thread until `stop` was called; `tick` is called ten times a second from elsewhere, even if the thread hangs.
    func run(
        tick: @escaping @Sendable () -> Void, _ makeDriver: @escaping @Sendable () -> any ConnectionDriver
    ) async {
        let watch = Task.detached { [self] in
            while !Task.isCancelled {
                do { try await Task.sleep(for: .milliseconds(100)) } catch { return }
                tick()
                stallGuard.check(limit: isStopping ? Self.drainLimit : configuration.heartbeat * 2)
            }
        }
        defer { watch.cancel() }
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            let thread = Thread { [self] in
                keepConnected(makeDriver())
                continuation.resume()
            }
            thread.name = "amqp"
            thread.stackSize = 1 << 19
            thread.start()
        }
    }

    private func keepConnected(_ driver: some ConnectionDriver) {
        let backoff = Backoff()
        var failures = 0
        var generation: UInt64 = 0
        while !isStopping {
            generation += 1
            let start = ContinuousClock.now
            do throws(AMQPError) {
                try useConnection(generation, driver)
            } catch {
                driver.lost(error)
                onEvent(.disconnected(error))
            }
            failures = start.duration(to: .now) > .seconds(10) ? 1 : failures + 1
            sleep(backoff.delay(afterFailures: failures))
        }
    }

    /// Makes a connection and serves it until `stop`.
    private func useConnection(_ generation: UInt64, _ driver: some ConnectionDriver) throws(AMQPError) {
        let connection = try Connection(generation: generation)
        defer { stallGuard.detach() }
        try connection.connect(configuration)
        stallGuard.attach(connection.descriptor)
        do throws(AMQPError) {
            stallGuard.enter()
            try connection.login(configuration)
            try connection.declare(driver.topology)
            try driver.opened(connection)
            stallGuard.leave()
            onEvent(.connected)
            try serve(connection, driver)
        } catch {
            connection.abandon(error)
            throw error
        }
        let closed = AMQPError(.closed, "the connection was closed as asked")
        connection.abandon(closed)
        driver.lost(closed)
        do throws(AMQPError) {
            stallGuard.enter()
            try connection.close(within: Self.drainLimit)
        } catch {
            // Everything is settled or given up by now; that the broker did not answer is worth knowing, not more.
            onEvent(.disconnected(error))
        }
    }

    private func serve(_ connection: Connection, _ driver: some ConnectionDriver) throws(AMQPError) {
        var lastLook = ContinuousClock.now
        while true {
            stallGuard.enter()
            try driver.work(connection)
            if let stopped = stopTime.withLock({ $0 }),
                driver.isDrained() || stopped.duration(to: .now) > Self.drainLimit
            {
                return
            }
            stallGuard.leave()
            let hasInput = wait(connection, driver)
            stallGuard.enter()
            // Commands alone, however many, must not keep the heartbeats from being checked.
            if hasInput || lastLook.duration(to: .now) > .seconds(1) {
                try receive(connection, driver)
                lastLook = .now
            }
            driver.receivedAll()
        }
    }

    private func receive(_ connection: Connection, _ driver: some ConnectionDriver) throws(AMQPError) {
        var count = 0
        repeat {
            guard let frame = try connection.nextFrame() else { return }
            try driver.received(frame, connection)
            count += 1
        } while count < Self.maxFramesPerTurn && connection.hasBufferedInput
    }

    /// Sleeps until there is something to do; answers whether to look for frames, as also once a second for the heartbeats.
    private func wait(_ connection: Connection, _ driver: some ConnectionDriver) -> Bool {
        let hasBuffered = connection.hasBufferedInput
        let events = Int16(driver.waitsToWrite ? POLLIN | POLLOUT : POLLIN)
        var entries = [
            pollfd(fd: connection.descriptor, events: events, revents: 0),
            pollfd(fd: wake.descriptor, events: Int16(POLLIN), revents: 0),
        ]
        var limit: Int32 = isStopping ? 50 : 1000
        if let deadline = driver.deadline {
            let left = ContinuousClock.now.duration(to: deadline).wholeMilliseconds + 1
            limit = Int32(clamping: max(0, min(Int64(limit), left)))
        }
        let ready = poll(&entries, 2, hasBuffered ? 0 : limit)
        if entries[1].revents != 0 { wake.reset() }
        let isOnlyWake = ready > 0 && entries[0].revents & ~Int16(POLLOUT) == 0
        return hasBuffered || !isOnlyWake
    }

    private func sleep(_ duration: Duration) {
        let end = ContinuousClock.now + duration
        while !isStopping {
            let left = ContinuousClock.now.duration(to: end).wholeMilliseconds
            if left <= 0 { return }
            var entry = pollfd(fd: wake.descriptor, events: Int16(POLLIN), revents: 0)
            if poll(&entry, 1, Int32(clamping: left)) > 0 { wake.reset() }
        }
    }
}
