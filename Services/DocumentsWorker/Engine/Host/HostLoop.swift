import Foundation
import Sandbox

/// The host's thread: gives orders to the helper, reads the children's output, keeps their deadlines.
///
/// The thread also starts the helper, and lives as long: `PR_SET_PDEATHSIG` means the thread that started a process.
final class HostLoop {
    /// How long the helper may take to kill a child before it is itself replaced.
    private static let killGrace = Duration.seconds(5)
    /// How long output is left to gather after a read: poppler writes 4 KiB at a time, and to wake for each costs more
    /// than to read it. A child that has ended is read at once.
    private static let outputPauseMilliseconds: Int32 = 2
    private static let outputPause = Duration.milliseconds(Int(outputPauseMilliseconds))

    private let executable: String
    private let mailbox: Mailbox
    private var helper: HelperProcess?
    private var active: [UInt64: ActiveRun] = [:]
    private var isShuttingDown = false
    private var outputPausedUntil = ContinuousClock.now
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 128 << 10, alignment: 16)

    init(executable: String, mailbox: Mailbox) {
        self.executable = executable
        self.mailbox = mailbox
    }

    deinit { buffer.deallocate() }

    func run() {
        while !(isShuttingDown && active.isEmpty) {
            waitForEvents()
            for order in mailbox.take() { obey(order) }
            enforceDeadlines()
        }
        helper?.end()
    }

    private func obey(_ order: Mailbox.Order) {
        switch order {
        case .start(let run): start(run)
        case .cancel(let id): kill(id, .cancelled)
        case .shutDown: isShuttingDown = true
        }
    }

    private func start(_ run: ChildRun) {
        let id = run.request.id
        defer { run.started() }
        if helper == nil { helper = HelperProcess.start(executable) }
        guard let helper, let errors = Pipe() else {
            return run.finish(ChildEnd(cause: .helperLost, diagnostics: "cannot start \(executable)"))
        }
        // What goes to another child does not come by here.
        let output = run.output == nil ? Pipe() : nil
        guard let target = run.output ?? output?.writeEnd else {
            errors.close()
            return run.finish(ChildEnd(cause: .helperLost, diagnostics: "no descriptors are left for a pipe"))
        }
        let descriptors = [run.document, target, errors.writeEnd]
        let isSent = Packets.send(run.request.words, descriptors: descriptors, to: helper.socket)
        if let output { close(output.writeEnd) }
        close(errors.writeEnd)
        active[id] = ActiveRun(run, output: output?.readEnd ?? -1, errors: errors.readEnd)
        if !isSent { loseHelper() }
    }

    private func kill(_ id: UInt64, _ cause: ChildEnd.Cause) {
        guard let run = active[id], run.killedFor == nil, let helper else { return }
        run.killedFor = cause
        run.deadline = .now + Self.killGrace
        if !Packets.send([HelperOrder.kill.rawValue, id], to: helper.socket) { loseHelper() }
    }

    private func enforceDeadlines() {
        let now = ContinuousClock.now
        for (id, run) in active where run.deadline <= now {
            // A helper that does not kill is stuck; its children die with it.
            if run.killedFor == nil { kill(id, .deadline) } else { loseHelper() }
        }
    }

    /// Ends a helper that is gone or stuck, and with it every child.
    private func loseHelper() {
        helper?.end()
        helper = nil
        for run in active.values where run.report == nil { run.isLost = true }
        for id in Array(active.keys) { finishIfEnded(id) }
    }

    private func waitForEvents() {
        // A negative descriptor is one that poll passes over.
        var events = [mailbox.wakeup.descriptor, helper?.socket ?? -1].map(Self.readable)
        let firstRun = events.count
        let runs = Array(active.values)
        let isPausing = outputPausedUntil > .now
        for run in runs {
            let isDue = !isPausing || run.report != nil
            events.append(Self.readable(isDue ? run.output : -1))
            events.append(Self.readable(isDue ? run.errors : -1))
        }
        guard poll(&events, nfds_t(events.count), timeoutMilliseconds(isPausing: isPausing)) > 0 else { return }
        // A helper that is lost takes runs along while this goes on.
        for (index, run) in runs.enumerated() where active[run.id] === run {
            if events[firstRun + 2 * index].revents != 0 {
                if run.readOutput(into: buffer) == .stop { kill(run.id, .stopped) }
                outputPausedUntil = .now + Self.outputPause
            }
            if events[firstRun + 2 * index + 1].revents != 0 { run.readErrors(into: buffer) }
            finishIfEnded(run.id)
        }
        if events[1].revents != 0 { readReport() }
    }

    private static func readable(_ descriptor: Int32) -> pollfd {
        pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    }

    private func timeoutMilliseconds(isPausing: Bool) -> Int32 {
        if isPausing { return Self.outputPauseMilliseconds }
        guard let next = active.values.map(\.deadline).min() else { return -1 }
        let left = (next - .now).components
        // At most a minute: a longer wait only wakes once in vain.
        let seconds = min(max(left.seconds, 0), 60)
        return Int32(seconds) * 1000 + Int32(max(left.attoseconds, 0) / 1_000_000_000_000_000) + 1
    }

    private func readReport() {
        guard let helper else { return }
        guard let packet = Packets.receive(from: helper.socket), let report = ChildReport(words: packet.words) else {
            return loseHelper()
        }
        active[report.id]?.report = report
        finishIfEnded(report.id)
    }

    private func finishIfEnded(_ id: UInt64) {
        guard let run = active[id], run.hasEnded else { return }
        active[id] = nil
        run.finish()
    }
}
