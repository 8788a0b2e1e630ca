/// Which publications wait, which are sent and undecided, and who waits for them. Not thread-safe: its owner locks it.
///
/// Every publication ends exactly once: decided by the broker, failed with its connection, expired with its batch, or failed at
/// the end. Whatever ends returns the batches that it finished, to be resumed outside the lock.
struct PublishLedger {
    typealias Results = [Result<Publisher.Outcome, AMQPError>]
    typealias Continuation = CheckedContinuation<Results, Never>

    /// A batch whose last publication was decided.
    struct Finished {
        let continuation: Continuation
        let results: Results
        func resume() { continuation.resume(returning: results) }
    }

    private final class Batch {
        let publications: [Publication]
        let deadline: ContinuousClock.Instant
        /// Undecided ones hold the timeout already, so that expiry has nothing to fill in.
        var results: Results
        var undecided: Int
        var nextToSend = 0
        var continuation: Continuation?

        init(_ publications: [Publication], _ deadline: ContinuousClock.Instant, _ continuation: Continuation) {
            self.publications = publications
            self.deadline = deadline
            self.continuation = continuation
            undecided = publications.count
            results = Array(repeating: .failure(Self.expired), count: publications.count)
        }

        private static let expired = AMQPError(
            .timeout, "sent, but not confirmed before its deadline; it may still arrive")
    }

    private struct Slot {
        let batch: Batch
        let index: Int
        var returned: (code: Int, text: String)?
        var isDecided = false
    }

    private let maxInFlight: Int
    private var batches: [ObjectIdentifier: Batch] = [:]
    private var waiting: [Batch] = []
    private var waitingHead = 0
    private var waitingCount = 0
    private var sent = TagWindow<Slot>()
    private var undecidedSent = 0
    private var nextDeadline: ContinuousClock.Instant?

    init(maxInFlight: Int) { self.maxInFlight = max(1, maxInFlight) }

    /// Whether nothing waits and nothing is undecided.
    var isEmpty: Bool { batches.isEmpty }

    /// Whether a publication waits and may be sent.
    var hasWaiting: Bool { waitingCount > 0 && undecidedSent < maxInFlight }

    /// Whether so many sent publications stay undecided after their deadline that the connection must be given up.
    var isClogged: Bool { sent.count > 4 * maxInFlight }

    /// Accepts a batch, which must not be empty; answers false, without keeping it, when too many wait already.
    mutating func admit(
        _ publications: [Publication], deadline: ContinuousClock.Instant, _ continuation: Continuation
    ) -> Bool {
        guard waitingCount < maxInFlight else { return false }
        let batch = Batch(publications, deadline, continuation)
        batches[ObjectIdentifier(batch)] = batch
        waiting.append(batch)
        waitingCount += publications.count
        nextDeadline = nextDeadline.map { min($0, deadline) } ?? deadline
        return true
    }

    /// Takes publications to send now, about `bytes` of them, each with its delivery tag; answers whether that was not all.
    mutating func take(bytes: Int, into chunk: inout [(publication: Publication, tag: UInt64)]) -> Bool {
        var left = bytes
        while left > 0, undecidedSent < maxInFlight, waitingHead < waiting.count {
            let batch = waiting[waitingHead]
            guard batch.continuation != nil, batch.nextToSend < batch.publications.count else {
                waitingHead += 1
                continue
            }
            let publication = batch.publications[batch.nextToSend]
            chunk.append((publication, sent.nextTag))
            sent.append(Slot(batch: batch, index: batch.nextToSend))
            batch.nextToSend += 1
            waitingCount -= 1
            undecidedSent += 1
            left -= publication.message.body.count + 256
        }
        if waitingHead >= 64, waitingHead * 2 >= waiting.count {
            waiting.removeFirst(waitingHead)
            waitingHead = 0
        }
        return left <= 0
    }

    /// The broker decided on a publication, or on all up to it.
    mutating func decide(tag: UInt64, multiple: Bool, isAck: Bool) -> [Finished] {
        var finished: [Finished] = []
        if multiple {
            let last = min(tag == 0 ? .max : tag, sent.nextTag - 1)
            var each = sent.firstTag
            while each <= last {
                decide(each, isAck, &finished)
                each += 1
            }
        } else if sent.contains(tag) {
            decide(tag, isAck, &finished)
        }
        while let first = sent.first, first.isDecided { sent.removeFirst() }
        return finished
    }

    private mutating func decide(_ tag: UInt64, _ isAck: Bool, _ finished: inout [Finished]) {
        let slot = sent[tag]
        guard !slot.isDecided else { return }
        sent[tag].isDecided = true
        let outcome: Publisher.Outcome =
            if let returned = slot.returned {
                .returned(code: returned.code, text: returned.text)
            } else {
                isAck ? .confirmed : .rejected
            }
        if record(.success(outcome), slot.index, slot.batch, &finished) { undecidedSent -= 1 }
    }

    /// The broker gave a publication back; its decision follows.
    mutating func markReturned(tag: UInt64, code: Int, text: String) {
        if sent.contains(tag) { sent[tag].returned = (code, text) }
    }

    /// Fails what was sent and is undecided; what was not sent goes on waiting.
    mutating func failSent(_ error: AMQPError) -> [Finished] {
        var finished: [Finished] = []
        while let slot = sent.first {
            if !slot.isDecided { _ = record(.failure(error), slot.index, slot.batch, &finished) }
            sent.removeFirst()
        }
        sent.reset()
        undecidedSent = 0
        return finished
    }

    /// Ends the batches whose deadline has passed; `unsent` is the error of what was never sent.
    mutating func expire(now: ContinuousClock.Instant, unsent: AMQPError) -> [Finished] {
        guard let nextDeadline, nextDeadline <= now else { return [] }
        let finished = batches.values.filter { $0.deadline <= now }.map { end($0, unsent: unsent) }
        self.nextDeadline = batches.values.map(\.deadline).min()
        // Without a connection nothing else takes ended batches out.
        waiting = waiting[waitingHead...].filter { $0.continuation != nil }
        waitingHead = 0
        return finished
    }

    /// Ends everything.
    mutating func failAll(_ error: AMQPError) -> [Finished] {
        failSent(error) + batches.values.map { end($0, unsent: error) }
    }

    private mutating func end(_ batch: Batch, unsent: AMQPError) -> Finished {
        let unsentCount = batch.publications.count - batch.nextToSend
        for index in batch.nextToSend..<batch.publications.count { batch.results[index] = .failure(unsent) }
        waitingCount -= unsentCount
        // Slots of an ended batch stay for their tags, but no longer count against the window.
        undecidedSent -= batch.undecided - unsentCount
        return finish(batch)
    }

    /// Records a result; answers whether its batch was still open.
    private mutating func record(
        _ result: Result<Publisher.Outcome, AMQPError>, _ index: Int, _ batch: Batch, _ finished: inout [Finished]
    ) -> Bool {
        guard batch.continuation != nil else { return false }
        batch.results[index] = result
        batch.undecided -= 1
        if batch.undecided == 0 { finished.append(finish(batch)) }
        return true
    }

    private mutating func finish(_ batch: Batch) -> Finished {
        batches[ObjectIdentifier(batch)] = nil
        guard let continuation = batch.continuation else { preconditionFailure("a batch ends once") }
        batch.continuation = nil
        return Finished(continuation: continuation, results: batch.results)
    }
}
