import Foundation

/// Confined child processes that read pages, many each.
///
/// A child is this executable started anew, which calls `ParserChild.run`. A page that crashes, loops or eats memory costs itself only.
/// All descriptors are served by one thread with `poll`, so that nothing here ever blocks Swift's cooperative pool. What the pool does
/// not hide: a page that takes over its child could answer for the pages after it there, up to `pagesPerChild`.
public final class ParserPool: Sendable {
    private let mailbox = PoolMailbox()
    private let limits: ParserLimits

    /// Starts the thread; children start as pages come.
    ///
    /// - Parameters:
    ///   - executable: The path of a program that calls `ParserChild.run` when it has these arguments.
    ///   - children: How many there are at most at a time.
    public init(
        executable: String, arguments: [String] = ["parser"], children: Int, limits: ParserLimits = ParserLimits()
    ) {
        precondition(children > 0, "a pool without children reads nothing")
        self.limits = limits
        let program = PooledChild.Program(executable: executable, arguments: arguments, limits: limits)
        let thread = Thread { [mailbox] in PoolLoop(program: program, children: children, mailbox: mailbox).run() }
        thread.name = "parsers"
        thread.stackSize = 512 << 10
        thread.start()
    }

    deinit { _ = mailbox.post(.close {}) }

    /// Sends a page to a child and gives back its answer. Callers are served in the order in which they came.
    ///
    /// A child that crashes may owe it to a page before, so a page on which a used child crashes is tried once more in a new one.
    /// Cancellation of the task ends the child that is at the page.
    public func read(_ request: [UInt8]) async throws(ParserFault) -> [UInt8] {
        guard request.count <= limits.requestBytes else { throw .tooLarge }
        return try await perform(request).get()
    }

    /// Proves that a child can be started here and is confined: no network, no writing, no other process or program.
    ///
    /// Throws `unavailable` with what is missing. Every child proves it before its first page; a worker asks before it takes work.
    public func verify() async throws(ParserFault) { _ = try await perform(nil).get() }

    /// Ends all children, and waits until they are gone; pages on their way are cancelled, later ones unavailable.
    public func close() async {
        await withCheckedContinuation { continuation in
            if !mailbox.post(.close { continuation.resume() }) { continuation.resume() }
        }
    }

    private func perform(_ request: [UInt8]?) async -> Result<[UInt8], ParserFault> {
        let id = mailbox.nextID()
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let page = PageRead(id: id, request: request) { continuation.resume(returning: $0) }
                guard mailbox.post(.read(page)) else { return page.finish(.failure(.closed)) }
                // An order to cancel that came before the page has found nothing.
                if Task.isCancelled { _ = mailbox.post(.cancel(id)) }
            }
        } onCancel: {
            _ = mailbox.post(.cancel(id))
        }
    }
}

extension ParserFault {
    static let closed = ParserFault.unavailable("the pool is closed")
}
