import CRabbitMQ
import Foundation
import Synchronization

/// Wakes a thread that sleeps in poll(); many signals before it looks cost one write.
final class WakeDescriptor: Sendable {
    let descriptor: Int32
    private let isSignalled = Atomic(false)

    init() {
        descriptor = eventfd(0, Int32(EFD_NONBLOCK | EFD_CLOEXEC))
        precondition(descriptor >= 0, "eventfd: the process is out of file descriptors")
    }

    deinit { close(descriptor) }

    func signal() {
        guard !isSignalled.exchange(true, ordering: .acquiringAndReleasing) else { return }
        // Fails only when the counter is full, and then the descriptor is readable anyway.
        eventfd_write(descriptor, 1)
    }

    /// Forgets the signals so far; call it before looking at what was signalled.
    func reset() {
        var count: eventfd_t = 0
        // Nothing to read is fine: the sleep ended for another reason.
        eventfd_read(descriptor, &count)
        isSignalled.store(false, ordering: .sequentiallyConsistent)
    }
}
