import Foundation

/// The side of a pool's child: reads pages on standard input, which is a socket, and writes its answers there.
///
/// The first frame to the pool says how it is confined: nothing, or what does not hold.
public enum ParserChild {
    /// The words that the pool adds to a child's arguments.
    static func arguments(_ limits: ParserLimits) -> [String] {
        ["\(limits.sandbox.memoryBytes)", "\(limits.sandbox.cpuSeconds)", "\(limits.requestBytes)"]
    }

    /// Confines this process for good, then answers pages until the pool goes.
    ///
    /// What all pages share is best loaded before. `handle` may read files, and that is all; its argument is gone when it returns.
    public static func run(_ handle: (UnsafeRawBufferPointer) -> [UInt8]) -> Never {
        ChildProcess.endWithParent()
        let numbers = CommandLine.arguments.suffix(3).compactMap { Int($0) }
        guard numbers.count == 3 else { exit(EX_USAGE) }
        let holes = confine(SandboxLimits(memoryBytes: numbers[0], cpuSeconds: numbers[1]))
        let stream = ChildStream(socket: STDIN_FILENO, limit: numbers[2])
        var isRead = stream.write(Array(holes.joined(separator: ", ").utf8)) && holes.isEmpty
        while isRead, let page = stream.next() { isRead = stream.write(handle(page)) }
        // Nothing is freed: the process goes.
        _exit(0)
    }

    /// Answers what does not hold.
    private static func confine(_ limits: SandboxLimits) -> [String] {
        ChildProcess.offerToOutOfMemoryKiller()
        guard Sandbox(allowsExecution: false).enter(limits) else {
            return ["the kernel refuses it (rlimit, no_new_privs or seccomp)"]
        }
        return SandboxProbe.holes(allowsExecution: false)
    }
}
