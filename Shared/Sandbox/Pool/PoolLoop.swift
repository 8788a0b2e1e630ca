import Foundation

/// The pool's thread: hands pages to children, reads their answers, keeps their deadlines, replaces them.
///
/// The thread also starts the children, and lives as long: `PR_SET_PDEATHSIG` means the thread that started a process.
final class PoolLoop {
    /// How long no child is started after one could not be, while others are ready.
    private static let startPause = Duration.seconds(1)

    private let program: PooledChild.Program
    private let most: Int
    private let mailbox: PoolMailbox
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 128 << 10, alignment: 16)
    private var children: [PooledChild] = []
    private var ended = EndedChildren()
    private var waiting = PageQueue()
    private var startsFrom = ContinuousClock.now
    private var isClosing = false
    private var closed: [@Sendable () -> Void] = []
    private var events: [pollfd] = []

    init(program: PooledChild.Program, children: Int, mailbox: PoolMailbox) {
        self.program = program
        most = children
        self.mailbox = mailbox
    }

    deinit { buffer.deallocate() }

    func run() {
        while !(isClosing && ended.isEmpty) {
            waitForEvents()
            for order in mailbox.take() { obey(order) }
            enforceTimes()
            for end in ended.reap() { conclude(end) }
            dispatch()
        }
        for order in mailbox.end() { obey(order) }
        for callBack in closed { callBack() }
    }

    // MARK: Orders

    private func obey(_ order: PoolMailbox.Order) {
        switch order {
        case .read(let page): accept(page)
        case .cancel(let id): cancel(id)
        case .close(let callBack):
            closed.append(callBack)
            close()
        }
    }

    private func accept(_ page: PageRead) {
        guard !isClosing else { return page.finish(.failure(.closed)) }
        guard waiting.count < program.limits.waitingCallers else {
            return page.finish(.failure(.unavailable("too many pages wait for a parser")))
        }
        waiting.append(page)
    }

    private func cancel(_ id: UInt64) {
        if let page = waiting.remove(id: id) { return page.finish(.failure(.cancelled)) }
        if let child = children.first(where: { $0.page?.id == id }) { settle(child, .cancelled) }
        if let page = ended.takePage(id: id) { page.finish(.failure(.cancelled)) }
    }

    private func close() {
        isClosing = true
        while let page = waiting.popFirst() { page.finish(.failure(.cancelled)) }
        for child in children { settle(child, .cancelled) }
        for page in ended.takePages() { page.finish(.failure(.cancelled)) }
    }

    // MARK: Children

    /// Gives pages to children, the one used last first, so that those that are not needed come to rest.
    private func dispatch() {
        guard !isClosing else { return }
        while waiting.count > 0, let child = children.lazy.filter(\.isIdle).max(by: { $0.lastUsed < $1.lastUsed }) {
            if let page = waiting.popFirst() { begin(page, child) }
        }
        let starting = children.count { !$0.isReady && $0.page == nil }
        // A page that lost its child may need another one.
        let room = most - children.count - ended.pages
        for _ in 0..<max(0, min(waiting.count - starting, room)) {
            guard startsFrom <= .now, waiting.count > 0 else { break }
            start(for: nil)
        }
    }

    private func begin(_ page: PageRead, _ child: PooledChild) {
        if page.request == nil { page.finish(.success([])) } else { child.begin(page) }
    }

    private func start(for page: PageRead?) {
        if let child = PooledChild(program, for: page) { return children.append(child) }
        failStart(page, "cannot start \(program.executable)")
    }

    /// A child did not become ready. While others are, they do the work; else nobody waits in vain.
    private func failStart(_ page: PageRead?, _ reason: String) {
        page?.finish(.failure(.unavailable(reason)))
        startsFrom = .now + Self.startPause
        guard !children.contains(where: \.isReady) else { return }
        startsFrom = .now
        while let page = waiting.popFirst() { page.finish(.failure(.unavailable(reason))) }
    }

    /// Ends a child; nobody asks how it goes.
    private func settle(_ child: PooledChild, _ fault: ParserFault = .cancelled) {
        children.removeAll { $0 === child }
        child.takePage()?.finish(.failure(fault))
        ended.append(child)
    }

    /// A child has ended, or wrote nonsense: how its process ended tells what becomes of its page.
    private func lose(_ child: PooledChild, isNonsense: Bool) {
        guard child.isReady else { return failStart(of: child, "a parser ended before it was confined") }
        children.removeAll { $0 === child }
        ended.append(child, isNonsense: isNonsense)
    }

    private func failStart(of child: PooledChild, _ reason: String) {
        let page = child.takePage()
        settle(child)
        failStart(page, reason)
    }

    private func conclude(_ end: EndedChildren.End) {
        guard let page = end.child.takePage() else { return }
        // What the pages before have left behind may have been the cause.
        guard end.child.pagesRead > 0, !page.isRetry, !isClosing else {
            return page.finish(.failure(.crashed(signal: end.signal)))
        }
        var again = page
        again.isRetry = true
        start(for: again)
    }

    // MARK: Events

    private func waitForEvents() {
        events.removeAll(keepingCapacity: true)
        events.append(pollfd(fd: mailbox.wakeup.descriptor, events: Int16(POLLIN), revents: 0))
        for child in children {
            let wanted = child.isSending ? POLLIN | POLLOUT : POLLIN
            events.append(pollfd(fd: child.socket, events: Int16(wanted), revents: 0))
        }
        guard poll(&events, nfds_t(events.count), timeoutMilliseconds) > 0 else { return }
        if events[0].revents != 0 { mailbox.wakeup.reset() }
        for (child, event) in zip(children, events.dropFirst()) where event.revents != 0 {
            if event.revents & Int16(POLLOUT) != 0 { child.send() }
            if event.revents & ~Int16(POLLOUT) != 0 { receive(from: child) }
        }
    }

    private func receive(from child: PooledChild) {
        switch child.receive(into: buffer) {
        case .partial: break
        case .whole(let frame): if child.isReady { answer(child, frame) } else { admit(child, frame) }
        case .tooLarge: settle(child, .tooLarge)
        case .broken(let isNonsense): lose(child, isNonsense: isNonsense)
        }
    }

    private func answer(_ child: PooledChild, _ frame: [UInt8]) {
        child.endPage()?.finish(.success(frame))
        if child.isWorn { settle(child) }
    }

    /// The first frame of a child says what does not hold of its confinement.
    private func admit(_ child: PooledChild, _ holes: [UInt8]) {
        guard holes.isEmpty else {
            return failStart(of: child, "the sandbox does not hold: \(String(decoding: holes, as: UTF8.self))")
        }
        if let page = child.becomeReady() { begin(page, child) }
    }

    // MARK: Times

    private func enforceTimes() {
        let now = ContinuousClock.now
        for child in children where child.nextCheck != nil && child.isOverdue(now) {
            if child.isReady { settle(child, .timeout) } else { failStart(of: child, "a parser takes long to start") }
        }
        let idle = children.filter { $0.isIdle && now - $0.lastUsed >= program.limits.idleTime }
        for child in idle where children.count > 1 { settle(child) }
    }

    /// Until the next moment that `enforceTimes` has something to do, as `poll` wants it.
    private var timeoutMilliseconds: Int32 {
        if !ended.isEmpty { return 1 }
        var times = children.compactMap(\.nextCheck)
        if children.count > 1 {
            times += children.filter(\.isIdle).map { $0.lastUsed + program.limits.idleTime }
        }
        if waiting.count > 0, startsFrom > .now { times.append(startsFrom) }
        guard let next = times.min() else { return -1 }
        let left = (next - .now).components
        // At most a minute: a longer wait only wakes once in vain.
        let seconds = min(max(left.seconds, 0), 60)
        return Int32(seconds) * 1000 + Int32(max(left.attoseconds, 0) / 1_000_000_000_000_000) + 1
    }
}
