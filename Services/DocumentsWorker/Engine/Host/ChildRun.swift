/// One child process from the order to its end, as the host's thread sees it.
struct ChildRun: Sendable {
    /// Whether the reader of the output wants more.
    enum Verdict: Sendable {
        case more
        /// A limit is passed: kill the child.
        case stop
    }

    var request: ChildRequest
    /// The open document; the caller closes it after `finish`.
    var document: Int32
    var deadline: ContinuousClock.Instant
    /// Where standard output goes instead of to `receive`, such as to another child.
    var output: Int32?
    /// Called when the child has its descriptors, or never will.
    var started: @Sendable () -> Void = {}
    /// Takes a piece of standard output, on the host's thread: it must not block.
    var receive: @Sendable (UnsafeRawBufferPointer) -> Verdict
    /// Takes the end, once, on the host's thread.
    var finish: @Sendable (ChildEnd) -> Void
}

/// How a child ended.
struct ChildEnd: Sendable {
    enum Cause: Sendable, Equatable {
        case exited(Int32)
        case signalled(Int32)
        /// Killed because the deadline passed.
        case deadline
        /// Killed because the task was cancelled.
        case cancelled
        /// Killed because `receive` said stop.
        case stopped
        /// The helper died and took the child along; worth one more try.
        case helperLost
    }

    var cause: Cause
    /// The first kilobytes of standard error.
    var diagnostics: String = ""
    var peakMemoryBytes = 0
    var cpuMicroseconds = 0

    /// Reads a status as `wait` gives it.
    static func cause(waitStatus: Int32) -> Cause {
        let signal = waitStatus & 0x7F
        return signal == 0 ? .exited((waitStatus >> 8) & 0xFF) : .signalled(signal)
    }
}
