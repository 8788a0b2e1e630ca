import Foundation

/// A child as the pool's thread sees it.
final class PooledChild {
    /// How each child is started.
    struct Program: Sendable {
        let executable: String
        let arguments: [String]
        let limits: ParserLimits
    }

    enum Received {
        case partial
        case whole([UInt8])
        case tooLarge
        /// The child has closed its socket, which it does when it ends, or wrote what is no answer.
        case broken(isNonsense: Bool)
    }

    /// The sandbox does not let Swift start the program that shows where a crash was.
    private static let environment = ["SWIFT_BACKTRACE=enable=no"]
    /// How long a child may take to start and to confine itself.
    private static let startTime = Duration.seconds(10)

    let pid: pid_t
    let socket: Int32
    private let limits: ParserLimits
    private let clock: clockid_t?
    private var input: FrameAssembler
    private var sent = 0
    /// The page that it reads, or for which it was started.
    private(set) var page: PageRead?
    /// Whether it has proved that it is confined.
    private(set) var isReady = false
    private(set) var pagesRead = 0
    private(set) var lastUsed = ContinuousClock.now
    private var deadline: ContinuousClock.Instant
    /// Until when it cannot have used up the processor time of its page.
    private var cpuDeadline: ContinuousClock.Instant
    private var cpuAtStart = Duration.zero

    /// Starts a process; nil when the system has no room for it.
    init?(_ program: Program, for page: PageRead?) {
        var ends: [Int32] = [-1, -1]
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, type, 0, &ends) == 0 else { return nil }
        defer { close(ends[1]) }
        let pid = ChildProcess.spawn(
            program.executable, program.arguments + ParserChild.arguments(program.limits),
            environment: Self.environment, descriptors: [.copy(ends[1]), .discardedOutput, .discardedOutput])
        guard let pid else {
            close(ends[0])
            return nil
        }
        self.pid = pid
        self.page = page
        clock = ProcessUse.clock(of: pid)
        socket = ends[0]
        limits = program.limits
        input = FrameAssembler(limit: limits.answerBytes)
        deadline = .now + Self.startTime
        cpuDeadline = deadline
    }

    deinit { close(socket) }

    var isIdle: Bool { isReady && page == nil }
    /// Whether a part of the request is still to be sent.
    var isSending: Bool {
        guard isReady, let request = page?.request else { return false }
        return sent < FrameHeader.length + request.count
    }
    /// When `isOverdue` is to be asked; nil while there is nothing to do.
    var nextCheck: ContinuousClock.Instant? { isIdle ? nil : min(deadline, cpuDeadline) }

    func begin(_ page: PageRead) {
        self.page = page
        sent = 0
        cpuAtStart = cpuTime
        deadline = .now + limits.wallTime
        cpuDeadline = .now + limits.cpuTime
        send()
    }

    /// Sends what the socket takes now. That nobody reads shows when the answer is awaited.
    func send() {
        guard let request = page?.request else { return }
        sent += max(0, FrameHeader.send(request, from: sent, to: socket))
    }

    /// Reads once.
    func receive(into buffer: UnsafeMutableRawBufferPointer) -> Received {
        let count = recv(socket, buffer.baseAddress, buffer.count, Int32(MSG_DONTWAIT))
        if count < 0 && (errno == EINTR || errno == EAGAIN) { return .partial }
        guard count > 0 else { return .broken(isNonsense: false) }
        // Nothing was asked, or not yet all of it.
        guard !isIdle, !isSending else { return .broken(isNonsense: true) }
        switch input.append(UnsafeRawBufferPointer(rebasing: buffer[..<count])) {
        case .partial: return .partial
        case .whole(let frame): return .whole(frame)
        case .tooLarge: return .tooLarge
        case .malformed: return .broken(isNonsense: true)
        }
    }

    /// The child has proved that it is confined.
    func becomeReady() -> PageRead? {
        isReady = true
        lastUsed = .now
        return takePage()
    }

    /// The page is answered.
    func endPage() -> PageRead? {
        pagesRead += 1
        lastUsed = .now
        return takePage()
    }

    /// Leaves the child without its page.
    func takePage() -> PageRead? {
        defer { page = nil }
        return page
    }

    /// Whether its page, or its start, takes too long.
    func isOverdue(_ now: ContinuousClock.Instant) -> Bool {
        if now >= deadline { return true }
        guard isReady, now >= cpuDeadline else { return false }
        let left = limits.cpuTime - (cpuTime - cpuAtStart)
        cpuDeadline = now + max(left, .milliseconds(1))
        return left <= .zero
    }

    /// Whether it has read enough pages, or keeps too much memory.
    var isWorn: Bool {
        pagesRead >= limits.pagesPerChild
            || (pagesRead.isMultiple(of: 16) && ProcessUse.residentBytes(of: pid) > limits.residentBytes)
    }

    private var cpuTime: Duration { ProcessUse.time(of: clock) }
}

/// What the kernel says of a process; zero where it says nothing, such as of one that has ended.
private enum ProcessUse {
    /// Tells the processor time of a process; valid as long as the process is not reaped (clock_getcpuclockid(3)).
    static func clock(of pid: pid_t) -> clockid_t? {
        var clock = clockid_t()
        return clock_getcpuclockid(pid, &clock) == 0 ? clock : nil
    }

    static func time(of clock: clockid_t?) -> Duration {
        var time = timespec()
        guard let clock, clock_gettime(clock, &time) == 0 else { return .zero }
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }

    /// The second field of `/proc/PID/statm`, in pages (proc(5)).
    static func residentBytes(of pid: pid_t) -> Int {
        let file = open("/proc/\(pid)/statm", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return 0 }
        defer { close(file) }
        let text = [UInt8](unsafeUninitializedCapacity: 128) { buffer, count in
            count = max(0, read(file, buffer.baseAddress, buffer.count))
        }
        let fields = String(decoding: text, as: UTF8.self).split(separator: " ")
        return fields.count > 1 ? (Int(fields[1]) ?? 0) * Int(getpagesize()) : 0
    }
}
