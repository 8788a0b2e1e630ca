import CCurl
import Foundation
import Synchronization

/// The client's thread: it starts what waits, moves what runs, and ends what is done, late or unwanted.
///
/// Everything of curl happens on this thread, except that any thread may wake it. A transfer is removed from the multi handle
/// before its own handle is freed.
final class TransferLoop: Sendable {
    struct Settings: Sendable {
        let addresses: AddressPolicy
        let concurrency: Int
        let maxQueued: Int
        let authorities: String?
    }

    /// `curl_multi_wakeup` is the one call that curl allows from any thread; the pointer is freed under the lock of `shared`.
    private struct Multi: @unchecked Sendable { let pointer: UnsafeMutableRawPointer }

    private struct Shared {
        var waiting: [Transfer] = []
        var resumed: [Transfer] = []
        var cancelled: [Transfer] = []
        var isStopped = false
        /// Nil after the thread has ended.
        var multi: Multi?
    }

    private let settings: Settings
    private let shared: Mutex<Shared>

    private static let isReady: Bool = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

    init(_ settings: Settings) {
        guard Self.isReady, let multi = curl_multi_init() else { preconditionFailure("libcurl does not start") }
        self.settings = settings
        shared = Mutex(Shared(multi: Multi(pointer: multi)))
    }

    func start(name: String) {
        let thread = Thread { [self] in run() }
        thread.name = name
        thread.stackSize = 1 << 20
        thread.start()
    }

    func stop() { change { $0.isStopped = true } }

    func enqueue(_ transfer: Transfer) throws(WebError) {
        let refusal = shared.withLock { shared -> WebError? in
            guard !shared.isStopped else { return WebError(.closed, "the client is closed") }
            guard shared.waiting.count < settings.maxQueued else {
                return WebError(.overflow, "more than \(settings.maxQueued) requests wait")
            }
            shared.waiting.append(transfer)
            return nil
        }
        if let refusal { throw refusal }
        change { _ in }
    }

    func resume(_ transfer: Transfer) { change { $0.resumed.append(transfer) } }

    func cancel(_ transfer: Transfer) { change { $0.cancelled.append(transfer) } }

    private func change(_ body: (inout Shared) -> Void) {
        shared.withLock { shared in
            guard let multi = shared.multi else { return }
            body(&shared)
            curl_multi_wakeup(multi.pointer)
        }
    }

    private func run() {
        guard let multi = shared.withLock({ $0.multi?.pointer }) else { return }
        var active: [ObjectIdentifier: EasyHandle] = [:]
        while apply(multi, &active) {
            var running: Int32 = 0
            curl_multi_perform(multi, &running)
            if !reap(multi, &active) { curl_multi_poll(multi, nil, 0, pollTime, nil) }
        }
        for handle in active.values { end(handle, multi, .failure(WebError(.closed, "the client is closed"))) }
        let waiting = shared.withLock { shared in
            shared.multi = nil
            curl_multi_cleanup(multi)
            return shared.waiting
        }
        for transfer in waiting { transfer.finish(.failure(WebError(.closed, "the client is closed"))) }
    }

    /// Does what other threads asked for; answers whether to go on.
    private func apply(_ multi: UnsafeMutableRawPointer, _ active: inout [ObjectIdentifier: EasyHandle]) -> Bool {
        let now = ContinuousClock.now
        let free = settings.concurrency - active.count
        let (isStopped, cancelled, late, started, resumed) = shared.withLock { shared in
            let gone = Set(shared.cancelled.map(ObjectIdentifier.init))
            let late = shared.waiting.filter { $0.deadline <= now && !gone.contains(ObjectIdentifier($0)) }
            shared.waiting.removeAll { $0.deadline <= now || gone.contains(ObjectIdentifier($0)) }
            let started = Array(shared.waiting.prefix(max(0, free)))
            shared.waiting.removeFirst(started.count)
            defer { (shared.cancelled, shared.resumed) = ([], []) }
            return (shared.isStopped, shared.cancelled, late, started, shared.resumed)
        }
        for transfer in cancelled {
            let failure = Result<Void, WebError>.failure(WebError(.cancelled, "the task was cancelled"))
            if let handle = active.removeValue(forKey: ObjectIdentifier(transfer)) { end(handle, multi, failure) }
            transfer.finish(failure)
        }
        for transfer in late { transfer.finish(.failure(WebError(.timeout, "no place was free in time"))) }
        for transfer in started { begin(transfer, multi, &active) }
        for transfer in resumed {
            if let handle = active[ObjectIdentifier(transfer)] { curl_easy_pause(handle.pointer, CURLPAUSE_CONT) }
        }
        return !isStopped
    }

    private func begin(
        _ transfer: Transfer, _ multi: UnsafeMutableRawPointer, _ active: inout [ObjectIdentifier: EasyHandle]
    ) {
        do throws(WebError) {
            let handle = try EasyHandle(transfer, settings)
            guard curl_multi_add_handle(multi, handle.pointer) == CURLM_OK else {
                throw WebError(.invalidRequest, "curl does not take the request")
            }
            active[ObjectIdentifier(transfer)] = handle
        } catch {
            transfer.finish(.failure(error))
        }
    }

    /// Takes what is done; answers whether there was anything, as a place is free then.
    private func reap(_ multi: UnsafeMutableRawPointer, _ active: inout [ObjectIdentifier: EasyHandle]) -> Bool {
        var left: Int32 = 0
        var didReap = false
        while let message = curl_multi_info_read(multi, &left) {
            guard message.pointee.msg == CURLMSG_DONE else { continue }
            let code = switchyard_curl_result(message)
            var context: UnsafeMutableRawPointer?
            switchyard_curl_get_context(message.pointee.easy_handle, &context)
            let handle = EasyHandle.at(context)
            active.removeValue(forKey: ObjectIdentifier(handle.transfer))
            let fault = code == CURLE_OK ? nil : handle.transfer.fault ?? WebError(code)
            end(handle, multi, fault.map { .failure($0) } ?? .success(()))
            didReap = true
        }
        return didReap
    }

    private func end(_ handle: EasyHandle, _ multi: UnsafeMutableRawPointer, _ result: Result<Void, WebError>) {
        curl_multi_remove_handle(multi, handle.pointer)
        handle.transfer.finish(result)
    }

    /// Milliseconds until the next waiting transfer is late; curl itself knows when a running one is.
    private var pollTime: Int32 {
        let nearest = shared.withLock { $0.waiting.map(\.deadline).min() }
        guard let nearest else { return 1000 }
        return Int32(max(1, min(1000, (nearest - .now) / .milliseconds(1))))
    }
}
