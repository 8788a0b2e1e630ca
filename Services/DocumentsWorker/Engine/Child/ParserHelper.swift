import Foundation
import Markup
import Sandbox

/// The small process that forks a limited child for each document.
///
/// A fork of it takes a fraction of a millisecond, while to start this executable anew takes several: that is most of
/// what a short document costs. It has one thread, so a forked child may run Swift. When the worker goes, the socket
/// ends and so does the helper; when the helper goes, `PR_SET_PDEATHSIG` takes its children along.
enum ParserHelper {
    /// The first argument of the process.
    static let argument = "--parser-helper"
    /// The descriptor of the socket to the worker.
    static let socket: Int32 = 3

    static func run() -> Never {
        ChildProcess.endWithParent()
        // Without it libarchive knows no name that is not ASCII.
        setlocale(LC_CTYPE, "C.UTF-8")
        ContentType.load()
        TextLanguage.load()
        let sandbox = Sandbox()
        let pid = getpid()
        let stack = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)
        let ended = Descriptors.childEnded()
        var running: [pid_t: UInt64] = [:]
        var events = [
            pollfd(fd: socket, events: Int16(POLLIN), revents: 0), pollfd(fd: ended, events: Int16(POLLIN), revents: 0),
        ]
        while true {
            guard poll(&events, 2, -1) > 0 else { continue }
            if events[1].revents != 0 {
                Descriptors.drainSignals(ended)
                reap(&running)
            }
            guard events[0].revents != 0 else { continue }
            guard let packet = Packets.receive(from: socket) else { exit(0) }
            switch packet.words.first.flatMap(HelperOrder.init) {
            case .run:
                guard let request = ChildRequest(words: packet.words), packet.descriptors.count == 3 else { exit(70) }
                let child = LimitedChild(request, descriptors: packet.descriptors, sandbox: sandbox, helper: pid)
                    .start(stack: stack)
                packet.descriptors.forEach { close($0) }
                guard child > 0 else { exit(71) }
                setpgid(child, child)
                running[child] = request.id
            case .kill:
                guard packet.words.count == 2 else { exit(70) }
                for (child, id) in running where id == packet.words[1] { kill(-child, SIGKILL) }
            case nil:
                exit(70)
            }
        }
    }

    /// Reports every child that has ended. A pid stays ours until here, so a kill never hits a stranger.
    private static func reap(_ running: inout [pid_t: UInt64]) {
        while true {
            var status: Int32 = 0
            var usage = rusage()
            let child = wait4(-1, &status, WNOHANG, &usage)
            guard child > 0 else { return }
            guard let id = running.removeValue(forKey: child) else { continue }
            let report = ChildReport(id: id, waitStatus: status, usage: usage)
            // The worker always reads; when it cannot be reached it is gone, and so must be the children.
            guard Packets.send(report.words, to: socket) else { exit(0) }
        }
    }
}
