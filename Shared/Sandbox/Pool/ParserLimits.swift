/// What one page may cost, and how long a child that reads pages is kept.
public struct ParserLimits: Sendable {
    /// Address space of a child, in bytes; the kernel keeps it.
    public var memoryBytes: Int
    /// Time from sending a page to the last byte of its answer.
    public var wallTime: Duration
    /// Processor time of one page.
    public var cpuTime: Duration
    /// A request, in bytes.
    public var requestBytes: Int
    /// An answer, in bytes.
    public var answerBytes: Int
    /// After so many pages a child is replaced.
    public var pagesPerChild: Int
    /// A child that keeps more memory than this, in bytes, is replaced; it is looked at every few pages.
    public var residentBytes: Int
    /// A child that has nothing to do for so long is ended, unless it is the last.
    public var idleTime: Duration
    /// Callers that may wait for a child at a time.
    public var waitingCallers: Int

    /// Makes limits; the defaults suit web pages.
    public init(
        memoryBytes: Int = 512 << 20, wallTime: Duration = .seconds(10), cpuTime: Duration = .seconds(5),
        requestBytes: Int = 32 << 20, answerBytes: Int = 32 << 20, pagesPerChild: Int = 1000,
        residentBytes: Int = 256 << 20, idleTime: Duration = .seconds(30), waitingCallers: Int = 1024
    ) {
        self.memoryBytes = memoryBytes
        self.wallTime = wallTime
        self.cpuTime = cpuTime
        self.requestBytes = requestBytes
        self.answerBytes = answerBytes
        self.pagesPerChild = pagesPerChild
        self.residentBytes = residentBytes
        self.idleTime = idleTime
        self.waitingCallers = waitingCallers
    }

    /// What the kernel keeps. The processor time of each page is kept by the pool; this is that of all pages of a child.
    var sandbox: SandboxLimits {
        let (seconds, isTooMuch) = (Int(cpuTime.components.seconds) + 1).multipliedReportingOverflow(by: pagesPerChild)
        return SandboxLimits(memoryBytes: memoryBytes, cpuSeconds: isTooMuch ? Int(Int32.max) : seconds)
    }
}
