import CLibPQ
import Concurrency
import Glibc

/// The thread of a listener.
actor ListenerConnection {
    /// How often a quiet connection is asked whether it still lives.
    private static let pingInterval: Int32 = 30_000

    private let executor = ThreadExecutor(name: "listener")
    private let configuration: PostgresConfiguration
    private let channels: [String]
    private let stop: StopSignal

    init(_ configuration: PostgresConfiguration, channels: [String], stop: StopSignal) {
        self.configuration = configuration
        self.channels = channels
        self.stop = stop
    }

    deinit { executor.stop() }

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// Listens until the connection is lost or the stop is signalled. Answers whether it came as far as listening.
    func listen(_ events: AsyncStream<PostgresListener.Event>.Continuation) -> Bool {
        var hasListened = false
        do throws(PostgresError) {
            let session = try Session(configuration)
            try session.script(channels.map { "LISTEN \($0.quotedIdentifier)" }.joined(separator: "; "))
            events.yield(.connected)
            hasListened = true
            while !stop.isSignalled {
                deliver(from: session, to: events)
                try wait(on: session)
            }
        } catch {
            // The listener's business is to come back; the reader learns of the gap from the next `.connected`.
        }
        return hasListened
    }

    private func deliver(from session: Session, to events: AsyncStream<PostgresListener.Event>.Continuation) {
        var hasDropped = false
        while let notification = PQnotifies(session.connection.pointer) {
            defer { PQfreemem(notification) }
            let event = PostgresListener.Event.notification(
                channel: String(cString: notification.pointee.relname),
                payload: String(cString: notification.pointee.extra))
            if case .dropped = events.yield(event) { hasDropped = true }
        }
        // The reader missed something, which is what `.connected` tells it.
        if hasDropped { events.yield(.connected) }
    }

    /// Returns when there may be something to deliver, or a reason to stop.
    private func wait(on session: Session) throws(PostgresError) {
        var descriptors = [
            pollfd(fd: PQsocket(session.connection.pointer), events: Int16(POLLIN), revents: 0),
            pollfd(fd: stop.descriptor, events: Int16(POLLIN), revents: 0),
        ]
        let ready = poll(&descriptors, 2, Self.pingInterval)
        if ready == 0 {
            try session.script("SELECT 1")
        } else if PQconsumeInput(session.connection.pointer) != 1 {
            throw session.connection.lost()
        }
    }
}

/// Wakes a thread that sits in `poll`; once signalled, it stays so.
final class StopSignal: Sendable {
    let descriptor: Int32

    init() throws(PostgresError) {
        descriptor = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
        guard descriptor >= 0 else { throw PostgresError(.usage, "eventfd: \(String(cString: strerror(errno)))") }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    var isSignalled: Bool {
        var event = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&event, 1, 0) > 0
    }

    func signal() {
        // Fails only if the counter is full, that is, signalled already.
        _ = eventfd_write(descriptor, 1)
    }
}
