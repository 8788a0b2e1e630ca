import Foundation
import Sandbox

/// The helper as its parent sees it.
struct HelperProcess {
    let pid: pid_t
    /// The worker's end of the packet socket.
    let socket: Int32

    /// Starts this executable anew in the helper's mode; nil when the system has no room for it.
    static func start(_ executable: String) -> HelperProcess? {
        var ends: [Int32] = [-1, -1]
        let type = Int32(SOCK_SEQPACKET.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, type, 0, &ends) == 0 else { return nil }
        defer { close(ends[1]) }
        let pid = ChildProcess.spawn(
            executable, [ParserHelper.argument], environment: ["LC_ALL=C.UTF-8"],
            descriptors: [.emptyInput, .discardedOutput, .inherited, .copy(ends[1])])
        guard let pid else {
            close(ends[0])
            return nil
        }
        return HelperProcess(pid: pid, socket: ends[0])
    }

    /// Kills the helper, and with it its children, and leaves no zombie.
    func end() {
        close(socket)
        kill(pid, SIGKILL)
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0 && errno == EINTR {}
    }
}
