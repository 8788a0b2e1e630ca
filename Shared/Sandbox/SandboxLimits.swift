/// What a confined process may use; the kernel keeps it (setrlimit(2)).
public struct SandboxLimits: Sendable, Hashable {
    /// Address space, in bytes (`RLIMIT_AS`).
    public var memoryBytes: Int
    /// Processor time over the life of the process, in seconds; its end is `SIGXCPU` (`RLIMIT_CPU`).
    public var cpuSeconds: Int
    /// Descriptors that may be open (`RLIMIT_NOFILE`).
    public var openFiles: Int
    /// Largest file that may be written, in bytes (`RLIMIT_FSIZE`).
    public var writtenBytes: Int

    /// Makes limits; by default a few files may be read and none written.
    public init(memoryBytes: Int, cpuSeconds: Int, openFiles: Int = 32, writtenBytes: Int = 0) {
        self.memoryBytes = memoryBytes
        self.cpuSeconds = cpuSeconds
        self.openFiles = openFiles
        self.writtenBytes = writtenBytes
    }
}
