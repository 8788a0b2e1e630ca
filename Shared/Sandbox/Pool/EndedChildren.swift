import Foundation

/// Children that were killed or have closed their socket, until the kernel says how they ended.
///
/// Nobody waits for them: a process may take its time to go. A pid stays ours until it is reaped, so a kill never hits a stranger.
struct EndedChildren {
    struct End {
        let child: PooledChild
        /// By which it ended; 0 for none, or where it was killed for what it wrote.
        let signal: Int32
    }

    private var children: [(child: PooledChild, isNonsense: Bool)] = []

    var isEmpty: Bool { children.isEmpty }
    /// Pages whose fate depends on how their child ended.
    var pages: Int { children.count { $0.child.page != nil } }

    /// Kills a child. One that is ending already keeps its status.
    mutating func append(_ child: PooledChild, isNonsense: Bool = false) {
        kill(-child.pid, SIGKILL)
        children.append((child, isNonsense))
    }

    /// Takes those that are gone.
    mutating func reap() -> [End] {
        guard !children.isEmpty else { return [] }
        var ends: [End] = []
        children.removeAll { child, isNonsense in
            var status: Int32 = 0
            let pid = waitpid(child.pid, &status, WNOHANG)
            guard pid != 0, pid > 0 || errno != EINTR else { return false }
            ends.append(End(child: child, signal: pid < 0 || isNonsense ? 0 : status & 0x7F))
            return true
        }
        return ends
    }

    /// The page of one of them, which nobody wants any more.
    func takePage(id: UInt64) -> PageRead? { children.first { $0.child.page?.id == id }?.child.takePage() }

    /// The pages of all of them.
    func takePages() -> [PageRead] { children.compactMap { $0.child.takePage() } }
}
