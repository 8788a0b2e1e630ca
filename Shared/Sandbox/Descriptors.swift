import CSeccomp
import Foundation

/// Descriptors that Swift's view of the C library has no calls for. All are closed in other programs (close-on-exec).
public enum Descriptors {
    /// A new pipe that holds about `capacity` bytes; nil when no descriptors are left.
    public static func pipe(capacity: Int) -> (readEnd: Int32, writeEnd: Int32)? {
        var ends: [Int32] = [-1, -1]
        guard pipe2(&ends, O_CLOEXEC) == 0 else { return nil }
        // A wish: where the user's share of pipe memory is used up the default of 64 KiB does as well.
        _ = fcntl(ends[1], Int32(sandbox_f_setpipe_sz), Int32(clamping: capacity))
        return (ends[0], ends[1])
    }

    /// A file that is only in memory, or -1 with `errno`; `name` is for who looks into `/proc` (memfd_create(2)).
    public static func memoryFile(_ name: String) -> Int32 { memfd_create(name, UInt32(sandbox_mfd_cloexec)) }

    /// A descriptor that is readable when a child of this process has ended, or -1; blocks `SIGCHLD` (signalfd(2)).
    public static func childEnded() -> Int32 {
        var mask = sigset_t()
        sigemptyset(&mask)
        sigaddset(&mask, SIGCHLD)
        sigprocmask(SIG_BLOCK, &mask, nil)
        return signalfd(-1, &mask, Int32(SFD_CLOEXEC) | Int32(SFD_NONBLOCK))
    }

    /// Forgets the signals that made the descriptor of `childEnded` readable.
    public static func drainSignals(_ descriptor: Int32) {
        var info = signalfd_siginfo()
        while read(descriptor, &info, MemoryLayout<signalfd_siginfo>.size) > 0 {}
    }
}
