import Foundation
import Sandbox
import Synchronization

/// Runs limited children through a helper process that it starts, watches and replaces.
///
/// All descriptors are served by one thread with `poll`, so that nothing here ever blocks Swift's cooperative pool.
final class ChildHost: Sendable {
    private let mailbox: Mailbox

    /// Starts the thread; the helper starts with the first run. `executable` is this program.
    init(executable: String) {
        let mailbox = Mailbox()
        self.mailbox = mailbox
        let thread = Thread { HostLoop(executable: executable, mailbox: mailbox).run() }
        thread.name = "parsers"
        thread.stackSize = 512 << 10
        thread.start()
    }

    deinit { mailbox.post(.shutDown) }

    /// Runs one child to its end; cancellation of the task kills it at once.
    ///
    /// - Parameter conduit: where its output goes, or its input comes from, if that is another child.
    func run(
        _ request: ChildRequest, document: Int32, deadline: ContinuousClock.Instant, conduit: Conduit.End? = nil,
        receive: @escaping @Sendable (UnsafeRawBufferPointer) -> ChildRun.Verdict
    ) async -> ChildEnd {
        var request = request
        request.id = mailbox.nextID()
        let ready = request
        // The order to cancel must not overtake the order to start.
        let progress = Mutex((isStarted: false, isCancelled: false))
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let run = ChildRun(
                    request: ready, document: conduit?.input ?? document, deadline: deadline, output: conduit?.output,
                    started: { conduit?.close() }, receive: receive, finish: { continuation.resume(returning: $0) })
                let isCancelled = progress.withLock { progress in
                    if !progress.isCancelled { mailbox.post(.start(run)) }
                    progress.isStarted = true
                    return progress.isCancelled
                }
                if isCancelled { run.finish(ChildEnd(cause: .cancelled)) }
            }
        } onCancel: {
            progress.withLock { progress in
                if progress.isStarted { mailbox.post(.cancel(ready.id)) }
                progress.isCancelled = true
            }
        }
    }
}

/// Orders to the host's thread, and the descriptor that wakes it.
final class Mailbox: Sendable {
    enum Order: Sendable {
        case start(ChildRun)
        case cancel(UInt64)
        case shutDown
    }

    let wakeup = EventDescriptor()
    private let state = Mutex((orders: [Order](), lastID: UInt64(0)))

    func nextID() -> UInt64 {
        state.withLock { state in
            state.lastID += 1
            return state.lastID
        }
    }

    func post(_ order: Order) {
        state.withLock { $0.orders.append(order) }
        wakeup.signal()
    }

    /// Takes all orders, in the order of their arrival.
    func take() -> [Order] {
        wakeup.reset()
        return state.withLock { state in
            defer { state.orders.removeAll() }
            return state.orders
        }
    }
}
