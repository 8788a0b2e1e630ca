import CSeccomp
import Foundation
import Synchronization

/// Wakes a thread that sleeps in `poll`; many signals before it looks cost one write (eventfd(2)).
public final class EventDescriptor: Sendable {
    /// Readable when there was a signal.
    public let descriptor: Int32
    private let isSignalled = Atomic(false)

    /// Makes one without a signal; traps when the process is out of descriptors.
    public init() {
        descriptor = eventfd(0, Int32(EFD_CLOEXEC) | Int32(EFD_NONBLOCK))
        precondition(descriptor >= 0, "no descriptor for an event")
    }

    deinit { close(descriptor) }

    /// Makes the descriptor readable.
    public func signal() {
        guard !isSignalled.exchange(true, ordering: .sequentiallyConsistent) else { return }
        // Fails only when the counter is full, and then the descriptor is readable anyway.
        eventfd_write(descriptor, 1)
    }

    /// Forgets the signals so far; call it before looking at what was signalled.
    public func reset() {
        var count: eventfd_t = 0
        // Nothing to read is fine: the sleep ended for another reason.
        eventfd_read(descriptor, &count)
        isSignalled.store(false, ordering: .sequentiallyConsistent)
    }
}
